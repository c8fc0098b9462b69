"""`tailweight run`: check, ask DVC what is stale, and only then start Prefect."""

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.driver import check, dag, dvc, lock, one_stage, params, summary
from pipelines.driver.shared import Run
from pipelines.errors import UserError

NOTHING_SHIPS = 3
ABOUT = "bring all stages up to date, or the named ones and what they need"
MORE = """

Stages whose inputs, settings and code are unchanged are not run. DVC records every stage, so `dvc repro`
does the same without Prefect. Exit code 0: done or up to date; 1: a stage failed; 2: something to mend;
3: nothing ships, and gate.enforce is set."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="for example: train, filter, report")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="stages side by side (default: one per core, at most 8)"
    )
    parser.add_argument("--quiet", action="store_true", help="print only the result and what went wrong")


def execute(options: argparse.Namespace) -> int:
    """Do what the command line asks for."""
    return run(Path(options.project), options.stages, options.workers, options.quiet)


def run(project: Path, targets: list[str], workers: int | None = None, quiet: bool = False) -> int:
    """Bring the project up to date and return the exit code: 0, 1 a stage failed, 3 nothing ships and `gate.enforce` is set.

    targets: names of stages, all their classes meant; none means all.
    UserError where the settings are wrong, a target is not a stage, or a stage found something for the user to mend.
    """
    started = time.monotonic()
    lock.mend_aloud(project)
    values = check.check(project, targets)
    _check_data(project)
    if workers is not None and workers < 1:
        raise UserError(f"--workers is {workers}, expected 1 or more")
    standing = check.Standing(project)
    if standing.is_up_to_date(targets):
        print(f"all is up to date ({time.monotonic() - started:.1f} s)")
        return _end(project, values, _judged(standing, targets))
    _resolve_estimators(values)
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # the display says what there is to say
    from pipelines.driver import flow  # imports Prefect

    this = Run(project.resolve(), workers or one_stage.default_workers(), quiet)
    try:
        done = flow.run_here(this, targets, standing)
    except dvc.StageFailed as error:
        if error.user:
            raise UserError(str(error)) from None
        print(f"tailweight: {error}\nwhat was finished is kept; go on with: tailweight run", file=sys.stderr)
        return 1
    found = _judged(check.Standing(project), targets)
    for line in found.lines if found and not quiet else []:
        print(line)
    print(f"ran {len(done)} stages in {time.monotonic() - started:.0f} s")
    return _end(project, values, found)


def _check_data(project: Path) -> None:
    if (project / f"{dag.RAW}.dvc").is_file() and not (project / dag.RAW).exists():
        raise UserError(
            f"{project / dag.RAW}: the data are gone; bring them back: dvc checkout {dag.RAW}.dvc, or dvc pull"
        )


def _resolve_estimators(values: Mapping[str, Any]) -> None:
    """Find the estimators that a user named, as the stage will when it runs: a wrong name costs no training."""
    named = params.group(dag.stage_named("evaluate"), values).model_dump(include={"estimators"})
    if named["estimators"]:
        from pipelines.evaluation.classifiers import chosen  # loads scikit-learn
        from pipelines.samples import IMAGES

        chosen([], named["estimators"], IMAGES)


def _judged(standing: check.Standing, targets: list[str]) -> summary.Summary | None:
    """Return what the last evaluation found, None where that was of other data or settings than there are now."""
    return summary.of(standing.project) if not targets or standing.is_up_to_date(["evaluate"]) else None


def _end(project: Path, values: Mapping[str, Any], found: summary.Summary | None) -> int:
    """Say where the report is, and return the exit code: that of the gate where it is enforced and nothing ships."""
    if found and (project / dag.REPORT).is_file():
        print(f"report: {project / dag.REPORT}")
    elif (project / dag.REPORT).is_file():
        print("verdicts and report are of an earlier run; bring them up to date: tailweight run")
    if params.gate(values).enforce and found and found.verdict != "ship":
        print(f"nothing ships, and gate.enforce is set: {found.reason}", file=sys.stderr)
        return NOTHING_SHIPS
    return 0
