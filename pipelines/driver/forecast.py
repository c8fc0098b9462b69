"""How long a run will take, and how much memory: some steps of each network and a fit of each classifier, timed.

That is done on the project's own data, in a process of its own beside the first training.
"""

import json
import math
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from pipelines.driver import dag, machine, memory, params
from pipelines.driver.progress import clock
from pipelines.plan import Plan

BRIEF = 500  # steps of pretraining, under which a run is a trial that nobody needs to be told of
BEFORE = 2  # steps of a training that shows what comes before the steps
STEPS = 8, 64  # of one that shows what a step takes: the first by which it takes longer by so many seconds
NOTABLE = 1.0
START = 14.0  # seconds that it takes to start a stage beside another: DVC, and what the stage loads
OF_A_CLASS = 3  # stages that run once a class, of which `train` is the longest
ROWS = 2_000  # that a classifier for columns is timed on at most; its time grows about as theirs
TRAININGS: tuple[str, ...] = ("upscale", "pretrain", "train")
JUDGING = ("baseline", "evaluate")
UNIT = 1024 if sys.platform.startswith("linux") else 1  # bytes that the system counts memory in


@dataclass(frozen=True)
class Forecast:
    """seconds: of each stage on one core, of `train` for one class.   memory: bytes that a process takes at most."""

    seconds: dict[str, float]
    memory: int


