"""How the columns of a table move together in real and in synthetic rows: correlations, their difference, the pairs."""

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb

from pipelines.report.columns import Sides
from pipelines.report.svg import REAL, SYNTHETIC, drawing, short, spread

NAMED = 12  # columns up to which the matrices name them
PAIRS = 4  # pairs of columns that are drawn, those whose correlation differs most
DOTS = 150  # rows of a side that are drawn


def numeric(both: Sides) -> list[int]:
    """Return the places of the columns that a correlation makes sense of: numbers, and categories of two values and no gaps.

    Columns that are constant on either side are left out.
    """
    return [
        place
        for place, (name, real, made, categorical) in enumerate(both)
        if np.ptp(real) > 0
        and np.ptp(made) > 0
        and (not categorical or (len(both.texts.get(name, "12")) == 2 and max(real.max(), made.max()) <= 1))
    ]


def correlations(both: Sides) -> pd.DataFrame:
    """Return a row for each pair of columns: `a`, `b`, their correlation in `real` and `synthetic` rows, `difference`.

    The largest difference comes first.
    """
    places = numeric(both)
    names = [both.names[place] for place in places]
    if len(places) < 2:
        return pd.DataFrame(columns=["a", "b", "real", "synthetic", "difference"])
    real, made = np.corrcoef(both.real[:, places].T), np.corrcoef(both.made[:, places].T)
    one, other = np.triu_indices(len(places), 1)
    table = pd.DataFrame(
        {
            "a": [names[i] for i in one],
            "b": [names[i] for i in other],
            "real": real[one, other],
            "synthetic": made[one, other],
            "difference": made[one, other] - real[one, other],
        }
    )
    order = np.argsort(-table["difference"].abs().round(6), kind="stable")
    return table.iloc[order].reset_index(drop=True)


def matrix(table: pd.DataFrame, column: str, names: list[str], title: str) -> str:
    """Draw one of `real`, `synthetic` and `difference` as a square of cells: blue below 0, orange above, clear at 0."""
    place = {name: index for index, name in enumerate(names)}
    cells = np.eye(len(names)) * (column != "difference")
    for a, b, value in zip(table["a"], table["b"], table[column], strict=True):
        cells[place[a], place[b]] = cells[place[b], place[a]] = value
    picture = np.zeros((*cells.shape, 4))
    picture[..., :3] = np.where(cells[..., None] < 0, to_rgb(REAL), to_rgb(SYNTHETIC))
    picture[..., 3] = np.clip(np.abs(cells), 0, 1)
    with drawing(f"Correlations: {title}", 250, 250) as made:
        made.panel.imshow(picture, interpolation="nearest")
        made.panel.set_title(title)
        shown = range(len(names) if len(names) <= NAMED else 0)
        made.panel.set_xticks(shown, [short(names[i], 10) for i in shown], rotation=90, fontsize=9)
        made.panel.set_yticks(shown, [short(names[i], 10) for i in shown], fontsize=9)
        made.panel.spines[["top", "right"]].set_visible(True)
        if not shown:
            made.panel.set_xlabel(f"{len(names)} columns, in the table's order")
    return made.svg


def pair(both: Sides, a: str, b: str) -> str:
    """Draw two columns against each other, real and synthetic rows."""
    x, y = both.names.index(a), both.names.index(b)
    with drawing(f"{b} against {a} in real and in synthetic rows", 200, 230) as made:
        for rows, colour, marker in ((both.made, SYNTHETIC, "x"), (both.real, REAL, "o")):  # the real ones on top
            some = rows[spread(len(rows), DOTS)]
            made.panel.scatter(some[:, x], some[:, y], s=12, c=colour, marker=marker, linewidths=1)
        made.panel.set(xlabel=short(a, 24), ylabel=short(b, 24))
        made.panel.locator_params(nbins=4)
    return made.svg
