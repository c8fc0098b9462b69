"""Labelled samples and synthetic candidates as the stages hand them to each other: in memory and on disk.

Values are pictures, an array (n, height, width, channels) uint8, or the rows of a table, a DataFrame without its label.
On disk both are Parquet with a row a sample; the columns of a table carry the prefix `value.`, so that none of them is
taken for a column of ours.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from gan.reduce import reduce
from pipelines.errors import UserError

Values: TypeAlias = np.ndarray | pd.DataFrame

SMALLEST = 8  # pixels a side that the GAN makes at least
KEPT = "kept"  # the status of a candidate that passed every check; any other status is the reason why it did not
PREFIX = "value."
OURS = b"tailweight"  # the entry of a Parquet file's metadata that says what no column can


@dataclass(frozen=True)
class Samples:
    """Real samples of one split.

    values: (n, height, width, channels) uint8 images, 1 channel for gray and 3 for RGB; or a table of n rows.
    labels: (n,) int64, an index into the data set's class names.
    ids: (n,) str, one stable name a sample, never repeated within a data set.
    kinds: what each column of a table holds (see `prepare.columns`); empty for images.
    """

    values: Values
    labels: np.ndarray
    ids: np.ndarray
    kinds: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    def of_class(self, label: int) -> "Samples":
        """Return the samples that carry `label`, in order."""
        return self.take(np.flatnonzero(self.labels == label))

    def take(self, index: np.ndarray) -> "Samples":
        """Return the samples at `index`, (m,) int or (n,) bool."""
        return Samples(rows_of(self.values, index), self.labels[index], self.ids[index], self.kinds)

    def reduced(self, factor: int) -> "Samples":
        """Return the samples as the GAN sees them, smaller by `upscale.factor`; UserError where that cannot be."""
        if factor == 1:
            return self
        if isinstance(self.values, pd.DataFrame):
            raise UserError(f"upscale.factor is {factor}, and a table has no pixels; set it to 1")
        size = self.values.shape[1]
        if size % factor or size // factor < SMALLEST:
            raise UserError(
                f"upscale.factor is {factor}, and {size} pixels a side cannot be reduced by it to {SMALLEST} or more whole "
                "ones; lower upscale.factor, or change prepare.image_size"
            )
        return Samples(reduce(self.values, factor), self.labels, self.ids)

    def save(self, path: Path) -> None:
        """Write one Parquet file, the same bytes for the same samples; pictures as raw bytes, which are read at once."""
        said: dict[str, object] = {"kinds": dict(self.kinds)}
        if isinstance(self.values, pd.DataFrame):
            table = pa.Table.from_pandas(self.values.add_prefix(PREFIX), preserve_index=False)
        else:
            shape = self.values.shape[1:]
            size, raw = int(np.prod(shape)), np.ascontiguousarray(self.values)
            pictures = pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), len(self), [None, pa.py_buffer(raw)])
            table, said = pa.table({"image": pictures}), {"shape": list(shape)}
        table = table.add_column(0, "id", pa.array(self.ids.astype(str).tolist(), pa.string()))
        table = table.add_column(1, "label", pa.array(self.labels.astype(np.int64)))
        notes = {**(table.schema.metadata or {}), OURS: json.dumps(said).encode()}
        pq.write_table(table.replace_schema_metadata(notes), path, compression="zstd")

    @classmethod
    def load(cls, path: Path) -> "Samples":
        """Read what `save` wrote."""
        table = pq.read_table(path)
        said = json.loads(table.schema.metadata[OURS])
        labels = table["label"].to_numpy().astype(np.int64)
        ids = np.array(table["id"].to_pylist(), str)
        if "shape" in said:
            return cls(_pictures(table["image"].combine_chunks(), said["shape"]), labels, ids)
        return cls(_columns(table.drop_columns(["id", "label"]).to_pandas()), labels, ids, said["kinds"])


@dataclass(frozen=True)
class Candidates:
    """Generated samples of one class with everything that is known of each.

    values: (n, height, width, channels) uint8, or a table of n rows.
    rows: n rows, a candidate each: `id`, `class` (its name), `seed`, `reference_id`, `neighbour_id`,
    `weight`, `here_id`, `there_id` and `step` (how its start was drawn, see `gan.starts.Drawn`), `raw_score` (mean
    discriminator logit), and after filter `score` (an estimate of the density ratio real : generated, calibrated from
    `raw_score` or from the scores of critics) and `status` (`kept`, or the reason why not).
    """

    values: Values
    rows: pd.DataFrame

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def kept(self) -> "Candidates":
        """The candidates that passed the filter, in order."""
        index = np.flatnonzero(self.rows["status"] == KEPT)
        return Candidates(rows_of(self.values, index), self.rows.iloc[index].reset_index(drop=True))

    def head(self, count: int) -> "Candidates":
        """The first `count` candidates, or all where there are fewer."""
        return Candidates(self.values[:count], self.rows.head(count))

    def save(self, path: Path) -> None:
        """Write one Parquet file with a row a candidate; a picture is PNG bytes in the column `image`."""
        with_values(self.rows, self.values).to_parquet(path, index=False, compression="zstd")

    @classmethod
    def load(cls, path: Path) -> "Candidates":
        """Read what `save` wrote."""
        return cls(*without_values(pd.read_parquet(path))[::-1])


def rows_of(values: Values, index: np.ndarray) -> Values:
    """Return the samples at `index`, (m,) int or (n,) bool; rows of a table are numbered anew."""
    return values.iloc[index].reset_index(drop=True) if isinstance(values, pd.DataFrame) else values[index]


def with_values(rows: pd.DataFrame, values: Values) -> pd.DataFrame:
    """Return `rows` with the sample of each: as PNG bytes in `image`, or in the columns `value.…` of a table."""
    if isinstance(values, pd.DataFrame):
        return pd.concat([rows, values.add_prefix(PREFIX).set_axis(rows.index)], axis=1)
    return rows.assign(image=[png_bytes(value) for value in values])


def without_values(frame: pd.DataFrame) -> tuple[pd.DataFrame, Values]:
    """Return what `with_values` was given."""
    if "image" in frame:
        values = [png_array(data) for data in frame["image"]]
        return frame.drop(columns="image"), np.stack(values) if values else np.zeros((0, 1, 1, 1), np.uint8)
    table = _columns(frame)
    return frame.drop(columns=[PREFIX + name for name in table]), table


def _pictures(raw: pa.FixedSizeBinaryArray, shape: list[int]) -> np.ndarray:
    size = raw.type.byte_width
    if not len(raw):
        return np.zeros((0, *shape), np.uint8)
    return np.frombuffer(raw.buffers()[1], np.uint8, len(raw) * size, raw.offset * size).reshape(-1, *shape).copy()


def is_value(name: str) -> bool:
    """Say whether a column of what `with_values` returned belongs to the samples themselves."""
    return name == "image" or name.startswith(PREFIX)


def _columns(frame: pd.DataFrame) -> pd.DataFrame:
    chosen = [name for name in frame if name.startswith(PREFIX)]
    return frame[chosen].rename(columns=lambda name: name.removeprefix(PREFIX))


def png_bytes(value: np.ndarray) -> bytes:
    """Encode one (height, width, 1 or 3) uint8 picture as PNG, without loss."""
    buffer = io.BytesIO()
    Image.fromarray(value[:, :, 0] if value.shape[2] == 1 else value).save(buffer, "PNG")
    return buffer.getvalue()


def png_array(data: bytes) -> np.ndarray:
    """Decode what `png_bytes` made, (height, width, 1 or 3) uint8."""
    array = np.asarray(Image.open(io.BytesIO(data)))
    return array[:, :, None] if array.ndim == 2 else array
