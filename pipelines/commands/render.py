"""`tailweight render`: `params.yaml`, `dvc.yaml` and the templates of its plots written anew."""

import argparse
from pathlib import Path

ABOUT = "write params.yaml and dvc.yaml anew, after an upgrade or a change of the stages; values stay"


def add_options(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    render(Path(options.project))


def render(project: Path) -> None:
    """Write the files that are rendered from the stages and their settings; UserError where a setting is wrong."""
    from pipelines import files
    from pipelines.driver import dag, dvc, params, plots
    from pipelines.plan import Plan

    demo = dag.is_source(project)
    values = params.read(project)
    files.write_text(project / params.FILE, params.render(demo, values))
    files.write_text(project / dvc.FILE, dvc.render(demo, values))
    plots.write(project)
    plan = project / dag.PLAN
    Plan.load(plan).save(plan)  # an earlier version may have left out what dvc.yaml now names
    dag.lay_empty(project)
    dvc.write_code_hashes(project)
    print(f"wrote {params.FILE}, {dvc.FILE} and the templates of its plots in {plots.FOLDER}")
