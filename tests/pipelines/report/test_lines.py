"""A series is drawn as it is: every peak, each channel in its lane, the same bytes each time."""

import re

import numpy as np
import pytest

from pipelines.report.lines import HEIGHT, LANE, MOST_LANES, MOST_POINTS, WIDTH, Lanes, outline


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(9, 30, 3)).astype(np.float32)


def test_a_line_has_a_point_for_each_step(values: np.ndarray) -> None:
    """From the left edge to the right, larger values higher up, each channel in a third of its own."""
    lanes = Lanes.of(values)
    for place, line in enumerate(lanes.points(values[4])):
        x, y = np.array(line).T
        assert x == pytest.approx(np.linspace(0, WIDTH, 30), abs=0.06)
        assert np.corrcoef(y, values[4, :, place])[0, 1] < -0.999
        assert place * lanes.height / 3 < y.min() and y.max() < (place + 1) * lanes.height / 3


def test_what_lies_beyond_real_samples_stays_in_the_drawing(values: np.ndarray) -> None:
    """At its edge; and a constant channel is a level line."""
    lanes = Lanes.of(values * [1, 0, 1])
    wild = lanes.points(1000 * values[0])
    assert all(0 <= y <= lanes.height for line in wild for _, y in line)
    assert len({y for _, y in lanes.points(values[0] * [1, 0, 1])[1]}) == 1


def test_a_long_series_keeps_its_peaks() -> None:
    """Of ten thousand steps few points are drawn, the single step that stands out among them, at its place."""
    series = np.zeros(10_000)
    series[[777, 5000]] = [5, -3]
    steps = outline(series)
    assert len(steps) <= MOST_POINTS and {777, 5000} <= set(steps.tolist()) and (np.diff(steps) > 0).all()


@pytest.mark.parametrize("channels", [1, 6, 40])
def test_many_channels_make_a_drawing_higher_up_to_a_limit(channels: int) -> None:
    """The first ones are drawn."""
    values = np.random.default_rng(0).normal(size=(2, 5, channels))
    lanes = Lanes.of(values)
    shown = min(channels, MOST_LANES)
    assert len(lanes.points(values[0])) == shown and lanes.height == max(HEIGHT, LANE * shown)


def test_one_step_is_a_point(values: np.ndarray) -> None:
    """Not an error."""
    assert Lanes.of(values[:, :1]).points(values[0, :1])[0][0][0] == 0


def test_a_drawing_is_text_with_a_name_and_the_colour_of_what_it_is(values: np.ndarray) -> None:
    """The same series gives the same bytes, and a name is never markup."""
    lanes = Lanes.of(values)
    svg = lanes.svg(values[0], '<b>"', real=False)
    assert svg == lanes.svg(values[0], '<b>"', real=False) and "&lt;b&gt;&quot;" in svg and "<b>" not in svg
    assert "var(--synthetic)" in svg and "var(--real)" in lanes.svg(values[0], "x", real=True)
    assert len(re.findall("<polyline", svg)) == 3 and len(svg) < 2 * lanes.letters(30)
