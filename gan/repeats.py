"""Which samples equal each other: candidates that repeat a training sample, rows that share their values."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Duplicates(NamedTuple):
    """For each candidate the row of the training sample and of the earlier candidate it repeats; -1 where it does not.

    training_index, earlier_index: (n,) int64.
    """

    training_index: np.ndarray
    earlier_index: np.ndarray

    @property
    def any(self) -> np.ndarray:
        """True for each candidate that repeats something, (n,) bool."""
        return (self.training_index >= 0) | (self.earlier_index >= 0)


def duplicates(candidates: np.ndarray, training: np.ndarray) -> Duplicates:
    """Find the candidates, (n, ...), that are byte for byte a training sample, (m, ...), or an earlier candidate.

    Of other kinds of data than arrays, `Codec.comparable` says which bytes.
    """
    trained: dict[bytes, int] = {}
    for row, sample in enumerate(training):
        trained.setdefault(sample.tobytes(), row)
    first: dict[bytes, int] = {}
    training_index, earlier_index = np.full((2, len(candidates)), -1, np.int64)
    for row, sample in enumerate(candidates):
        content = sample.tobytes()
        training_index[row] = trained.get(content, -1)
        earlier = first.setdefault(content, row)
        if earlier != row:
            earlier_index[row] = earlier
    return Duplicates(training_index, earlier_index)


def repeated_share(samples: np.ndarray) -> float:
    """Return the share of `samples`, (n, ...), that equal another one byte for byte; 0 for none."""
    counts = Counter(sample.tobytes() for sample in samples)
    return sum(count for count in counts.values() if count > 1) / max(len(samples), 1)


def numbered(first: pd.DataFrame, second: pd.DataFrame, columns: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Number the distinct values of `columns` over both frames, from -1 where missing: (n, 1 + c) and (m, 1 + c) int64.

    The first column is 0, so that rows of no column are all alike.
    """
    both = pd.concat([first[columns], second[columns]], ignore_index=True)
    codes = np.column_stack([np.zeros(len(both), np.int64), *(pd.factorize(both[name])[0] for name in columns)])
    return codes[: len(first)], codes[len(first) :]