@contextmanager
def beside(
    project: Path, values: Mapping[str, Any], stale: Set[str], workers: int, say: Callable[[str], object]
) -> Iterator[None]:
    """Tell `say` what to expect of a run, as soon as that is known, while the block does it; nothing where it is short.

    stale: the names of the stages that will run, of classes too. workers: how many run side by side.
    """
    if _settings("pretrain", values).steps < BRIEF or not stale & {"pretrain", *JUDGING}:
        yield
        return
    free = psutil.virtual_memory().available
    command = [*machine.PYTHON, "pipelines.driver.forecast", str(project)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def tell() -> None:
        answer = child.communicate()[0]
        if child.returncode == 0:  # where it failed, the stage will say why, if it fails as well
            for line in said(Forecast(**json.loads(answer.splitlines()[-1])), stale, workers, free):
                say(line)

    told = threading.Thread(target=tell)
    told.start()
    try:
        yield
    finally:
        child.kill()
        told.join()


def said(found: Forecast, stale: Set[str], workers: int, free: int) -> list[str]:
    """Return in a line what is expected of the stages `stale`, and in another that memory may not do. free: bytes of it."""
    classes = sum(name.startswith("train@") for name in stale)
    clocks = {name: START + found.seconds[name] for name in TRAININGS[:2] if name in stale and name in found.seconds}
    if classes:
        own = OF_A_CLASS * START + found.seconds["train"]
        clocks[f"{classes} class{'es' if classes > 1 else ''}"] = math.ceil(classes / workers) * own
    beside_it = workers > 1 and {"baseline", "pretrain"} <= stale
    clocks |= {
        name: START + found.seconds[name] / (1 if beside_it and name == "baseline" else workers)
        for name in JUDGING
        if name in stale
    }
    saved = min(clocks["baseline"], clocks["pretrain"]) if beside_it else 0.0
    if "report" in stale:
        clocks["report"] = START * (1 + ("release" in stale))
    parts = ", ".join(f"{name} {clock(seconds)}" for name, seconds in clocks.items())
    about = f"takes about {clock(sum(clocks.values()) - saved)} ({parts})"
    each = f" for each of {workers} processes" if workers > 1 else ""
    told = [f"{about} and {_gigabytes(found.memory)} of memory{each}"]
    side_by_side = min(workers, free // found.memory)
    if side_by_side < workers:
        less = f"tailweight run --workers {side_by_side}" if side_by_side else memory.LESS["pretrain"]
        told.append(f"only {_gigabytes(free)} of memory are free; it takes less with {less}")
    return told


def measure(project: Path) -> Forecast:
    """Time some steps of each training and a fit of each classifier; the project is prepared and planned."""
    from pipelines.samples import Samples  # loads pandas

    values = params.read(project)
    real = Samples.load(project / "data/prepared/train.parquet")
    planned = Plan.load(project / dag.PLAN).classes
    seconds = _trainings(values, real, planned) | _judging(values, real)
    return Forecast(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT)


def _trainings(values: Mapping[str, Any], real: Any, planned: Mapping[str, Any]) -> dict[str, float]:
    """Return the seconds of the trainings by stage; they go through as many steps as the settings say."""
    from gan.modalities import CODECS
    from gan.training.train import pretrain, specialise
    from gan.upscale import train_upscaler

    upscaling, base, own = (_settings(name, values) for name in TRAININGS)
    low, count, seed = real.reduced(upscaling.factor), int(real.labels.max()) + 1, params.seed(values)
    first, fixed = int(real.labels[0]), base.model_copy(update={"starts": "neighbours"})
    codec = CODECS[real.kind].fit(low.values, real.columns or None)

    def pretrained(steps: int) -> Any:
        brief = fixed.model_copy(update={"steps": steps})
        return pretrain(low.values, low.labels, count, brief, base.network, base.width, seed, codec=codec)

    def specialised(gan: Any, steps: int) -> Any:
        return specialise(gan, low.of_class(first).values, first, own.model_copy(update={"steps": steps}), seed)

    def upscaler(steps: int) -> Any:
        return train_upscaler(real.values, upscaling.model_copy(update={"steps": steps}), seed)

    found = {"pretrain": _timed(pretrained, base.steps)}
    if planned:
        found["train"] = _timed(partial(specialised, pretrained(1)), own.steps)
    if upscaling.factor > 1:
        found["upscale"] = _timed(upscaler, upscaling.steps)
    return found


def _judging(values: Mapping[str, Any], real: Any) -> dict[str, float]:
    """Return the seconds of all fits of the stages that judge; one of each classifier is timed."""
    from gan import seeds
    from pipelines.evaluation import choose, classifiers, tuning
    from pipelines.evaluation.arms import Training
    from pipelines.likeness import views

    settings, seed = _settings("evaluate", values), params.seed(values)
    table = classifiers.chosen(settings.classifiers, settings.estimators, real.kind)
    rng = seeds.numpy_generator(seed, "forecast")
    some = real.take(rng.permutation(len(real))[:ROWS])
    data = views.fit(real).data(some.values, some.labels)
    each, searched = 0.0, 0.0  # seconds of a fit, the sum over classifiers, and of the search
    for name, classifier in table.items():
        if name in TIMERS:
            each += TIMERS[name](data, len(real), seed)
            continue
        began = time.perf_counter()
        classifier(Training(data), seed)
        took = (time.perf_counter() - began) * len(real) / len(some)
        each += took
        searched += tuning.FITS * took if name == tuning.BOOSTING else 0.0
    first, then = (
        choose.expected_fits(list(table), real.kind, settings, one, not one) / len(table) for one in (True, False)
    )
    return {"baseline": searched + first * each, "evaluate": then * each}


def _convnet(data: Any, rows: int, seed: int) -> float:
    """Return the seconds of a training of the network that judges images, on so many rows."""
    from pipelines.evaluation.convnet import ConvNet, Sizes
    from pipelines.evaluation.styles import Style

    shape = data.image_shape

    def fit(steps: int) -> Any:
        return ConvNet.fit(data.x, data.y, shape, Style(), seed, steps=steps)

    return _timed(fit, Sizes.of(max(shape[:2])).steps_with(rows))


def _convnet1d(data: Any, rows: int, seed: int) -> float:
    """Return the seconds of a training of the network that judges series, on so many rows."""
    from pipelines.evaluation.convnet1d import ConvNet1d, Sizes
    from pipelines.evaluation.styles import Style

    def fit(steps: int) -> Any:
        return ConvNet1d.fit(data.x, data.y, data.series_shape, Style(), seed, steps=steps)

    return _timed(fit, Sizes.of(data.series_shape[0]).steps_with(rows))


TIMERS: dict[str, Callable[[Any, int, int], float]] = {"convnet": _convnet, "convnet1d": _convnet1d}


def _timed(train: Callable[[int], Any], steps: int) -> float:
    """Return the seconds that `train` takes with so many `steps`, by a few brief trainings; a first one gets it going."""
    took = [_seconds(train, count) for count in (1, BEFORE)]
    for count in STEPS:
        more = _seconds(train, count) - took[-1]
        if more > NOTABLE:
            break
    return took[-1] + max(more, 0.0) * (steps - BEFORE) / (count - BEFORE)


def _seconds(train: Callable[[int], Any], steps: int) -> float:
    began = time.perf_counter()
    train(steps)
    return time.perf_counter() - began


def _settings(stage: str, values: Mapping[str, Any]) -> Any:
    return params.group(dag.stage_named(stage), values)


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


if __name__ == "__main__":
    machine.limit_threads()
    machine.same_kernels()
    print(json.dumps(asdict(measure(Path(sys.argv[1])))))
