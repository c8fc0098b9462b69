"""What a sample of one subgroup would look like in another: a map learnt from the classes that have samples of both.

A class with few samples of one camera may have many of another. How pictures of the one differ from those of the other shows
in every other class, and what is learnt there holds for the rare one (analogies between classes: Hariharan and Girshick 2017,
arXiv 1606.02819, section 3). Samples are not paired, so maps are fitted to the mean sample of each class on either side. Three
are tried: none at all, one that scales and shifts each value, and one that also looks at the values around. Each class is left
out once, and the map that comes nearest to its mean is taken, a simpler one where it is nearly as near. It has to come much
nearer than the mean of all classes does, or nothing is carried over: what no map explains (mirrored, turned) is left alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

LEAST_CLASSES = 3  # that have samples on both sides; fewer say nothing of how a map does on another one
LEAST_SAMPLES = 3  # of such a class, on either side
REACH = 2  # values to each side that count as around
WORTH = 0.5  # share of the error of the mean of all classes that a map may have
CLEARLY = 0.1  # by how much less a map has to err than a simpler one to be taken instead
RIDGE = 0.01  # share of the mean square that weights of the values around are held down by

Carry = Callable[[np.ndarray], np.ndarray]  # (n, c, h, w) float32 on one side -> the same on the other
Fit = Callable[[np.ndarray, np.ndarray], Carry]  # means of k classes on both sides, (k, c, h, w) each


class Mean(NamedTuple):
    """The mean of the samples of a class on one side, (c, h, w) float64, and how many they are."""

    value: np.ndarray
    samples: int


@dataclass(frozen=True)
class Carrier:
    """A map and what is known of it.

    name: which of `FITS`.   classes: that it was learnt from.   error: mean squared difference to the mean of a class that was
    left out, as a share of that of the mean of all other classes.
    """

    name: str
    carry: Carry
    classes: int
    error: float


def none(here: np.ndarray, there: np.ndarray) -> Carry:
    """Leave samples as they are."""
    return lambda samples: samples


def scaled(here: np.ndarray, there: np.ndarray) -> Carry:
    """Scale and shift each value: least squares over the classes, held to the slope that all values of a channel share."""
    mean_here, mean_there = here.mean(0), there.mean(0)
    left, right = here - mean_here, there - mean_there
    square, product = (left**2).sum(0), (left * right).sum(0)
    by_channel = (1, 2)
    shared = product.sum(by_channel, keepdims=True) / np.maximum(square.sum(by_channel, keepdims=True), 1e-12)
    ridge = np.maximum(square.mean(by_channel, keepdims=True), 1e-12)
    slope = (product + ridge * shared) / (square + ridge)
    return lambda samples: (mean_there + slope * (samples - mean_here)).astype(np.float32)


def mixed(here: np.ndarray, there: np.ndarray) -> Carry:
    """Weigh each value and those around it, with the same weights at every place, and shift: ridge regression."""
    mean_here, mean_there = here.mean(0), there.mean(0)
    weights = []
    for channel in range(here.shape[1]):
        around = _around((here - mean_here)[:, channel]).reshape(-1, (2 * REACH + 1) ** 2)
        gram = around.T @ around
        gram += np.eye(len(gram)) * max(RIDGE * np.trace(gram) / len(gram), 1e-12)
        weights.append(np.linalg.solve(gram, around.T @ (there - mean_there)[:, channel].ravel()))

    def carry(samples: np.ndarray) -> np.ndarray:
        moved = [_around((samples - mean_here)[:, channel]) @ own for channel, own in enumerate(weights)]
        return (mean_there + np.stack(moved, axis=1)).astype(np.float32)

    return carry


def constant(here: np.ndarray, there: np.ndarray) -> Carry:
    """Take the mean of all classes for any sample: what a map has to be better than."""
    mean = there.mean(0, keepdims=True)
    return lambda samples: np.repeat(mean, len(samples), axis=0)


FITS: dict[str, Fit] = {"none": none, "scaled": scaled, "mixed": mixed}


def learn(here: Sequence[Mean], there: Sequence[Mean]) -> Carrier | None:
    """Return the map that does best on classes left out; None where none does, or too few classes have samples on both sides.

    here, there: the mean of each class on either side.
    """
    both = [pair for pair in zip(here, there, strict=True) if min(one.samples for one in pair) >= LEAST_SAMPLES]
    if len(both) < LEAST_CLASSES:
        return None
    left, right = (np.stack([one.value for one in side]) for side in zip(*both, strict=True))
    errors = {name: _left_out(fit, left, right) for name, fit in FITS.items()}
    best = min(errors, key=lambda name: errors[name] * (1 + CLEARLY) ** list(FITS).index(name))
    share = errors[best] / max(_left_out(constant, left, right), 1e-12)
    return Carrier(best, FITS[best](left, right), len(left), share) if share <= WORTH else None


def _left_out(fit: Fit, here: np.ndarray, there: np.ndarray) -> float:
    """Return the mean squared error of a map on each class when it was fitted to the others."""
    errors = []
    for row in range(len(here)):
        rest = np.arange(len(here)) != row
        errors.append(np.mean((fit(here[rest], there[rest])(here[row : row + 1]) - there[row : row + 1]) ** 2))
    return float(np.mean(errors))


def _around(planes: np.ndarray) -> np.ndarray:
    """Return each value of (n, h, w) and those up to `REACH` away, zeros beyond the border: (n, h, w, (2 REACH + 1)^2)."""
    height, width = planes.shape[1:]
    padded = np.pad(planes, ((0, 0), (REACH, REACH), (REACH, REACH)))
    places = [(down, right) for down in range(2 * REACH + 1) for right in range(2 * REACH + 1)]
    return np.stack([padded[:, down : down + height, right : right + width] for down, right in places], axis=-1)
