"""`tailweight diff`: what changed between two versions, or since one."""

import argparse
from pathlib import Path

from pipelines.commands import output

ABOUT = "say what changed since the last version, or between two"
MORE = """

  tailweight diff                   from the last version to what is there now
  tailweight diff data-v1           from that version to what is there now
  tailweight diff data-v1 data-v3   from one to the other; other names that git knows will do, such as HEAD or a branch

Samples of each class, verdicts, figures, samples that came and went, settings, and what was made anew."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("before", nargs="?", metavar="V1", help="default: the last version")
    parser.add_argument("after", nargs="?", metavar="V2", help="default: what is there now")
    output.add_json(parser)


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    from pipelines.driver import params, versions
    from pipelines.driver.versions import difference, snapshot
    from pipelines.errors import UserError

    project = Path(options.project)
    params.read(project)  # says where there is no project
    last = versions.last(project)
    before = options.before or (last.name if last else None)
    if before is None:
        raise UserError("there are no versions yet to compare with; record one: tailweight versions --record")
    one = snapshot.of(project, before)
    two = snapshot.of(project, options.after) if options.after else snapshot.now(project)
    found = difference.Difference(one, two)
    if options.json:
        output.document(found.plain)
    else:
        print(found.markdown)
