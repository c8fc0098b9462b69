"""What a run has to do: the settings and targets are checked, DVC is asked what is stale."""

from pathlib import Path

from pipelines.driver import dag, dvc, params
from pipelines.errors import UserError


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
