"""A trained GAN with everything that is needed to sample from it, score with it and train it further."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import nn

from gan.health import Health
from gan.modalities.images import ImageCodec
from gan.networks import Sizes

Progress = Callable[[int, int, Mapping[str, float]], None]  # steps done, steps in total, figures
Row = dict[str, float]


@dataclass(frozen=True)
class GAN:
    """A generator, the discriminator that it was trained against, and how they were made.

    network: the family. generator: with averaged weights. neighbours: of a real sample, one of which bounds a start.
    total_steps: training steps that were run, those of the base included; `health` says whose weights were kept.
    class_index: the class it was specialised for, or None for a base of all classes.
    history: a row every 50 steps: `step`, `discriminator_loss`, `generator_loss`, `penalty`, mean logits `score_real`,
    `score_fake`, `generator_gradient` (its norm), `diversity` (see `health.Drawn`; of the averaged generator), and
    where held-out samples were given `score_held_out` and `energy`, their mean energy score. health: what the last run showed.
    """

    network: str
    sizes: Sizes
    generator: nn.Module
    discriminator: nn.Module
    codec: ImageCodec
    neighbours: int = 5
    total_steps: int = 0
    class_index: int | None = None
    history: list[Row] = field(default_factory=list)
    health: Health = field(default_factory=Health)


def side(samples: np.ndarray) -> int:
    """Return the side of square pictures, (n, s, s, c); ValueError when not square or under 4 pixels."""
    if samples.ndim != 4 or samples.shape[1] != samples.shape[2] or samples.shape[1] < 4:
        raise ValueError(f"images: expected (n, s, s, c) with s of 4 pixels or more, got {samples.shape}")
    return int(samples.shape[1])
