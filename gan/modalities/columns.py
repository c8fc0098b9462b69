"""One column of a table: what of it is learnt, and how its values become numbers and values again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from gan.modalities.kinds import Kind, date_format

Name = str | int | float | bool
FEW_LEVELS = 64  # numbers with at most this many distinct values go back onto exactly these
SPIKE_SHARE = 0.1  # a value that at least this share of the rows has is a state of its own beside the other numbers
LEAST_SPIKE = 5  # rows; a value that recurs less often may do so by chance
MOST_SPIKES = 4
MOST_DECIMALS = 9
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
            return cls(name, kind, describe(column.dtype), _fresh(present))
        if present.nunique() > 1:
            raise ValueError(f"table: column {name!r} is said to be constant and has {present.nunique()} values")
        return cls(name, kind, describe(column.dtype), None if present.empty else plain(present.iloc[0]))

    def series(self, marks: np.ndarray) -> pd.Series:
        """Return the column for rows with the fingerprints `marks`, (n,) uint64."""
        dtype = restore(self.dtype)
        if self.kind == "identifier" and (isinstance(dtype, pd.StringDtype) or dtype.kind == "O"):
            return pd.Series([f"synthetic-{mark:016x}" for mark in marks.tolist()], dtype=dtype)
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


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers, of dates or of ordered categories (by their rank).

    A value v becomes asinh((v - centre) / scale): all but linear within a standard deviation, logarithmic in the tails.
    low, high: the range of the data. step: of the grid that starts at `low`, or 0. decimals: of all values, or None.
    levels: all values of a column that has few, else (). spikes: values so frequent that each is a state of its own.
    missing: some were. origin: of dates, in their unit since 1970. date_format: of dates that are strings.
    """

    name: Name
    kind: Kind
    dtype: dict[str, Any]
    centre: float
    scale: float
    low: float
    high: float
    step: float
    decimals: int | None
    levels: tuple[float, ...]
    spikes: tuple[float, ...]
    missing: bool
    origin: int = 0
    date_format: str | None = None

    @classmethod
    def fit(cls, name: Name, kind: Kind, column: pd.Series) -> "NumberColumn":
        """Learn range, grid and spikes. The column has at least one value. ValueError when one is infinite."""
        form = date_format(column.dropna()) if kind == "datetime" and not _is_time(column.dtype) else None
        if kind == "datetime" and form is None and not _is_time(column.dtype):
            raise ValueError(
                f"table: column {name!r} is said to be dates; write them all like 2024-12-31 or as datetime64"
            )
        dtype = describe(column.dtype)
        origin = _first_moment(column, form) if kind == "datetime" else 0
        numbers = _numbers(name, column, kind, dtype, form, origin)
        present = numbers[~np.isnan(numbers)]
        values, counts = np.unique(present, return_counts=True)
        few = len(values) <= FEW_LEVELS and 2 * len(values) <= len(present)
        frequent = np.argsort(-counts, kind="stable")[:MOST_SPIKES]
        spikes = (
            []
            if few
            else sorted(values[frequent[counts[frequent] >= max(LEAST_SPIKE, SPIKE_SHARE * len(present))]].tolist())
        )
        rest = present if few else present[~np.isin(present, spikes)]
        rest = rest if len(rest) else present
        low, centre, high = np.quantile(rest, [0.25, 0.5, 0.75])
        decimals, step = _grid(values, column.dtype)
        return cls(
            name, kind, dtype,
            centre=float(centre),
            scale=float((high - low) / 1.349 or rest.std() or 1.0),  # 1.349: quartiles of a normal, in deviations
            low=float(values[0]),
            high=float(values[-1]),
            step=step,
            decimals=decimals,
            levels=tuple(values.tolist()) if few else (),
            spikes=tuple(spikes),
            missing=bool(np.isnan(numbers).any()),
            origin=origin,
            date_format=form,
        )  # fmt: skip

    @property
    def states(self) -> int:
        """States beside each other: a number, each spike, missing; 0 where there is nothing but numbers."""
        return 1 + len(self.spikes) + self.missing if self.spikes or self.missing else 0

    def numbers(self, column: pd.Series) -> np.ndarray:
        """Return (n,) float64, NaN where missing. ValueError when a value is no number or infinite."""
        return _numbers(self.name, column, self.kind, self.dtype, self.date_format, self.origin)

    def scaled(self, numbers: np.ndarray) -> np.ndarray:
        """Return (n,) encoded values of `numbers`, (n,)."""
        return np.arcsinh((numbers - self.centre) / self.scale)

    def state(self, numbers: np.ndarray) -> np.ndarray:
        """Return (n,) int64: 0 for a number, 1.. for a spike, the last for a missing value."""
        state = np.zeros(len(numbers), np.int64)
        for place, spike in enumerate(self.spikes, start=1):
            state[numbers == spike] = place
        state[np.isnan(numbers)] = self.states - 1 if self.missing else 0
        return state

    def series(self, numbers: np.ndarray, state: np.ndarray | None) -> pd.Series:
        """Return values for `numbers`, (n,) float64 on the grid, and `state`, (n,), where there are states."""
        values = numbers.copy()
        if self.decimals is not None and not self.levels:
            values = np.rint(values * 10.0**self.decimals) / 10.0**self.decimals  # the double nearest to the decimal
        lost = np.zeros(len(values), bool)
        if state is not None:
            for place, spike in enumerate(self.spikes, start=1):
                values[state == place] = spike
            lost = (state == self.states - 1) & self.missing
        return self._typed(values, lost)

    def _typed(self, values: np.ndarray, lost: np.ndarray) -> pd.Series:
        dtype = restore(self.dtype)
        if self.kind == "datetime":
            moments = self.origin + np.rint(values).astype(np.int64)
            moments[lost] = np.iinfo(np.int64).min  # NaT
            if self.date_format is None:
                return _moments(moments, dtype)
            texts = pd.Series(moments.view("M8[us]")).dt.strftime(self.date_format)
            return texts.astype(object).astype(dtype)
        if isinstance(dtype, pd.CategoricalDtype):
            return pd.Series(
                pd.Categorical.from_codes(np.where(lost, -1, np.rint(values)).astype(np.int64), dtype=dtype)
            )
        if dtype.kind == "O":
            whole = self.kind == "integer"
            taken = [None if gone else int(v) if whole else v for v, gone in zip(values.tolist(), lost, strict=True)]
            return pd.Series(taken, dtype=object)
        if lost.any():
            return pd.Series(np.where(lost, np.nan, values)).astype(dtype)
        return pd.Series(np.rint(values).astype(np.int64) if _is_whole(dtype) else values).astype(dtype)


