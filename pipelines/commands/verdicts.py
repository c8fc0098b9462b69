"""`tailweight verdicts`: what the last evaluation decided."""

import argparse
from pathlib import Path

ABOUT = "print what the last evaluation decided of each class"
MORE = """

gain: average precision on the test split with the synthetic samples, less that of the best alternative without them.
real, added: training samples of the class, and synthetic ones beside them when the gain was measured."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    from pipelines.commands import output

    output.add_json(parser)


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    from pipelines.commands import output
    from pipelines.driver import params, summary
    from pipelines.errors import UserError

    project = Path(options.project)
    params.read(project)  # says where there is no project
    found = summary.of(project)
    if found is None:
        raise UserError(
            f"{project / summary.METRICS}: no verdicts yet; make them: tailweight run (or bring them: dvc pull)"
        )
    if options.json:
        output.document(found.plain)
    else:
        output.verdicts(found)
