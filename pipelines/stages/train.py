"""Specialise the base for one under-represented class."""

from pathlib import Path

import pandas as pd

from gan.train_settings import TrainSettings
from pipelines.plan import ClassPlan
from pipelines.samples import Samples
from pipelines.stages import Progress

Settings = TrainSettings


def run(
    *,
    train: Path,
    validation: Path,
    base: Path,
    model: Path,
    curves: Path,
    settings: Settings,
    factor: int,
    seed: int,
    task: ClassPlan,
    progress: Progress,
) -> None:
    """Write the model of the class as safetensors and its curves, those of the base first, as CSV."""
    from gan import checkpoint
    from gan.train import specialise

    real = Samples.load(train).of_class(task.index).reduced(factor)
    held_out = Samples.load(validation).of_class(task.index).reduced(factor)
    gan = specialise(checkpoint.load(base), real.values, task.index, settings, seed, progress, held_out.values)
    checkpoint.save(gan, model)
    pd.DataFrame(gan.history).to_csv(curves, index=False)
    print(f"train: class {task.label!r}, {settings.steps} steps on {len(real)} samples")
