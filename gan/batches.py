"""Training batches: a real sample, a start and noise for each label, so drawn that the labels of a pair match."""

from typing import NamedTuple

import numpy as np
import torch

from gan.modalities import Codec
from gan.starts import Neighbours

MOST_STARTERS = 2000  # samples of a class that starts are drawn from; finding neighbours takes the square of it


class Batch(NamedTuple):
    """A row a pair. real, start: (n, c, s, s). noise: (n, z). labels: (n,) int64."""

    real: torch.Tensor
    start: torch.Tensor
    noise: torch.Tensor
    labels: torch.Tensor


class Batches:
    """Draws batches from packed samples, which are encoded as they are drawn: pictures stay 4 times smaller so.

    A class with n samples is drawn with probability proportional to n ** power: 1 is as often as it occurs, 0 is all
    classes alike, and the square root between them neither starves the rare classes nor repeats them endlessly.
    """

    def __init__(
        self,
        samples: np.ndarray,
        labels: np.ndarray,
        codec: Codec,
        device: torch.device,
        noise_dim: int,
        neighbours: int,
        power: float,
    ):
        """samples: (n, ...), as `codec.pack` returns them. labels: (n,) int. device: where the batches are wanted."""
        self.samples, self.codec, self.device, self.noise_dim = samples, codec, device, noise_dim
        self.classes, counts = np.unique(labels, return_counts=True)
        weights = counts.astype(np.float64) ** power
        self.shares = weights / weights.sum()
        self.members = [np.flatnonzero(labels == label) for label in self.classes]
        self.starters = [member[:: -(-len(member) // MOST_STARTERS)] for member in self.members]
        self.tables = [rows[Neighbours.of(samples[rows], neighbours).table] for rows in self.starters]

    def draw(self, count: int, rng: np.random.Generator) -> Batch:
        """Draw `count` pairs, all of it from `rng`."""
        which = rng.choice(len(self.classes), size=count, p=self.shares)
        real, reference, neighbour = np.empty((3, count), np.int64)
        for index in np.unique(which):
            rows, members = which == index, self.members[index]
            starters, table = self.starters[index], self.tables[index]
            real[rows] = members[rng.integers(len(members), size=rows.sum())]
            row = rng.integers(len(starters), size=rows.sum())
            reference[rows] = starters[row]
            neighbour[rows] = table[row, rng.integers(table.shape[1], size=len(row))]
        weight = torch.from_numpy(self.codec.weights(rng.random((count, 1, 1, 1), dtype=np.float32), rng))
        noise = torch.from_numpy(rng.standard_normal((count, self.noise_dim), dtype=np.float32))
        labels = torch.from_numpy(self.classes[which].astype(np.int64))
        real_x, first, second = (self.codec.encode(self.samples[rows]) for rows in (real, reference, neighbour))
        batch = Batch(real_x, first + weight * (second - first), noise, labels)
        return Batch(*(part.to(self.device) for part in batch))