Column = FixedColumn | CategoryColumn | NumberColumn
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


def describe(dtype: Any) -> dict[str, Any]:
    """Return a type of pandas or NumPy as plain values. ValueError when it cannot be written down."""
    if isinstance(dtype, pd.CategoricalDtype):
        categories = [plain(value) for value in dtype.categories]
        return {"categories": categories, "of": describe(dtype.categories.dtype), "ordered": bool(dtype.ordered)}
    if isinstance(dtype, pd.StringDtype):
        return {"string": dtype.storage, "missing": "nan" if isinstance(dtype.na_value, float) else "NA"}
    try:
        known = pd.api.types.pandas_dtype(str(dtype)) == dtype
    except TypeError:
        known = False
    if not known:
        raise ValueError(f"table: columns of type {dtype} cannot be kept; turn them into numbers, strings or dates")
    return {"name": str(dtype)}


def restore(described: Mapping[str, Any]) -> Any:
    """Rebuild what `describe` returned."""
    if "categories" in described:
        of = pd.Index(described["categories"], dtype=restore(described["of"]))
        return pd.CategoricalDtype(of, ordered=described["ordered"])
    if "string" in described:
        return pd.StringDtype(described["string"], na_value=np.nan if described["missing"] == "nan" else pd.NA)
    return pd.api.types.pandas_dtype(described["name"])


