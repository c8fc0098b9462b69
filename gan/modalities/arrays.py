"""What codecs share whose samples are the rows of one array."""

from collections.abc import Sequence

import numpy as np

from gan.repeats import digests


class Arrays:
    """Samples (n, ...), taken and compared as they are; a base class for codecs."""

    def weights(self, weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return how far each start lies from its reference to its neighbour, `weight`: the same for all of a sample."""
        return weight

    def joined(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Put samples one after the other."""
        return np.concatenate(parts)

    def take(self, samples: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the samples at `rows`, (m,) int."""
        return samples[rows]

    def digests(self, samples: np.ndarray) -> np.ndarray:
        """Return a number for each of n samples, (n,) uint64: the same where their bytes are."""
        return digests(samples)
