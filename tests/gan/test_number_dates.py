"""Dates written as numbers are learnt as dates, and written as numbers again."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from gan import number_dates
from gan.modalities.table import TableCodec
from gan.relations import Keeper, find
from gan.relations.known import Parents

DAYS = pd.Series(pd.Timestamp("2019-03-01") + pd.to_timedelta(np.random.default_rng(0).integers(0, 1500, 300), "D"))
COLUMNS = {
    number_dates.DAY: DAYS.dt.strftime("%Y%m%d").astype(np.int64),
    number_dates.YEAR: pd.Series(np.random.default_rng(0).integers(1930, 2025, 300)),
    number_dates.SECONDS: DAYS.astype("datetime64[s]").astype(np.int64),
    number_dates.MILLISECONDS: DAYS.astype("datetime64[ms]").astype(np.int64),
}


@pytest.mark.parametrize("form", COLUMNS)
def test_each_form_is_told_by_its_numbers(form: str) -> None:
    """Read and written they are what they were, missing ones included."""
    numbers = COLUMNS[form]
    assert number_dates.form_of(numbers) == form
    gappy = numbers.astype("Int64").mask(numbers.index % 7 == 0)
    moments = number_dates.read(gappy, form)
    assert moments.isna().equals(gappy.isna())
    assert number_dates.write(moments, form).astype("Int64").equals(gappy)
    if form != number_dates.YEAR:
        assert (moments.dropna() == DAYS[gappy.notna()]).all()


@pytest.mark.parametrize(
    "values", [[20240131, 20240231], [20240131, 5], [2024, 20240131], [2024.5], [True], [], ["2024"], [99, 3000]]
)
def test_other_numbers_are_no_dates(values: list[Any]) -> None:
    """A day that no month has, forms that differ, decimals, text, nothing at all."""
    assert number_dates.form_of(pd.Series(values)) is None


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float64"])
@pytest.mark.parametrize("form", COLUMNS)
def test_rows_that_are_made_have_real_dates(form: str, dtype: str) -> None:
    """In the same form and type, within the range, no day that the calendar does not have, and days without a time of day."""
    numbers = COLUMNS[form].astype(dtype)
    if dtype != "int64":
        numbers = numbers.mask(numbers.index % 5 == 0)
    frame = pd.DataFrame({"when": numbers, "x": np.arange(300) ** 1.5})
    codec = TableCodec.fit(frame, {"when": "datetime", "x": "numeric"})
    codec = TableCodec.from_dict(codec.to_dict())
    pd.testing.assert_series_equal(codec.decode(codec.encode(frame))["when"], frame["when"])
    x = codec.encode(frame)
    wild = x + 0.3 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    made = codec.decode(wild, x)["when"]
    known = made.dropna()
    assert made.dtype == frame["when"].dtype and known.nunique() > 50
    assert known.min() >= numbers.min() and known.max() <= numbers.max()
    assert number_dates.form_of(known) == form
    assert form == number_dates.YEAR or (number_dates.read(known, form).dt.hour == 0).all()


def test_an_order_of_dates_as_numbers_and_as_text_is_kept() -> None:
    """They are compared as the days that they are."""
    end = DAYS + pd.to_timedelta(np.floor(np.random.default_rng(1).exponential(60, 300)), "D")
    frame = pd.DataFrame({"start": COLUMNS[number_dates.DAY], "end": end.dt.strftime("%Y-%m-%d")})
    columns = TableCodec.fit(frame, {"start": "datetime", "end": "datetime"}).columns
    found = find(frame, np.zeros(300, int), columns)
    assert list(map(str, found)) == ["start <= end"]
    rows = frame.assign(start=frame["start"].sample(frac=1, random_state=0).to_numpy())
    made, before = Keeper(found, frame, columns).keep(rows, Parents(frame, frame))
    assert before.sum() > 20 and made["start"].dtype == np.int64
    assert (number_dates.read(made["start"], number_dates.DAY) <= pd.to_datetime(made["end"])).all()
