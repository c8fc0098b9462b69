"""Distances between samples, and the spaces they are measured in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA

from pipelines.likeness.data import Data
from pipelines.samples import IMAGES, SERIES

BLOCK = 1 << 22  # distances that are held at once
MOST = 2000  # samples of a group that are looked at, where what is measured takes the square of it
PCA_ROWS = 2000  # directions that hold most of the variance are known from so many images


Finder = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Space:
    """A way to measure how far samples lie apart.

    embed: (n, d) rows -> (n, k) coordinates, in which directions have a meaning.
    between: (a, d) and (b, d) rows -> (a, b) distances.
    columns: (n, d) rows -> (n, c) the data's own columns, on scales that can be compared.
    finder: (m, d) rows to be found -> what returns for (n, d) rows the distance to the nearest of these, (n,), and which it is,
    (n,), where there is a faster way than by `between`.
    """

    name: str
    embed: Callable[[np.ndarray], np.ndarray]
    between: Callable[[np.ndarray, np.ndarray], np.ndarray]
    columns: Callable[[np.ndarray], np.ndarray] = np.asarray
    finder: Callable[[np.ndarray], Finder] | None = None


def euclidean(name: str, embed: Callable[[np.ndarray], np.ndarray]) -> Space:
    """Return the space of straight distances between `embed`ded rows."""
    return Space(name, embed, lambda a, b: cdist(embed(a), embed(b)), finder=partial(_straight, embed))


def spaces(real: Data) -> list[Space]:
    """Return where copies of `real`, the training samples of all classes, are looked for; a space of columns is the default."""
    return SPACES.get(real.kind, column_spaces)(real)


def column_spaces(real: Data) -> list[Space]:
    """Return the space of Gower's distance, in which each column counts alike."""
    categorical = np.zeros(real.x.shape[1], bool) if real.categorical is None else real.categorical
    ranges = column_ranges(real.x)
    levels = [np.unique(real.x[:, c]) for c in np.flatnonzero(categorical)]
    place = partial(one_hot, categorical=categorical, levels=levels, ranges=ranges)
    find = partial(_by_columns, categorical=categorical, ranges=ranges)
    return [Space("gower", place, partial(gower, categorical=categorical, ranges=ranges), place, find)]


def image_spaces(real: Data) -> list[Space]:
    """Return the space of pixels and that of their principal components."""
    middle, basis = principal(real.x)
    pixels = euclidean("pixels", lambda x: x.astype(float))
    return [pixels, euclidean("components", lambda x: (x - middle) @ basis.T)]


def series_spaces(real: Data) -> list[Space]:
    """Return the space of values, each channel over its standard deviation, and that of their principal components."""
    assert real.series_shape is not None, "a series has steps"
    steps, channels = real.series_shape
    spread = real.x.reshape(-1, channels).astype(float).std(0)
    scale = np.tile(np.where(spread > 0, spread, 1.0), steps)
    middle, basis = principal(real.x / scale)
    values = euclidean("values", lambda x: x / scale)
    components = euclidean("components", lambda x: (x / scale - middle) @ basis.T)
    return [replace(space, columns=values.embed) for space in (values, components)]


