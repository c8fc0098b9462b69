"""The Prefect flow: DVC's stages as tasks, side by side. Besides `deployments`, the only module that imports Prefect.

A task waits on a child process in which DVC runs one stage; see `dvc.reproduce`. The flow keeps no state of its own: what
is done is what DVC has recorded. Prefect's result cache stays off, since it would be a second record that can lie.
"""

import os
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

# Before Prefect is imported; what a user has set stays.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")

from prefect import flow, get_run_logger, task
from prefect.artifacts import (
    create_image_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture, wait
from prefect.settings import PREFECT_API_URL
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from pipelines.driver import check, dag, dvc, lock, one_stage, summary
from pipelines.driver.display import Display
from pipelines.errors import UserError
from pipelines.plan import Plan

RETRY_DELAYS_SECONDS = [1.0, 5.0]
SHARE_ACCELERATOR = 4  # stages that may use one accelerator at once
ARTIFACT_EVERY_SECONDS = 5.0

Row = dict[str, Any]  # a stage that ran: stage, seconds

_display = Display(quiet=True)  # of the flow run in this process
_local = False  # whether it is ours to end; a worker's is Prefect's
_accelerator = threading.BoundedSemaphore(SHARE_ACCELERATOR)
_running: set[str] = set()


def _side_by_side(workers: int) -> TaskRunner[Any]:
    return ThreadPoolTaskRunner(max_workers=workers)


def run_here(project: Path, targets: list[str], workers: int, quiet: bool) -> list[Row]:
    """Run the flow in this process and return a row for each stage that ran; dvc.StageFailed where one failed.

    Without a server in PREFECT_API_URL, Prefect starts one of its own for the time of the run.
    """
    global _display, _local
    _local = True
    _check_server()
    with Display(quiet) as _display:
        pooled = tailweight.with_options(task_runner=_side_by_side(workers))
        state = pooled(str(project.resolve()), targets, return_state=True)
    result = state.result(raise_on_failure=False)
    if isinstance(result, BaseException):
        raise result
    return result


def _check_server() -> None:
    """UserError where a server is named and does not answer; without one, Prefect starts its own."""
    url = PREFECT_API_URL.value()
    if url:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=10):
                return
        except OSError as error:
            raise UserError(
                f"PREFECT_API_URL is {url}, and no Prefect server answers there ({error}); "
                "start it (prefect server start) or: unset PREFECT_API_URL"
            ) from None


@flow(name="tailweight", task_runner=_side_by_side(one_stage.default_workers()))
def tailweight(project: str = ".", targets: list[str] | None = None) -> list[Row]:
    """Bring a project up to date: up to the plan, which names the classes, and then the rest.

    project: its folder. targets: names of stages, all of them by default. Returns a row for each stage that ran.
    """
    folder = Path(project).resolve()
    wanted = targets or []
    if _local:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)  # in place of Prefect's, which waits for the stages to end by themselves
    mended = lock.mend(folder)
    if mended:
        get_run_logger().warning(mended)
    check.check(folder, wanted)
    if check.is_up_to_date(folder, wanted):
        get_run_logger().info("all is up to date")
        return []
    nodes = dvc.graph(folder)
    goal = dvc.ancestors(nodes, check.expand(nodes, wanted))
    rows = bring_up(folder, nodes, dvc.ancestors(nodes, {"plan"} & goal))
    dvc.prune(folder, set(Plan.load(folder / dag.PLAN).classes))
    nodes = dvc.graph(folder)
    rows += bring_up(folder, nodes, dvc.ancestors(nodes, check.expand(nodes, wanted)))
    publish(folder, rows)
    return rows


def _stop(number: int, frame: object) -> None:
    dvc.stop_children()
    raise KeyboardInterrupt


