"""`tailweight run` and `status`: check, ask DVC what is stale, and only then start Prefect."""

import os
import sys
import time
from pathlib import Path

from pipelines import dag, dvc, params, summary
from pipelines.errors import UserError

MAX_WORKERS = 8
NOTHING_SHIPS = 3


def run(project: Path, targets: list[str], workers: int | None = None, quiet: bool = False) -> int:
    """Bring the project up to date and return the exit code: 0, 1 a stage failed, 3 nothing ships and `gate.enforce` is set.

    targets: names of stages, all their classes meant; none means all.
    UserError where the settings are wrong, a target is not a stage, or a stage found something for the user to mend.
    """
    started = time.monotonic()
    check(project, targets)
    if workers is not None and workers < 1:
        raise UserError(f"--workers is {workers}, expected 1 or more")
    if is_up_to_date(project, targets):
        print(f"all is up to date ({time.monotonic() - started:.1f} s)")
        return _end(project)
    os.environ.setdefault(
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL"
    )  # what there is to say, the display says
    from pipelines import flow  # imports Prefect

    try:
        done = flow.run_here(project, targets, workers or default_workers(), quiet)
    except dvc.StageFailed as error:
        if error.user:
            raise UserError(str(error)) from None
        print(f"tailweight: {error}\nwhat was finished is kept; go on with: tailweight run", file=sys.stderr)
        return 1
    found = summary.of(project)
    for line in found.lines if found and not quiet else []:
        print(line)
    print(f"ran {len(done)} stages in {time.monotonic() - started:.0f} s")
    return _end(project)


def status(project: Path) -> int:
    """Print the stages that would run, each with what changed, and return 1 where there are any."""
    check(project, [])
    changed = dvc.status(project)
    for name, changes in changed.items():
        print(f"{name}: {'; '.join(_reasons(changes))}")
    print(f"{len(changed)} stages would run, and those after them: tailweight run" if changed else "all is up to date")
    return 1 if changed else 0


def check(project: Path, targets: list[str]) -> None:
    """Validate the settings and the targets before anything runs, and note which code the stages would run."""
    demo = dag.is_source(project)
    params.check(project, demo)
    known = [stage.name for stage in dag.stages(demo)]
    for target in targets:
        if target not in known:
            raise UserError(f"{target!r} is not a stage; known are {', '.join(known)}")
    if not (project / dvc.FILE).is_file():
        raise UserError(f"{project / dvc.FILE}: no such file; write it with: tailweight render")
    if not demo:
        dvc.write_code_hashes(project)


def is_up_to_date(project: Path, targets: list[str]) -> bool:
    """Say whether DVC finds nothing to do for the targets and what they depend on."""
    changed = dvc.status(project)
    if not changed or not targets:
        return not changed
    nodes = dvc.graph(project)
    return not dvc.ancestors(nodes, expand(nodes, targets)) & set(changed)


def expand(nodes: dict[str, set[str]], targets: list[str]) -> set[str]:
    """Return the names in the graph of the targets; all names for no targets.

    `train` means every `train@CLASS`, and the plan, without which nobody knows the classes.
    """
    if not targets:
        return set(nodes)
    planned = {"plan"} if any(dag.stage_named(target).per_class for target in targets) else set()
    return {name for name in nodes if name.split("@")[0] in targets} | planned


def default_workers() -> int:
    """Return how many stages run side by side unless told: one a core."""
    from pipelines.runner import cores

    return min(cores(), MAX_WORKERS)


def _reasons(changes: list) -> list[str]:
    words = []
    for change in changes:
        if isinstance(change, str):
            words.append(change)
            continue
        for kind, found in change.items():
            for path, what in found.items():
                detail = ", ".join(what) if isinstance(what, dict) else what
                words.append(
                    f"{kind.removeprefix('changed ')} {path} {detail}"
                    if not isinstance(what, dict)
                    else f"{path}: {detail}"
                )
    return words


def _end(project: Path) -> int:
    """Say where the report is, and return the exit code: that of the gate where it is enforced and nothing ships."""
    if (project / dag.REPORT).is_file():
        print(f"report: {project / dag.REPORT}")
    found = summary.of(project)
    if params.gate(params.read(project)).enforce and found and found.verdict != "ship":
        print(f"nothing ships, and gate.enforce is set: {found.reason}", file=sys.stderr)
        return NOTHING_SHIPS
    return 0
