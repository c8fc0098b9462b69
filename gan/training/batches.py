"""Training batches: a real sample, a start and noise for each label, so drawn that the labels of a pair match."""

import copy
from typing import NamedTuple, Self

import numpy as np
import torch

from gan.device import onto
from gan.modalities import Codec
from gan.starts import Starters, stacked


class Batch(NamedTuple):
    """One row per pair. real, start: (n, c, s, s). noise: (n, z). labels: (n,) int64."""

    real: torch.Tensor
    start: torch.Tensor
    noise: torch.Tensor
    labels: torch.Tensor


class Batches:
    """Draws batches from packed samples, which are encoded as they are drawn: images stay 4 times smaller so.

    A class with n samples is drawn with probability proportional to n ** power: 1 is as often as it occurs, 0 is all
    classes alike, and the square root between them neither starves the minority classes nor repeats them endlessly.
    """

    def __init__(self, starters: Starters, classes: np.ndarray, device: torch.device, noise_dim: int, power: float):
        """starters: over all training samples. classes: those to draw, (k,). device: where the batches are wanted."""
        self.starters, self.device, self.noise_dim = starters, device, noise_dim
        self.classes = np.asarray(classes)
        self.members = [np.flatnonzero(starters.labels == label) for label in self.classes]
        weights = np.array([len(member) for member in self.members], np.float64) ** power
        self.shares = weights / weights.sum()

    @property
    def codec(self) -> Codec:
        """What encodes the samples."""
        return self.starters.codec

    def of_class(self, label: int) -> Self:
        """Return the same batches with pairs of one class alone."""
        only = copy.copy(self)
        only.shares = (self.classes == label).astype(np.float64)
        return only

    def draw(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw `count` pairs, all of it from `rng`; pairs of one class lie side by side."""
        counts = rng.multinomial(count, self.shares)
        parts, real = [], []
        for label, members, number in zip(self.classes, self.members, counts, strict=True):
            if number:
                parts.append(self.starters.draw(int(label), number, rng))
                real.append(members[rng.integers(len(members), size=number)])
        drawn = stacked(parts)
        noise = torch.from_numpy(rng.standard_normal((count, self.noise_dim), dtype=np.float32))
        labels = torch.from_numpy(np.repeat(self.classes, counts).astype(np.int64))
        real_x = self.codec.encode(self.starters.samples[np.concatenate(real)])
        batch = Batch(real_x, self.starters.starts(drawn), noise, labels)
        return Batch(*(onto(part, self.device) for part in batch))
