"""Train the base: one conditional GAN on all classes."""

from pathlib import Path

import pandas as pd

from gan.train_settings import PretrainSettings
from pipelines import files
from pipelines.samples import Samples
from pipelines.stages import Progress

Settings = PretrainSettings


def run(
    *,
    train: Path,
    validation: Path,
    classes: Path,
    model: Path,
    curves: Path,
    settings: Settings,
    network: str,
    width: int,
    factor: int,
    seed: int,
    progress: Progress,
) -> None:
    """Write the model as safetensors and its loss and score curves as CSV."""
    from gan import checkpoint
    from gan.train import pretrain

    real, held_out = Samples.load(train).reduced(factor), Samples.load(validation).reduced(factor)
    names = files.read_json(classes)["classes"]
    shown = (held_out.values, held_out.labels)
    gan = pretrain(real.values, real.labels, len(names), settings, network, width, seed, progress, shown)
    checkpoint.save(gan, model)
    pd.DataFrame(gan.history).to_csv(curves, index=False)
    print(f"pretrain: {gan.network}, {settings.steps} steps on {len(real)} samples of {len(names)} classes")
