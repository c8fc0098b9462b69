"""The columns of synthetic rows beside those of real ones: how far each lies apart, its values, rows beside their nearest."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipelines.likeness.data import Data
from pipelines.likeness.views import TableView
from pipelines.report.figures import Cell
from pipelines.report.nearness import Surroundings
from pipelines.report.svg import REAL, SYNTHETIC, drawing, short
from pipelines.samples import Candidates
from pipelines.wording import figure

DRAWN = 240  # columns that a page draws at most, shared among its classes
SHOWN, ROWS = 12, 6  # columns and rows of the table of rows, at most
BARS = 6  # categories of a column that are drawn, the commonest
MOST = 2000  # rows of a side that figures are made from
TAIL = 10  # characters of a row's name
MISSING, OTHERS = "missing", "other"


@dataclass(frozen=True)
class Sides:
    """The rows of a class as numbers, real and synthetic, with what their columns are.

    real, made: (n, d) and (m, d).   categorical: (d,) bool.   names: (d,).   texts: column -> names of its categories.
    """

    real: np.ndarray
    made: np.ndarray
    categorical: np.ndarray
    names: tuple[str, ...]
    texts: Mapping[str, tuple[str, ...]]

    def __iter__(self) -> Iterator[tuple[str, np.ndarray, np.ndarray, bool]]:
        """Go through the columns: name, real values, synthetic values, whether they are categories."""
        return zip(self.names, self.real.T, self.made.T, self.categorical.tolist(), strict=True)


def sides(kept: Candidates, around: Surroundings, view: TableView) -> Sides:
    """Return the kept rows of a class and its training rows."""
    data: Data = view.data(around.own.values, around.own.labels)
    flags = data.categorical if data.categorical is not None else np.zeros(data.x.shape[1], bool)
    texts = {column.name: column.names for column in view.columns if hasattr(column, "names")}
    return Sides(data.x[:: -(-len(data) // MOST)], view.rows(kept.head(MOST).values), flags, data.names or (), texts)


def gaps(both: Sides) -> pd.DataFrame:
    """Return `column`, `gap` and the means of every column, the largest gap first; of categories there is no mean.

    gap: the largest difference of the two distribution functions (Kolmogorov and Smirnov) for numbers, half the sum of the
    differences of shares (total variation) for categories; 0 is equal, 1 has nothing in common.
    """
    rows = []
    for name, real, made, categorical in both:
        points = np.unique(np.concatenate([real, made]))
        if categorical:
            apart = sum(abs(np.mean(real == value) - np.mean(made == value)) for value in points) / 2
        else:
            shares = [np.searchsorted(np.sort(side), points, side="right") / len(side) for side in (real, made)]
            apart = np.abs(shares[0] - shares[1]).max()
        means = (np.nan, np.nan) if categorical else (float(real.mean()), float(made.mean()))
        rows.append((name, float(apart), *means))
    table = pd.DataFrame(rows, columns=["column", "gap", "real_mean", "synthetic_mean"])
    return table.sort_values("gap", ascending=False, kind="stable", ignore_index=True)


def histogram(both: Sides, name: str, gap: float) -> str:
    """Draw one column: filled bars for real rows, a line or open bars for synthetic ones."""
    place = both.names.index(name)
    title = f"{short(name, 19)}  {gap:.2f}"
    with drawing(f"Values of {name} in real and in synthetic rows", 130, 168) as made:
        draw = _bars if both.categorical[place] else _steps
        draw(made.panel, both.real[:, place], both.made[:, place], both.texts.get(name, ("no", "yes")))
        made.panel.set_title(title, fontsize=10)
        made.panel.set_yticks([])
        made.panel.spines["left"].set_visible(False)
        made.panel.tick_params(labelsize=9)
    return made.svg


def _steps(panel: Axes, real: np.ndarray, made: np.ndarray, names: tuple[str, ...]) -> None:
    low, high = np.quantile(np.concatenate([real, made]), [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, 16)
    shares = [np.histogram(np.clip(side, edges[0], edges[-1]), edges)[0] / len(side) for side in (real, made)]
    panel.stairs(shares[0], edges, color=REAL, fill=True, alpha=0.45)
    panel.stairs(shares[1], edges, color=SYNTHETIC, linewidth=1.6)
    panel.locator_params(axis="x", nbins=3)


def _bars(panel: Axes, real: np.ndarray, made: np.ndarray, names: tuple[str, ...]) -> None:
    codes, counts = np.unique(real, return_counts=True)
    codes = codes[np.argsort(-counts, kind="stable")][:BARS]
    places = np.arange(len(codes))
    panel.barh(places - 0.18, [np.mean(real == code) for code in codes], 0.36, color=REAL, alpha=0.6)
    panel.barh(
        places + 0.18, [np.mean(made == code) for code in codes], 0.36, color="none", edgecolor=SYNTHETIC, lw=1.2
    )
    labels = [names[int(c)] if c < len(names) else MISSING if c == len(names) else OTHERS for c in codes]
    for place, label in zip(places, labels, strict=True):
        panel.annotate(short(label, 22), (0, place), (3, 0), textcoords="offset points", va="center", fontsize=9)
    panel.set(ylim=(len(codes) - 0.5, -0.5), xlim=(0, 1), xticks=[0, 0.5, 1])


def beside(
    kept: Candidates, around: Surroundings, columns: list[str]
) -> tuple[list[str], list[list[Cell]], pd.DataFrame]:
    """Return the heads and rows of a table: the first kept rows, each above its nearest real row; and its figures.

    columns: names in the order of interest; those that are there are shown, `SHOWN` at most. What equals the real row
    is marked.
    """
    shown = [name for name in dict.fromkeys(columns) if name in kept.values][:SHOWN]
    first = kept.head(ROWS)
    far, index = around.nearest(around.rows(first.values))
    near = around.own.take(index).values
    made, nearest, same = _texts(first.values, shown), _texts(near, shown), _equal(first.values, near, shown)
    numbers = [pd.api.types.is_numeric_dtype(first.values[name]) for name in shown]
    rows = []
    for row in range(len(first)):
        ours = [Cell(*one) for one in zip(made[row], [""] * len(shown), numbers, same[row].tolist(), strict=True)]
        theirs = [Cell(text, figure=number) for text, number in zip(nearest[row], numbers, strict=True)]
        said = f"nearest real, at {figure(far[row])}"
        rows += [[Cell(_tail(first.rows["id"].iloc[row]), "synthetic"), *ours]]
        rows += [[Cell(_tail(around.own.ids[index[row]]), said), *theirs]]
    ids = {"id": first.rows["id"].to_list(), "nearest_id": around.own.ids[index], "distance": far}
    return ["row", *shown], rows, pd.DataFrame(ids)


def _texts(frame: pd.DataFrame, columns: list[str]) -> list[list[str]]:
    return [["–" if pd.isna(cell) else short(_text(cell), 24) for cell in row] for row in
            frame[columns].astype(object).itertuples(index=False)]  # fmt: skip


def _equal(one: pd.DataFrame, other: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Say of each cell whether both have the same value there, or none, (n, c) bool: their texts are shortened."""
    equal = np.zeros((len(one), len(columns)), bool)
    for place, name in enumerate(columns):
        lost, gone = one[name].isna().to_numpy(), other[name].isna().to_numpy()
        there = ~lost & ~gone
        equal[:, place] = lost & gone
        equal[there, place] = one[name].to_numpy(object)[there] == other[name].to_numpy(object)[there]
    return equal


def _tail(name: str) -> str:
    return name if len(name) <= TAIL else f"…{name[-TAIL:]}"


def _text(cell: object) -> str:
    return f"{cell:.5g}" if isinstance(cell, float) else str(cell)
