"""`tailweight versions`: what was recorded of a project, and when; recording what is there now."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.commands import output

if TYPE_CHECKING:
    from pipelines.driver.versions import Version

ABOUT = "list the recorded versions of the project, or record what is there now as one"
MORE = """

  tailweight versions            name, date, verdicts, and samples of each class, real + synthetic
  tailweight versions --record   a commit of what belongs in git, and a tag with the next name: data-v1, data-v2, ...

With publish.when in params.yaml, runs record versions by themselves and push them."""
CLASSES_SHOWN = 4


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "--record", action="store_true", help="record what is there now; other changes stay as they are"
    )
    output.add_json(parser)


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    from pipelines.driver import params, versions

    project = Path(options.project)
    params.read(project)  # says where there is no project
    if options.record:
        with output.nothing_but_a_document(options.json):
            made = record(project)
        if options.json:
            output.document(made.plain)
        else:
            print(f"recorded {made.name}: {made.headline}")
            print("push it, where remotes are set: dvc push && git push --follow-tags")
        return
    found = versions.all_of(project)
    if options.json:
        output.document({"versions": [version.plain for version in found]})
    elif not found:
        print("there are no versions yet; record one: tailweight versions --record")
    else:
        _show(found)


def record(project: Path) -> "Version":
    """Record what is there now and return the version; UserError where nothing is new, or it is not of one run."""
    from pipelines.driver import check, hold, lock, versions
    from pipelines.errors import UserError

    with hold.held(project):
        lock.mend_aloud(project)
        check.check(project, [])
        last = versions.last(project)
        if last and not versions.is_changed(project, last.commit):
            raise UserError(f"nothing was made or judged since {last.name}; change something, then: tailweight run")
        if not check.Standing(project).is_up_to_date([]):
            raise UserError("what is there is not of one run, and stages would run; first: tailweight run")
        return versions.record(project)


def _show(found: "Sequence[Version]") -> None:
    from rich.text import Text

    names = ("version", "date", "verdicts", "real", "synthetic", "of each class")
    rows = output.table(*names, right=("real", "synthetic"))
    for version in reversed(found):
        totals = [str(version.total(kind)) for kind in ("real", "synthetic")]
        cells = [
            version.name,
            version.date[:16].replace("T", " "),
            version.headline,
            *totals,
            _classes(version.classes),
        ]
        rows.add_row(*map(Text, cells))
    output.console().print(rows)


def _classes(classes: dict[str, dict[str, Any]]) -> str:
    """Return the smallest classes with their samples, real + synthetic: `tail 9+6, lone 4`."""
    smallest = sorted(classes, key=lambda name: classes[name]["real"])
    said = [
        f"{name} {classes[name]['real']}" + (f"+{classes[name]['synthetic']}" if classes[name]["synthetic"] else "")
        for name in smallest[:CLASSES_SHOWN]
    ]
    more = len(classes) - CLASSES_SHOWN
    return ", ".join(said) + (f", {more} more" if more > 0 else "")
