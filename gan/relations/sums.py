"""A sum: parts that add up to another column, or to a constant such as 100."""

from typing import Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from gan.columns.numbers import NumberColumn
from gan.relations.known import LEAST, LEAST_ROWS, Known, Name, Parents, Relation, absolute, put, typed

MOST_COLUMNS = 100  # columns among which sums are looked for, the first ones
MOST_PARTS = 12
REMAINDER = 0.1  # of the deviation of each column: what a sum may leave over
ROUNDING = 1e-9  # of a column's largest value: how exact its floating point numbers are


class Sum(Relation):
    """Columns add up to another one, or to a constant, up to rounding."""

    kind: Literal["sum"] = Field(default="sum", description="columns that add up to another one, or to a constant")
    parts: list[Name] = Field(min_length=1, description="the columns that are added up")
    total: Name | None = Field(default=None, description="the column that they add up to; none: a constant")
    constant: float | None = Field(default=None, description="the constant that they add up to; none: a column")
    within: float = Field(default=0, ge=0, description="largest difference between both sides")

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if (self.total is None) == (self.constant is None):
            raise ValueError(f"sum of {', '.join(map(str, self.parts))}: give `total` or `constant`")
        return self

    @property
    def names(self) -> list[Name]:
        """The columns that it is about."""
        return [*self.parts, *([] if self.total is None else [self.total])]

    @classmethod
    def find(cls, known: Known) -> list["Sum"]:
        """Find sums among columns of numbers that are never missing, one for each column at most.

        Each column is written as a linear combination of few others, taken one by one, the one that explains most first;
        it is a sum where all weights come out as 1, or as -1 on the other side. What is left over may be no more than what
        rounding each column to its grid leaves, and a tenth of the deviation of each of them, and every part must differ
        from its commonest value in 20 rows: unrelated columns do not cancel each other out like that.
        """
        names = [name for name, column in known.columns.items() if _addable(column)][:MOST_COLUMNS]
        if len(known.frame) < LEAST_ROWS or len(names) < 2:
            return []
        values = np.stack([known.numbers(name) for name in names], axis=1)
        covariance = np.cov(values.T)
        coarse = np.array([_grid(known.number(name)) for name in names])
        found: list[Sum] = []
        for target in range(len(names)):
            if any(names[target] in one.names for one in found):
                continue
            if weights := _sparse(covariance, target, coarse**2 / 12):
                one = cls._tried([names[j] for j in weights], list(weights.values()), names[target], known)
                found += [one] if one is not None and all(set(one.names) != set(other.names) for other in found) else []
        return found

    @classmethod
    def _tried(cls, others: list[Name], weights: list[int], target: Name, known: Known) -> "Sum | None":
        """Return the sum that says target = weighted others, or None where it does not hold."""
        left = [name for name, weight in zip(others, weights, strict=True) if weight > 0]
        right = [target, *(name for name, weight in zip(others, weights, strict=True) if weight < 0)]
        if len(left) > 1 and len(right) > 1:
            return None
        parts, total = (right, None) if not left else (left, right[0]) if len(right) == 1 else (right, left[0])
        parts = [name for name in known.columns if name in parts]
        rest = _added(known, parts) - (0 if total is None else known.numbers(total))
        constant = _rounded(float(np.median(rest)), known, parts) if total is None else 0.0
        rest = np.abs(rest - constant)
        names = [*parts, *([] if total is None else [total])]
        allowed = max(sum(_grid(known.number(name)) for name in names) / 2, _exactness(known, names))
        kept = rest <= allowed
        if not kept.any() or not known.tolerable(~kept):
            return None
        columns = [known.numbers(name) for name in names]
        varied = all(
            (one != _commonest(one)).sum() >= LEAST and one.std() * REMAINDER >= rest[kept].std() for one in columns
        )
        if not varied:
            return None
        most = float(rest[kept].max())
        within = max(most, float(f"{most:.3g}")) if most > _exactness(known, names) else 0.0
        return cls(parts=parts, total=total, constant=constant if total is None else None, within=within)

    def broken(self, frame: pd.DataFrame, known: Known) -> np.ndarray:
        """Say of each row whether it breaks the relation, (n,) bool; a missing value breaks nothing."""
        broken: np.ndarray = np.abs(self._rest(frame, known)) > self.within + _exactness(known, self.names)
        return broken

    def mend(self, frame: pd.DataFrame, parents: Parents, known: Known) -> None:
        """Leave over what the reference leaves over, so that the remainders are those of real rows, too.

        A column that is the total is added up anew; else each part takes its share of the difference.
        """
        left = np.nan_to_num(self._rest(parents.reference, known))
        if self.total is not None:
            added = sum_of([absolute(known.number(name), frame[name]) for name in self.parts])
            there = ~np.isnan(added) & frame[self.total].notna().to_numpy()
            put(frame, self.total, there, typed(known.number(self.total), added - left))
            return
        columns = [known.number(name) for name in self.parts]
        values = np.stack([absolute(column, frame[column.name]) for column in columns], axis=1)
        moved = rescaled(values, (self.constant or 0) + left, columns)
        for place, column in enumerate(columns):
            put(frame, self.parts[place], moved[:, place] != values[:, place], typed(column, moved[:, place]))

    def _rest(self, frame: pd.DataFrame, known: Known) -> np.ndarray:
        """Return what the parts of each row are more than the total, (n,), NaN where one is missing."""
        added = sum_of([absolute(known.number(name), frame[name]) for name in self.parts])
        return added - (self.constant if self.total is None else absolute(known.number(self.total), frame[self.total]))

    def __str__(self) -> str:
        near = f", within {self.within:g}" if self.within else ""
        return (
            f"{' + '.join(map(str, self.parts))} = {f'{self.constant:g}' if self.total is None else self.total}{near}"
        )


