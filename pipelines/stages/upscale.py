"""Train the upscaler, where the GAN is to make smaller images than the data set has."""

from pathlib import Path

import numpy as np
import safetensors.numpy

from gan.progress import Progress
from gan.states import States
from gan.training.settings import UpscaleSettings
from pipelines.samples import Samples

Settings = UpscaleSettings


def run(
    *,
    train: Path,
    validation: Path,
    upscaler: Path,
    settings: Settings,
    seed: int,
    progress: Progress,
    states: States | None = None,
) -> None:
    """Write the upscaler as safetensors; a file without tensors where there is nothing to upscale.

    states: where the state of the training is kept, and goes on from.
    """
    if settings.factor == 1:
        upscaler.write_bytes(safetensors.numpy.save({}))  # DVC warns of an empty file, again and again
        return
    from gan.upscale import enlarge, train_upscaler

    real, held_out = Samples.load(train), Samples.load(validation)
    low = held_out.reduced(settings.factor).values
    trained = train_upscaler(real.values, settings, seed, progress, states)
    trained.save(upscaler)
    print(f"upscale: by {settings.factor}, {settings.steps} steps on {len(real)} samples")
    if len(held_out):
        errors = (_error(large, held_out.values) for large in (trained.apply(low), enlarge(low, settings.factor)))
        print("upscale: mean error on held-out images {:.2f} of 255, bicubic {:.2f}".format(*errors))


def _error(made: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(made.astype(np.float64) - wanted).mean())