def bring_up(project: Path, graph: dict[str, set[str]], names: set[str]) -> list[Row]:
    """Run what is stale among the stages `names` and what depends on it there; each starts when its inputs are ready.

    The others go on where one fails; then dvc.StageFailed is raised, one for the user to mend before any other.
    """
    nodes = {name: needs & names for name, needs in graph.items() if name in names}
    changed = dvc.descendants(nodes, set(dvc.status(project)) & names)
    futures: dict[str, PrefectFuture] = {}
    for name in breadth_first(nodes):
        if name in changed:
            before = [futures[need] for need in nodes[name] if need in futures]
            named = run_stage.with_options(task_run_name=name)
            futures[name] = named.submit(project=str(project), name=name, wait_for=before, return_state=False)
    wait(list(futures.values()))
    started = [future for future in futures.values() if not future.state.is_pending()]  # the others wait on a failure
    results = [future.result(raise_on_failure=False) for future in started]
    failures = [result for result in results if isinstance(result, dvc.StageFailed)]
    if failures:
        raise sorted(failures, key=lambda failure: not failure.user)[0]
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def breadth_first(nodes: dict[str, set[str]]) -> Iterator[str]:
    """Yield the names so that each comes after all that it needs, the widest steps first."""
    done: set[str] = set()
    while len(done) < len(nodes):
        ready = sorted(name for name, needs in nodes.items() if name not in done and needs <= done)
        assert ready, "DVC does not allow a circle"
        yield from ready
        done |= set(ready)


def can_retry(task: Any, task_run: Any, state: Any) -> bool:
    """Say whether another try may succeed: after a kill or a busy lock, not after an error in the data or the settings."""
    failure = state.result(raise_on_failure=False)
    return isinstance(failure, dvc.StageFailed) and failure.transient


@task(
    name="stage",
    retries=len(RETRY_DELAYS_SECONDS),
    retry_delay_seconds=RETRY_DELAYS_SECONDS,
    retry_condition_fn=can_retry,
    cache_policy=NO_CACHE,
)
def run_stage(project: str, name: str) -> Row:
    """Let DVC run one stage and show how far it is."""
    log = get_run_logger()
    started = time.monotonic()
    progress = ProgressArtifact(name)
    with _share_of_machine(name) as environment:
        for record in dvc.reproduce(Path(project), name, environment):
            if "line" in record:
                log.info(record["line"])
                _display.line(record["line"])
            else:
                _display.progress(name, record["done"], record["total"], record["figures"])
                progress.update(record["done"], record["total"])
    seconds = time.monotonic() - started
    progress.update(1, 1, now=True)
    _display.finished(name, seconds)
    return {"stage": name, "seconds": round(seconds, 1)}


class ProgressArtifact:
    """A progress bar on the run's page, made when there is something to show."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.id: UUID | None = None
        self.at = time.monotonic()

    def update(self, done: int, total: int, now: bool = False) -> None:
        """Show `done` of `total`, at most every few seconds unless it must be `now`."""
        percent = 100.0 * done / max(total, 1)
        if self.id is None and not now:
            key = f"progress-{self.name.replace('@', '-')}"
            self.id = create_progress_artifact(progress=percent, key=key, description=self.name)  # type: ignore[assignment]
        elif self.id is not None and (now or time.monotonic() - self.at > ARTIFACT_EVERY_SECONDS):
            update_progress_artifact(self.id, progress=percent)
            self.at = time.monotonic()


@contextmanager
def _share_of_machine(name: str) -> Iterator[dict[str, str]]:
    """Yield the environment that tells a stage its share of the cores; wait for the accelerator where it needs it."""
    heavy = Path("/dev/nvidia0").exists() and dag.stage_named(name.split("@")[0]).accelerator
    if heavy:
        _accelerator.acquire()
    _running.add(name)
    try:
        yield {one_stage.CORES: str(max(one_stage.cores() // len(_running), 1))}
    finally:
        _running.discard(name)
        if heavy:
            _accelerator.release()


def publish(project: Path, rows: list[Row]) -> None:
    """Leave what the run did and found as artifacts: tables, a text and a picture."""
    create_table_artifact(table=rows, key="stages", description="What ran")
    found = summary.of(project)
    if found is not None:
        create_table_artifact(table=found.rows, key="verdicts", description="What was decided of each class")
        create_markdown_artifact(markdown=found.markdown, key="summary", description="What was decided and why")
        if found.picture:
            create_image_artifact(
                image_url=found.picture, key="samples", description="Real samples above, kept synthetic below"
            )
