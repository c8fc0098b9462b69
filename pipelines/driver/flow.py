"""The Prefect flow: DVC's stages as tasks, side by side. Besides `server` and `deploy`, the only module that imports Prefect.

A task waits on a child process in which DVC runs one stage; see `dvc.Processes`. The flow keeps no state of its own: what
is done is what DVC has recorded. Prefect's result cache stays off, since it would be a second record that can lie.
"""

import signal
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

from pipelines.driver import server  # before Prefect: it sets Prefect's defaults

# isort: split
from prefect import flow, get_client, get_run_logger, runtime, tags, task
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.futures import PrefectFuture, wait
from prefect.states import Completed, State
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from pipelines.driver import check, dag, dvc, forecast, graph, growth, hold, lock, machine, params, summary
from pipelines.driver.check import Standing
from pipelines.driver.names import class_of
from pipelines.driver.names import shown as called
from pipelines.driver.shared import Run
from pipelines.driver.versions import difference, publish
from pipelines.plan import Plan, slug

AFTER_VERDICT = {"evaluate", "release", "report"}  # stages without which a run says nothing of the verdicts
RETRY_DELAYS_SECONDS = [1.0, 5.0]
ARTIFACT_EVERY_SECONDS = 5.0
CHANGED = "tailweight.verdict.changed"  # the event that an automation may wait for, see examples/notify.yaml

Row = dict[str, Any]  # a stage that ran: stage, class (None where it runs once for all), seconds


def run_here(
    run: Run, targets: list[str], standing: Standing, own: server.Server, runner: TaskRunner[Any] | None = None
) -> list[Row]:
    """Run the flow in this process and return one row per stage that ran; dvc.StageFailed where one failed.

    standing: how the project stands, as the command in front has found it. own: the server that the run reports to.
    runner: what runs the tasks; threads of this process by default, and any other task runner of Prefect will do.
    """

    @flow(name="tailweight", flow_run_name=first_name, task_runner=runner or _side_by_side(run.workers))
    def here(project: str, targets: list[str]) -> State[list[Row]]:  # the server shows the arguments
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)  # in place of Prefect's, which waits for the stages to come to an end
        return concluded(run.project, targets, bring_up_to_date(run, targets, standing))

    def stop(number: int, frame: object) -> None:
        run.processes.stop()
        raise KeyboardInterrupt

    with run.display, own.reached(run.display.line), tags(*tags_of(run.project)):
        state = here(str(run.project), targets, return_state=True)
    result: Any = state.result(raise_on_failure=False)
    if isinstance(result, BaseException):
        raise result
    return list(result)


def _side_by_side(workers: int) -> TaskRunner[Any]:
    return ThreadPoolTaskRunner(max_workers=workers)


def first_name() -> str:
    """Return what a run is called until it is known what it finds: its project and when it began, in UTC."""
    began = runtime.flow_run.scheduled_start_time
    return f"{Path(runtime.flow_run.parameters.get('project', '.')).resolve().name} {began:%Y-%m-%d %H:%M}"


def tags_of(project: Path) -> list[str]:
    """Return the tags of a project's runs."""
    return ["tailweight", project.resolve().name]


def concluded(project: Path, targets: list[str], rows: list[Row]) -> State[list[Row]]:
    """Return the state that a run ends in: done, with the verdict as its message, which becomes its name as well."""
    found = summary.of(project) if not targets or AFTER_VERDICT & set(targets) else None
    said = found.headline if found else f"up to {', '.join(targets)}"
    with get_client(sync_client=True) as client:
        client.update_flow_run(runtime.flow_run.id, name=f"{project.name}: {said}")
    return Completed(message=f"ran {len(rows)} stages; {said}" if rows else f"all was up to date; {said}", data=rows)


@flow(name="tailweight", flow_run_name=first_name, task_runner=_side_by_side(machine.default_workers()))
def tailweight(project: str = ".", targets: list[str] | None = None) -> State[list[Row]]:
    """Bring a project up to date where no command is in front: on a worker, on a schedule.

    Where `data/source.yaml` says so, what is new there is brought in first.
    project: its folder. targets: names of stages, all of them by default. Returns one row per stage that ran. What becomes
    of what it made is as `publish` in the settings says.
    """
    folder = Path(project).resolve()
    values = check.check(folder, targets or [])
    check.need_base(folder, values)
    with hold.held(folder):
        mended = lock.mend(folder)
        if mended:
            get_run_logger().warning(mended)
        if grown := growth.on_schedule(folder):
            get_run_logger().info(grown.headline)
        run, standing = Run(folder, machine.default_workers()), Standing(folder)
        before = summary.of(folder)
        rows = bring_up_to_date(run, targets or [], standing)
        announce(folder, before, summary.of(folder))
        settings = params.publish(values)
        if settings.when != "never":
            is_current = not (Standing(folder) if rows else standing).changed
            log_published(publish.publish(folder, settings, is_current, get_run_logger().warning))
        return concluded(folder, targets or [], rows)


def announce(project: Path, before: summary.Summary | None, after: summary.Summary | None) -> None:
    """Send an event where the verdict of a class is not what it was, the first one included."""
    if after is None:
        return
    was, now = ({one.name: one.verdict for one in found.classes} if found else {} for found in (before, after))
    changed = {name: [was.get(name), now.get(name)] for name in was | now if was.get(name) != now.get(name)}
    if changed:
        about = {
            "prefect.resource.id": f"tailweight.project.{artifact_key(project, 'verdicts')}",
            "prefect.resource.name": project.name,
        }
        emit_event(CHANGED, resource=about, payload={"headline": after.headline, "classes": changed})


