"""What the page shows of the synthetic rows of a table: columns, how they move together, rows beside real ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.likeness import distance
from pipelines.likeness.views import TableView
from pipelines.report.charts import COLOURS, STYLE, svg
from pipelines.samples import Candidates, Samples

SHOWN = 12  # columns drawn and listed, those that differ most
ROWS = 6  # rows beside their nearest real row
BARS = 8  # categories of a column
MOST = 2000  # rows of a side that figures are made from


@dataclass(frozen=True)
class Gap:
    """How far the values of one column, real and synthetic, lie apart.

    distance: the largest difference of the two distribution functions (Kolmogorov and Smirnov) for numbers, half the sum
    of the differences of shares (total variation) for categories; 0 is equal, 1 has nothing in common.
    """

    name: str
    place: int
    categorical: bool
    distance: float


def section(kept: Candidates, real: Samples, view: TableView) -> dict[str, Any] | None:
    """Return what the page says of the kept rows of a class, whose training rows are `real`; None without a kept row."""
    if not len(kept):
        return None
    data = view.data(real.values, real.labels)
    ours = view.rows(kept.head(MOST).values)
    theirs = data.x[:: -(-len(data) // MOST)]
    flags = data.categorical if data.categorical is not None else np.zeros(data.x.shape[1], bool)
    names = data.names or ()
    found = gaps(theirs, ours, flags, names)
    texts = {column.name: column.names for column in view.columns if hasattr(column, "names")}
    pair, difference = correlation_gap(theirs, ours)
    return {
        "drawing": distributions(theirs, ours, found[:SHOWN], texts),
        "columns": len(found),
        "largest": [(gap.name, gap.distance) for gap in found[:3]],
        "correlation": None if pair is None else (names[pair[0]], names[pair[1]], difference),
        "pairs": beside(kept, real, view, [gap.name for gap in found]),
    }


def gaps(real: np.ndarray, made: np.ndarray, categorical: np.ndarray, names: tuple[str, ...]) -> list[Gap]:
    """Return the gap of every column of (n, d) real and (m, d) synthetic rows, the largest first."""
    found = []
    for place, name in enumerate(names):
        one, other = real[:, place], made[:, place]
        points = np.unique(np.concatenate([one, other]))
        if categorical[place]:
            apart = sum(abs(np.mean(one == value) - np.mean(other == value)) for value in points) / 2
        else:
            shares = [np.searchsorted(np.sort(side), points, side="right") / len(side) for side in (one, other)]
            apart = np.abs(shares[0] - shares[1]).max()
        found.append(Gap(name, place, bool(categorical[place]), float(apart)))
    return sorted(found, key=lambda gap: -gap.distance)


def correlation_gap(real: np.ndarray, made: np.ndarray) -> tuple[tuple[int, int] | None, float]:
    """Return the two columns whose correlation differs most between real and synthetic rows, and by how much.

    Columns that are constant on either side are left out; None where fewer than two are left.
    """
    moving = np.flatnonzero((np.ptp(real, axis=0) > 0) & (np.ptp(made, axis=0) > 0))
    if len(moving) < 2:
        return None, 0.0
    difference = np.abs(np.corrcoef(real[:, moving].T) - np.corrcoef(made[:, moving].T))
    first, second = np.unravel_index(np.triu(difference, 1).argmax(), difference.shape)
    return (int(moving[first]), int(moving[second])), float(difference[first, second])


def distributions(real: np.ndarray, made: np.ndarray, shown: list[Gap], texts: Mapping[str, tuple[str, ...]]) -> str:
    """Draw each column of `shown`, real beside synthetic: histograms of numbers, shares of the commonest categories."""
    height = -(-len(shown) // 4)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.5, 1.7 * height + 0.3))
        panels = figure.subplots(height, 4, squeeze=False)
        for panel, gap in zip(panels.flat, shown, strict=False):
            sides = real[:, gap.place], made[:, gap.place]
            draw = _bars if gap.categorical else _steps
            draw(panel, *sides, texts.get(gap.name, ("no", "yes")))
            panel.set_title(_short(gap.name, 24))
            panel.set_yticks([])
        for panel in panels.flat[len(shown) :]:
            panel.set_visible(False)
        figure.legend(*panels.flat[0].get_legend_handles_labels(), frameon=False, loc="outside upper right", ncols=2)
    return svg(figure, "Values of each column in real and in synthetic rows")


def _steps(panel: Axes, real: np.ndarray, made: np.ndarray, names: tuple[str, ...]) -> None:
    low, high = np.quantile(np.concatenate([real, made]), [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, 21)
    for values, label, colour in ((real, "real", "baseline"), (made, "synthetic", "gan")):
        shares = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values)
        panel.stairs(shares, edges, label=label, color=COLOURS[colour], fill=colour == "baseline", alpha=0.8)


def _bars(panel: Axes, real: np.ndarray, made: np.ndarray, names: tuple[str, ...]) -> None:
    codes, counts = np.unique(real, return_counts=True)
    codes = np.sort(codes[np.argsort(-counts, kind="stable")][:BARS])
    for offset, (values, label, colour) in enumerate(((real, "real", "baseline"), (made, "synthetic", "gan"))):
        shares = [np.mean(values == code) for code in codes]
        panel.bar(np.arange(len(codes)) + 0.4 * offset, shares, 0.4, label=label, color=COLOURS[colour])
    labels = [names[int(code)] if code < len(names) else "missing" if code == len(names) else "other" for code in codes]
    panel.set_xticks(np.arange(len(codes)) + 0.2, [_short(label, 9) for label in labels], rotation=45, fontsize=6)


def beside(kept: Candidates, real: Samples, view: TableView, columns: list[str]) -> dict[str, Any]:
    """Return the first kept rows as text, each with its nearest real row of the class and which cells differ.

    columns: names in the order of interest; those that are there are shown, `SHOWN` at most.
    """
    shown = [name for name in dict.fromkeys(columns) if name in kept.values][:SHOWN]
    first = kept.head(ROWS)
    data = view.data(real.values, real.labels)
    space = distance.spaces(data)[0]
    far, index = distance.nearest(space, view.rows(first.values), data.x)
    made, nearest = _texts(first.values, shown), _texts(real.take(index).values, shown)
    rows = [
        {
            "id": first.rows["id"].iloc[row],
            "nearest": real.ids[index[row]],
            "distance": float(far[row]),
            "cells": [(one, other, one != other) for one, other in zip(made[row], nearest[row], strict=True)],
        }
        for row in range(len(first))
    ]
    return {"columns": shown, "rows": rows}


def _texts(frame: pd.DataFrame, columns: list[str]) -> list[list[str]]:
    return [["–" if pd.isna(cell) else _short(str(cell), 24) for cell in row] for row in
            frame[columns].astype(object).itertuples(index=False)]  # fmt: skip


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
