"""Labelled samples and synthetic candidates as the stages hand them to each other: in memory and on disk."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

KEPT = "kept"  # the status of a candidate that passed every check; any other status is the reason why it did not


@dataclass(frozen=True)
class Samples:
    """Real samples of one split.

    values: (n, height, width, channels) uint8 images, 1 channel for gray and 3 for RGB.
    labels: (n,) int64, an index into the data set's class names.
    ids: (n,) str, one stable name a sample, never repeated within a data set.
    """

    values: np.ndarray
    labels: np.ndarray
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def of_class(self, label: int) -> "Samples":
        """Return the samples that carry `label`, in order."""
        return self.take(np.flatnonzero(self.labels == label))

    def take(self, index: np.ndarray) -> "Samples":
        """Return the samples at `index`, (m,) int or (n,) bool."""
        return Samples(self.values[index], self.labels[index], self.ids[index])

    def save(self, path: Path) -> None:
        """Write one `.npz` file: no pickles, the same bytes for the same samples."""
        with open(path, "wb") as file:
            np.savez_compressed(file, samples=self.values, labels=self.labels, ids=self.ids.astype(str))

    @classmethod
    def load(cls, path: Path) -> "Samples":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            return cls(file["samples"], file["labels"], file["ids"])


@dataclass(frozen=True)
class Candidates:
    """Generated samples of one class with everything that is known of each.

    values: (n, height, width, channels) uint8.
    rows: n rows, a candidate each: `id`, `class` (its name), `seed`, `reference_id`, `neighbour_id`, `raw_score` (mean
    discriminator logit), and after filter `score` (an estimate of the density ratio real : generated, calibrated from
    `raw_score` or from the scores of critics) and `status` (`kept`, or the reason why not).
    """

    values: np.ndarray
    rows: pd.DataFrame

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def kept(self) -> "Candidates":
        """The candidates that passed the filter, in order."""
        index = np.flatnonzero(self.rows["status"] == KEPT)
        return Candidates(self.values[index], self.rows.iloc[index].reset_index(drop=True))

    def head(self, count: int) -> "Candidates":
        """The first `count` candidates, or all where there are fewer."""
        return Candidates(self.values[:count], self.rows.head(count))

    def save(self, path: Path) -> None:
        """Write one Parquet file with a row a candidate; the pictures are PNG bytes in the column `image`."""
        frame = self.rows.assign(image=[png_bytes(value) for value in self.values])
        frame.to_parquet(path, index=False, compression="zstd")

    @classmethod
    def load(cls, path: Path) -> "Candidates":
        """Read what `save` wrote."""
        frame = pd.read_parquet(path)
        values = [png_array(data) for data in frame["image"]]
        return cls(np.stack(values) if values else np.zeros((0, 1, 1, 1), np.uint8), frame.drop(columns="image"))


def png_bytes(value: np.ndarray) -> bytes:
    """Encode one (height, width, 1 or 3) uint8 picture as PNG, without loss."""
    buffer = io.BytesIO()
    Image.fromarray(value[:, :, 0] if value.shape[2] == 1 else value).save(buffer, "PNG")
    return buffer.getvalue()


def png_array(data: bytes) -> np.ndarray:
    """Decode what `png_bytes` made, (height, width, 1 or 3) uint8."""
    array = np.asarray(Image.open(io.BytesIO(data)))
    return array[:, :, None] if array.ndim == 2 else array
