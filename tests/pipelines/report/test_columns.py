"""What the report says of synthetic rows is what a reader would find by hand."""

import numpy as np
import pandas as pd
import pytest

from pipelines.likeness import distance, views
from pipelines.report import columns, correlations, drawings
from pipelines.report.columns import Sides
from pipelines.report.figures import Figures
from pipelines.report.nearness import Surroundings
from pipelines.samples import KEPT, Candidates, Samples

KINDS = {"$x$ <b>": "numeric", "y": "numeric", "town": "categorical", "who": "identifier"}


def table(count: int, shift: float = 0.0, town: str = "ab", seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1, count)
    towns, who = rng.choice(list(town), count), [f"w{n}" for n in range(count)]
    return pd.DataFrame({"$x$ <b>": x, "y": x + rng.normal(0, 0.1, count), "town": towns, "who": who})


def beside(made: pd.DataFrame, count: int = 300) -> tuple[Candidates, Surroundings]:
    real = Samples(table(count, seed=1), np.zeros(count, np.int64), np.arange(count).astype(str), "table", KINDS)
    rows = pd.DataFrame({"id": [f"c{n}" for n in range(len(made))], "status": KEPT})
    view = views.fit(real)
    space = distance.spaces(view.data(real.values, real.labels))[-1]
    return Candidates(made, rows, "table"), Surroundings(real, view, space)


def sides(made: pd.DataFrame) -> Sides:
    kept, around = beside(made)
    return columns.sides(kept, around, around.view)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "name", "low", "high"),
    [
        (table(300, seed=1), "town", 0, 0),
        (table(300, shift=50), "$x$ <b>", 1, 1),
        (table(300, town="b"), "town", 0.4, 0.6),
    ],
    ids=["equal", "disjoint", "half"],
)
def test_the_column_that_differs_most_comes_first(made: pd.DataFrame, name: str, low: float, high: float) -> None:
    """Equal columns have a gap of 0, columns with nothing in common of 1, and identifiers are not compared."""
    found = columns.gaps(sides(made))
    assert set(found["column"]) == {"$x$ <b>", "y", "town"}
    assert low <= found.set_index("column").loc[name, "gap"] <= high
    assert found["gap"].is_monotonic_decreasing


def test_two_columns_that_no_longer_move_together_come_first() -> None:
    """X and y go together in real rows and not in these."""
    found = correlations.correlations(sides(table(300).assign(y=table(300, seed=5)["y"])))
    first = found.iloc[0]
    assert {first["a"], first["b"]} == {"$x$ <b>", "y"} and first["difference"] < -0.8
    assert first["difference"] == pytest.approx(first["synthetic"] - first["real"])


def test_rows_stand_above_their_nearest_real_row() -> None:
    """A changed copy is shown above its original, and all but what was changed is marked as equal."""
    copy = table(300, seed=1).iloc[[7]].reset_index(drop=True)
    kept, around = beside(copy.assign(y=copy["y"] + 0.001, who="synthetic-1"))
    heads, rows, known = columns.beside(kept, around, ["$x$ <b>", "y", "town"])
    assert known["nearest_id"].to_list() == ["7"] and rows[1][0].text == "7"
    assert [name for name, cell in zip(heads, rows[0], strict=True) if cell.best] == ["$x$ <b>", "town"]


def test_drawings_are_safe_and_the_same_each_time() -> None:
    """A column's name is text in the drawing, dollars and brackets included, and the same table gives the same bytes."""
    made = sides(table(300))
    drawing = columns.histogram(made, "$x$ <b>", 0.1)
    assert "$x$ &lt;b&gt;" in drawing and "<b>" not in drawing and drawing == columns.histogram(made, "$x$ <b>", 0.1)


def test_nothing_kept_shows_nothing() -> None:
    """A class without a kept row has no section."""
    kept, around = beside(table(3))
    assert drawings.of_class(kept.head(0), around, 1, Figures(), "a") == drawings.NOTHING


def test_only_values_that_are_equal_are_marked_as_such() -> None:
    """Not those whose texts are, shortened to five digits or to two dozen letters."""
    long = "a name that is rather long and ends"
    one = pd.DataFrame({"x": [52341.4, 1.0, np.nan], "name": [f"{long} in a", "b", None]})
    other = pd.DataFrame({"x": [52340.6, 1.0, np.nan], "name": [f"{long} in b", "b", "c"]})
    assert columns._equal(one, other, ["x", "name"]).tolist() == [[False, False], [True, True], [True, False]]


def test_a_category_with_gaps_is_no_number() -> None:
    """Missing is not twice as much as yes."""
    frame = table(300)
    assert "town" in set(correlations.correlations(sides(frame))[["a", "b"]].stack())
    gaps = frame.assign(town=frame["town"].where(np.arange(300) % 3 > 0))
    assert "town" not in set(correlations.correlations(sides(gaps))[["a", "b"]].stack())
