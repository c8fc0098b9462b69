"""One column of a table: what of it is learnt, and how its values become numbers and values again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from gan.columns.dtypes import Name, describe, is_time, is_whole, limits_of, plain, restore
from gan.columns.numbers import NumberColumn
from gan.kinds import Kind

SYNTHETIC_NUMBERS = 1 << 31  # so many whole numbers may stand for identifiers
ONE_HOT = 32  # categories; more are written as a binary number


@dataclass(frozen=True)
class FixedColumn:
    """A column that nothing is learnt from: a constant is repeated, an identifier is replaced by a synthetic one.

    value: of a constant, or the number that marks a synthetic identifier where the type has no missing value.
    """

    name: Name
    kind: Kind
    dtype: dict[str, Any]
    value: Any

    @classmethod
    def fit(cls, name: Name, kind: Kind, column: pd.Series) -> "FixedColumn":
        """Keep the one value of a constant; ValueError when there are several."""
        present = column.dropna()
        if kind == "identifier":
            return cls(name, kind, describe(column.dtype), _fresh(name, present))
        if present.nunique() > 1:
            raise ValueError(f"table: column {name!r} is said to be constant and has {present.nunique()} values")
        return cls(name, kind, describe(column.dtype), None if present.empty else plain(present.iloc[0]))

    def series(self, marks: np.ndarray) -> pd.Series:
        """Return the column for rows with the fingerprints `marks`, (n,) uint64."""
        dtype = restore(self.dtype)
        if self.kind == "identifier" and (isinstance(dtype, pd.StringDtype) or dtype.kind == "O"):
            return pd.Series([f"synthetic-{mark:016x}" for mark in marks.tolist()], dtype=dtype)
        if self.kind == "identifier" and self.value is not None and pd.api.types.is_integer_dtype(dtype):
            limits = limits_of(dtype)
            room = limits.max - self.value if limits.min == 0 else self.value - limits.min
            away = marks % np.uint64(max(1, min(SYNTHETIC_NUMBERS, room + 1)))
            first = np.array(self.value, object).astype(limits.dtype)
            numbers = first + away.astype(limits.dtype) if limits.min == 0 else first - away.astype(limits.dtype)
            return pd.Series(numbers, dtype=dtype)
        one = pd.Series([np.nan if self.value is None else self.value], dtype=object).astype(dtype)
        return one.iloc[np.zeros(len(marks), np.int64)].reset_index(drop=True)


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories, booleans included.

    values: those seen, most frequent first; of the category type, their places among its categories. missing: some were.
    """

    name: Name
    kind: Kind
    dtype: dict[str, Any]
    values: tuple[Any, ...]
    missing: bool

    @classmethod
    def fit(cls, name: Name, kind: Kind, column: pd.Series) -> "CategoryColumn":
        """Learn the categories."""
        counts = _as_objects(column).dropna().value_counts(sort=False)
        values = [plain(value) for value in counts.index]
        order = sorted(range(len(values)), key=lambda place: (-int(counts.iloc[place]), str(values[place])))
        dtype = describe(column.dtype)
        return cls(name, kind, dtype, tuple(values[place] for place in order), bool(column.isna().any()))

    @property
    def states(self) -> int:
        """How many there are, the missing one included."""
        return len(self.values) + self.missing

    @property
    def bits(self) -> int:
        """Channels of the binary number of a category; 0 for a column that is one-hot."""
        return 0 if self.states <= ONE_HOT else (self.states - 1).bit_length()

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.values, dtype=object)

    def codes(self, column: pd.Series) -> np.ndarray:
        """Return the place of each value among the states, (n,) int64; -1 where it was never seen."""
        dtype = restore(self.dtype)
        given = _as_objects(column.astype(dtype) if isinstance(dtype, pd.CategoricalDtype) else column)
        codes = self._index.get_indexer(pd.Index(given, dtype=object)).astype(np.int64)
        codes[column.isna().to_numpy()] = len(self.values) if self.missing else -1
        return codes

    def series(self, codes: np.ndarray) -> pd.Series:
        """Return the values at `codes`, (n,) int64 in 0..states-1."""
        dtype = restore(self.dtype)
        if isinstance(dtype, pd.CategoricalDtype):
            return pd.Series(pd.Categorical.from_codes(np.array([*self.values, -1])[codes], dtype=dtype))
        values = np.array([*self.values, np.nan], dtype=object)
        return pd.Series(values[codes], dtype=object).astype(dtype)


Column: TypeAlias = FixedColumn | CategoryColumn | NumberColumn
_PARTS: dict[str, Any] = {"fixed": FixedColumn, "category": CategoryColumn, "number": NumberColumn}


def fit_column(name: Name, kind: Kind, column: pd.Series) -> Column:
    """Learn a column of `kind`."""
    if not isinstance(name, (str, int, float, bool)):
        raise ValueError(f"table: the column {name!r} must have a string or a number as its name")
    if kind in ("identifier", "constant") or column.isna().all():
        return FixedColumn.fit(name, kind if kind == "identifier" else "constant", column)
    if kind in ("categorical", "boolean"):
        return CategoryColumn.fit(name, kind, column)
    return NumberColumn.fit(name, kind, column)


def to_dict(column: Column) -> dict[str, Any]:
    """Return a column as plain values, fit for JSON."""
    part = next(part for part, known in _PARTS.items() if isinstance(column, known))
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(column).items()}
    return {"part": part, **values}


def from_dict(values: Mapping[str, Any]) -> Column:
    """Rebuild what `to_dict` returned."""
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items() if key != "part"}
    column: Column = _PARTS[values["part"]](**given)
    return column


def _as_objects(column: pd.Series) -> pd.Series:
    """Return the values as objects; those of the category type as places among its categories, dates as text."""
    if is_time(column.dtype):
        return column.astype(object).map(plain, na_action="ignore")
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.codes.where(column.notna())
        column = column.astype("Int64")
    return column.astype(object)


def _fresh(name: Name, present: pd.Series) -> int | None:
    """Return a whole number that is no identifier of `present`, or None where a missing value can stand for one.

    ValueError where the type has no number left.
    """
    if not is_whole(present.dtype) or present.empty:
        return None
    unsigned = pd.api.types.is_unsigned_integer_dtype(present.dtype)
    fresh = int(present.max()) + 1 if unsigned else int(min(0, present.min())) - 1
    limits = limits_of(present.dtype)
    if not limits.min <= fresh <= limits.max:
        raise ValueError(
            f"table: column {name!r} of type {present.dtype} has no number left for new ids; turn it into text"
        )
    return fresh
