"""Drawings that can be read, and that do not make results of noise."""

import re

import pandas as pd
import pytest

from pipelines.report import charts, svg
from pipelines.report.nearness import strip
from pipelines.report.pictures import each_class


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (-1e-17, 2e-17), (0.3, 0.31)])
def test_an_axis_is_never_so_short_that_noise_fills_it(low: float, high: float) -> None:
    """It has the least width that was asked for, around what is drawn."""
    left, right = svg.at_least(low, high, 0.04)
    assert right - left == pytest.approx(0.04) and left <= low <= high <= right


def test_gains_of_rounding_noise_lie_on_an_axis_of_hundredths() -> None:
    """No power of ten stands beside the axis."""
    rows = [("as is", True, 2e-17, -1e-17, 3e-17), ("smote", False, 0.0, 0.0, 0.0)]
    drawn = charts.gains(pd.DataFrame(rows, columns=["baseline", "chosen", "gain", "low", "high"]), {}, "a class")
    assert "0.02" in drawn and "1e" not in re.sub(r"<[^>]*>", "", drawn)


def test_colours_are_the_page_s_own() -> None:
    """No colour is fixed in a drawing, so that it follows the page into the dark."""
    drawn = strip(
        pd.DataFrame({"group": ["training", "held out", "synthetic"], "distance": [1.0, 2.0, 3.0]}), "a class"
    )
    assert not re.search(r"#[0-9a-f]{6}\b", re.sub(r'(href|id|path)[="(]+[^">)]*', "", drawn))
    for name in ("real", "held-out", "synthetic", "ink"):
        assert f"var(--{name})" in drawn


def test_what_is_thinned_keeps_its_ends() -> None:
    """Evenly spread, in order, never more than asked for."""
    assert svg.spread(5, 10).tolist() == [0, 1, 2, 3, 4] and svg.spread(101, 3).tolist() == [0, 50, 100]
    assert svg.spread(0, 3).size == 0


def test_many_large_images_show_fewer_each() -> None:
    """At least one of each class, and at most a dozen."""
    small, large = 8 * 8, 128 * 128 * 3  # bytes
    assert each_class(4, small) == 12 and 1 <= each_class(20, large) < 4 and each_class(900, large) == 1
