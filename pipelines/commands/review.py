"""`tailweight review`: a local page on which a person keeps or rejects what passed the filter."""

import argparse
import getpass
import subprocess
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import UserError

if TYPE_CHECKING:
    from pipelines.review.session import Session

ABOUT = "look at the kept samples on a local page, one by one, and reject what looks wrong"
MORE = """

The page opens in the browser, on this machine alone; Ctrl-C ends it. Decisions are added to data/review.jsonl, which
belongs into git, and the next `tailweight run` leaves out what was rejected. Real samples that `tailweight suspects` lists have
a page of their own; what is taken back there goes to data/removed.txt. See docs/review.md."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open nothing")


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    review(Path(options.project), browser=not options.no_browser)


def review(project: Path, browser: bool) -> None:
    """Serve the page until Ctrl-C, then say what was decided. UserError where nothing has been filtered yet."""
    from pipelines.review.server import listen, server

    session = begin(project)
    opened, access = listen()
    print(f"review: {access.address}\nreview: end with Ctrl-C; decisions go to {session.file}", flush=True)
    if browser:
        threading.Thread(
            target=webbrowser.open, args=[access.address], daemon=True
        ).start()  # one on the terminal blocks
    try:
        server(session, access).run(sockets=[opened])
    except KeyboardInterrupt:
        pass
    finally:
        opened.close()
    for line in outcome(session):
        print(line)


def begin(project: Path) -> "Session":
    """Return a review of all classes of the project that the filter has been through."""
    from pipelines.driver import dag, params
    from pipelines.plan import Plan
    from pipelines.review import classes
    from pipelines.review.session import Session
    from pipelines.review.suspects import Suspects

    reads, writes = dag.stage_named("filter").reads, dag.stage_named("filter").writes["synthetic"]
    seed = params.seed(params.read(project))
    planned = Plan.load(project / dag.PLAN).classes if (project / dag.PLAN).is_file() else {}
    there = {slug: path for slug in planned if (path := project / writes.format(slug=slug)).is_file()}
    if not there:
        raise UserError(
            f"{project / writes.rsplit('/', 1)[0]}: nothing has been filtered yet; run: tailweight run filter"
        )
    splits = [project / reads[name] for name in ("train", "validation")]
    for path in splits:
        if not path.is_file():
            raise UserError(
                f"{path}: not there, and the page shows real samples; bring it back: dvc checkout, or dvc pull"
            )
    real = classes.Real.load(*splits)
    found: dict[str, classes.Reviewed] = {}
    for slug, path in there.items():
        one = classes.load(path, real, planned[slug], seed)
        print(f"review: class {one.label!r}, {len(one.made)} samples", flush=True)
        found |= {slug: one} if len(one.made) else {}
    if not found:
        raise UserError(f"{project / dag.REVIEW}: no sample has passed the filter; see: tailweight params filter")
    listed, current = project / dag.SUSPECTS, is_current(project)
    told = (real.train, real.validation), project / dag.REMOVED
    suspects = Suspects.load(listed, *told) if current else Suspects([], *told)
    if listed.is_file() and not current:
        print("review: real samples to look at are listed again after: tailweight run baseline")
    return Session(found, project / dag.REVIEW, reviewer(project), suspects)


def is_current(project: Path) -> bool:
    """Say whether the list of suspects was made of the samples that are there."""
    from pipelines.driver import dag, lock

    reads = dag.stage_named("baseline").reads
    return all(lock.is_as_read(project, "baseline", reads[split]) for split in ("train", "validation"))


def reviewer(project: Path) -> str:
    """Return who decides: the name that git commits under, else that of the account."""
    told = subprocess.run(["git", "config", "user.name"], cwd=project, capture_output=True, text=True, check=False)
    return told.stdout.strip() or getpass.getuser()


def outcome(session: "Session") -> list[str]:
    """Return what a review came to, line by line, and what to do next."""
    lines = []
    for slug, one in session.classes.items():
        found = session.counts(slug)
        error = f"; of {found['reals']} real ones {found['reals_rejected']} were rejected" if found["reals"] else ""
        counts = ", ".join(f"{found[name]} {name}" for name in ("kept", "rejected", "undecided"))
        lines.append(f"review: class {one.label!r}: {counts}{error}")
    return [*lines, "review: leave out what was rejected: tailweight run"]