def plain(value: Any) -> Any:
    """Return a value of a cell as one that JSON has. ValueError when it has none."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (pd.Timestamp, pd.Timedelta)):
        return str(value)
    if isinstance(value, (str, int, float, bool)):
        return value
    raise ValueError(
        f"table: values like {value!r} of type {type(value).__name__} cannot be kept; turn them into strings"
    )


def _as_objects(column: pd.Series) -> pd.Series:
    """Return the values as objects; those of the category type as places among its categories."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.codes.where(column.notna())
        column = column.astype("Int64")
    return column.astype(object)


def _fresh(present: pd.Series) -> int | None:
    """Return a whole number that is no identifier of `present`, or None where a missing value can stand for one."""
    if not _is_whole(present.dtype) or present.empty:
        return None
    if pd.api.types.is_unsigned_integer_dtype(present.dtype):
        return int(present.max()) + 1
    return int(min(0, present.min())) - 1


def _is_time(dtype: Any) -> bool:
    return pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype)


def _is_whole(dtype: Any) -> bool:
    return bool(pd.api.types.is_integer_dtype(dtype))


def _ticks(column: pd.Series, form: str | None) -> np.ndarray:
    """Return dates as whole numbers of their unit since 1970, (n,) int64; the smallest of all where missing."""
    if form is not None:
        column = pd.to_datetime(column, format=form).astype("datetime64[us]")
    ticks: np.ndarray = column.array.asi8
    return ticks


def _first_moment(column: pd.Series, form: str | None) -> int:
    return int(_ticks(column, form)[column.notna().to_numpy()].min())


def _moments(ticks: np.ndarray, dtype: Any) -> pd.Series:
    unit = getattr(dtype, "unit", None) or np.datetime_data(dtype)[0]
    if pd.api.types.is_timedelta64_dtype(dtype):
        return pd.Series(ticks.view(f"m8[{unit}]"))
    moments = pd.Series(ticks.view(f"M8[{unit}]"))
    zone = getattr(dtype, "tz", None)
    return moments if zone is None else moments.dt.tz_localize("UTC").dt.tz_convert(zone)


def _numbers(
    name: Name, column: pd.Series, kind: Kind, dtype: Mapping[str, Any], form: str | None, origin: int
) -> np.ndarray:
    try:
        if kind == "datetime":
            column = column if form else column.astype(restore(dtype))
            numbers = np.where(column.isna(), np.nan, (_ticks(column, form) - origin).astype(np.float64))
        elif kind == "ordered" and "categories" in dtype:
            codes = column.astype(restore(dtype)).cat.codes.to_numpy().astype(np.float64)
            numbers = np.where(codes < 0, np.nan, codes)
        else:
            numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise ValueError(f"table: column {name!r} is {kind} and has other values ({error})") from error
    if np.isinf(numbers).any():
        raise ValueError(f"table: column {name!r} has infinite values; make them missing or cut them off")
    return numbers


def _grid(values: np.ndarray, dtype: Any) -> tuple[int | None, float]:
    """Return the decimals of all of `values`, ascending and distinct, and the step between them; None and 0 without."""
    narrow = dtype if isinstance(dtype, np.dtype) and dtype.kind == "f" else np.dtype(np.float64)
    for decimals in range(MOST_DECIMALS + 1):
        whole = np.rint(values * 10.0**decimals)
        if np.abs(whole).max() >= 2**53:
            break
        if np.array_equal((whole / 10.0**decimals).astype(narrow), values.astype(narrow)):
            step = int(np.gcd.reduce((whole - whole[0]).astype(np.int64)))
            return decimals, step / 10.0**decimals
    return None, 0.0
