"""The arrays that the evaluation works on: real samples with labels, and pools of synthetic candidates."""

from dataclasses import dataclass, replace

import numpy as np

from pipelines.plan import at_dose
from pipelines.samples import TABLE


@dataclass(frozen=True)
class Data:
    """Labelled samples as a classifier sees them.

    x: (n, d) float32; the pixels of an image divided by 255, the columns of a table (categories as whole numbers), or the
    values of a series step by step.
    y: (n,) int64 class indices.
    image_shape: (height, width, channels) when the rows are flattened images.   series_shape: (steps, channels) when they are
    flattened series.   kind: of the data, see `Samples`.
    categorical: (d,) bool, which columns of a table are categories.   names: (d,) what the columns of a table are called.
    synthetic: (n,) bool, which rows are no real samples; None for none.
    """

    x: np.ndarray
    y: np.ndarray
    image_shape: tuple[int, int, int] | None = None
    categorical: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    kind: str = TABLE
    synthetic: np.ndarray | None = None
    series_shape: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def made(self) -> np.ndarray:
        """Which rows are synthetic, (n,) bool."""
        return np.zeros(len(self), bool) if self.synthetic is None else self.synthetic

    @property
    def real(self) -> "Data":
        """The real rows, in order."""
        return self if self.synthetic is None else replace(self.take(~self.synthetic), synthetic=None)

    def take(self, index: np.ndarray) -> "Data":
        """Return the rows at `index`, (m,) int or (n,) bool."""
        own = None if self.synthetic is None else self.synthetic[index]
        return replace(self, x=self.x[index], y=self.y[index], synthetic=own)

    def of_class(self, label: int) -> np.ndarray:
        """Return the rows of class `label`, (m, d)."""
        return self.x[self.y == label]

    def join(self, other: "Data") -> "Data":
        """Return these rows followed by those of `other`."""
        return self.add(other.x, other.y, other.synthetic)

    def add(self, x: np.ndarray, y: np.ndarray, synthetic: np.ndarray | None = None) -> "Data":
        """Return these rows followed by the rows `x`, (m, d), with labels `y`, (m,), and which of them are synthetic."""
        flags = None
        if self.synthetic is not None or synthetic is not None:
            flags = np.concatenate([self.made, np.zeros(len(y), bool) if synthetic is None else synthetic])
        rows, labels = np.concatenate([self.x, x.astype(self.x.dtype)]), np.concatenate([self.y, y])
        return replace(self, x=rows, y=labels, synthetic=flags)

    def counts(self, classes: int) -> np.ndarray:
        """Return how many rows each class has, (classes,) int."""
        return np.bincount(self.y, minlength=classes)


@dataclass(frozen=True)
class Pool:
    """The synthetic candidates of one minority class.

    label: the class index.   needed: how many samples the plan asks for, at dose 1.
    x: (m, d) float32, like `Data.x`.   kept: (m,) bool, passed the filter.
    score: (m,) float, the calibrated discriminator score; NaN where a candidate has none.
    ids: (m,) str.   parents: (m, 2) int, rows of the training set that a candidate started from, -1 where it has none.
    """

    label: int
    needed: int
    x: np.ndarray
    kept: np.ndarray
    score: np.ndarray
    ids: np.ndarray
    parents: np.ndarray

    def take(self, index: np.ndarray) -> "Pool":
        """Return the candidates at `index`, (k,) int or (m,) bool."""
        parts = {name: getattr(self, name)[index] for name in ("x", "kept", "score", "ids", "parents")}
        return replace(self, **parts)

    def within(self, rows: np.ndarray) -> "Pool":
        """Return the candidates all of whose parents are among the training rows `rows`, (k,) int."""
        return self.take(np.flatnonzero(np.isin(self.parents, [*rows.tolist(), -1]).all(axis=1)))

    def wanted(self, dose: float, available: int) -> int:
        """Return how many samples to add at `dose` (a share of what would balance the class) out of `available`."""
        return min(available, at_dose(self.needed, dose))


def images_as_rows(values: np.ndarray) -> tuple[np.ndarray, tuple[int, int, int]]:
    """Flatten (n, height, width, channels) uint8 images to (n, d) float32 in [0, 1]; return them and the image shape."""
    height, width, channels = values.shape[1:]
    return values.reshape(len(values), height * width * channels).astype(np.float32) / np.float32(255), (
        height,
        width,
        channels,
    )
