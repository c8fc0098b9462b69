"""How the values of each kind of data are held: how they are taken, made smaller, and laid out in a Parquet file.

Images and tables have a form of their own; every other kind, series too, is an array, one sample per row. In a file the samples
of a set lie packed, to be read at once; beside what is known of each sample they lie one by one, so that other tools can
read them: PNG bytes in the column `image`, or the columns of a table with the prefix `value.`, so that none of them is taken
for a column of ours.
"""

import io
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
from PIL import Image

from gan.reduce import reduce
from pipelines.errors import UserError

Values: TypeAlias = np.ndarray | pd.DataFrame
Notes: TypeAlias = dict[str, Any]  # what no column can say, plain values

IMAGES, TABLE = "images", "table"
SERIES = "series"  # windows of t steps in c channels, (n, t, c) float32
SMALLEST = 8  # pixels a side that the GAN makes at least
PREFIX = "value."


class Form(Protocol):
    """What is done with the values of one kind. noun: what a user calls several samples. pixels: whether they have any."""

    noun: str
    pixels: bool

    def take(self, values: Any, index: np.ndarray) -> Any:
        """Return the samples at `index`, (m,) int or (n,) bool."""
        ...

    def reduced(self, values: Any, factor: int) -> Any:
        """Return the samples as the GAN sees them, smaller by `upscale.factor`; UserError where that cannot be."""
        ...

    def pack(self, values: Any) -> tuple[pa.Table, Notes]:
        """Return the samples as columns that are read at once, with what else `unpack` needs."""
        ...

    def unpack(self, table: pa.Table, notes: Notes) -> Any:
        """Return what `pack` was given."""
        ...

    def columns(self, values: Any) -> pd.DataFrame:
        """Return the samples as columns for which `is_value` holds, one row per sample."""
        ...

    def values(self, columns: pd.DataFrame) -> Any:
        """Return what `columns` was given."""
        ...


class ArrayForm:
    """Arrays (n, ...) of any shape and any type of numbers."""

    noun = "samples"
    pixels = False

    def take(self, values: np.ndarray, index: np.ndarray) -> np.ndarray:
        """Return the samples at `index`, (m,) int or (n,) bool."""
        return values[index]

    def reduced(self, values: np.ndarray, factor: int) -> np.ndarray:
        """Return the samples; UserError for another factor than 1."""
        return _whole(values, factor, self.noun)

    def pack(self, values: np.ndarray) -> tuple[pa.Table, Notes]:
        """Return the bytes of each sample."""
        shape = values.shape[1:]
        size, raw = int(np.prod(shape)) * values.itemsize, np.ascontiguousarray(values)
        packed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), len(values), [None, pa.py_buffer(raw)])
        return pa.table({"array": packed}), {"shape": list(shape), "dtype": values.dtype.str}

    def unpack(self, table: pa.Table, notes: Notes) -> np.ndarray:
        """Return what `pack` was given."""
        raw, dtype = table.column(0).combine_chunks(), np.dtype(notes["dtype"])
        if not len(raw):
            return np.zeros((0, *notes["shape"]), dtype)
        size = raw.type.byte_width
        flat = np.frombuffer(raw.buffers()[1], np.uint8, len(raw) * size, raw.offset * size)
        return flat.view(dtype).reshape(-1, *notes["shape"]).copy()

    def columns(self, values: np.ndarray) -> pd.DataFrame:
        """Return `value.array`, each sample in NumPy's own format."""
        return pd.DataFrame({f"{PREFIX}array": [_npy_bytes(value) for value in values]}, dtype=object)

    def values(self, columns: pd.DataFrame) -> np.ndarray:
        """Return what `columns` was given; (0,) where there was no sample."""
        arrays = [np.load(io.BytesIO(data), allow_pickle=False) for data in columns[f"{PREFIX}array"]]
        return np.stack(arrays) if arrays else np.zeros(0)


