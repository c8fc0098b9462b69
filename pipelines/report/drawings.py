"""What the page shows of a class's samples themselves, by kind of data.

A new kind is a function here that returns what the template shows, and a line in `DRAWINGS`.
"""

from collections.abc import Callable
from typing import Any, cast

from pipelines.likeness.views import TableView
from pipelines.report import columns, correlations, pictures
from pipelines.report.figures import Figures, Table
from pipelines.report.lines import Lanes
from pipelines.report.nearness import Surroundings
from pipelines.samples import IMAGES, SERIES, TABLE, Candidates

NOTHING: dict[str, Any] = {"cards": None, "copies": None, "table": None}


def of_class(made: Candidates, around: Surroundings, classes: int, figures: Figures, label: str) -> dict[str, Any]:
    """Return what is shown of the candidates of a class beside its training samples: the keys of `NOTHING`.

    classes: how many share the page.   figures: keeps what is shown.
    """
    draw = DRAWINGS.get(made.kind)
    return NOTHING | (draw(made, around, classes, figures, label) if draw else {})


def of_images(made: Candidates, around: Surroundings, classes: int, figures: Figures, label: str) -> dict[str, Any]:
    """Return kept pictures beside what they were made from, and dropped copies beside their originals."""
    size = made.values[0].nbytes if len(made) else 1
    return _cards(made, around, pictures.of_images(around.own), pictures.each_class(classes, size), figures, label)


def of_series(made: Candidates, around: Surroundings, classes: int, figures: Figures, label: str) -> dict[str, Any]:
    """Return kept series beside what they were made from, and dropped copies beside their originals, as lines."""
    size = Lanes.of(around.own.values).letters(made.values.shape[1])
    return _cards(made, around, pictures.of_series(around.own), pictures.each_class(classes, size), figures, label)


def _cards(
    made: Candidates, around: Surroundings, paint: pictures.Paint, most: int, figures: Figures, label: str
) -> dict[str, Any]:
    kept, found = made.kept, {"copies": pictures.copies(made, around.own, paint)}
    if len(kept):
        shown = pictures.kept(kept, around, most)
        written = figures.add("pictures.csv", shown[pictures.COLUMNS].assign(**{"class": label}))
        found["cards"] = pictures.cards(
            shown.assign(score=written["score"], distance=written["distance"]), kept, around.own, paint
        )
    return found


def of_rows(made: Candidates, around: Surroundings, classes: int, figures: Figures, label: str) -> dict[str, Any]:
    """Return how the columns of the kept rows compare with those of real ones, and rows beside their nearest."""
    kept, own = made.kept, {"class": label}
    if not len(kept):
        return {}
    both = columns.sides(kept, around, cast(TableView, around.view))
    gaps = figures.add("columns.csv", columns.gaps(both).assign(**own))
    pairs = figures.add("correlations.csv", correlations.correlations(both).assign(**own))
    drawn = gaps.head(max(1, columns.DRAWN // classes))
    names = [both.names[place] for place in correlations.numeric(both)]
    heads, rows, known = columns.beside(kept, around, gaps["column"].to_list())
    figures.add("rows.csv", known.assign(**own))
    matrices = [("real", "training"), ("synthetic", "synthetic"), ("difference", "synthetic less training")]
    shown = {
        "gaps": gaps.to_dict("records"),
        "drawn": [columns.histogram(both, name, gap) for name, gap in zip(drawn["column"], drawn["gap"], strict=True)],
        "pairs": pairs.to_dict("records"),
        "matrices": [correlations.matrix(pairs, key, names, title) for key, title in matrices] if len(pairs) else [],
        "scatters": [correlations.pair(both, a, b) for a, b in pairs[["a", "b"]].head(correlations.PAIRS).to_numpy()],
        "rows": Table("Synthetic rows, each above its nearest real row", "rows.csv", heads, rows, label),
    }
    return {"table": shown}


DRAWINGS: dict[str, Callable[[Candidates, Surroundings, int, Figures, str], dict[str, Any]]] = {
    IMAGES: of_images,
    SERIES: of_series,
    TABLE: of_rows,
}
