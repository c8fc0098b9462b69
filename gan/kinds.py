"""What kind of thing each column of a table holds, told from its type and its values."""

import re
from typing import Literal, get_args

import pandas as pd
from pandas.api import types

from gan import number_dates

Kind = Literal[
    "numeric", "integer", "categorical", "ordered", "boolean", "datetime", "identifier", "constant"
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(Kind)
UNLEARNT: tuple[Kind, ...] = ("identifier", "constant")
DATE_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ")
FEWEST_IDENTIFIERS = 10  # rows: with fewer, values that all differ say nothing
IDENTIFIER_SHARE = 0.9  # strings of which more than this share are distinct hardly recur: there is nothing to learn
IDENTIFIER_NAME = re.compile(  # id, customer_id, customerId and IDNumber, not paid, valid or ideal
    r"(?i:(^|[_\s.-])(id|uuid|guid|key|index|rownum)$|^unnamed: 0$|^id[_\s.-])|[a-z]I[dD]$|^ID(?![a-z])"
)


def infer_kinds(frame: pd.DataFrame) -> dict[str, Kind]:
    """Name the kind of every column.

    - constant: no value at all, or one value and no missing ones.
    - boolean: a boolean type, or objects that are all True or False.
    - ordered, categorical: the category type, with and without an order.
    - datetime: dates and durations by type, and strings that are all ISO dates of one format.
    - identifier: whole numbers without a repetition or a gap that are consecutive, or that are distinct in a column
      named like an id; strings of which more than nine in ten are distinct. From 10 rows on.
    - integer: all other numbers that are whole, few distinct ones included. numeric: those that are not.
    - categorical: all other strings.

    Raises ValueError when two columns share a name or a column holds something else than numbers, strings, booleans and
    dates.
    """
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ValueError(f"table: the column {twice[0]!r} appears twice; give each column its own name")
    return {name: _kind(name, frame[name]) for name in frame.columns}


def date_format(dates: pd.Series) -> str | None:
    """Return the form in which all of `dates`, (n,) without missing ones, are written, or None.

    Of text one of `DATE_FORMATS`, of numbers one of `gan.number_dates.FORMS`.
    """
    if types.is_numeric_dtype(dates.dtype):
        return number_dates.form_of(dates)
    for form in DATE_FORMATS:
        if pd.isna(pd.to_datetime(dates.iloc[:1], format=form, errors="coerce")).any():
            continue
        parsed = pd.to_datetime(dates, format=form, errors="coerce")
        if parsed.notna().all() and (parsed.dt.strftime(form) == dates).all():
            return form
    return None


def dates_in(numbers: pd.Series) -> pd.Series:
    """Return dates that are written as `numbers`, (n,), as datetime64[us]; the first one says in which form they all are."""
    form = number_dates.form_of(numbers.dropna().iloc[:1])
    return number_dates.read(numbers, form or number_dates.SECONDS)


def _kind(name: object, column: pd.Series) -> Kind:
    present = column.dropna()
    try:
        distinct = present.nunique()
    except TypeError as error:
        raise ValueError(
            f"table: column {name!r} holds lists or other objects; keep numbers, strings and dates"
        ) from error
    if distinct == 0 or (distinct == 1 and len(present) == len(column)):
        return "constant"
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "ordered" if dtype.ordered else "categorical"
    if types.is_bool_dtype(dtype):
        return "boolean"
    if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        return "datetime"
    inside = types.infer_dtype(present)  # what objects are, whatever the type of the column
    if inside == "boolean":
        return "boolean"
    if inside in ("integer", "floating", "mixed-integer-float"):
        return _number_kind(name, present, distinct)
    if inside == "string":
        return _string_kind(present, distinct)
    if inside in ("mixed-integer", "mixed"):  # numbers among strings: categories, if anything
        return "categorical"
    raise ValueError(f"table: column {name!r} holds {inside} values; turn them into numbers, strings or dates")


def _number_kind(name: object, present: pd.Series, distinct: int) -> Kind:
    values = present.astype("float64")
    if not (values.mod(1) == 0).all():  # infinity included, which is refused when the column is fitted
        return "numeric"
    if distinct == len(values) >= FEWEST_IDENTIFIERS:
        consecutive = values.max() - values.min() == len(values) - 1
        if consecutive or IDENTIFIER_NAME.search(str(name)):
            return "identifier"
    return "integer"


def _string_kind(present: pd.Series, distinct: int) -> Kind:
    if date_format(present) is not None:
        return "datetime"
    if len(present) >= FEWEST_IDENTIFIERS and distinct > IDENTIFIER_SHARE * len(present):
        return "identifier"
    return "categorical"
