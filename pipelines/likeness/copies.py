"""Memorisation: which samples are copies of training samples, in a way that leaves interpolations in peace.

A sample is near when it lies closer to a training sample than a quarter of what is usual for fresh real samples, and closer
than 99 in 100 of them. Being near is not copying: whatever lies between two real neighbours (SMOTE's samples, those of a
generator that starts there) is near to both by construction. A copy strays from its original in directions that mean
nothing; an interpolation strays towards another real sample. So a near sample is flagged unless it strays towards another
training sample of the class: its displacement points there (cosine 0.7 or more), or nine tenths of its changes, column by
column, go there without going beyond, as they do when an interpolation is rounded to a coarse grid. What equals a training
sample is flagged in any case, unless fresh real samples equal training samples, or these each other, as well: so it is in
a coarse table.

With less than about four columns every direction is close to some other sample's, and only the closest copies are found.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipelines.likeness.distance import Space, apart, nearest

NEAR, COSINE, TOWARDS, QUANTILE = 0.25, 0.7, 0.9, 0.01
ENOUGH_HELD_OUT = 5


@dataclass(frozen=True)
class Copies:
    """What the check says of n samples in one space.

    near, exact, between: (n,) bool; `between` is looked at for near samples only.   index: (n,) the nearest training sample.
    ratio: (n,) distance to it, in units of the median distance of held-out real samples to their nearest.
    """

    near: np.ndarray
    exact: np.ndarray
    between: np.ndarray
    index: np.ndarray
    ratio: np.ndarray

    @property
    def flagged(self) -> np.ndarray:
        """Which samples are copies, (n,) bool."""
        return self.exact | (self.near & ~self.between)


class Search:
    """Looks for copies of the samples of one class in one space; what depends on these alone is found once."""

    def __init__(self, train: np.ndarray, held_out: np.ndarray, space: Space) -> None:
        """train: (m, d).   held_out: (h, d), shows what is usual; with fewer than 5 the distances within `train` do."""
        usual = nearest(space, held_out, train)[0] if len(held_out) >= ENOUGH_HELD_OUT else apart(space, train)
        self.train, self.space = train, space
        self.closest, self.median = float(np.quantile(usual, QUANTILE)), float(np.median(usual))
        self.points, self.columns = space.embed(train), space.columns(train)

    @cached_property
    def is_coarse(self) -> bool:
        """Whether the samples equal each other more often than in one of a hundred."""
        return bool(np.quantile(apart(self.space, self.train), QUANTILE) <= 1e-6 * self.median)

    def __call__(self, x: np.ndarray) -> Copies:
        """Look among `x`, (n, d)."""
        space, median = self.space, self.median
        distance, index = nearest(space, x, self.train)
        exact = (distance <= 1e-6 * median) & (self.closest > 1e-6 * median)
        if exact.any() and self.is_coarse:
            exact[:] = False
        near = exact | (distance < min(NEAR * median, self.closest))
        between, suspects = np.zeros(len(x), bool), np.flatnonzero(near & ~exact)
        for i, point, row in zip(suspects, space.embed(x[suspects]), space.columns(x[suspects]), strict=True):
            between[i] = points_at_another(point, self.points, index[i]) or goes_towards_another(
                row, self.columns, index[i]
            )
        ratio = distance / median if median > 0 else np.where(distance > 0, np.inf, 0.0)
        return Copies(near, exact, between, index, ratio)


def points_at_another(x: np.ndarray, train: np.ndarray, origin: int) -> bool:
    """Return whether the displacement of `x`, (k,), from row `origin` of `train`, (m, k), points at another row."""
    step = x - train[origin]
    others = train - train[origin]
    lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(step)
    return bool(np.any((others @ step >= COSINE * lengths) & (lengths > 0)))


def goes_towards_another(x: np.ndarray, train: np.ndarray, origin: int) -> bool:
    """Return whether nearly all changes of `x`, (d,), from row `origin` of `train`, (m, d), go towards one other row, and
    not beyond it, column by column.
    """
    step = (x - train[origin]).astype(float)
    others = (train - train[origin]).astype(float)
    inside = (step * others > 0) & (np.abs(step) <= np.abs(others) + 1e-6)
    return bool(np.any(inside @ np.abs(step) >= TOWARDS * np.abs(step).sum()))


def check(x: np.ndarray, train: np.ndarray, held_out: np.ndarray, where: list[Space]) -> Copies:
    """Look in every space of `distance.spaces`: what is near, exact or between in any; the nearest from the smallest ratio.

    x: (n, d).   train: (m, d) training samples of the class.   held_out: (h, d) fresh ones, few or none will do.
    """
    return checker(train, held_out, where)(x)


def checker(train: np.ndarray, held_out: np.ndarray, where: list[Space]) -> Callable[[np.ndarray], Copies]:
    """Return what `check` does with each of many `x`."""
    searches = [Search(train, held_out, space) for space in where]

    def checked(x: np.ndarray) -> Copies:
        found = [search(x) for search in searches]
        ratios = np.stack([copies.ratio for copies in found])
        best, columns = ratios.argmin(0), np.arange(ratios.shape[1])
        near, exact, between = (
            np.any([getattr(copies, name) for copies in found], axis=0) for name in ("near", "exact", "between")
        )
        index = np.stack([copies.index for copies in found])[best, columns]
        return Copies(near, exact, between, index, ratios[best, columns])

    return checked
