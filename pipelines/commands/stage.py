"""`tailweight stage`: one stage's function, here and now. What the commands in `dvc.yaml` call."""

import argparse
from pathlib import Path

ABOUT = "run one stage's function here and now; what dvc.yaml calls"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    from pipelines.driver import dag

    names = [stage.name for stage in dag.STAGES]
    parser.add_argument("name", metavar="STAGE", choices=names, help=", ".join(names))
    parser.add_argument(
        "slug", nargs="?", metavar="CLASS", help="the class, as data/plan.yaml names it, of a stage run for each"
    )


def execute(options: argparse.Namespace) -> int:
    """Do what the command line asks for."""
    from pipelines.driver import fork_server

    asked = ["-C", options.project, "stage", options.name, *([options.slug] if options.slug else [])]
    if (code := fork_server.carried_out(asked)) is not None:
        return code
    from pipelines.driver import one_stage

    one_stage.run_stage(Path(options.project), options.name, options.slug)
    return 0
