"""How classifiers see samples: images as their pixels, tables as numbers and codes of categories, series step by step.

A new kind may have a view of its own: a class with what `View` says, and a line in `VIEWS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from gan.kinds import UNLEARNT, dates_in
from pipelines.likeness.data import Data, images_as_rows
from pipelines.samples import IMAGES, SERIES, TABLE, Samples

MOST_CATEGORIES = 50  # of a column that have a code of their own, the most common ones; the others share one
CATEGORIES = ("categorical", "boolean")


@dataclass(frozen=True)
class Category:
    """A column of categories: whole numbers in the order of their names, then one for the missing and one for all others."""

    name: str
    names: tuple[str, ...]

    categorical = (True,)

    @classmethod
    def fit(cls, name: str, column: pd.Series) -> "Category":
        """Learn the categories of training rows."""
        counts = column.dropna().astype("str").value_counts()
        return cls(
            name, tuple(sorted(counts.sort_index().sort_values(ascending=False, kind="stable").index[:MOST_CATEGORIES]))
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """What to call the columns that it becomes."""
        return (self.name,)

    def encode(self, column: pd.Series) -> list[np.ndarray]:
        """Return its codes, (n,)."""
        codes = pd.Index(self.names, dtype="str").get_indexer(column.astype("str"))
        codes[codes < 0] = len(self.names) + 1
        codes[column.isna().to_numpy()] = len(self.names)
        return [codes]


@dataclass(frozen=True)
class Number:
    """A column of numbers, or of what is counted as such: dates in days since the first, ordered categories by rank.

    Where training rows miss some, their median fills in and a second column says where.
    """

    name: str
    kind: str
    origin: pd.Timestamp | None
    median: float
    gaps: bool

    @classmethod
    def fit(cls, name: str, kind: str, column: pd.Series) -> "Number":
        """Learn the median, and the first date, of training rows."""
        origin = _dates(column).min() if kind == "datetime" else None
        values = _numbers(column, kind, origin)
        known = values[~np.isnan(values)]
        return cls(name, kind, origin, float(np.median(known)) if len(known) else 0.0, len(known) < len(values))

    @property
    def categorical(self) -> tuple[bool, ...]:
        """Which of the columns that it becomes are categories."""
        return (False, True) if self.gaps else (False,)

    @property
    def labels(self) -> tuple[str, ...]:
        """What to call the columns that it becomes."""
        return (self.name, f"{self.name} is missing") if self.gaps else (self.name,)

    def encode(self, column: pd.Series) -> list[np.ndarray]:
        """Return its values, (n,), and where they are missing, (n,)."""
        values = _numbers(column, self.kind, self.origin)
        missing = np.isnan(values)
        filled = np.where(missing, self.median, values)
        return [filled, missing] if self.gaps else [filled]


class View(Protocol):
    """What classifiers see of one kind of data, learnt from training samples alone."""

    def rows(self, values: Any) -> np.ndarray:
        """Return `values`, n samples, as a classifier sees them: (n, d) float32."""
        ...

    def data(self, values: Any, labels: np.ndarray) -> Data:
        """Return labelled samples as the evaluation wants them."""
        ...


@dataclass(frozen=True)
class ArrayView:
    """All numbers of a sample, one after the other: the view of kinds that have none of their own."""

    kind: str

    def rows(self, values: np.ndarray) -> np.ndarray:
        """Return `values`, (n, ...), as (n, d) float32."""
        return values.reshape(len(values), int(np.prod(values.shape[1:]))).astype(np.float32)

    def data(self, values: np.ndarray, labels: np.ndarray) -> Data:
        """Return labelled samples as the evaluation wants them."""
        return Data(self.rows(values), labels.astype(np.int64), kind=self.kind)


class ImageView:
    """The pixels of an image, divided by 255."""

    def rows(self, values: np.ndarray) -> np.ndarray:
        """Return `values`, (n, h, w, c) uint8, as (n, d) float32 in [0, 1]."""
        return images_as_rows(values)[0]

    def data(self, values: np.ndarray, labels: np.ndarray) -> Data:
        """Return labelled images as the evaluation wants them."""
        x, shape = images_as_rows(values)
        return Data(x, labels.astype(np.int64), shape, kind=IMAGES)


class SeriesView:
    """The values of a series as they are, step by step."""

    def rows(self, values: np.ndarray) -> np.ndarray:
        """Return `values`, (n, t, c), as (n, t * c) float32: all channels of the first step, then those of the second."""
        return values.reshape(len(values), int(np.prod(values.shape[1:]))).astype(np.float32)

    def data(self, values: np.ndarray, labels: np.ndarray) -> Data:
        """Return labelled series as the evaluation wants them."""
        steps, channels = values.shape[1:]
        return Data(self.rows(values), labels.astype(np.int64), kind=SERIES, series_shape=(steps, channels))


@dataclass(frozen=True)
class TableView:
    """The columns of a table that are neither identifiers nor constants, as numbers and codes of categories."""

    columns: tuple[Category | Number, ...]

    @classmethod
    def fit(cls, values: pd.DataFrame, kinds: Mapping[str, str]) -> "TableView":
        """Learn the view of n training rows with columns of `kinds`."""
        return cls(
            tuple(
                Category.fit(name, values[name]) if kind in CATEGORIES else Number.fit(name, kind, values[name])
                for name, kind in kinds.items()
                if kind not in UNLEARNT
            )
        )

    def rows(self, values: pd.DataFrame) -> np.ndarray:
        """Return `values`, n rows, as (n, d) float32."""
        parts = [part for column in self.columns for part in column.encode(values[column.name])]
        return np.stack(parts, axis=1).astype(np.float32)

    def data(self, values: pd.DataFrame, labels: np.ndarray) -> Data:
        """Return labelled rows as the evaluation wants them."""
        categorical = np.array([flag for column in self.columns for flag in column.categorical])
        names = tuple(label for column in self.columns for label in column.labels)
        return Data(self.rows(values), labels.astype(np.int64), categorical=categorical, names=names)


VIEWS: dict[str, Callable[[Samples], View]] = {
    IMAGES: lambda samples: ImageView(),
    SERIES: lambda samples: SeriesView(),
    TABLE: lambda samples: TableView.fit(samples.values, samples.columns),
}


def fit(samples: Samples) -> View:
    """Learn the view of training samples of any kind; one that `VIEWS` does not list is seen as its plain numbers."""
    return VIEWS.get(samples.kind, lambda of: ArrayView(of.kind))(samples)


def _dates(column: pd.Series) -> Any:
    """Return dates as UTC, whether they are dates, ISO text or numbers; durations count from 1970."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return dates_in(column).dt.tz_localize("UTC")
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        return pd.Timestamp(0, tz="UTC") + column
    return pd.to_datetime(column, utc=True, errors="coerce", format=None if column.dtype.kind == "M" else "ISO8601")


def _numbers(column: pd.Series, kind: str, origin: pd.Timestamp | None) -> np.ndarray:
    if kind == "datetime":
        return ((_dates(column) - origin) / pd.Timedelta(days=1)).to_numpy(float, na_value=np.nan)
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy(float)
        return np.where(codes < 0, np.nan, codes)
    return pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
