"""A column of numbers, dates or ordered categories: its range, its grid, its spikes and its gaps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gan import number_dates
from gan.columns.dtypes import Name, describe, is_time, is_whole, moments, restore, ticks_of, whole
from gan.kinds import Kind, date_format

FEW_LEVELS = 64  # numbers with at most this many distinct values go back onto exactly these
SPIKE_SHARE = 0.1  # a value that at least this share of the rows has is a state of its own beside the other numbers
LEAST_SPIKE = 5  # rows; a value that recurs less often may do so by chance
MOST_SPIKES = 4
MOST_DECIMALS = 9
ON_GRID = 1e-6  # of a step
EXACT = 1e-12  # relative, of a number that was moved onto a grid
MOST_OFF = 0.1  # share of the rows off a coarser grid up to which it is the usual one


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers, of dates or of ordered categories (by their rank).

    A value v becomes asinh((v - centre) / scale): all but linear within a standard deviation, logarithmic in the tails.
    low, high: the range of the data. step: of the grid that starts at `low`, or 0. decimals: of all values, or None.
    usual: step of a coarser grid through 0 that all but the share `off` of the values lie on, 0 without one: a column that is
    whole in 99 of 100 rows stays so.
    levels: all values of a column that has few, else (). spikes: values so frequent that each is a state of its own.
    missing: some were. origin: of dates, in their unit since 1970. date_format: of dates that are strings or numbers.
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
    usual: float = 0.0
    off: float = 0.0

    @classmethod
    def fit(cls, name: Name, kind: Kind, column: pd.Series) -> "NumberColumn":
        """Learn range, grid and spikes. The column has at least one value. ValueError when one is infinite."""
        form = date_format(column.dropna()) if kind == "datetime" and not is_time(column.dtype) else None
        if kind == "datetime" and form is None and not is_time(column.dtype):
            raise ValueError(
                f"table: column {name!r} is said to be dates; write them all like 2024-12-31, like 20241231 or as datetime64"
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
        decimals, step = grid_of(values, column.dtype)
        if kind == "datetime" and decimals is None:  # so many nanoseconds; a grid of days is one still
            step = float(np.gcd.reduce((values - values[0]).astype(np.int64)))
        usual, off = 0.0, 0.0
        apart = ~np.isin(values, spikes)  # a spike is no number like the others and says nothing of their grid
        if kind != "datetime" and apart.any():
            usual, off = _usual_grid(values[apart], counts[apart], decimals, column.dtype)
            if step > 0 and abs(usual / step - round(usual / step)) > ON_GRID:  # as whole numbers among steps of 2.5
                usual, off = 0.0, 0.0
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
            usual=usual,
            off=off,
        )  # fmt: skip

    @property
    def states(self) -> int:
        """States beside each other: a number, each spike, missing; 0 where there is nothing but numbers."""
        return 1 + len(self.spikes) + self.missing if self.spikes or self.missing else 0

    @property
    def usual_levels(self) -> tuple[float, ...]:
        """The levels that lie on the usual grid; all of them where there is none."""
        if not self.usual:
            return self.levels
        return tuple(level for level in self.levels if abs(level / self.usual - round(level / self.usual)) < ON_GRID)

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

    def snapped(self, numbers: np.ndarray) -> np.ndarray:
        """Return the values of the grid or the levels, within the range, that lie nearest to `numbers`, (n,) float64."""
        inside = np.clip(numbers, self.low, self.high)
        if self.levels:
            levels = np.array(self.levels)
            return np.asarray(levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, inside)])
        return self.low + np.rint((inside - self.low) / self.step) * self.step if self.step > 0 else inside

    def series(self, numbers: np.ndarray, state: np.ndarray | None) -> pd.Series:
        """Return values for `numbers`, (n,) float64 on the grid, and `state`, (n,), where there are states."""
        values = numbers.copy()
        if self.decimals is not None and not self.levels:
            values = np.rint(values * 10.0**self.decimals) / 10.0**self.decimals  # the double nearest to the decimal
        elif self.usual > 0 and not self.levels:
            written = np.rint(values / self.usual) / round(1 / self.usual)
            values = np.where(np.abs(values - written) <= EXACT * np.abs(written), written, values)
        lost = np.zeros(len(values), bool)
        if state is not None:
            for place, spike in enumerate(self.spikes, start=1):
                values[state == place] = spike
            lost = (state == self.states - 1) & self.missing
        return self._typed(values, lost)

    def _typed(self, values: np.ndarray, lost: np.ndarray) -> pd.Series:
        dtype = restore(self.dtype)
        if self.kind == "datetime":
            ticks = self.origin + np.rint(values).astype(np.int64)
            ticks[lost] = np.iinfo(np.int64).min  # NaT
            if self.date_format is None:
                return moments(ticks, dtype)
            if self.date_format in number_dates.FORMS:
                return _exactly(number_dates.write(pd.Series(ticks.view("M8[us]")), self.date_format), dtype)
            texts = pd.Series(ticks.view("M8[us]")).dt.strftime(self.date_format)
            return texts.astype(object).astype(dtype)
        if isinstance(dtype, pd.CategoricalDtype):
            return pd.Series(
                pd.Categorical.from_codes(np.where(lost, -1, np.rint(values)).astype(np.int64), dtype=dtype)
            )
        if dtype.kind == "O":
            is_integer = self.kind == "integer"
            taken = [
                None if gone else int(v) if is_integer else v for v, gone in zip(values.tolist(), lost, strict=True)
            ]
            return pd.Series(taken, dtype=object)
        if lost.any():
            return pd.Series(np.where(lost, np.nan, values)).astype(dtype)
        return pd.Series(whole(values, dtype) if is_whole(dtype) else values).astype(dtype)


def _exactly(numbers: pd.Series, dtype: Any) -> pd.Series:
    """Return whole numbers, missing ones included where the type has them, in their own type."""
    return (numbers if numbers.isna().any() else numbers.astype(np.int64)).astype(dtype)


def _first_moment(column: pd.Series, form: str | None) -> int:
    return int(ticks_of(column, form)[column.notna().to_numpy()].min())


def _numbers(
    name: Name, column: pd.Series, kind: Kind, dtype: Mapping[str, Any], form: str | None, origin: int
) -> np.ndarray:
    try:
        if kind == "datetime":
            column = column if form else column.astype(restore(dtype))
            numbers = np.where(column.isna(), np.nan, (ticks_of(column, form) - origin).astype(np.float64))
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


def grid_of(values: np.ndarray, dtype: Any) -> tuple[int | None, float]:
    """Return the decimals of all of `values`, ascending and distinct, and the step between them; None and 0 without."""
    for decimals in range(MOST_DECIMALS + 1):
        whole = np.rint(values * 10.0**decimals)
        if np.abs(whole).max() >= 2**53:
            break
        if not _off_grid(values, decimals, dtype).any():
            step = int(np.gcd.reduce((whole - whole[0]).astype(np.int64)))
            return decimals, step / 10.0**decimals
    return None, 0.0


def _usual_grid(values: np.ndarray, counts: np.ndarray, decimals: int | None, dtype: Any) -> tuple[float, float]:
    """Return the step of the coarsest decimal grid that most of `values`, each `counts` times there, lie on, and the share
    that does not; zeros where all need the same `decimals`, or most have more than are counted.
    """
    for fewer in range(MOST_DECIMALS if decimals is None else decimals):
        off = float(counts[_off_grid(values, fewer, dtype)].sum() / counts.sum())
        if off <= MOST_OFF:
            return 10.0**-fewer, off
    return 0.0, 0.0


def _off_grid(values: np.ndarray, decimals: int, dtype: Any) -> np.ndarray:
    """Say of each value whether it needs more decimals than these, (n,) bool."""
    narrow = dtype if isinstance(dtype, np.dtype) and dtype.kind == "f" else np.dtype(np.float64)
    written = np.rint(values * 10.0**decimals) / 10.0**decimals
    off: np.ndarray = written.astype(narrow) != values.astype(narrow)
    return off
