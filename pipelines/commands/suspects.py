"""`tailweight suspects`: real samples to look at, because they may be of another class, damaged, or foreign."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.commands import output

ABOUT = "list real samples that may be mislabelled, damaged or foreign; take back those that are"
MORE = """

  tailweight suspects                          the most suspicious ones, with the reason; of images a page, too
  tailweight suspects --remove 5/0012.png      take it back: a line in data/removed.txt, which the next run heeds

A sample is listed where a classifier that has not seen it finds its class less likely than not, or where it lies at least
twice as far from the others of its class as is usual there; at most 1 in 100 for either reason. Both are reasons to look,
not verdicts: a class with few samples is hardly known, so its own are listed more often. It asks what `tailweight run
baseline` has trained, and never looks at the test split."""
PAGE = ".tailweight/suspects.html"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--remove", nargs="+", metavar="ID", help="take these samples back, by their ids in the list")
    output.add_json(parser)


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    project = Path(options.project)
    if options.remove:
        remove(project, options.remove)
        return
    from pipelines.commands import suspected  # loads scikit-learn and matplotlib

    with output.nothing_but_a_document(options.json):
        found = find(project)
    if options.json:
        output.document({"suspects": [one.plain for one in found]})
        return
    if not found:
        print("no sample stands out")
        return
    rows = output.table("sample", "class", "why")
    for one in found:
        rows.add_row(one.id, one.label, one.why)
    output.console().print(rows)
    if suspected.write(found, project / PAGE):
        print(f"to look at them: {project / PAGE}")
    print("take back what is wrong: tailweight suspects --remove ID ...")


def find(project: Path) -> Sequence[Any]:
    """Return the samples to look at, the most suspicious first; UserError where nothing was trained to ask."""
    from pipelines.commands import suspected
    from pipelines.driver import check, dag, params
    from pipelines.errors import UserError

    values = check.check(project, [])
    if not check.Standing(project).is_up_to_date(["baseline"]):
        raise UserError(
            "nothing was trained on these data with these settings to ask; do it with: tailweight run baseline"
        )
    settings: Any = params.group(dag.stage_named("evaluate"), values)
    paths = {name: project / path for name, path in dag.stage_named("baseline").reads.items()}
    (baseline,) = dag.stage_named("baseline").writes.values()
    return suspected.find(**paths, baseline=project / baseline, settings=settings, seed=params.seed(values))


def remove(project: Path, names: Sequence[str]) -> None:
    """Add samples to those that are taken back; UserError, and nothing written, where one is not in the data."""
    import pandas as pd

    from pipelines import files
    from pipelines.driver import dag, params
    from pipelines.errors import UserError, nearest
    from pipelines.ingest.kept import read_removed

    params.read(project)  # says where there is no project
    manifest = project / dag.MANIFEST
    if not manifest.is_file():
        raise UserError(f"{manifest}: not there; make it with: tailweight run prepare")
    known = set(pd.read_csv(manifest, dtype=str, keep_default_na=False)["id"])
    for name in names:
        if name not in known:
            raise UserError(f"{name!r} is not in {manifest}{nearest(name, sorted(known)[:10_000]) if known else ''}")
    path = project / dag.REMOVED
    new = [name for name in dict.fromkeys(names) if name not in read_removed(path)]
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    gap = "\n" if before and not before.endswith("\n") else ""
    files.write_text(path, before + gap + "".join(f"{name}\n" for name in new))
    print(
        f"{len(new)} taken back in {path}; go on with: tailweight run (a line removed from there brings its sample back)"
    )
