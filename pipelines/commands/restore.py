"""`tailweight restore`: a recorded version put back."""

import argparse
from pathlib import Path

ABOUT = "put a recorded version back: settings, decisions, data, models, samples and report as they were"
MORE = """

  tailweight restore data-v2

Its files come from git and its data from DVC's cache; nothing is committed, and the branch stays. Refused, with nothing
changed, where something would be lost that was neither committed nor recorded. What the test split has judged so far
(data/judged.json) stays as it is."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("version", metavar="V", help="its name; see: tailweight versions")


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    from pipelines.driver import hold, lock, params
    from pipelines.driver.versions import restore

    project = Path(options.project)
    params.read(project)  # says where there is no project
    with hold.held(project):
        lock.mend_aloud(project)
        changed = restore.restore(project, options.version)
    print(f"{options.version} is back" + (f"; changed: {', '.join(changed)}" if changed else ", nothing had changed"))
