"""`tailweight ingest`: what is new at the source of the data is brought in."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from gan.errors import one_line
from pipelines.commands import output
from pipelines.driver import dag, hold
from pipelines.errors import UserError

if TYPE_CHECKING:
    from pipelines.driver.growth import Growth

ABOUT = "bring in what is new where the data come from; what is there keeps its split"
MORE = """

  tailweight ingest                    read again what `tailweight init` was given
  tailweight ingest --from batch/      read something else of the same form
  tailweight ingest --dry-run          only say what is new

Where the data come from stands in data/source.yaml, or in the environment variable TAILWEIGHT_SOURCE (a database's
URL with its password). New samples are added, images and series of the same name and other content taken over; nothing
is taken away. Which samples were for training and for test is written to data/splits.csv and holds."""
SHOWN = 5  # names of changed samples that are printed


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--from", dest="source", metavar="PATH", help="what to read instead, or a database's URL")
    parser.add_argument("--dry-run", action="store_true", help="only say what is new")
    output.add_json(parser)


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    from pipelines.driver import growth

    project = Path(options.project)
    if options.source is not None and not options.source.strip():
        raise UserError("--from names nothing; expected a folder, a file or a database's URL")
    with output.nothing_but_a_document(options.json):
        if options.dry_run:
            found = growth.bring_in(project, options.source, dry_run=True)
        else:
            growth.check(project)  # before a folder that is no project is held
            with hold.held(project):
                found = growth.bring_in(project, options.source)
    if options.json:
        output.document(found.plain)
    else:
        show(found, project)


def show(growth: "Growth", project: Path) -> None:
    """Print what was found and done, for people."""
    print(growth.headline)
    found = growth.found
    for reason, count in found.left_out.items():
        print(f"left out: {count} x {reason}")
    if not found.any:
        return
    width = max(len(one.name) for one in found.classes)
    for one in found.classes:
        if one.new or one.changed or not one.in_source:
            changed = f", {one.changed} changed" if one.changed else ""
            remark = f": {one.remark}" if one.remark else ""
            print(f"  {one.name:<{width}}  {one.before} + {one.new}{changed}{remark}")
    if found.changed:
        more = f" and {len(found.changed) - SHOWN} more" if len(found.changed) > SHOWN else ""
        print(f"the same name and other content: {one_line(', '.join(found.changed[:SHOWN]), 200)}{more}")
    if growth.kept is None:
        print("nothing was written: --dry-run")
        return
    print(f"{growth.kept} {found.noun}(s) keep their splits ({dag.SPLITS})")
    place = "" if project.resolve() == Path.cwd() else f" -C {shlex.quote(str(project))}"
    print(f"next: tailweight{place} run")
