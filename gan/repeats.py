"""Which samples equal each other: candidates that repeat a training sample, rows that share their values."""

import hashlib
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


def digests(samples: np.ndarray) -> np.ndarray:
    """Return 64 bits for each of `samples`, (n, ...) -> (n,) uint64: the same where all bytes are.

    That others have the same is possible: of a million samples any two do so once in 40 million sets.
    """
    told = [hashlib.blake2b(sample.tobytes(), digest_size=8).digest() for sample in samples]
    return np.frombuffer(b"".join(told), np.uint64)


def duplicates(candidates: np.ndarray, training: np.ndarray) -> Duplicates:
    """Find the candidates that equal a training sample or an earlier candidate, by their `Codec.digests`, (n,) and (m,)."""
    trained = np.full(len(candidates), -1)
    if len(training):
        known, row = np.unique(training, return_index=True)
        place = np.searchsorted(known, candidates).clip(max=len(known) - 1)
        trained = np.where(known[place] == candidates, row[place], -1)
    _, first, place = np.unique(candidates, return_index=True, return_inverse=True)
    earlier = first[place]
    return Duplicates(trained, np.where(earlier < np.arange(len(candidates)), earlier, -1))


def repeated_share(samples: np.ndarray) -> float:
    """Return the share of samples that equal another one, by their `Codec.digests`, (n,); 0 for none."""
    counts = np.unique(samples, return_counts=True)[1]
    return float(counts[counts > 1].sum()) / max(len(samples), 1)


def numbered(first: pd.DataFrame, second: pd.DataFrame, columns: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Number the distinct values of `columns` over both frames, from -1 where missing: (n, 1 + c) and (m, 1 + c) int64.

    The first column is 0, so that rows of no column are all alike.
    """
    both = pd.concat([first[columns], second[columns]], ignore_index=True)
    codes = np.column_stack([np.zeros(len(both), np.int64), *(pd.factorize(both[name])[0] for name in columns)])
    return codes[: len(first)], codes[len(first) :]
