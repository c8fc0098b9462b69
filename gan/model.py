"""A trained GAN with everything that is needed to sample from it, score with it and train it further."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from torch import nn

from gan.modalities import Codec, Samples
from gan.modalities.table import TableCodec
from gan.networks import Sizes

Progress = Callable[[int, int, Mapping[str, float]], None]  # steps done, steps in total, figures
Row = dict[str, float]


@dataclass(frozen=True)
class GAN:
    """A generator, the discriminator that it was trained against, and how they were made.

    network: the family. generator: with averaged weights. neighbours: of a real sample, one of which bounds a start.
    total_steps: training steps behind the weights, those of the base included.
    class_index: the class it was specialised for, or None for a base of all classes.
    history: a row every 50 steps: `step`, `discriminator_loss`, `generator_loss`, `penalty`, mean logits `score_real`,
    `score_fake`, and `score_held_out` where held-out samples were given.
    """

    network: str
    sizes: Sizes
    generator: nn.Module
    discriminator: nn.Module
    codec: Codec
    neighbours: int = 5
    total_steps: int = 0
    class_index: int | None = None
    history: list[Row] = field(default_factory=list)


def shape(samples: Samples, codec: Codec) -> tuple[int, int]:
    """Return channels and side of encoded `samples`: a row of a table is a picture of one pixel.

    Raises ValueError when they are not of the codec's kind, or pictures are not square or under 4 pixels.
    """
    if isinstance(codec, TableCodec):
        if not isinstance(samples, pd.DataFrame):
            raise ValueError(f"table: expected a data frame, got {type(samples).__name__}")
        return codec.channels, 1
    if not isinstance(samples, np.ndarray):
        raise ValueError(f"images: expected an array, got {type(samples).__name__}")
    return int(samples.shape[-1]), side(samples)


def side(samples: np.ndarray) -> int:
    """Return the side of square pictures, (n, s, s, c); ValueError when not square or under 4 pixels."""
    if samples.ndim != 4 or samples.shape[1] != samples.shape[2] or samples.shape[1] < 4:
        raise ValueError(f"images: expected (n, s, s, c) with s of 4 pixels or more, got {samples.shape}")
    return int(samples.shape[1])
