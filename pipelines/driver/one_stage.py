"""Run one stage in this process: what DVC's commands call. DVC decides when, this does what."""

import contextlib
import io
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from gan.errors import one_line
from gan.progress import Progress
from pipelines import files
from pipelines.driver import compute, dag, dvc, frozen, machine, memory, names, params, progress, unfinished
from pipelines.errors import UserError
from pipelines.plan import Plan


def run_stage(project: Path, name: str, slug: str | None = None) -> None:
    """Run the stage `name`, for the class `slug` where it is one that runs once a class, and put its outputs in place.

    UserError where settings, plan or inputs are not what the stage needs; then nothing is written.
    """
    stage = dag.stage_named(name)
    if slug and not stage.per_class:
        raise UserError(f"the stage {name} runs once for all classes; leave {slug!r} out")
    machine.limit_threads()
    machine.same_kernels()
    values = params.read(project)
    told = told_to(project, stage, slug, values)
    reads = {key: project / path.format(slug=slug) for key, path in stage.reads.items()}
    for path in reads.values():
        if not path.exists():
            raise UserError(
                f"{path}: not there, and the stage {name} needs it; make it with: tailweight run {name} (or bring it: dvc pull)"
            )
    stays = name in ("plan", "train") and frozen.is_frozen(values)
    if stays:
        frozen.check_classes(project)
    arguments = told | {key: project / path for key, path in stage.keeps.items()}
    engine = compute.engine() if stage.accelerator or stage.parallel else None
    if stage.parallel:
        arguments |= {
            "workers": machine.cores(),
            "elsewhere": partial(compute.spread, engine, name) if engine else None,
        }
    called = names.shown(stage.name_for(slug), project)
    writes = {key: path.format(slug=slug) for key, path in stage.writes.items()}
    share = params.resume(values).time_share
    with (
        unfinished.states(project, stage, slug, told, reads, share) as kept,
        files.outputs(project, writes) as temporary,
        progress.shown(called) as report,
    ):
        if engine and stage.accelerator:
            _run_away(engine, project, stage, slug, temporary, report)
        else:
            _run_here(stage, called, reads | temporary | arguments | kept | {"progress": report}, stays)
    if dag.PLAN in stage.writes.values():
        slugs = set(Plan.load(project / dag.PLAN).classes)
        dvc.prune_files(project, slugs)
        unfinished.prune(project, slugs)


def _run_here(stage: dag.Stage, called: str, arguments: Mapping[str, Any], stays: bool) -> None:
    """Call the stage's function. stays: whether the base is an older one, which the data may not go with any more."""
    try:
        with memory.in_one_line(stage.name, called):
            stage.module.run(**arguments)
    except ValueError as error:
        if not stays:
            raise
        said = one_line(error, 120)
        raise UserError(
            f"the data do not go with the base that pretrain.frozen keeps ({said}); {frozen.UNFREEZE}"
        ) from None


def _run_away(
    engine: compute.Engine,
    project: Path,
    stage: dag.Stage,
    slug: str | None,
    writes: Mapping[str, Path],
    report: Progress,
) -> None:
    """Let a worker run a stage whose inputs and outputs are files; write what it made to `writes`, print what it said."""
    needed = [path.format(slug=slug) for path in stage.reads.values()]
    needed += [path for path in (params.FILE, dag.PLAN) if (project / path).is_file()]
    given = {path: (project / path).read_bytes() for path in needed}
    [(made, said)] = engine.results([compute.Call(stage.name, run_given, (stage.name, slug, given))], report)
    print(said, end="", flush=True)
    for name, path in writes.items():
        path.write_bytes(made[name])


def run_given(name: str, slug: str | None, given: Mapping[str, bytes]) -> tuple[dict[str, bytes], str]:
    """Run a stage in a folder of its own that holds the files `given`, by path; return its outputs and what it printed."""
    said = io.StringIO()
    with tempfile.TemporaryDirectory(prefix="tailweight-") as folder:
        for path, content in given.items():
            place = Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        with contextlib.redirect_stdout(said):
            run_stage(Path(folder), name, slug)
        writes = dag.stage_named(name).writes
        return {key: Path(folder, path.format(slug=slug)).read_bytes() for key, path in writes.items()}, said.getvalue()


def told_to(project: Path, stage: dag.Stage, slug: str | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the stage is told beside its inputs: what decides its outputs."""
    told: dict[str, Any] = {"seed": params.seed(values)}
    if stage.configurable:
        told["settings"] = params.group(stage, values)
    told |= params.borrowed(stage, values, {other.name: other for other in dag.STAGES})
    if stage.per_class:
        told["task"] = _task(project, stage, slug)
    if stage.told_changes:
        told["changed"] = params.changed(values)
    return told


def _task(project: Path, stage: dag.Stage, slug: str | None) -> Any:
    planned = Plan.load(project / dag.PLAN).classes
    if slug not in planned:
        known = ", ".join(planned) or "none yet; run: tailweight run plan"
        found = f"class {slug!r} is not in {dag.PLAN}" if slug else f"the stage {stage.name} runs for one class"
        raise UserError(
            f"{found}; planned are: {known}; where the plan has just changed, run once more: tailweight run"
        )
    return planned[slug]
