"""A flag and a gap: a column that says whether others are there, and columns that are missing together."""

from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from gan.columns import FixedColumn
from gan.columns.dtypes import is_time, plain
from gan.columns.numbers import SPIKE_SHARE, NumberColumn
from gan.relations.known import LEAST, Known, Name, Parents, Relation, decided, put

Value = str | int | float | bool | None


class Gap(Relation):
    """Columns are missing, or have one value that stands for it, exactly where a flag has one of some values."""

    kind: Literal["gap"] = Field(default="gap", description="a column that says where others are missing")
    columns: list[Name] = Field(min_length=1, description="the columns that are missing")
    flag: Name = Field(description="the column that says where")
    values: list[Value] = Field(
        min_length=1, description="values of the flag beside the gaps; null: where it is missing"
    )
    value: Value = Field(default=None, description="what stands in a gap; null: nothing")

    @property
    def names(self) -> list[Name]:
        """The columns that it is about."""
        return [self.flag, *self.columns]

    @classmethod
    def find(cls, known: Known) -> list["Gap"]:
        """Find the best flag of each column that has gaps; columns with the same flag and values share a relation.

        A gap is a missing value, or a number so frequent that it may stand for one. The best flag has the fewest rows that
        contradict it, then the fewest values. No column is a flag of its own flag.
        """
        options = [
            option
            for name, column in known.columns.items()
            if not isinstance(column, FixedColumn)
            for value in _gap_values(column, known)
            for option in _flags(name, value, known)
        ]
        flag_of: dict[Name, Name] = {}
        chosen: dict[tuple[Name, Any], _Option] = {}
        for option in sorted(options, key=lambda option: option.rank):
            if (option.column, option.value) in chosen or option.column in _ancestors(option.flag, flag_of):
                continue
            if flag_of.setdefault(option.column, option.flag) == option.flag:
                chosen[option.column, option.value] = option
        groups: dict[tuple[Name, tuple[Value, ...], Value], list[Name]] = {}
        for option in chosen.values():
            groups.setdefault((option.flag, option.values, option.value), []).append(option.column)
        order = list(known.columns)
        return [
            cls(columns=sorted(columns, key=order.index), flag=flag, values=list(values), value=value)
            for (flag, values, value), columns in groups.items()
        ]

    def broken(self, frame: pd.DataFrame, known: Known) -> np.ndarray:
        """Say of each row whether it breaks the relation, (n,) bool."""
        for name in self.names:
            known.column(name)
        for name in self.columns:
            if not _has(known.frame[name], [self.value]).any():
                what = "no missing value" if self.value is None else f"no {self.value!r}"
                raise ValueError(f"gap: the training rows have {what} in {name!r}")
        wanted = _has(frame[self.flag], self.values)
        broken = np.zeros(len(frame), bool)
        for name in self.columns:
            broken |= _has(frame[name], [self.value]) != wanted
        return broken

    def mend(self, frame: pd.DataFrame, parents: Parents, known: Known) -> None:
        """Empty a cell that the flag says is a gap, and give one that it says is none the value that a parent has there.

        The flag is believed: the other way round, one of its other values would have to be guessed.
        """
        wanted = _has(frame[self.flag], self.values)
        for name in self.columns:
            gap = _has(frame[name], [self.value])
            model = known.frame[name].iloc[[_first(_has(known.frame[name], [self.value]))]]
            put(frame, name, wanted & ~gap, model.iloc[np.zeros(len(frame), int)].reset_index(drop=True))
            for parent in (parents.neighbour[name], parents.reference[name]):  # the reference has the last word
                put(frame, name, ~wanted & gap & ~_has(parent, [self.value]), parent)

    def __str__(self) -> str:
        what = "missing" if self.value is None else self.value
        told = " or ".join("missing" if value is None else str(value) for value in self.values)
        names = ", ".join(map(str, self.columns))
        verb = "is" if len(self.columns) == 1 else "are"
        return f"{names} {verb} {what} exactly where {self.flag} is {told}"


class _Option(NamedTuple):
    rank: tuple[int, int, int]
    column: Name
    value: Value
    flag: Name
    values: tuple[Value, ...]


def _gap_values(column: Any, known: Known) -> list[Value]:
    """Return what may stand in a gap: nothing where rows miss it, a spike, the commonest of more than two levels."""
    values: list[Value] = [None] if column.missing else []
    if isinstance(column, NumberColumn) and column.kind in ("numeric", "integer"):
        numbers = column.numbers(known.frame[column.name])
        values += [float(spike) for spike in column.spikes]
        if len(column.levels) > 2:
            counts = [int((numbers == level).sum()) for level in column.levels]
            if max(counts) >= SPIKE_SHARE * len(numbers):
                values.append(float(column.levels[int(np.argmax(counts))]))
    return values


def _flags(name: Name, value: Value, known: Known) -> list[_Option]:
    gap = _has(known.frame[name], [value])
    if min(gap.sum(), (~gap).sum()) < LEAST:
        return []
    found = []
    for place, (flag, column) in enumerate(known.columns.items()):
        states = known.states(flag)
        if flag == name or isinstance(column, FixedColumn) or not states.any():
            continue
        said = decided(states, gap.astype(np.int64))
        if said is None or not known.tolerable(said[1]) or said[0].max() == 0:
            continue
        if (values := _named(flag, np.flatnonzero(said[0]), known)) is not None:
            rank = (int(said[1].sum()), len(np.unique(states)), place)
            found.append(_Option(rank, name, value, flag, values))
    return found


def _named(flag: Name, states: np.ndarray, known: Known) -> tuple[Value, ...] | None:
    """Return the values of the flag that have `states`; None where one stands for many values, or for a date."""
    column, codes, values = known.columns[flag], known.states(flag), known.frame[flag]
    if isinstance(column, NumberColumn) and not column.levels and 0 in states:
        return None
    rows = [_first(codes == state) for state in states if (codes == state).any()]
    named = [None if pd.isna(values.iloc[row]) else plain(values.iloc[row]) for row in rows]
    if is_time(values.dtype) and named != [None]:
        return None
    return tuple(named)


def _has(column: pd.Series, values: list[Value]) -> np.ndarray:
    """Say of each row whether it has one of `values`, None for missing, (n,) bool."""
    has = column.isin([value for value in values if value is not None]).to_numpy(bool)
    return has | column.isna().to_numpy() if None in values else has


def _first(rows: np.ndarray) -> int:
    return int(np.flatnonzero(rows)[0])


def _ancestors(name: Name, flag_of: dict[Name, Name]) -> set[Name]:
    found = {name}
    while name in flag_of and flag_of[name] not in found:
        name = flag_of[name]
        found.add(name)
    return found
