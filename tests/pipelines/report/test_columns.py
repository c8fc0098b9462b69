"""What the report says of synthetic rows is what a reader would find by hand."""

import numpy as np
import pandas as pd
import pytest

from pipelines.likeness import views
from pipelines.likeness.views import View
from pipelines.report import columns
from pipelines.samples import KEPT, Candidates, Samples

KINDS = {"$x$ <b>": "numeric", "y": "numeric", "town": "categorical", "who": "identifier"}


def table(count: int, shift: float = 0.0, town: str = "ab", seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1, count)
    towns, who = rng.choice(list(town), count), [f"w{n}" for n in range(count)]
    return pd.DataFrame({"$x$ <b>": x, "y": x + rng.normal(0, 0.1, count), "town": towns, "who": who})


def sides(made: pd.DataFrame, count: int = 300) -> tuple[Candidates, Samples, View]:
    real = Samples(table(count, seed=1), np.zeros(count, np.int64), np.arange(count).astype(str), "table", KINDS)
    rows = pd.DataFrame({"id": [f"c{n}" for n in range(len(made))], "status": KEPT})
    return Candidates(made, rows, "table"), real, views.fit(real)


@pytest.mark.parametrize(
    ("made", "name", "low", "high"),
    [
        (table(300, seed=1), "town", 0, 0),
        (table(300, shift=50), "$x$ <b>", 1, 1),
        (table(300, town="b"), "town", 0.4, 0.6),
    ],
    ids=["equal", "disjoint", "half"],
)
def test_the_column_that_differs_most_is_named(made: pd.DataFrame, name: str, low: float, high: float) -> None:
    """Equal columns have distance 0, columns with nothing in common 1, and identifiers are not compared."""
    found = columns.section(*sides(made))
    assert found["columns"] == 3
    assert low <= dict(found["largest"])[name] <= high
    assert found["largest"][0][1] == max(distance for _, distance in found["largest"])


def test_two_columns_that_no_longer_move_together_are_found() -> None:
    """X and y go together in real rows and not in these."""
    found = columns.section(*sides(table(300).assign(y=table(300, seed=5)["y"])))
    assert set(found["correlation"][:2]) == {"$x$ <b>", "y"} and found["correlation"][2] > 0.8


def test_rows_stand_beside_their_nearest_real_row() -> None:
    """A changed copy is shown beside its original, and only what was changed differs."""
    copy = table(300, seed=1).iloc[[7]].reset_index(drop=True)
    kept, real, view = sides(copy.assign(y=copy["y"] + 0.001, who="synthetic-1"))
    shown = columns.section(kept, real, view)["pairs"]
    assert shown["rows"][0]["nearest"] == "7" and "who" not in shown["columns"]
    differing = [name for name, cell in zip(shown["columns"], shown["rows"][0]["cells"], strict=True) if cell[2]]
    assert differing == ["y"]


def test_drawings_are_safe_and_the_same_each_time() -> None:
    """A column's name is text in the drawing, dollars and brackets included, and the same table gives the same bytes."""
    made = sides(table(300))
    drawing = columns.section(*made)["drawing"]
    assert "$x$ &lt;b&gt;" in drawing and drawing == columns.section(*made)["drawing"]


def test_nothing_kept_shows_nothing() -> None:
    """A class without a kept row has no section."""
    kept, real, view = sides(table(3))
    assert columns.section(kept.head(0), real, view) is None
