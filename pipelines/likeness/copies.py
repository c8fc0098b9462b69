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

from dataclasses import dataclass

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


def find_copies(x: np.ndarray, train: np.ndarray, held_out: np.ndarray, space: Space) -> Copies:
    """Look for copies of `train`, (m, d), among `x`, (n, d), both of one class; `held_out`, (h, d), shows what is usual.

    With fewer than 5 held-out samples the distances within `train` stand in for theirs.
    """
    distance, index = nearest(space, x, train)
    usual = nearest(space, held_out, train)[0] if len(held_out) >= ENOUGH_HELD_OUT else apart(space, train)
    closest = float(np.quantile(usual, QUANTILE))
    median = float(np.median(usual))
    exact = (distance <= 1e-6 * median) & (closest > 1e-6 * median)
    if exact.any() and np.quantile(apart(space, train), QUANTILE) <= 1e-6 * median:
        exact[:] = False
    near = exact | (distance < min(NEAR * median, closest))
    between, suspects = np.zeros(len(x), bool), np.flatnonzero(near & ~exact)
    points, columns = space.embed(train), space.columns(train)
    for i, point, row in zip(suspects, space.embed(x[suspects]), space.columns(x[suspects]), strict=True):
        between[i] = points_at_another(point, points, index[i]) or goes_towards_another(row, columns, index[i])
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
    found = [find_copies(x, train, held_out, space) for space in where]
    ratios = np.stack([copies.ratio for copies in found])
    best, columns = ratios.argmin(0), np.arange(ratios.shape[1])
    near, exact, between = (
        np.any([getattr(copies, name) for copies in found], axis=0) for name in ("near", "exact", "between")
    )
    index = np.stack([copies.index for copies in found])[best, columns]
    return Copies(near, exact, between, index, ratios[best, columns])
