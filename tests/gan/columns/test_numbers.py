"""A column's grid is a distribution: what is rarely off it in the data is as rarely off it in rows that are made."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch

from gan.modalities.table import TableCodec

COUNT = 20_000


def whole_but_for(share: float, decimals: int | None, top: int = 1000) -> np.ndarray:
    """(n,) numbers up to `top`, whole but for a share that has these decimals, None for as many as a double holds."""
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, top, COUNT).astype(float)
    off = rng.permutation(COUNT)[: round(share * COUNT)]
    numbers[off] = rng.random(len(off)) * top if decimals is None else np.round(rng.random(len(off)) * top, decimals)
    return numbers


def made_of(values: np.ndarray) -> np.ndarray:
    """Between pairs of rows, with a little noise, as starts are; (n,)."""
    frame = pd.DataFrame({"x": values, "y": np.random.default_rng(1).normal(size=len(values))})
    codec, rng = TableCodec.fit(frame), np.random.default_rng(2)
    rows = codec.encode(frame)
    first, second = rows[rng.integers(len(rows), size=COUNT)], rows[rng.integers(len(rows), size=COUNT)]
    weight = torch.from_numpy(rng.random((COUNT, 1, 1, 1), dtype=np.float32))
    start = first + weight * (second - first)
    noise = torch.zeros_like(start)
    noise[:, :2] = 0.02 * torch.from_numpy(rng.standard_normal((COUNT, 2, 1, 1), dtype=np.float32))
    return codec.decode(start + noise, start)["x"].to_numpy()


def with_decimals(values: np.ndarray) -> float:
    return float((values % 1 != 0).mean())


def in_halves() -> np.ndarray:
    """Few values, so that each is a level: 0 to 30, and two in a thousand lie between two of them."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 31, COUNT) + np.where(rng.random(COUNT) < 0.002, 0.5, 0.0)


@pytest.mark.parametrize(
    "values",
    [
        lambda: whole_but_for(0.002, 1),
        lambda: whole_but_for(0.002, 6),
        lambda: whole_but_for(0.002, None),
        lambda: whole_but_for(0.05, 1),
        lambda: whole_but_for(0.05, None),
        lambda: whole_but_for(0.002, 1).astype(np.float32),
        in_halves,
    ],
    ids=["one decimal", "six", "any number", "more often", "any, more often", "32 bits", "few values"],
)
def test_what_is_whole_in_nearly_all_rows_stays_so(values: Callable[[], np.ndarray]) -> None:
    """Decimals are at most half as frequent again as in the data; but for few values, at least half as frequent."""
    real = values()
    share, made = with_decimals(real), with_decimals(made_of(real))
    assert made <= 1.5 * share, f"{made:.4f} of the rows that were made have decimals, {share:.4f} of the real ones"
    assert made >= 0.5 * share or len(np.unique(real)) < 64


def test_a_spike_says_nothing_of_the_grid_of_the_rest() -> None:
    """Amounts that are 0 in 95 of 100 rows and have cents otherwise still have cents."""
    rng = np.random.default_rng(0)
    real = np.where(rng.random(COUNT) < 0.95, 0.0, np.round(rng.gamma(2, 40, COUNT), 2))
    made = made_of(real)
    assert abs(with_decimals(made[made != 0]) - with_decimals(real[real != 0])) < 0.05


def test_tenths_are_the_tenths_that_people_write() -> None:
    """Of a column in tenths with a rare value of many digits, what is made lies on the doubles nearest to tenths."""
    real = whole_but_for(0.002, None, top=3000) / 10
    made = made_of(real)
    assert (made == np.round(made, 1)).mean() > 0.995 and len(np.unique(made)) > 1000


def test_a_usual_grid_is_one_of_the_data() -> None:
    """Whole numbers are no grid where the values are fives and, rarely, odd multiples of 2.5."""
    rng = np.random.default_rng(0)
    values = np.concatenate([5.0 * rng.integers(0, 200, 1900), 5.0 * rng.integers(0, 200, 100) + 2.5])
    assert (made_of(values) % 2.5 == 0).all()
