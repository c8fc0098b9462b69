"""The figures of a series are what their formulas say, and are finite whatever comes in."""

import numpy as np
import pytest

from pipelines.evaluation import features
from pipelines.likeness.data import Data
from pipelines.samples import SERIES


def of(channel: np.ndarray, figure: str) -> list[float]:
    """The figures of one series of one channel."""
    return getattr(features, f"_{figure}")(channel[None].astype(float))[0].tolist()


def test_levels_by_hand() -> None:
    """Mean, deviation, five quantiles, least and largest value, and where these are."""
    found = of(np.array([0, 4, 2, 2, 2]), "levels")
    assert found[:2] == pytest.approx([2, np.sqrt(8 / 5)]) and found[4] == 2
    assert found[-4:] == [0, 4, 0, 0.25]


def test_course_by_hand() -> None:
    """A straight line has its slope over half its length, and its parts rise."""
    found = of(3 * np.linspace(-1, 1, 16) + 7, "course")
    assert found[0] == pytest.approx(3) and len(found) == 1 + features.PARTS and (np.diff(found[1:]) > 0).all()


def test_changes_by_hand() -> None:
    """Steps of 1, 1 and 2; the mean is crossed in two of three steps."""
    assert of(np.array([0, 1, 0, 2]), "changes") == pytest.approx([4 / 3, 2, np.std([1, -1, 2]), 1])
    assert of(np.array([0, 0, 4, 4]), "changes")[-1] == pytest.approx(1 / 3)


def test_a_period_shows_in_the_autocorrelation_and_in_its_band() -> None:
    """A sine of period 8 in 64 steps: against itself after 4 steps, with itself after 8; and it lies in the fourth band."""
    wave = np.sin(2 * np.pi * np.arange(64) / 8)
    memory = dict(zip(features.LAGS, of(wave, "memory"), strict=True))
    assert memory[4] < -0.9 and memory[8] > 0.8
    assert of(wave, "spectrum")[:5] == pytest.approx([0, 0, 0, 1, 0], abs=1e-9)


def test_channels_that_go_together_say_so() -> None:
    """Correlations of the pairs (0, 1), (0, 2), (1, 2); a constant channel has none."""
    one = np.random.default_rng(0).normal(size=20)
    x = np.stack([one, -2 * one + 1, np.full(20, 3.0)], 1).reshape(1, -1)
    assert features.features(x, (20, 3))[0, -3:].tolist() == pytest.approx([-1, 0, 0])


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (3, 2), (7, 1), (150, 6)])
@pytest.mark.parametrize("values", ["constant", "random", "huge"])
def test_figures_are_finite_for_series_of_any_length(shape: tuple[int, int], values: str) -> None:
    """Constant ones and single steps too; and each row has its own figures, whatever is beside it."""
    rng = np.random.default_rng(0)
    x = np.ones((4, shape[0] * shape[1])) if values == "constant" else rng.normal(size=(4, shape[0] * shape[1]))
    x = (x * (1e15 if values == "huge" else 1)).astype(np.float32)
    found = features.features(x, shape)
    assert np.isfinite(found).all() and found.dtype == np.float32 and len(found) == 4
    assert np.allclose(found[2:3], features.features(x[2:3], shape))


def test_other_data_are_left_as_they_are() -> None:
    """Only series are summed up."""
    table, series = (
        Data(np.ones((3, 4)), np.zeros(3)),
        Data(np.ones((3, 4), np.float32), np.zeros(3), kind=SERIES, series_shape=(4, 1)),
    )
    assert features.columns(table) is table
    seen = features.columns(series)
    assert seen.series_shape is None and seen.x.shape[1] > 20 and seen.y is series.y
