"""Relations between columns: found where rows bear them out, kept in rows that are made."""

import numpy as np
import pandas as pd

from gan import GANOverSampler
from gan.modalities.table import TableCodec
from gan.relations import Keeper, find


def world(count: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    sand = rng.integers(5, 80, count)
    clay = np.rint(rng.uniform(0.05, 0.95, count) * (100 - sand)).astype(int)
    measured = rng.random(count) < 0.6
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 300, count), "D")
    city = rng.choice(["Rome", "Milan", "Oslo", "Bonn"], count)
    frame = pd.DataFrame(
        {
            "sand": sand,
            "clay": clay,
            "silt": 100 - sand - clay,
            "measured": np.where(measured, "t", "f"),
            "level": np.where(measured, np.round(rng.gamma(2, 3, count), 1), np.nan),
            "city": city,
            "land": pd.Series(city).map({"Rome": "I", "Milan": "I", "Oslo": "N", "Bonn": "D"}),
            "start": start,
            "end": start + pd.to_timedelta(np.floor(rng.exponential(20, count)), "D"),
            "noise": rng.choice(["p", "q"], count),
        }
    )
    return frame, (np.arange(count) % 5 == 0).astype(int)


def test_what_holds_is_found_and_nothing_else() -> None:
    """A sum, a flag, an order and a deciding column are found; a column of chance is part of none."""
    frame, classes = world(300)
    found = [str(one) for one in find(frame, classes, TableCodec.fit(frame).columns)]
    assert found == [
        "city decides land",
        "level is missing exactly where measured is f",
        "sand + clay + silt = 100",
        "start <= end",
    ]


def test_twenty_rows_show_no_relation() -> None:
    """With few rows nothing is believed."""
    frame, classes = world(20)
    assert not find(frame, classes, TableCodec.fit(frame).columns)


def test_synthetic_rows_keep_what_was_found() -> None:
    """Rows of `GANOverSampler` break no relation that the data keep, and keep the types of the columns."""
    frame, classes = world(300)
    sampler = GANOverSampler(steps=5, random_state=0)
    more, _ = sampler.fit_resample(frame, classes)
    made = more.iloc[sampler.synthetic_index_].reset_index(drop=True)
    keeper = Keeper(sampler.relations_, frame, TableCodec.fit(frame).columns)
    assert len(made) == 180 and not keeper.broken(made).any()
    pd.testing.assert_series_equal(more.dtypes, frame.dtypes)
