"""Dates that are written as numbers: 20240131, years, seconds and milliseconds since 1970."""

import numpy as np
import pandas as pd
from pandas.api import types

DAY, YEAR, SECONDS, MILLISECONDS = "%Y%m%d", "%Y", "s", "ms"
RANGES = {  # from, below; no number lies in two of them
    YEAR: (1_000, 3_000),
    DAY: (10_000_101, 30_000_000),
    SECONDS: (10**8, 10**10),
    MILLISECONDS: (10**11, 10**13),
}
FORMS = tuple(RANGES)
PER_MICROSECOND = {SECONDS: 10**6, MILLISECONDS: 10**3}


def form_of(numbers: pd.Series) -> str | None:
    """Return the one of `FORMS` in which all of `numbers`, (n,) without missing ones, are dates, or None."""
    if not types.is_numeric_dtype(numbers.dtype) or types.is_bool_dtype(numbers.dtype) or numbers.empty:
        return None
    values = numbers.to_numpy(np.float64)
    for form, (low, high) in RANGES.items():
        if (values >= low).all() and (values < high).all() and (values % 1 == 0).all():
            return form if read(numbers, form).notna().all() else None
    return None


def read(numbers: pd.Series, form: str) -> pd.Series:
    """Return the moments that `numbers`, (n,), say, as datetime64[us]; missing where a number is missing or no date."""
    whole = pd.to_numeric(numbers, errors="coerce").astype("Float64").round().astype("Int64")
    if form in PER_MICROSECOND:
        ticks = (whole * PER_MICROSECOND[form]).to_numpy(np.int64, na_value=np.iinfo(np.int64).min)
        return pd.Series(ticks.view("M8[us]"), numbers.index)
    return pd.to_datetime(whole.astype("string"), format=form, errors="coerce").astype("datetime64[us]")


def write(moments: pd.Series, form: str) -> pd.Series:
    """Return datetime64[us], (n,), as numbers, float64 and NaN where missing."""
    if form in PER_MICROSECOND:
        ticks = moments.array.asi8 // PER_MICROSECOND[form]
        return pd.Series(np.where(moments.isna(), np.nan, ticks), moments.index)
    return pd.to_numeric(moments.dt.strftime(form)).astype(np.float64)
