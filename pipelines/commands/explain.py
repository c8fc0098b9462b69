"""`tailweight explain`: where a synthetic sample comes from, and what became of it."""

import argparse
import json
from pathlib import Path
from typing import Any

from pipelines.commands import output

ABOUT = (
    "say where a synthetic sample comes from: seed, references, scores, nearest real one, checkpoint, settings, verdict"
)
MORE = """

  tailweight explain 5-ac3478-000003 --json

The id of a sample is in data/synthetic, in the manifest of a release, and in the review."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("sample", metavar="SAMPLE", help="the id of a synthetic sample")
    output.add_json(parser)


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    from pipelines.commands import lineage  # loads NumPy and torch
    from pipelines.driver import params

    params.read(Path(options.project))  # says where there is no project
    found = lineage.of(Path(options.project), options.sample)
    if options.json:
        output.document(found)
        return
    for name, text in lines(found).items():
        print(f"{name:<12}  {text}")


def lines(found: dict[str, Any]) -> dict[str, str]:
    """Return what is known of a sample as a line a subject."""
    start, near, model, git = found["start"], found["nearest_real"], found["checkpoint"], found["git"]
    lent = start["borrowed"]
    borrowed = f", plus {lent['step']:.3g} of the way from {lent['from']} to {lent['to']}" if lent else ""
    verdict, far = found["verdict"], near["distance"]
    said = "beyond what can be measured" if far is None else f"at {far:.3g} of the usual distance between real samples"
    settings = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in found["parameters"].items()]
    since = ", changed since" if git["changed_since"] else ""
    return {
        "sample": f"{found['sample']}, of class {found['class']}, seed {found['seed']}",
        "start": f"{start['reference']}, {start['weight']:.3g} of the way to {start['neighbour']}{borrowed}",
        **_subgroup(found["subgroup"]),
        "score": f"{found['score']:.4g} (real : synthetic, by the {found['scored_by']}); raw {found['raw_score']:.4g}",
        "filter": "kept" if found["kept"] else f"dropped: {found['status']}",
        "release": "in the release" if found["released"] else "not in the release",
        "nearest real": f"{near['id']}, {said}",
        "checkpoint": f"{model['path']}, {model['network']}, {model['steps']} steps; {model['kept']}",
        "settings": "; ".join(settings) or "not recorded",
        "git commit": f"{git['commit'] or 'none'}{since}",
        "dvc hashes": ", ".join(f"{path} {md5}" for path, md5 in found["dvc"].items()) or "not recorded",
        "verdict": f"{verdict['verdict']}: {'; '.join(verdict['why'])}" if verdict else "not evaluated yet",
    }


def _subgroup(found: dict[str, Any] | None) -> dict[str, str]:
    """Return the line on the subgroup of a sample, none where it was made without one."""
    from pipelines.wording import UNNAMED  # loads pandas

    if found is None:
        return {}
    carried = f", carried over from {found['carried_from'] or UNNAMED}" if found["carried_from"] is not None else ""
    return {"subgroup": f"{found['attribute']} {found['value'] or UNNAMED}{carried}"}
