"""Run one stage in this process: what DVC's commands call. DVC decides when, this does what."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan.errors import CheckpointError, DeviceError
from pipelines import files
from pipelines.driver import dag, dvc, memory, names, params, progress, unfinished
from pipelines.errors import UserError
from pipelines.plan import Plan

MAX_WORKERS = 8
CORES = "TAILWEIGHT_CORES"  # how many processor cores a stage may use; the flow divides them among stages side by side
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

COMMON_KERNELS = {
    "OPENBLAS_CORETYPE": "Haswell",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}


def run_stage(project: Path, name: str, slug: str | None = None) -> None:
    """Run the stage `name`, for the class `slug` where it is one that runs once a class, and put its outputs in place.

    UserError where settings, plan or inputs are not what the stage needs; then nothing is written.
    """
    stage = dag.stage_named(name)
    if slug and not stage.per_class:
        raise UserError(f"the stage {name} runs once for all classes; leave {slug!r} out")
    limit_threads()
    same_kernels()
    values = params.read(project)
    told = told_to(project, stage, slug, values)
    reads = {key: project / path.format(slug=slug) for key, path in stage.reads.items()}
    for path in reads.values():
        if not path.exists():
            raise UserError(
                f"{path}: not there, and the stage {name} needs it; make it with: tailweight run {name} (or bring it: dvc pull)"
            )
    arguments = told | {key: project / path for key, path in stage.keeps.items()}
    if stage.parallel:
        arguments["workers"] = cores()
    called = names.shown(stage.name_for(slug), project)
    writes = {key: path.format(slug=slug) for key, path in stage.writes.items()}
    share = params.resume(values).time_share
    with (
        unfinished.states(project, stage, slug, told, reads, share) as kept,
        files.outputs(project, writes) as temporary,
        progress.shown(called) as report,
    ):
        arguments |= kept
        try:
            stage.module.run(**reads, **temporary, **arguments, progress=report)
        except (CheckpointError, DeviceError) as error:
            raise UserError(str(error)) from None
        except (MemoryError, RuntimeError) as error:
            if not memory.ran_out(error):
                raise
            raise memory.complaint(name, called, error) from None
    if dag.PLAN in stage.writes.values():
        slugs = set(Plan.load(project / dag.PLAN).classes)
        dvc.prune_files(project, slugs)
        unfinished.prune(project, slugs)


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


def limit_threads() -> None:
    """Keep every numeric library of this process to one thread.

    Two threads on a busy machine of two cores ran 10 times slower than one, and sums split among threads round differently
    for different numbers of cores. Work is spread over processes instead. Must come before NumPy is loaded.
    """
    for name in THREAD_LIMITS:
        os.environ[name] = "1"


def same_kernels() -> None:
    """Let every numeric library take the kernels that any x86-64 machine with AVX2 has, so that all of them round alike.

    A wider machine would sum in another order, and a figure that lies on the edge of its last digit would differ. Must come
    before NumPy is loaded.
    """
    described = Path("/proc/cpuinfo")
    if described.is_file() and " avx2 " in described.read_text(errors="replace"):
        os.environ |= COMMON_KERNELS


def cores() -> int:
    """Return how many cores this process may use: its share where a parent divided them, else all it is allowed."""
    given = os.environ.get(CORES, "")
    return max(int(given), 1) if given.isdigit() else len(os.sched_getaffinity(0))


def default_workers() -> int:
    """Return how many stages run side by side unless told: one a core."""
    return min(cores(), MAX_WORKERS)


def _task(project: Path, stage: dag.Stage, slug: str | None) -> Any:
    planned = Plan.load(project / dag.PLAN).classes
    if slug not in planned:
        known = ", ".join(planned) or "none yet; run: tailweight run plan"
        found = f"class {slug!r} is not in {dag.PLAN}" if slug else f"the stage {stage.name} runs for one class"
        raise UserError(
            f"{found}; planned are: {known}; where the plan has just changed, run once more: tailweight run"
        )
    return planned[slug]
