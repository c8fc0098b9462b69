"""What a sample of one subgroup would look like in another: a map learnt from the classes that have samples of both.

A class with few samples of one camera may have many of another. How pictures of the one differ from those of the other shows
in every other class, and what is learnt there holds for the rare one (analogies between classes: Hariharan and Girshick 2017,
arXiv 1606.02819, section 3). Samples are not paired, so maps are fitted to the mean sample of each class on either side. Three
are tried: none at all, one that scales and shifts each value, and one that also looks at the values around. Each class is left
out once, and the map that comes nearest to its mean is taken, a simpler one where it is nearly as near.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

LEAST_CLASSES = 3  # that have samples on both sides; fewer say nothing of how a map does on another one
LEAST_SAMPLES = 3  # of such a class, on either side
REACH = 2  # values to each side that count as around
CLEARLY = 0.1  # by how much less a map has to err than a simpler one to be taken instead
RIDGE = 0.01  # share of the mean square that weights of the values around are held down by

Carry = Callable[[np.ndarray], np.ndarray]  # (n, c, h, w) float32 on one side -> the same on the other
Fit = Callable[[np.ndarray, np.ndarray], Carry]  # means of k classes on both sides, (k, c, h, w) each


@dataclass(frozen=True)
class Carrier:
    """A map and what is known of it.

    name: which of `FITS`.   classes: that it was learnt from.   error: mean squared difference to the mean of a class that was
    left out, over that without any map: below 1 where the map is worth something.
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


FITS: dict[str, Fit] = {"none": none, "scaled": scaled, "mixed": mixed}


def learn(here: Sequence[np.ndarray], there: Sequence[np.ndarray]) -> Carrier | None:
    """Return the map that does best on classes left out, or None where too few have samples on both sides.

    here, there: the samples of each class on either side, (m, c, h, w) float each.
    """
    enough = [min(len(one), len(other)) >= LEAST_SAMPLES for one, other in zip(here, there, strict=True)]
    if sum(enough) < LEAST_CLASSES:
        return None
    left, right = (
        np.stack([part.mean(0, dtype=np.float64) for part, fit in zip(side, enough, strict=True) if fit])
        for side in (here, there)
    )
    fits = {name: fit for name, fit in FITS.items() if name != "mixed" or max(left.shape[2:]) > 1}
    errors = {name: _left_out(fit, left, right) for name, fit in fits.items()}
    best = min(errors, key=lambda name: errors[name] * (1 + CLEARLY) ** list(fits).index(name))
    return Carrier(best, fits[best](left, right), len(left), errors[best] / max(errors["none"], 1e-12))


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
