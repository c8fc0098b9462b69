"""Where a generator starts: a point between a real sample and one of its nearest neighbours of the same class.

That is what SMOTE returns (Chawla et al. 2002, arXiv 1106.1813, section 4.2), so SMOTE is the floor of the generator.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sklearn.neighbors import NearestNeighbors


class Start(NamedTuple):
    """A start and where it lies: `(1 - weight) * reference + weight * neighbour`."""

    start: np.ndarray
    reference_index: int
    neighbour_index: int
    weight: float


@dataclass(frozen=True)
class Neighbours:
    """The nearest neighbours of every sample of one class.

    table: (m, k) int64, nearest first, k = min(wanted, m - 1); a single sample is its own neighbour, (1, 1).
    """

    table: np.ndarray

    @classmethod
    def of(cls, references: np.ndarray, k: int = 5) -> "Neighbours":
        """Find up to `k` neighbours of each of `references`, (m, ...), by Euclidean distance of their values.

        Raises ValueError when there is no reference.
        """
        count = len(references)
        if count == 0:
            raise ValueError("starts: a class without a single sample has nothing to start from")
        if count == 1:
            return cls(np.zeros((1, 1), np.int64))
        flat = references.reshape(count, -1).astype(np.float64)
        search = NearestNeighbors(n_neighbors=min(k, count - 1), algorithm="brute").fit(flat)
        return cls(search.kneighbors(return_distance=False).astype(np.int64))

    def pick(self, rng: np.random.Generator) -> tuple[int, int, float]:
        """Draw a reference, one of its neighbours and a weight in [0, 1), each uniformly."""
        reference = int(rng.integers(len(self.table)))
        neighbour = int(self.table[reference, rng.integers(self.table.shape[1])])
        return reference, neighbour, float(rng.random())


def draw(references: np.ndarray, rng: np.random.Generator, k: int = 5, neighbours: Neighbours | None = None) -> Start:
    """Draw one start from `references`, (m, ...) floats; the start has their shape without the first axis.

    neighbours: the table of `references` where it is known; otherwise it is computed here with `k`.
    """
    reference, neighbour, weight = (neighbours or Neighbours.of(references, k)).pick(rng)
    return Start(between(references[reference], references[neighbour], weight), reference, neighbour, weight)


def between(reference: np.ndarray, neighbour: np.ndarray, weight: float | np.ndarray) -> np.ndarray:
    """Return the point at `weight` of the way; exactly the common value wherever both are equal."""
    point: np.ndarray = (reference + weight * (neighbour - reference)).astype(reference.dtype)
    return point
