"""The arrays that the evaluation works on: real samples with labels, and pools of synthetic candidates."""

from dataclasses import dataclass, replace

import numpy as np

from pipelines.samples import TABLE


@dataclass(frozen=True)
class Data:
    """Labelled real samples as a classifier sees them.

    x: (n, d) float32; the pixels of an image divided by 255, or the columns of a table (categories as whole numbers).
    y: (n,) int64 class indices.
    image_shape: (height, width, channels) when the rows are flattened images.   kind: of the data, see `Samples`.
    categorical: (d,) bool, which columns of a table are categories.   names: (d,) what the columns of a table are called.
    """

    x: np.ndarray
    y: np.ndarray
    image_shape: tuple[int, int, int] | None = None
    categorical: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    kind: str = TABLE

    def __len__(self) -> int:
        return len(self.y)

    def take(self, index: np.ndarray) -> "Data":
        """Return the rows at `index`, (m,) int or (n,) bool."""
        return replace(self, x=self.x[index], y=self.y[index])

    def of_class(self, label: int) -> np.ndarray:
        """Return the rows of class `label`, (m, d)."""
        return self.x[self.y == label]

    def join(self, other: "Data") -> "Data":
        """Return these rows followed by those of `other`."""
        return self.add(other.x, other.y)

    def add(self, x: np.ndarray, y: np.ndarray) -> "Data":
        """Return these rows followed by the rows `x`, (m, d), with labels `y`, (m,)."""
        return replace(self, x=np.concatenate([self.x, x.astype(self.x.dtype)]), y=np.concatenate([self.y, y]))

    def counts(self, classes: int) -> np.ndarray:
        """Return how many rows each class has, (classes,) int."""
        return np.bincount(self.y, minlength=classes)


@dataclass(frozen=True)
class Pool:
    """The synthetic candidates of one under-represented class.

    label: the class index.   needed: how many samples the plan asks for, at dose 1.
    x: (m, d) float32, like `Data.x`.   kept: (m,) bool, passed the filter.
    score: (m,) float, the calibrated discriminator score; NaN where a candidate has none.
    ids: (m,) str.
    """

    label: int
    needed: int
    x: np.ndarray
    kept: np.ndarray
    score: np.ndarray
    ids: np.ndarray

    @property
    def kept_x(self) -> np.ndarray:
        """The rows that passed the filter, (k, d)."""
        return self.x[self.kept]

    def wanted(self, dose: float, available: int) -> int:
        """Return how many samples to add at `dose` (a share of what would balance the class) out of `available`."""
        return min(available, round(dose * self.needed))


def images_as_rows(values: np.ndarray) -> tuple[np.ndarray, tuple[int, int, int]]:
    """Flatten (n, height, width, channels) uint8 images to (n, d) float32 in [0, 1]; return them and the image shape."""
    height, width, channels = values.shape[1:]
    return values.reshape(len(values), height * width * channels).astype(np.float32) / np.float32(255), (
        height,
        width,
        channels,
    )
