"""An order: a column that is never above another, such as a minimum and a maximum, or two dates."""

from itertools import permutations
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from gan.columns.numbers import NumberColumn
from gan.relations.known import LEAST_ROWS, Known, Name, Parents, Relation, absolute, put, typed

OVERLAP = 0.05  # share of all pairs of a value of one column and one of the other that break the order
EDGE = 0.1  # of a standard deviation of the difference: how near to equal counts as near
LEAST_NEAR = 5  # rows
MOST_ORDERS = 30


class Order(Relation):
    """One column is never above another."""

    kind: Literal["order"] = Field(default="order", description="a column that is never above another")
    low: Name = Field(description="the column that is at most the other")
    high: Name = Field(description="the other column")
    strict: bool = Field(default=False, description="whether they are never equal, either")

    @property
    def names(self) -> list[Name]:
        """The columns that it is about."""
        return [self.low, self.high]

    @classmethod
    def find(cls, known: Known) -> list["Order"]:
        """Find the orders that are more than two columns which lie apart.

        At least one in twenty pairs of a value of either column must break it, or every generator keeps it unasked. And it
        must have an edge: five rows, and one in a hundred, come within a tenth of a standard deviation of equal. Were the
        difference to run out smoothly there, as a normal distribution does, more than three times as many rows would lie
        beyond; at most a twentieth as many do. Of columns without negative values the difference as a share of the sum must
        have an edge as well: small values lie close together by themselves. What follows from two other orders is left out.
        """
        found: dict[tuple[Name, Name], tuple[float, Order]] = {}
        for names in _comparable(known):
            for low, high in permutations(names, 2):
                if order := cls._tried(low, high, known):
                    found[low, high] = order
        for low, high in list(found):
            if any((low, other) in found and (other, high) in found for other in known.columns):
                found[low, high] = (-1.0, found[low, high][1])
        best = sorted((pair for pair in found if found[pair][0] >= 0), key=lambda pair: -found[pair][0])
        return [found[pair][1] for pair in best[:MOST_ORDERS]]

    @classmethod
    def _tried(cls, low: Name, high: Name, known: Known) -> "tuple[float, Order] | None":
        """Return the order and the share of all pairs of values that break it, None where it does not hold."""
        below, above = known.numbers(low), known.numbers(high)
        if (below[:: len(below) // 200 + 1] > above[:: len(below) // 200 + 1]).mean() > OVERLAP:  # a cheap look first
            return None
        both = ~(np.isnan(below) | np.isnan(above))
        gap = (above - below)[both]
        if len(gap) < LEAST_ROWS:
            return None
        near = min(_near(one) for one in (gap, _relative(below[both], above[both])) if one.size)
        broken = int((gap < 0).sum())
        if near < max(LEAST_NEAR, 0.01 * len(gap)) or broken > near / 20:
            return None
        overlap = 1 - np.searchsorted(np.sort(below[both]), above[both], "right").mean() / len(gap)
        if overlap < OVERLAP or not known.tolerable(both & (above < below)):
            return None
        return float(overlap), cls(low=low, high=high, strict=bool((gap != 0).all()))

    def broken(self, frame: pd.DataFrame, known: Known) -> np.ndarray:
        """Say of each row whether it breaks the relation, (n,) bool; a missing value breaks nothing."""
        low, high = (absolute(known.number(name), frame[name]) for name in self.names)
        broken: np.ndarray = low >= high if self.strict else low > high
        return broken

    def mend(self, frame: pd.DataFrame, parents: Parents, known: Known) -> None:
        """Where the order is broken, put the columns as far apart as they are in the reference, the higher one moving.

        Rows break it whose columns should lie close together; cutting them off at equal would pile them up there.
        """
        below, above = known.number(self.low), known.number(self.high)
        apart = absolute(above, parents.reference[self.high]) - absolute(below, parents.reference[self.low])
        apart = np.where(apart >= 0, apart, 0)  # NaN: not there
        rows = self.broken(frame, known)
        put(frame, self.high, rows, typed(above, absolute(below, frame[self.low]) + apart))
        rows = rows & self.broken(frame, known)  # the higher one would leave its range
        put(frame, self.low, rows, typed(below, absolute(above, frame[self.high]) - apart))

    def __str__(self) -> str:
        return f"{self.low} {'<' if self.strict else '<='} {self.high}"


def _near(gap: np.ndarray) -> int:
    """Return how many of the differences `gap`, (n,), are a tenth of their standard deviation or less above 0."""
    return int(((gap >= 0) & (gap <= EDGE * gap.std())).sum())


def _relative(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the differences as shares of the sums, where no value is negative and not both are 0; else nothing."""
    some = high + low > 0
    return ((high - low)[some] / (high + low)[some]) if min(low.min(), high.min()) >= 0 else np.empty(0)


def _comparable(known: Known) -> list[list[Name]]:
    """Return groups of columns that can be compared: numbers, dates, durations."""
    groups: dict[str, list[Name]] = {}
    for name, column in known.columns.items():
        if isinstance(column, NumberColumn) and column.kind in ("numeric", "integer"):
            groups.setdefault("numbers", []).append(name)
        elif isinstance(column, NumberColumn) and column.kind == "datetime":
            durations = pd.api.types.is_timedelta64_dtype(known.frame[name].dtype)
            aware = getattr(known.frame[name].dtype, "tz", None) is not None
            groups.setdefault(f"{durations} {aware}", []).append(name)
    return list(groups.values())