def sum_of(columns: list[np.ndarray]) -> np.ndarray:
    """Add up columns, (n,) each, one after the other, so that a row's sum does not depend on the rows beside it."""
    total = np.zeros_like(columns[0])
    for column in columns:
        total = total + column
    return total


def rescaled(values: np.ndarray, wanted: np.ndarray, columns: list[NumberColumn]) -> np.ndarray:
    """Return `values`, (n, k), moved so that each row adds up to `wanted`, (n,); as they are where that cannot be.

    Every part takes its share of the difference in whole steps, those of the usual grid where it lies on that, so that whole
    numbers stay whole; what is left goes to the largest part. Rows with a negative part or nothing but zeros stay.
    """
    total = sum_of(list(values.T))
    able = (total > 0) & (values >= 0).all(1) & ~np.isnan(total)
    difference = np.where(able, wanted - total, 0.0)
    moves = np.zeros_like(values)
    for place, column in enumerate(columns):
        share = difference * values[:, place] / np.where(able, total, 1.0)
        usual = column.usual if column.usual > 0 else column.step
        on_usual = np.abs(values[:, place] / (usual or 1) - np.rint(values[:, place] / (usual or 1))) < 1e-6
        step = np.where(on_usual, usual, column.step)
        moves[:, place] = np.where(step > 0, np.rint(share / np.where(step > 0, step, 1)) * step, share)
    largest = values.argmax(1)
    moves[np.arange(len(values)), largest] += difference - sum_of(list(moves.T))
    exact = 1e-9 * np.abs(total)[:, None]
    return np.where(np.abs(moves) > exact, values + moves, values)


def _addable(column: object) -> bool:
    return isinstance(column, NumberColumn) and column.kind in ("numeric", "integer") and not column.missing


def _grid(column: NumberColumn) -> float:
    return column.usual or column.step


def _added(known: Known, names: list[Name]) -> np.ndarray:
    return sum_of([known.numbers(name) for name in names])


def _exactness(known: Known, names: list[Name]) -> float:
    return ROUNDING * sum(max(abs(known.number(name).low), abs(known.number(name).high)) for name in names)


def _commonest(values: np.ndarray) -> float:
    distinct, counts = np.unique(values, return_counts=True)
    return float(distinct[counts.argmax()])


def _rounded(value: float, known: Known, parts: list[Name]) -> float:
    """Return a constant without what floating point numbers add to it."""
    decimals = max((known.number(name).decimals or 0) for name in parts)
    exact = all(known.number(name).decimals is not None for name in parts)
    return round(value, decimals) if exact else float(f"{value:.9g}")


def _sparse(covariance: np.ndarray, target: int, noise: np.ndarray) -> dict[int, int] | None:
    """Return the columns, with weights 1 and -1, whose sum is column `target` up to `noise`, (d,), the variance that
    rounding adds to each, or None.

    covariance: (d, d). Forward selection: the column that takes most off the variance that is left comes first.
    """
    size = covariance[target, target]
    scale = np.maximum(covariance.diagonal(), 1e-300)
    free = np.ones(len(covariance), bool)
    free[target] = False
    chosen: list[int] = []
    inner = np.empty((0, 0))
    while len(chosen) < min(MOST_PARTS, free.size - 1) and free.any():
        weights = np.linalg.solve(inner, covariance[chosen, target]) if chosen else np.empty(0)
        rest = covariance[:, target] - covariance[:, chosen] @ weights
        spread = np.linalg.solve(inner, covariance[chosen]) if chosen else np.empty((0, len(covariance)))
        own = covariance.diagonal() - np.einsum("ij,ji->i", covariance[:, chosen], spread)
        usable = free & (own > 1e-9 * scale)  # the others follow from those that are chosen
        if not usable.any():
            return None
        chosen.append(int(np.argmax(np.where(usable, rest**2 / np.where(usable, own, 1.0), -1.0))))
        free[chosen[-1]] = False
        inner = covariance[np.ix_(chosen, chosen)]
        weights = np.linalg.solve(inner, covariance[chosen, target])
        left = size - float(covariance[chosen, target] @ weights)
        if left <= max(1e-9 * size, 2 * (noise[target] + noise[chosen].sum())) and _plain(weights):
            return {column: round(weight) for column, weight in zip(chosen, weights, strict=True) if round(weight)}
    return None


def _plain(weights: np.ndarray) -> bool:
    """Say whether all weights are near 1, 0 or -1, and not all 0."""
    near = np.rint(weights)
    return bool((np.abs(weights - near) <= 0.1).all() and (np.abs(near) <= 1).all() and near.any())
