"""Types of columns as plain values, and dates as whole numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gan import number_dates

Name = str | int | float | bool  # of a column


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


def is_time(dtype: Any) -> bool:
    """Say whether a type is one of dates or durations."""
    return pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype)


def is_whole(dtype: Any) -> bool:
    """Say whether a type is one of whole numbers."""
    return bool(pd.api.types.is_integer_dtype(dtype))


def limits_of(dtype: Any) -> np.iinfo:
    """Return the limits of a type of whole numbers, of pandas or NumPy."""
    return np.iinfo(getattr(dtype, "numpy_dtype", dtype))


def whole(numbers: np.ndarray, dtype: Any) -> np.ndarray:
    """Return numbers, (n,) float64, as whole ones of a type of whole numbers, within what it holds."""
    limits = limits_of(dtype)
    top = float(limits.max)
    top = top if int(top) <= limits.max else float(np.nextafter(top, 0))  # 2**63 - 1 is no float64
    return np.clip(np.rint(numbers), float(limits.min), top).astype(limits.dtype)


def ticks_of(column: pd.Series, form: str | None) -> np.ndarray:
    """Return dates as whole numbers of their unit since 1970, (n,) int64; the smallest of all where missing."""
    if form in number_dates.FORMS:
        column = number_dates.read(column, form)
    elif form is not None:
        column = pd.to_datetime(column, format=form).astype("datetime64[us]")
    found: np.ndarray = column.array.asi8
    return found


def moments(ticks: np.ndarray, dtype: Any) -> pd.Series:
    """Return dates or durations of type `dtype` for `ticks`, (n,) int64, as `ticks_of` returns them."""
    unit = getattr(dtype, "unit", None) or np.datetime_data(dtype)[0]
    if pd.api.types.is_timedelta64_dtype(dtype):
        return pd.Series(ticks.view(f"m8[{unit}]"))
    moments = pd.Series(ticks.view(f"M8[{unit}]"))
    zone = getattr(dtype, "tz", None)
    return moments if zone is None else moments.dt.tz_localize("UTC").dt.tz_convert(zone)
