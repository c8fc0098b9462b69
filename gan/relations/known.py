"""What relations are found on and kept by: training rows with their classes, and their columns as numbers and as states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from gan.columns import CategoryColumn, Column
from gan.columns.dtypes import is_time, restore
from gan.columns.numbers import NumberColumn
from gan.settings import Settings

Name: TypeAlias = str | int
LEAST_ROWS = 100  # training rows; with fewer, too much holds by chance
LEAST = 20  # rows that would break a relation were it none: the chance that none does is then below e**-20
EXCEPTIONS = 0.005  # share of the rows of each class that may break a relation
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True)
class Known:
    """Training rows, (n, c), the class of each, (n,), and what the codec has learnt of each column, by name."""

    frame: pd.DataFrame
    classes: np.ndarray
    columns: Mapping[Any, Column]
    _numbers: dict[Any, np.ndarray] = field(default_factory=dict)
    _states: dict[Any, np.ndarray] = field(default_factory=dict)

    def number(self, name: Name) -> NumberColumn:
        """Return a column of numbers or dates; ValueError where it is none or is not there."""
        column = self.column(name)
        if not isinstance(column, NumberColumn):
            raise ValueError(f"column {name!r} is {column.kind}, expected numbers or dates")
        return column

    def column(self, name: Name) -> Column:
        """Return a column; ValueError where it is not there."""
        if name not in self.columns:
            raise ValueError(f"there is no column {name!r}; there are {', '.join(map(str, self.columns))}")
        return self.columns[name]

    def numbers(self, name: Name) -> np.ndarray:
        """Return the column's numbers in the training rows, (n,) float64, NaN where missing; dates in seconds since 1970."""
        if name not in self._numbers:
            self._numbers[name] = absolute(self.number(name), self.frame[name])
        return self._numbers[name]

    def states(self, name: Name) -> np.ndarray:
        """Return what can be told apart in the column, (n,) int64 from 0: its categories, its levels, or whether a number,
        a spike or missing.
        """
        if name not in self._states:
            column, values = self.columns[name], self.frame[name]
            if isinstance(column, CategoryColumn) or (isinstance(column, NumberColumn) and column.levels):
                self._states[name] = pd.factorize(values, use_na_sentinel=False)[0]
            elif isinstance(column, NumberColumn) and column.states:
                self._states[name] = column.state(column.numbers(values))
            else:
                self._states[name] = np.zeros(len(values), np.int64)
        return self._states[name]

    def is_discrete(self, name: Name) -> bool:
        """Say whether `states` tells all values of the column apart."""
        column = self.columns[name]
        return isinstance(column, CategoryColumn) or (isinstance(column, NumberColumn) and bool(column.levels))

    def tolerable(self, broken: np.ndarray) -> bool:
        """Say whether so few rows of each class are `broken`, (n,) bool, that a relation may still be said to hold."""
        _, places = np.unique(self.classes, return_inverse=True)
        sizes, lost = np.bincount(places), np.bincount(places, weights=broken)
        return bool((lost <= EXCEPTIONS * sizes).all())


@dataclass(frozen=True)
class Parents:
    """The two training rows that each generated row started between, in its order: the reference first."""

    reference: pd.DataFrame
    neighbour: pd.DataFrame


class Relation(Settings):
    """Something that nearly all training rows keep. A subclass says how it is found, asked of rows, and kept."""

    @property
    def names(self) -> list[Name]:
        """The columns that it is about."""
        raise NotImplementedError

    def broken(self, frame: pd.DataFrame, known: Known) -> np.ndarray:
        """Say of each row whether it breaks the relation, (n,) bool; ValueError where it cannot be asked of the columns."""
        raise NotImplementedError

    def mend(self, frame: pd.DataFrame, parents: Parents, known: Known) -> None:
        """Change `frame`, rows numbered from 0, so that the relation holds wherever that can be."""
        raise NotImplementedError


def absolute(column: NumberColumn, values: pd.Series) -> np.ndarray:
    """Return numbers that can be compared with those of another column, (n,) float64: dates in seconds since 1970."""
    numbers = column.numbers(values)
    if column.kind != "datetime":
        return numbers
    ticks = np.rint(np.nan_to_num(numbers)).astype(np.int64)  # whole, so that moments which are equal stay so
    moments = column.origin + ticks
    return np.where(np.isnan(numbers), np.nan, moments / _per_second(column))


def typed(column: NumberColumn, wanted: np.ndarray) -> pd.Series:
    """Return values of the column, on its grid and within its range, nearest to numbers as `absolute` returns them, (n,)."""
    numbers = wanted if column.kind != "datetime" else wanted * _per_second(column) - column.origin
    numbers = column.snapped(np.where(np.isnan(numbers), column.low, numbers))
    numbers = np.where(np.isnan(wanted), np.nan, numbers) if column.missing else numbers
    state = column.state(numbers) if column.states else None
    return column.series(np.where(np.isnan(numbers), column.low, numbers), state)


def put(frame: pd.DataFrame, name: Name, rows: np.ndarray, values: pd.Series) -> None:
    """Set a column of `frame` at `rows`, (n,) bool, to those of `values`, (n,) of the same type."""
    if rows.any():
        frame[name] = frame[name].where(~rows, values.set_axis(frame.index))


def decided(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return what each of the states `a`, (n,), says of `b`, (n,), both from 0, and the rows where that is wrong, (n,) bool.

    It is the state of `b` that is commonest beside it. None where `a` says nothing for sure: were the two unrelated, every
    row but the first of each state of `a` would agree with its fellows by the chance that two states of `b` are equal.
    At least `LEAST` rows must be able to disagree so, and at most one in fifty of those may.
    """
    if len(a) > 400 and _wrong(a[:: len(a) // 200], b[:: len(a) // 200]).mean() > 0.1:
        return None
    most = np.bincount(b) / len(b)
    able = (len(a) - len(np.unique(a))) * (1 - float((most**2).sum()))
    if able < LEAST:
        return None
    said = _commonest(a, b)
    wrong = said[a] != b
    return (said, wrong) if wrong.sum() <= able / 50 else None


def _wrong(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    wrong: np.ndarray = _commonest(a, b)[a] != b
    return wrong


def _commonest(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the commonest state of `b` beside each state of `a`, (max of a + 1,), the lower one of two."""
    pairs, counts = np.unique(a * (b.max() + 1) + b, return_counts=True)
    of, value = np.divmod(pairs, b.max() + 1)
    order = np.lexsort((-value, counts))
    said = np.zeros(a.max() + 1, np.int64)
    said[of[order]] = value[order]  # the last one counts
    return said


def _per_second(column: NumberColumn) -> int:
    if column.date_format is not None:
        return PER_SECOND["us"]
    dtype = restore(column.dtype)
    assert is_time(dtype)
    return PER_SECOND[getattr(dtype, "unit", None) or np.datetime_data(dtype)[0]]
