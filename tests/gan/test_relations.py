"""Relations between columns: found where rows bear them out, kept in rows that are made."""

import numpy as np
import pandas as pd
import pytest

from gan import GANOverSampler
from gan.modalities.table import TableCodec
from gan.relations import Keeper, find
from gan.relations.gaps import Gap
from gan.relations.known import Parents
from gan.relations.orders import Order
from gan.relations.sums import Sum
from gan.sample import generate
from gan.training.train import PretrainSettings, pretrain


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


def unrelated(frame: pd.DataFrame) -> tuple[pd.DataFrame, Parents]:
    """Rows whose columns have nothing to do with each other, each a training row's, and parents for them."""
    rng, count = np.random.default_rng(1), len(frame)
    mixed = pd.DataFrame({name: frame[name].to_numpy()[rng.permutation(count)] for name in frame})
    one, other = (frame.iloc[rng.permutation(count)].reset_index(drop=True) for _ in range(2))
    return mixed.astype(frame.dtypes.to_dict()), Parents(one, other)


def test_a_mended_row_is_the_same_alone_and_among_many() -> None:
    """The bytes of a mended row do not depend on the rows that are mended with it, nor on their order."""
    frame, classes = world(300)
    rows, parents = unrelated(frame)
    columns = TableCodec.fit(frame).columns
    keeper = Keeper(find(frame, classes, columns), frame, columns)
    together, before = keeper.keep(rows, parents)
    assert before.any(0).all() and not keeper.broken(together).any()
    for some in (np.array([7]), np.arange(299, -1, -1), np.arange(90, 140)):
        taken = [part.iloc[some].reset_index(drop=True) for part in (rows, parents.reference, parents.neighbour)]
        alone, _ = keeper.keep(taken[0], Parents(*taken[1:]))
        pd.testing.assert_frame_equal(alone, together.iloc[some].reset_index(drop=True), check_exact=True)


def test_a_candidate_with_relations_is_the_same_alone_and_among_many() -> None:
    """Candidate k depends on its own seed alone where rows are mended, too."""
    frame, classes = world(300)
    gan = pretrain(frame, classes, 2, PretrainSettings(steps=2, batch_size=16), "mlp", 4, seed=0)
    own, lenders, found = frame[classes == 1], (frame, classes), find(frame, classes, gan.codec.columns)  # type: ignore[attr-defined]
    seeds = np.arange(40)
    together = generate(gan, own, 1, seeds, lenders=lenders, relations=found)
    loose = generate(gan, own, 1, seeds, lenders=lenders)
    rows = np.flatnonzero((together.samples["silt"] != loose.samples["silt"]).to_numpy())
    assert len(rows) > 5
    for row in rows[:3]:
        alone = generate(gan, own, 1, seeds[row : row + 1], lenders=lenders, relations=found)
        expected = together.samples.iloc[row : row + 1].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone.samples, expected, check_exact=True)


def test_mended_numbers_stay_on_the_grid_and_within_the_range() -> None:
    """Whatever is mended, a column keeps its type, and has no value beyond those of the training rows or between its steps."""
    frame, classes = world(300)
    frame = steps_of_five(frame)
    rows, parents = unrelated(frame)
    columns = TableCodec.fit(frame).columns
    keeper = Keeper(find(frame, classes, columns), frame, columns)
    assert "cheap <= dear" in map(str, keeper.relations)
    made, before = keeper.keep(rows, parents)
    pd.testing.assert_series_equal(made.dtypes, frame.dtypes)
    assert before.any(0).all() and not keeper.broken(made).any()
    for name in made.columns.difference(["measured", "city", "land", "noise"]):
        assert made[name].min() >= frame[name].min() and made[name].max() <= frame[name].max(), name
    assert (made["level"].dropna() == made["level"].dropna().round(1)).all()
    assert (made[["cheap", "dear"]] % 0.05).stack().map(lambda rest: min(rest, 0.05 - rest)).max() < 1e-9


def steps_of_five(frame: pd.DataFrame) -> pd.DataFrame:
    """Add two prices in steps of five cents, the first never above the second in training rows."""
    rng = np.random.default_rng(len(frame))
    cheap, extra = rng.integers(0, 2000, len(frame)), rng.integers(0, 40, len(frame)) ** 2
    return frame.assign(cheap=cheap / 20, dear=(cheap + extra) / 20)


DATES = {
    "nanoseconds": lambda days: (pd.Timestamp("2020-01-01") + days).astype("datetime64[ns]"),
    "seconds": lambda days: (pd.Timestamp("2020-01-01") + days).astype("datetime64[s]"),
    "of a zone": lambda days: pd.Timestamp("2020-01-01", tz="Europe/Paris") + days,
    "text": lambda days: pd.Series((pd.Timestamp("2020-01-01") + days).strftime("%Y-%m-%d")),
    "durations": lambda days: days,
}


