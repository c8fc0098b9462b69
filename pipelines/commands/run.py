"""`tailweight run`: check, ask DVC what is stale, and only then start Prefect."""

import argparse
import os
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.commands import output
from pipelines.driver import check, dag, dvc, git, hold, lock, machine, params, summary, versions
from pipelines.driver.shared import Run
from pipelines.driver.versions import publish
from pipelines.errors import UserError

NOTHING_SHIPS = 3
FAILED = 1
ABOUT = "bring all stages up to date, or the named ones and what they need"
MORE = """

  tailweight run                   everything that is stale, up to data/report/report.html
  tailweight run filter            one stage of every class, and what it needs
  tailweight run --device cuda:1   networks on the second GPU
  tailweight run --json | jq '.classes[] | {class, verdict}'

Stages whose inputs, settings and code are unchanged are not run. DVC records every stage, so `dvc repro`
does the same without Prefect; which device was used is no part of what it records.
Exit code 0: done or up to date; 1: a stage failed; 2: something to mend; 3: nothing ships, and gate.enforce
is set; 130: stopped. Stop it with Ctrl-C; what was finished is kept."""


NOTHING_FOUND: dict[str, Any] = {"verdict": None, "reason": None, "classes": [], "test_split_used": None}


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    ran: a row for each stage that ran, None where one failed. found: what the last evaluation decided, None where that was of
    other data or settings than there are now. published: what became of it. error: why a stage failed.
    """

    code: int
    seconds: float
    ran: list[dict[str, Any]] | None
    found: summary.Summary | None = None
    published: publish.Published = field(default_factory=publish.Published)
    report: Path | None = None
    next: str | None = None
    error: str | None = None

    @property
    def plain(self) -> dict[str, Any]:
        """The outcome as JSON has it."""
        ended = {"exit_code": self.code, "seconds": round(self.seconds, 1), "ran": self.ran, "error": self.error}
        found = self.found.plain if self.found else NOTHING_FOUND
        sent = vars(self.published)
        return {**ended, **found, **sent, "report": str(self.report) if self.report else None, "next": self.next}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="for example: train, filter, report")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="stages side by side (default: one per core, at most 8)"
    )
    parser.add_argument(
        "--device", metavar="DEVICE", help="where networks run: auto (a GPU where there is one), cpu, cuda or cuda:N"
    )
    busy = parser.add_mutually_exclusive_group()
    busy.add_argument("--wait", action="store_true", help="where another run holds the project, wait for its end")
    busy.add_argument("--take-over", action="store_true", help="where another run holds the project, end it first")
    parser.add_argument("--quiet", action="store_true", help="print only the result and what went wrong")
    output.add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Do what the command line asks for."""
    if options.device:
        _choose_device(options.device)
    quiet = options.quiet or options.log_level == "warning"
    with output.nothing_but_a_document(options.json):
        holding = hold.Holding(options.wait, options.take_over)
        outcome = run(Path(options.project), options.stages, options.workers, quiet, holding)
        _show(outcome)
    if options.json:
        output.document(outcome.plain)
    return outcome.code


def run(
    project: Path,
    targets: list[str],
    workers: int | None = None,
    quiet: bool = False,
    holding: hold.Holding = hold.REFUSED,
) -> Outcome:
    """Bring the project up to date and return how that went.

    targets: names of stages, all their classes meant; none means all. holding: what to do where another run holds it.
    UserError where the settings are wrong, a target is not a stage, or a stage found something for the user to mend.
    """
    values = check.check(project, targets)
    check.need_data(project)
    check.need_base(project, values)
    if workers is not None and workers < 1:
        raise UserError(f"--workers is {workers}, expected 1 or more")
    with hold.held(project, holding):
        return _run(project, targets, workers or machine.default_workers(), quiet, values)


def _run(project: Path, targets: list[str], workers: int, quiet: bool, values: dict[str, Any]) -> Outcome:
    started = time.monotonic()
    lock.mend_aloud(project)
    standing = check.Standing(project)
    done: list[dict[str, Any]] = []
    if not standing.is_up_to_date(targets):
        _resolve_estimators(values)
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # the display says what there is
        from pipelines.driver import server  # imports Prefect

        own = server.Server()
        own.begin()
        shared = Run(project.resolve(), workers, quiet)
        shared.processes.begin_forks(len(standing.stale(standing.wanted(targets))))
        from pipelines.driver import flow  # imports much more of it, while the servers come up

        try:
            done = flow.run_here(shared, targets, standing, own)
        except dvc.StageFailed as error:
            if error.user:
                raise UserError(str(error)) from None
            return Outcome(FAILED, time.monotonic() - started, None, error=str(error))
        standing = check.Standing(project)
    found = _judged(standing, targets)
    say: publish.Say = (lambda text: None) if quiet else print
    published = publish.publish(project, params.publish(values), not standing.changed, say)
    report = project / dag.REPORT
    return Outcome(
        code=NOTHING_SHIPS if params.gate(values).enforce and found and found.verdict != "ship" else 0,
        seconds=time.monotonic() - started,
        ran=done,
        found=found,
        published=published,
        report=report if report.is_file() else None,
        next=_next(project, found),
    )


def _choose_device(device: str) -> None:
    """Tell every stage where its networks run, by the environment; UserError where there is no such device."""
    from gan.device import DEVICE, DeviceError, chosen_device  # loads torch

    os.environ[DEVICE] = device
    try:
        chosen_device()
    except DeviceError as error:
        raise UserError(f"--device: {error}") from None


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


def _next(project: Path, found: summary.Summary | None) -> str | None:
    """Return the command to go on with: commit what the run changed and no version has, or export what it shipped."""
    last = versions.last(project)
    there = [path for path in versions.IN_GIT if (project / path).exists()]
    status = ("-c", "status.relativePaths=true", "status", "--short", "--no-renames")
    changed = {line.split(maxsplit=1)[1] for line in git.answer(project, *status, "--", *there).splitlines()}
    paths = [path for path in there if path in changed]
    place = "" if project.resolve() == Path.cwd() else f" -C {shlex.quote(str(project))}"
    if paths and not (last and versions.has_all(project, last.commit, paths)):
        return f"git{place} add {' '.join(paths)} && git{place} commit -m 'tailweight run'"
    return f"tailweight{place} export DIR" if found and found.verdict == "ship" else None


def _show(outcome: Outcome) -> None:
    """Print how a run ended, for people."""
    if outcome.error:
        print(f"tailweight: {outcome.error}\nwhat was finished is kept; go on with: tailweight run", file=sys.stderr)
        return
    if outcome.ran:
        print(f"ran {len(outcome.ran)} stages in {outcome.seconds:.0f} s")
    else:
        print(f"all is up to date ({outcome.seconds:.1f} s)")
    if outcome.found:
        output.verdicts(outcome.found)
    ends = [outcome.published.line] if outcome.published.line else []
    if outcome.report and outcome.found:
        ends.append(f"report: {outcome.report}")
    elif outcome.report:
        ends.append("verdicts and report are of an earlier run; bring them up to date: tailweight run")
    if outcome.next:
        ends.append(f"next: {outcome.next}")
    for line in ends:
        print(line)
    if outcome.published.undone:
        print(f"tailweight: {outcome.published.undone}", file=sys.stderr)
    if outcome.code == NOTHING_SHIPS and outcome.found:
        print(f"nothing ships, and gate.enforce is set: {outcome.found.reason}", file=sys.stderr)
