"""Memorisation: which samples are copies of training samples, in a way that leaves interpolations in peace.

A sample is near when it lies closer to a training sample than a quarter of what is usual for fresh real samples, and closer
than 99 in 100 of them. Being near is not copying: whatever lies between two real neighbours (SMOTE's samples, those of a
generator that starts there) is near to both by construction. A copy strays from its original in directions that mean
nothing; an interpolation strays towards another real sample. So a near sample is flagged when less than half of its
displacement (cosine below 0.7) points at any other training sample of the class. What equals a training sample is
flagged in any case, unless fresh real samples equal training samples as well, as they do in a coarse table.

With less than about four columns every direction is close to some other sample's, and only the closest copies are found.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.evaluation.distance import Space, apart, nearest

NEAR, COSINE, QUANTILE = 0.25, 0.7, 0.01
ENOUGH_HELD_OUT = 5


@dataclass(frozen=True)
class Copies:
    """What the check says of n samples in one space.

    flagged, near, exact: (n,) bool.   index: (n,) the nearest training sample.
    ratio: (n,) distance to it, in units of the median distance of held-out real samples to their nearest.
    """

    flagged: np.ndarray
    near: np.ndarray
    exact: np.ndarray
    index: np.ndarray
    ratio: np.ndarray


def find_copies(x: np.ndarray, train: np.ndarray, held_out: np.ndarray, space: Space) -> Copies:
    """Look for copies of `train`, (m, d), among `x`, (n, d), both of one class; `held_out`, (h, d), shows what is usual.

    With fewer than 5 held-out samples the distances within `train` stand in for theirs.
    """
    distance, index = nearest(space, x, train)
    usual = nearest(space, held_out, train)[0] if len(held_out) >= ENOUGH_HELD_OUT else apart(space, train)
    closest = float(np.quantile(usual, QUANTILE))
    median = float(np.median(usual))
    exact = (distance <= 1e-6 * median) & (closest > 1e-6 * median)
    near = exact | (distance < min(NEAR * median, closest))
    flagged = exact.copy()
    suspects = np.flatnonzero(near & ~exact)
    flagged[suspects] = ~lies_between(space.embed(x[suspects]), space.embed(train), index[suspects])
    return Copies(flagged, near, exact, index, distance / median if median > 0 else np.where(distance > 0, np.inf, 0.0))


def lies_between(x: np.ndarray, train: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return whether each row of `x`, (n, k), strays from its nearest training sample towards another one, (n,) bool.

    train: (m, k).   index: (n,) nearest training sample of each row.
    """
    result = np.zeros(len(x), bool)
    for i, origin in enumerate(index):
        step = x[i] - train[origin]
        others = np.delete(train, origin, axis=0) - train[origin]
        lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(step)
        usable = lengths > 0
        result[i] = bool(np.any((others @ step)[usable] >= COSINE * lengths[usable]))
    return result


def worst_of(found: list[Copies]) -> Copies:
    """Return one answer for several spaces: flagged, near or exact in any; ratio and nearest from the smallest ratio."""
    ratios = np.stack([copies.ratio for copies in found])
    best = ratios.argmin(0)
    columns = np.arange(ratios.shape[1])
    flagged, near, exact = (
        np.any([getattr(copies, name) for copies in found], axis=0) for name in ("flagged", "near", "exact")
    )
    index = np.stack([copies.index for copies in found])[best, columns]
    return Copies(flagged, near, exact, index, ratios[best, columns])
