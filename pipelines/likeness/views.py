"""How classifiers see samples: pictures as their pixels, rows of a table as numbers and codes of categories."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gan.kinds import UNLEARNT
from pipelines.likeness.data import Data, images_as_rows

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


@dataclass(frozen=True)
class View:
    """What classifiers see of one kind of data, learnt from training samples alone; columns are empty for pictures."""

    columns: tuple[Category | Number, ...] = ()

    @classmethod
    def fit(cls, values: np.ndarray | pd.DataFrame, kinds: Mapping[str, str]) -> "View":
        """Learn the view of `values`, pictures (n, h, w, c) uint8 or n rows with columns of `kinds`."""
        if not isinstance(values, pd.DataFrame):
            return cls()
        return cls(
            tuple(
                Category.fit(name, values[name]) if kind in CATEGORIES else Number.fit(name, kind, values[name])
                for name, kind in kinds.items()
                if kind not in UNLEARNT
            )
        )

    def rows(self, values: np.ndarray | pd.DataFrame) -> np.ndarray:
        """Return `values`, n samples, as a classifier sees them: (n, d) float32."""
        if not isinstance(values, pd.DataFrame):
            return images_as_rows(values)[0]
        parts = [part for column in self.columns for part in column.encode(values[column.name])]
        return np.stack(parts, axis=1).astype(np.float32)

    def data(self, values: np.ndarray | pd.DataFrame, labels: np.ndarray) -> Data:
        """Return labelled samples as the evaluation wants them."""
        labels = labels.astype(np.int64)
        if not isinstance(values, pd.DataFrame):
            x, shape = images_as_rows(values)
            return Data(x, labels, shape)
        categorical = np.array([flag for column in self.columns for flag in column.categorical])
        names = tuple(label for column in self.columns for label in column.labels)
        return Data(self.rows(values), labels, categorical=categorical, names=names)


def _dates(column: pd.Series) -> Any:
    """Return dates as UTC, whether they are dates or ISO text; durations count from 1970."""
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