class ImageForm(ArrayForm):
    """Images, (n, height, width, channels) uint8, 1 channel for gray and 3 for RGB."""

    noun = "images"
    pixels = True

    def reduced(self, values: np.ndarray, factor: int) -> np.ndarray:
        """Return the images smaller by `factor`; UserError where they cannot be divided or become too small."""
        if factor == 1:
            return values
        size = values.shape[1]
        if size % factor or size // factor < SMALLEST:
            raise UserError(
                f"upscale.factor is {factor}, and {size} pixels a side cannot be reduced by it to {SMALLEST} or more whole "
                "ones; lower upscale.factor, or change prepare.image_size"
            )
        return reduce(values, factor)

    def columns(self, values: np.ndarray) -> pd.DataFrame:
        """Return `image`, each image as PNG bytes."""
        return pd.DataFrame({"image": [png_bytes(value) for value in values]}, dtype=object)

    def values(self, columns: pd.DataFrame) -> np.ndarray:
        """Return what `columns` was given; (0, 1, 1, 1) where there was no image."""
        arrays = [png_array(data) for data in columns["image"]]
        return np.stack(arrays) if arrays else np.zeros((0, 1, 1, 1), np.uint8)


class SeriesForm(ArrayForm):
    """Time series, (n, steps, channels) float32."""

    noun = "series"


class TableForm:
    """The rows of a table, a DataFrame without the column of the class."""

    noun = "rows"
    pixels = False

    def take(self, values: pd.DataFrame, index: np.ndarray) -> pd.DataFrame:
        """Return the rows at `index`, (m,) int or (n,) bool, numbered anew."""
        return values.iloc[index].reset_index(drop=True)

    def reduced(self, values: pd.DataFrame, factor: int) -> pd.DataFrame:
        """Return the rows; UserError for another factor than 1."""
        return _whole(values, factor, self.noun)

    def pack(self, values: pd.DataFrame) -> tuple[pa.Table, Notes]:
        """Return the columns."""
        return pa.Table.from_pandas(self.columns(values), preserve_index=False), {}

    def unpack(self, table: pa.Table, notes: Notes) -> pd.DataFrame:
        """Return what `pack` was given."""
        return self.values(table.to_pandas())

    def columns(self, values: pd.DataFrame) -> pd.DataFrame:
        """Return the columns with the prefix `value.`."""
        return values.add_prefix(PREFIX)

    def values(self, columns: pd.DataFrame) -> pd.DataFrame:
        """Return what `columns` was given; other columns are left out."""
        chosen = [name for name in columns if name.startswith(PREFIX)]
        return columns[chosen].rename(columns=lambda name: name.removeprefix(PREFIX))


FORMS: dict[str, Form] = {IMAGES: ImageForm(), TABLE: TableForm(), SERIES: SeriesForm()}


def form_of(kind: str) -> Form:
    """Return the form of a kind of data: that of plain arrays where the kind has none of its own."""
    return FORMS.get(kind, ArrayForm())


def is_value(name: str) -> bool:
    """Say whether a column of a file belongs to the samples themselves."""
    return name == "image" or name.startswith(PREFIX)


def png_bytes(value: np.ndarray) -> bytes:
    """Encode one (height, width, 1 or 3) uint8 image as PNG, without loss."""
    buffer = io.BytesIO()
    Image.fromarray(value[:, :, 0] if value.shape[2] == 1 else value).save(buffer, "PNG")
    return buffer.getvalue()


def png_array(data: bytes) -> np.ndarray:
    """Decode what `png_bytes` made, (height, width, 1 or 3) uint8."""
    array = np.asarray(Image.open(io.BytesIO(data)))
    return array[:, :, None] if array.ndim == 2 else array


def _npy_bytes(value: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, value, allow_pickle=False)
    return buffer.getvalue()


def _whole(values: Any, factor: int, noun: str) -> Any:
    if factor != 1:
        raise UserError(f"upscale.factor is {factor}, and {noun} have no pixels; set it to 1")
    return values
