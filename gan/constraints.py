"""What every row of a table must satisfy, as settings, and which rows do.

Missing values satisfy `range` and `inequality`: they say nothing of the value. In an `expression` a missing number compares
as False, but by `!=`.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from gan.repeats import numbered
from gan.settings import Settings

Name = str | int
ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.Invert, ast.USub, ast.UAdd,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.BitAnd, ast.BitOr,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
    ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple,
)  # fmt: skip
QUOTED = re.compile(r"`([^`]+)`")  # a column whose name is no word


class Range(Settings):
    """A column stays between two bounds, both included; dates are written like 2024-12-31."""

    kind: Literal["range"] = Field(default="range", description="a column between `min` and `max`")
    column: Name = Field(description="name of the column")
    min: float | str | None = Field(default=None, description="smallest value; none: no bound")
    max: float | str | None = Field(default=None, description="largest value; none: no bound")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError(f"range of {self.column!r}: give `min`, `max` or both")
        return self

    def holds(self, frame: pd.DataFrame, training: pd.DataFrame | None) -> np.ndarray:
        """Say of each row whether it holds, (n,) bool."""
        values = _column(frame, self.column)
        good = np.ones(len(frame), bool)
        for bound, beyond in ((self.min, values.lt), (self.max, values.gt)):
            if bound is not None:
                good &= ~self._compared(beyond, bound, values)
        return good

    def _compared(self, beyond: Callable[[Any], pd.Series], bound: float | str, values: pd.Series) -> np.ndarray:
        try:
            return _known(beyond(_like(bound, values)))
        except (TypeError, ValueError):
            raise ValueError(f"{self}: {bound!r} cannot be compared with {self.column!r}, {values.dtype}") from None

    def __str__(self) -> str:
        low = "" if self.min is None else f"{self.min} <= "
        return f"range: {low}{self.column}" + ("" if self.max is None else f" <= {self.max}")


class Inequality(Settings):
    """One column is never above another."""

    kind: Literal["inequality"] = Field(default="inequality", description="one column at most another")
    low: Name = Field(description="the column that is at most the other")
    high: Name = Field(description="the other column")
    strict: bool = Field(default=False, description="whether equal values break it")

    def holds(self, frame: pd.DataFrame, training: pd.DataFrame | None) -> np.ndarray:
        """Say of each row whether it holds, (n,) bool."""
        low, high = _column(frame, self.low), _column(frame, self.high)
        try:
            return ~_known(low.ge(high) if self.strict else low.gt(high))
        except (TypeError, ValueError):
            raise ValueError(f"{self}: {low.dtype} cannot be compared with {high.dtype}") from None

    def __str__(self) -> str:
        return f"inequality: {self.low} {'<' if self.strict else '<='} {self.high}"


class FixedCombinations(Settings):
    """Columns take together only values that they take together in a training row."""

    kind: Literal["fixed_combinations"] = Field(default="fixed_combinations", description="only combinations seen")
    columns: list[Name] = Field(min_length=2, description="names of the columns")

    def holds(self, frame: pd.DataFrame, training: pd.DataFrame | None) -> np.ndarray:
        """Say of each row whether it holds, (n,) bool; ValueError without training rows."""
        if training is None:
            raise ValueError(f"{self}: needs the training rows to know which combinations there are")
        for name in self.columns:
            _column(frame, name)
        rows, seen = numbered(frame, training, self.columns)
        return np.asarray(pd.MultiIndex.from_arrays(rows.T).isin(pd.MultiIndex.from_arrays(seen.T)))

    def __str__(self) -> str:
        return f"fixed_combinations: {', '.join(map(str, self.columns))}"


class Expression(Settings):
    """An expression of pandas over the columns is true; columns whose names are no words stand between backticks."""

    kind: Literal["expression"] = Field(default="expression", description="an expression over the columns")
    expression: str = Field(min_length=1, description="true for a good row, like `total == price * count`")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        """Refuse whatever is not arithmetic, comparison or logic over names and plain values."""
        try:
            tree = ast.parse(QUOTED.sub("_", self.expression).strip(), mode="eval")
        except (SyntaxError, ValueError) as error:
            raise ValueError(f"expression {self.expression!r} cannot be read: {error}") from error
        for node in ast.walk(tree):
            if not isinstance(node, ALLOWED):
                raise ValueError(
                    f"expression {self.expression!r} has a {type(node).__name__}; "
                    "only columns, plain values, + - * / % **, comparisons, in, and, or, not are allowed"
                )
        return self

    def holds(self, frame: pd.DataFrame, training: pd.DataFrame | None) -> np.ndarray:
        """Say of each row whether it holds, (n,) bool; ValueError when the result is not true or false for each row."""
        for name in self._names():
            _column(frame, name)
        try:
            result = _in_floats(frame).eval(self.expression, engine="python", local_dict={}, global_dict={})
        except (TypeError, ValueError, NotImplementedError) as error:
            raise ValueError(f"{self}: cannot be computed ({error})") from error
        if not isinstance(result, pd.Series) or not pd.api.types.is_bool_dtype(result.dtype):
            raise ValueError(f"{self}: expected true or false for each row, got {type(result).__name__}")
        return _known(result)

    def _names(self) -> set[str]:
        plain = ast.parse(QUOTED.sub("0", self.expression).strip(), mode="eval")
        return {node.id for node in ast.walk(plain) if isinstance(node, ast.Name)} | set(
            QUOTED.findall(self.expression)
        )

    def __str__(self) -> str:
        return f"expression: {self.expression}"


Constraint = Annotated[Range | Inequality | FixedCombinations | Expression, Field(discriminator="kind")]


class Checked(NamedTuple):
    """passed: (n,) bool. reason: (n,) str objects, the first constraint that a row breaks, "" where it breaks none."""

    passed: np.ndarray
    reason: np.ndarray


def check(frame: pd.DataFrame, constraints: Sequence[Constraint], training: pd.DataFrame | None = None) -> Checked:
    """Check every row of `frame`, n rows, against all constraints.

    training: rows that say which combinations there are; only `fixed_combinations` needs them.
    Raises ValueError when a column is not there or an expression cannot be computed.
    """
    reason = np.full(len(frame), "", object)
    for constraint in constraints:
        reason[(reason == "") & ~constraint.holds(frame, training)] = str(constraint)
    return Checked(reason == "", reason)


def tally(reasons: Counter[str]) -> str:
    """Return which constraint rejected how many, the most frequent first, in one line."""
    return "; ".join(f"{reason} rejected {count}" for reason, count in reasons.most_common())


def _column(frame: pd.DataFrame, name: Name) -> pd.Series:
    if name not in frame.columns:
        raise ValueError(f"constraints: there is no column {name!r}; there are {', '.join(map(str, frame.columns))}")
    return frame[name]


def _like(bound: float | str, values: pd.Series) -> Any:
    """Return a bound as what it is compared with: a date for a column of dates."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return pd.Timestamp(bound, tz=getattr(values.dtype, "tz", None))
    return pd.Timedelta(bound) if pd.api.types.is_timedelta64_dtype(values.dtype) else bound


def _in_floats(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of numbers that may have missing values as floats, in which these compare alike in any type."""
    types = pd.api.types
    own = [
        name
        for name, dtype in frame.dtypes.items()
        if types.is_extension_array_dtype(dtype) and types.is_numeric_dtype(dtype) and not types.is_bool_dtype(dtype)
    ]
    return frame.astype(dict.fromkeys(own, "float64"))


def _known(answers: pd.Series) -> np.ndarray:
    """Return (n,) bool, False where a missing value left no answer."""
    return answers.fillna(False).to_numpy(bool)
