"""Specialise the base for one minority class."""

from pathlib import Path

import pandas as pd

from gan.progress import Progress
from gan.states import States
from gan.training.settings import TrainSettings
from pipelines import files
from pipelines.plan import ClassPlan
from pipelines.samples import Samples

Settings = TrainSettings


def run(
    *,
    train: Path,
    validation: Path,
    base: Path,
    model: Path,
    curves: Path,
    health: Path,
    settings: Settings,
    factor: int,
    seed: int,
    task: ClassPlan,
    progress: Progress,
    states: States | None = None,
) -> None:
    """Write the model of the class as safetensors, its curves, those of the base first, as CSV, and its health as JSON.

    states: where the state of the training is kept, and goes on from.
    """
    from gan import checkpoint
    from gan.training.train import specialise

    everything = Samples.load(train).reduced(factor)
    real = everything.of_class(task.index)
    held_out = Samples.load(validation).of_class(task.index).reduced(factor)
    lenders = (everything.values, everything.labels)
    shown = progress, held_out.values, lenders
    gan = specialise(checkpoint.load(base), real.values, task.index, settings, seed, *shown, states=states)
    checkpoint.save(gan, model)
    pd.DataFrame(gan.history).to_csv(curves, index=False)
    files.write_json(health, gan.health.to_dict())
    print(f"train: class {task.label!r}, {settings.steps} steps on {len(real)} samples")
    print(f"train: class {task.label!r}, {gan.health.outcome}")
    for sign in gan.health.bad:
        print(f"train: class {task.label!r}: {sign}")
