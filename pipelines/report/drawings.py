"""What the page shows of a class's samples, by kind of data.

A new kind is a function here that returns what the template shows, and a line in `DRAWINGS`.
"""

from collections.abc import Callable
from typing import Any, cast

from pipelines.likeness.views import TableView, View
from pipelines.report import columns, sheets
from pipelines.samples import IMAGES, TABLE, Candidates, Samples

NOTHING: dict[str, Any] = {"copies": None, "sheet": None, "table": None}


def of_class(made: Candidates, real: Samples, view: View) -> dict[str, Any]:
    """Return what is shown of the candidates of a class beside `real`, its training samples: the keys of `NOTHING`."""
    draw = DRAWINGS.get(made.kind)
    return NOTHING | (draw(made, real, view) if draw else {})


def of_images(made: Candidates, real: Samples, view: View) -> dict[str, Any]:
    """Return the contact sheets of a class: kept samples below what they were made from, and copies below originals."""
    kept = made.kept
    return {
        "copies": sheets.data_url(sheets.sheet(copies)) if (copies := sheets.copies(made, real)) else None,
        "sheet": sheets.data_url(sheets.sheet(sheets.side_by_side(kept, real))) if len(kept) else None,
    }


def of_rows(made: Candidates, real: Samples, view: View) -> dict[str, Any]:
    """Return how the columns of the kept rows compare with those of real ones, and rows beside their nearest."""
    return {"table": columns.section(made.kept, real, cast(TableView, view))}


DRAWINGS: dict[str, Callable[[Candidates, Samples, View], dict[str, Any]]] = {IMAGES: of_images, TABLE: of_rows}
