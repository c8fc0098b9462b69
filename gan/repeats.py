"""Which samples equal each other: candidates that repeat a training sample, rows that share their values."""

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


def duplicates(
    candidates: np.ndarray | pd.DataFrame, training: np.ndarray | pd.DataFrame, columns: Sequence[Any] | None = None
) -> Duplicates:
    """Find the candidates, (n, ...), that are byte for byte a training sample, (m, ...), or an earlier candidate.

    Of data frames, rows with the same values; missing ones are the same. columns: those compared, by default all;
    without identifiers, which never repeat (`TableCodec.learnt`).
    """
    if isinstance(candidates, pd.DataFrame) and isinstance(training, pd.DataFrame):
        candidates, training = numbered(candidates, training, list(training.columns if columns is None else columns))
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


def numbered(first: pd.DataFrame, second: pd.DataFrame, columns: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Number the distinct values of `columns` over both frames, from -1 where missing: (n, 1 + c) and (m, 1 + c) int64.

    The first column is 0, so that rows of no column are all alike.
    """
    both = pd.concat([first[columns], second[columns]], ignore_index=True)
    codes = np.column_stack([np.zeros(len(both), np.int64), *(pd.factorize(both[name])[0] for name in columns)])
    return codes[: len(first)], codes[len(first) :]
