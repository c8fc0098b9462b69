"""`tailweight suspects`: real samples to look at, because they may be of another class, damaged, or foreign."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.commands import output

if TYPE_CHECKING:
    import pandas as pd

ABOUT = "list real samples that may be mislabelled, damaged or foreign; take back those that are"
MORE = """

  tailweight suspects                          the most suspicious ones, with the reason, and a page with pictures
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
        with output.nothing_but_a_document(options.json):
            removed = remove(project, options.remove)
        if options.json:
            output.document({"removed": removed})
        return
    from pipelines.report import suspects  # loads matplotlib

    with output.nothing_but_a_document(options.json):
        listed = suspects.read(_list_of(project))
    if options.json:
        told = listed.drop(columns="nearest").replace({"likely": {"": None}})
        output.document({"suspects": told.to_dict("records")})
        return
    if listed.empty:
        print("no sample stands out")
        return
    rows = output.table("sample", "class", "why")
    for row in listed[["sample", "class", "why"]].to_numpy():
        rows.add_row(*row)
    output.console().print(rows)
    if draw(project, listed):
        print(f"to look at them: {project / PAGE}")
    print(
        "take back what is wrong: tailweight suspects --remove ID ..., or, after a run, with a button: tailweight review"
    )


def _list_of(project: Path) -> Path:
    """Return the file with the list; UserError where it was not made of these data with these settings."""
    from pipelines.driver import check, dag
    from pipelines.errors import UserError

    check.check(project, [])
    if not check.Standing(project).is_up_to_date(["baseline"]):
        raise UserError(
            "nothing was trained on these data with these settings to ask; do it with: tailweight run baseline"
        )
    return project / dag.SUSPECTS


def draw(project: Path, listed: "pd.DataFrame") -> bool:
    """Write a page with a picture of each sample, and say whether the kind of data has any."""
    from pipelines import files
    from pipelines.driver import dag
    from pipelines.report import suspects
    from pipelines.report.page import environment
    from pipelines.samples import Samples

    train, held_out = (
        Samples.load(project / dag.stage_named("baseline").reads[split]) for split in ("train", "validation")
    )
    cards = suspects.cards(listed, train, held_out)
    if cards:
        page = environment().get_template("suspects.html.j2").render(suspects=cards)
        files.write_text(project / PAGE, page)
    return bool(cards)


def remove(project: Path, names: Sequence[str]) -> list[str]:
    """Add samples to those that are taken back, and return which are new there.

    UserError, and nothing written, where one is not in the data.
    """
    import pandas as pd

    from pipelines.driver import dag, params
    from pipelines.errors import UserError, nearest
    from pipelines.review.suspects import add_removed

    params.read(project)  # says where there is no project
    manifest = project / dag.MANIFEST
    if not manifest.is_file():
        raise UserError(f"{manifest}: not there; make it with: tailweight run prepare")
    known = set(pd.read_csv(manifest, dtype=str, keep_default_na=False)["id"])
    for name in names:
        if name not in known:
            raise UserError(f"{name!r} is not in {manifest}{nearest(name, sorted(known)[:10_000]) if known else ''}")
    path = project / dag.REMOVED
    new = add_removed(path, names)
    print(
        f"{len(new)} taken back in {path}; go on with: tailweight run (a line removed from there brings its sample back)"
    )
    return new