def principal(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean, (d,), and the principal components that hold 90% of the variance, at most 50, (k, d), of (n, d) rows.

    In the components the noise of a jittered copy all but vanishes, and the difference of two real samples stays.
    """
    rows = np.linspace(0, len(x) - 1, min(len(x), PCA_ROWS)).astype(int)
    solver = "full" if x.shape[1] <= PCA_ROWS else "randomized"
    components = PCA(min(50, len(rows), x.shape[1]), svd_solver=solver, random_state=0).fit(x[rows].astype(float))
    enough = 1 + int(np.searchsorted(np.cumsum(components.explained_variance_ratio_), 0.9))
    return components.mean_, components.components_[:enough]


SPACES: dict[str, Callable[[Data], list[Space]]] = {IMAGES: image_spaces, SERIES: series_spaces}


def column_ranges(x: np.ndarray) -> np.ndarray:
    """Return the range of each column of `x`, (n, d) -> (d,); 1 for a constant column."""
    ranges = np.ptp(x.astype(float), axis=0)
    return np.where(ranges > 0, ranges, 1.0)


def gower(a: np.ndarray, b: np.ndarray, categorical: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    """Return (n, m) Gower distances of rows (n, d) and (m, d): the mean over columns of |difference| / range, or of
    0 or 1 for categories (Gower 1971). Computed in blocks of rows.
    """
    result, measured = np.empty((len(a), len(b))), _to(b, categorical, ranges)
    for rows in blocks(len(a), len(b)):
        result[rows] = measured(a[rows])
    return result


def _to(b: np.ndarray, categorical: np.ndarray, ranges: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return what measures Gower's distance of rows, (n, d), to each row of `b`, (m, d): (n, m)."""
    numbers, kinds = ~categorical, int(categorical.sum())
    right, names = (b[:, numbers] / ranges[numbers]).astype(float), b[:, categorical].astype(float)

    def measured(a: np.ndarray) -> np.ndarray:
        left = (a[:, numbers] / ranges[numbers]).astype(float)
        table = cdist(left, right, "cityblock") if numbers.any() else np.zeros((len(a), len(b)))
        if kinds:
            table += cdist(a[:, categorical].astype(float), names, "hamming") * kinds
        table /= a.shape[1]
        return table

    return measured


def one_hot(x: np.ndarray, categorical: np.ndarray, levels: list[np.ndarray], ranges: np.ndarray) -> np.ndarray:
    """Return (n, k) coordinates of table rows: numbers over their range, categories as 0 or 1 over the root of 2.

    levels: the values of each column of categories.
    """
    parts = [x[:, ~categorical] / ranges[~categorical]]
    columns = zip(np.flatnonzero(categorical), levels, strict=True)
    parts += [(x[:, [column]] == known) / np.sqrt(2) for column, known in columns]
    return np.concatenate(parts, axis=1).astype(float)


def nearest(space: Space, x: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance of each row of `x` to its nearest row of `real`, (n,), and that row's index, (n,)."""
    distance, index = np.empty(len(x)), np.empty(len(x), int)
    within = space.finder(real) if space.finder else partial(_all_distances, space, real)
    for rows in blocks(len(x), len(real)):
        distance[rows], index[rows] = within(x[rows])
    return distance, index


def _all_distances(space: Space, real: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _least(space.between(x, real))


def _least(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    index = table.argmin(1)
    return table[np.arange(len(table)), index], index


def _by_columns(real: np.ndarray, categorical: np.ndarray, ranges: np.ndarray) -> Finder:
    """Return what finds the nearest by Gower's distance: as by all distances, with the rows to be found scaled once."""
    measured = _to(real, categorical, ranges)
    return lambda x: _least(measured(x))


def _straight(embed: Callable[[np.ndarray], np.ndarray], real: np.ndarray) -> Finder:
    """Return what finds the nearest by a matrix product, ten times as fast as by all distances.

    The product rounds where rows are close, so it only says which row it is.
    """
    known = embed(real)
    lengths = (known**2).sum(1)

    def within(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points = embed(x)
        index = (lengths - 2 * points @ known.T).argmin(1)
        return np.sqrt(((points - known[index]) ** 2).sum(1)), index

    return within


def apart(space: Space, real: np.ndarray) -> np.ndarray:
    """Return the distance of each row of `real` to its nearest other row, (n,); infinite for a single row."""
    result = np.empty(len(real))
    for rows in blocks(len(real), len(real)):
        table = space.between(real[rows], real)
        table[np.arange(len(table)), np.arange(rows.start, rows.stop)] = np.inf
        result[rows] = table.min(1)
    return result


def thin(rows: np.ndarray) -> np.ndarray:
    """Return all of `rows`, (n, ...), or where there are more than `MOST` so many of them, evenly spread and in order."""
    return rows[:: -(-len(rows) // MOST)] if len(rows) > MOST else rows


def blocks(count: int, width: int) -> Iterator[slice]:
    """Yield slices that cover `count` rows of a table of `width` columns, about `BLOCK` cells at a time."""
    step = max(BLOCK // max(width, 1), 1)
    for start in range(0, count, step):
        yield slice(start, min(count, start + step))