def log_published(published: publish.Published) -> None:
    """Log what was recorded and pushed, and what was not."""
    if published.line:
        get_run_logger().info(published.line)
    if published.undone:
        get_run_logger().warning(published.undone)


def bring_up_to_date(run: Run, targets: list[str], standing: Standing) -> list[Row]:
    """Run what is stale up to the plan, which names the classes, and then the rest; DVC is asked again after changes."""
    if standing.is_up_to_date(targets):
        get_run_logger().info("all is up to date")
        return []
    with run.processes.forks(len(standing.stale(standing.wanted(targets)))):
        return _brought_up_to_date(run, targets, standing)


def _brought_up_to_date(run: Run, targets: list[str], standing: Standing) -> list[Row]:
    rows = run_stale(run, standing, graph.ancestors(standing.graph, {"plan"} & standing.wanted(targets)))
    pruned = dvc.prune(run.project, set(Plan.load(run.project / dag.PLAN).classes))
    if rows or pruned:
        standing = Standing(run.project)
    wanted = standing.wanted(targets)
    with nullcontext() if run.display.quiet else expected(run, standing.stale(wanted)):
        rows += run_stale(run, standing, wanted)
    leave_artifacts(run.project, rows)
    return rows


def expected(run: Run, stale: set[str]) -> AbstractContextManager[None]:
    """Show how long the stages `stale` take, and how much memory, while the block runs them."""
    return forecast.beside(run.project, params.read(run.project), stale, run.workers, run.display.line)


def run_stale(run: Run, standing: Standing, names: set[str]) -> list[Row]:
    """Run what is stale among the stages `names` and what depends on it there; each starts when its inputs are ready.

    The others go on where one fails; then dvc.StageFailed is raised, one for the user to mend before any other.
    """
    nodes, stale = graph.part(standing.graph, names), standing.stale(names)
    futures: dict[str, PrefectFuture] = {}
    for name in graph.breadth_first(graph.part(nodes, stale)):
        before = [futures[need] for need in nodes[name] & stale]
        title = called(name, run.project).replace("{", "{{").replace("}", "}}")  # Prefect fills in what is in braces
        named = run_stage.with_options(task_run_name=title)
        futures[name] = named.submit(run=run, name=name, wait_for=before, return_state=False)
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
def run_stage(run: Run, name: str) -> Row:
    """Let DVC run one stage and show how far it is."""
    log = get_run_logger()
    started = time.monotonic()
    shown = called(name, run.project)
    progress = ProgressArtifact(run.project, name)
    with run.share_of_machine(name) as environment, run.display.running(shown):
        for record in run.processes.reproduce(run.project, name, environment):
            if "line" in record:
                log.info(record["line"])
                run.display.line(record["line"])
            else:
                run.display.progress(shown, record["done"], record["total"], record["figures"])
                progress.update(record["done"], record["total"])
    seconds = time.monotonic() - started
    progress.update(1, 1, now=True)
    run.display.finished(shown, seconds)
    return {"stage": name.partition("@")[0], "class": class_of(name, run.project), "seconds": round(seconds, 1)}


class ProgressArtifact:
    """A progress bar on the run's page, made when there is something to show."""

    def __init__(self, project: Path, name: str) -> None:
        self.key = artifact_key(project, f"progress-{name.replace('@', '-')}")
        self.description = called(name, project)
        self.id: UUID | None = None
        self.at = time.monotonic()

    def update(self, done: int, total: int, now: bool = False) -> None:
        """Show `done` of `total`, at most every few seconds unless it must be `now`."""
        percent = 100.0 * done / max(total, 1)
        if self.id is None and not now:
            made = create_progress_artifact(progress=percent, key=self.key, description=self.description)
            self.id = made  # type: ignore[assignment]
        elif self.id is not None and (now or time.monotonic() - self.at > ARTIFACT_EVERY_SECONDS):
            update_progress_artifact(self.id, progress=percent)
            self.at = time.monotonic()


def artifact_key(project: Path, name: str) -> str:
    """Return the key of an artifact: no other project on the server has it, one in a folder of the same name neither."""
    folder = project.resolve()
    plain, place = slug(folder.name).rpartition("-")[0], slug(str(folder)).rpartition("-")[2]
    return f"{plain}-{place}-{name}"


def leave_artifacts(project: Path, rows: list[Row]) -> None:
    """Leave what the run did and found as artifacts: tables, texts, an image and a link to the report."""
    about = f"of {project.name}"

    def key(name: str) -> str:
        return artifact_key(project, name)

    create_table_artifact(table=rows, key=key("stages"), description=f"What ran {about}")
    report = project / dag.REPORT
    if report.is_file():
        where = f"The report {about}: {report} on the machine that ran it"
        create_link_artifact(report.as_uri(), "report.html", key=key("report"), description=where)
    found = summary.of(project)
    if found is not None:
        create_table_artifact(table=found.table, key=key("verdicts"), description=f"What was decided {about}")
        create_markdown_artifact(markdown=found.markdown, key=key("summary"), description=f"Verdicts and why {about}")
        if found.image:
            above = f"Samples {about}: real ones above, kept synthetic ones below, a pair of rows for each class"
            create_image_artifact(image_url=found.image, key=key("samples"), description=above)
    changes = difference.since_last(project)
    if changes:
        create_markdown_artifact(markdown=changes, key=key("changes"), description=f"What changed {about}")