@pytest.mark.parametrize("form", DATES)
def test_dates_keep_their_order(form: str) -> None:
    """Of whatever type: the order is found, rows that break it are mended, and they are still days of that type."""
    rng = np.random.default_rng(0)
    start = rng.integers(0, 300, 400)
    end = start + np.floor(rng.exponential(40, 400)).astype(int)
    frame = pd.DataFrame(
        {name: DATES[form](pd.to_timedelta(days, "D")) for name, days in (("start", start), ("end", end))}
    )
    frame.loc[::9, "end"] = None
    columns = TableCodec.fit(frame).columns
    found = find(frame, np.zeros(400, int), columns)
    assert list(map(str, found)) == ["start <= end"]
    rows = frame.assign(end=frame["end"].sample(frac=1, random_state=0).to_numpy()).astype(frame.dtypes.to_dict())
    keeper = Keeper(found, frame, columns)
    made, before = keeper.keep(rows, Parents(frame, frame))
    assert 20 < before.sum() < 380 and not keeper.broken(made).any()
    pd.testing.assert_series_equal(made.dtypes, frame.dtypes)
    assert made["end"].isna().equals(rows["end"].isna())
    fine = ~before[:, 0]
    pd.testing.assert_frame_equal(made[fine], rows[fine])
    known = made.dropna()
    assert (known["start"] <= known["end"]).all() and known["end"].max() <= frame["end"].dropna().max()
    if form != "text":
        assert (
            (known["end"] - frame["start"].iloc[0]).dt.seconds.isin([0, 3600, 82800]).all()
        )  # summer time is an hour off


def test_an_order_between_dates_of_two_types_is_kept() -> None:
    """Text and a date type are compared as the moments that they are."""
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 300, 400), "D")
    end = start + pd.to_timedelta(np.floor(rng.exponential(40, 400)), "D")
    frame = pd.DataFrame({"start": start.strftime("%Y-%m-%d"), "end": end.astype("datetime64[ms]")})
    columns = TableCodec.fit(frame).columns
    found = find(frame, np.zeros(400, int), columns)
    assert list(map(str, found)) == ["start <= end"]
    rows = frame.assign(end=frame["end"].sample(frac=1, random_state=0).to_numpy())
    made, before = Keeper(found, frame, columns).keep(rows, Parents(frame, frame))
    assert before.sum() > 20 and (pd.to_datetime(made["start"]) <= made["end"]).all()


def test_moments_of_a_nanosecond_type_equal_themselves() -> None:
    """Two columns with equal moments break no order, whatever the first moment of each is."""
    rng = np.random.default_rng(0)
    start = pd.Series(rng.integers(15 * 10**11, 16 * 10**11, 400) * 10**6)
    later = start + 10**15 + 10**6
    end = start.where((rng.random(400) < 0.5) & (start > start.min()), later)
    frame = pd.DataFrame({"start": start, "end": end}).astype("datetime64[ns]")
    columns = TableCodec.fit(frame).columns
    equal = frame.assign(end=frame["start"]).iloc[np.flatnonzero(start >= end.min())]
    assert columns[0].origin != columns[1].origin  # type: ignore[union-attr]
    for order in (Order(low="start", high="end"), Order(low="end", high="start")):
        assert not Keeper([order], frame, columns).broken(equal).any()


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        ({"columns": ["sand"], "flag": "measured", "values": ["f"]}, "no missing value in 'sand'"),
        ({"columns": ["sand"], "flag": "measured", "values": ["f"], "value": -1}, "no -1.* in 'sand'"),
    ],
)
def test_a_gap_that_no_training_row_has_is_refused(gap: dict, said: str) -> None:
    """Before a row is made: nothing says what would stand in it."""
    frame, _ = world(100)
    with pytest.raises(ValueError, match=said):
        Keeper([Gap(**gap)], frame, TableCodec.fit(frame).columns)


def test_a_total_that_is_missing_stays_so() -> None:
    """It is learnt like any other missing value."""
    frame, _ = world(200)
    frame = frame.assign(total=(frame["sand"] + frame["clay"]).where(np.arange(200) % 4 > 0))
    columns = TableCodec.fit(frame).columns
    rows, parents = unrelated(frame)
    made, _ = Keeper([Sum(parts=["sand", "clay"], total="total")], frame, columns).keep(rows, parents)
    assert rows["total"].isna().sum() > 20 and made.loc[rows["total"].isna(), "total"].isna().all()
    there = made["total"].notna()
    assert (made["total"] == made["sand"] + made["clay"])[there].mean() > 0.9
