"""A planted tell is found and named; real samples have none."""

import numpy as np
import pytest

from pipelines.likeness import tells
from pipelines.likeness.data import Data
from tests.pipelines.evaluation.worlds import STEPS, digits, waves


@pytest.fixture(scope="module")
def sides() -> tuple[np.ndarray, np.ndarray, Data]:
    """Held-back and held-out real images of one class, and the training images."""
    world = digits(few=10)
    return world.pools[1].x, world.test.of_class(3), world.train


def test_real_samples_cannot_be_told_from_real_samples(sides) -> None:
    """The interval of the area holds one half, and there is no remedy to give."""
    spare, held_out, train = sides
    for found in tells.find_tells(spare, held_out, train, tells.column_names(train), 0):
        assert found.low < 0.5 < found.high and found.remedy == ""


def test_a_background_that_is_never_quite_zero_is_found_and_named(sides) -> None:
    """Though 1 of 255 is invisible to the eye."""
    spare, held_out, train = sides
    planted = np.where(spare == 0, 1 / 255, spare).astype(np.float32)
    for found in tells.find_tells(planted, held_out, train, tells.column_names(train), 0):
        assert found.low > 0.95
        assert "zero in 0% against 100%" in found.uses and "data's own grid" in found.remedy


def test_a_bright_pixel_is_named_by_row_and_column(sides) -> None:
    """Row 2, column 7 of 8."""
    spare, held_out, train = sides
    planted = spare.copy()
    planted[:, 2 * 8 + 7] = 0.75
    forest = tells.find_tells(planted, held_out, train, tells.column_names(train), 0)[0]
    assert forest.auc > 0.95 and "pixel row 2 column 7" in forest.uses


def test_decimals_of_a_table_are_named() -> None:
    """Real ages are whole; synthetic ones are not."""
    rng = np.random.default_rng(0)
    real, age = rng.normal(0, 1, (80, 3)).astype(np.float32), rng.integers(20, 60, 140)
    real = np.column_stack([real, age[:80]]).astype(np.float32)
    synthetic = np.column_stack([rng.normal(0, 1, (60, 3)), age[80:] + rng.random(60)]).astype(np.float32)
    train = Data(
        np.column_stack([rng.normal(0, 1, (400, 3)), rng.integers(20, 60, 400)]).astype(np.float32), np.zeros(400, int)
    )
    forest = tells.find_tells(synthetic, real, train, tells.column_names(train), 0)[0]
    assert forest.auc > 0.95 and "off_grid" in forest.uses and "round" in forest.remedy


def test_too_few_rows_are_not_tested(sides) -> None:
    """Fewer than ten on a side say nothing."""
    spare, held_out, train = sides
    assert tells.find_tells(spare[:9], held_out, train, tells.column_names(train), 0) == []


def test_the_interval_of_an_area_is_that_of_hanley_and_mcneil() -> None:
    """Their example: area .893 with 51 abnormal and 58 normal images has a standard error of .032."""
    low, high = tells.auc_interval(0.893, 51, 58)
    assert (high - low) / (2 * 1.96) == pytest.approx(0.032, abs=0.0006)


@pytest.mark.parametrize(("apart", "blamed"), [(0.001, False), (1.0, True)])
def test_a_figure_that_hardly_differs_is_not_blamed(apart: float, blamed: bool) -> None:
    """A classifier may use the brightness that no eye tells apart; then the scaling of the outputs is no remedy."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 50)
    said = tells._remedy("summary mean", rng.normal(0, 1, 100) + apart * y * 3, y)
    assert ("scaling" in said) == blamed


@pytest.mark.parametrize(("change", "remedy"), [("smooth", "smoother or rougher"), ("higher", "lies higher or lower")])
def test_a_smooth_or_a_high_series_is_named(change: str, remedy: str) -> None:
    """By a figure of the whole series that no single step shows; fresh real ones have no tell."""
    world = waves(each=240, noise=0.6)
    spare, held_out, names = world.pools[0].x, world.test.of_class(1), tells.column_names(world.train)
    assert names[:3] == ["step 0 channel 0", "step 0 channel 1", "step 1 channel 0"]
    series = spare.reshape(-1, *STEPS)
    planted = (series + np.roll(series, 1, 1)) / 2 if change == "smooth" else series + 1
    found = tells.find_tells(planted.reshape(spare.shape), held_out, world.train, names, 0)
    assert all(one.auc > 0.9 for one in found) and any(remedy in one.remedy for one in found)
    assert all(one.low < 0.6 for one in tells.find_tells(spare, held_out, world.train, names, 0))
