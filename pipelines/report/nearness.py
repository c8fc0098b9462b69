"""Where the samples of a class lie: a map of real, held-out and synthetic ones, and the distance to the nearest real one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from sklearn.decomposition import PCA

from pipelines.likeness.distance import Space
from pipelines.likeness.views import View
from pipelines.report.svg import HELD_OUT, QUIET, REAL, SYNTHETIC, drawing, spread
from pipelines.samples import Candidates, Samples, Values

DRAWN = 200  # samples of a group that are drawn
BLOCK = 1000  # training samples that are looked at at once
TRAINING, HELD, MADE = "training", "held out", "synthetic"
LOOK = {TRAINING: (REAL, "o"), HELD: (HELD_OUT, "D"), MADE: (SYNTHETIC, "x")}  # colour and marker of a group

Groups = dict[str, np.ndarray]  # training, held-out and synthetic rows of a class, each (n, d) in its view


@dataclass(frozen=True)
class Surroundings:
    """How the samples of a class are seen, and its training samples, which may be many.

    own: training samples of the class.   view: what a classifier sees.   space: where distances are measured.
    """

    own: Samples
    view: View
    space: Space

    def rows(self, values: Values) -> np.ndarray:
        """Return samples as a classifier sees them, (n, d)."""
        return self.view.rows(values)

    def nearest(self, rows: np.ndarray, besides: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the distance of each of `rows`, (n, d), to its nearest training sample, and that one's place.

        besides: (n,) the place of a training sample that does not count, the row itself.
        """
        far, places = np.full(len(rows), np.inf), np.zeros(len(rows), int)
        for start in range(0, len(self.own), BLOCK):
            block = np.arange(start, min(start + BLOCK, len(self.own)))
            table = self.space.between(rows, self.rows(self.own.form.take(self.own.values, block)))
            if besides is not None:
                table[besides[:, None] == block] = np.inf
            nearer = table.min(1) < far
            places = np.where(nearer, block[table.argmin(1)], places)
            far = np.minimum(far, table.min(1))
        return far, places


def groups_of(around: Surroundings, held_out: Samples, kept: Candidates) -> Groups:
    """Return `DRAWN` rows of each group at most, evenly spread and in order."""
    some: dict[str, Samples | Candidates] = {TRAINING: around.own, HELD: held_out, MADE: kept}
    return {
        name: around.rows(part.form.take(part.values, spread(len(part), DRAWN)))
        for name, part in some.items()
        if len(part)
    }


def embedding(groups: Groups, space: Space) -> tuple[pd.DataFrame, tuple[float, float]]:
    """Return `group`, `x` and `y` of every row, and the shares of variance of the two axes.

    The axes are the first two principal components of the rows that are given. Less than two where nothing varies.
    """
    rows = space.embed(np.concatenate(list(groups.values())))
    size = min(2, *rows.shape)
    fitted = PCA(size, svd_solver="full").fit(rows)
    placed = np.zeros((len(rows), 2))
    placed[:, :size] = fitted.transform(rows)
    shares = np.zeros(2)
    shares[:size] = np.nan_to_num(fitted.explained_variance_ratio_)
    names = np.repeat(list(groups), [len(part) for part in groups.values()])
    return pd.DataFrame({"group": names, "x": placed[:, 0], "y": placed[:, 1]}), (float(shares[0]), float(shares[1]))


def map_of(points: pd.DataFrame, shares: tuple[float, float], of: str) -> str:
    """Draw the embedding: what `embedding` returned."""
    with drawing(f"Training, held-out and synthetic samples of {of} on two principal components", 330) as made:
        panel = made.panel
        for name in reversed(LOOK):  # the real ones on top
            own = points[points["group"] == name]
            _dots(panel, own["x"], own["y"], name, 26)
        panel.legend(
            *(reversed(part) for part in panel.get_legend_handles_labels()), frameon=False, loc="lower left",
            bbox_to_anchor=(-0.05, 1), ncols=3, handletextpad=0.2, borderpad=0,
        )  # fmt: skip
        panel.set(xlabel=f"first component ({shares[0]:.0%} of variance)", ylabel=f"second ({shares[1]:.0%})")
        panel.margins(0.06)
    return made.svg


def _dots(panel: Axes, x: Any, y: Any, name: str, size: float) -> None:
    """Draw the samples of a group with its colour and marker: held-out ones hollow, synthetic ones as small crosses."""
    colour, marker = LOOK[name]
    if name == HELD:
        panel.scatter(x, y, size, marker=marker, linewidths=1.4, label=name, facecolors="none", edgecolors=colour)
    else:
        panel.scatter(x, y, size * (0.7 if name == MADE else 1), marker=marker, linewidths=1, label=name, color=colour)


def distances(groups: Groups, around: Surroundings) -> pd.DataFrame:
    """Return `group` and `distance` of every row to the nearest training sample; of training rows, to the nearest other."""
    itself = spread(len(around.own), DRAWN)
    parts = [
        pd.DataFrame({"group": name, "distance": around.nearest(rows, itself if name == TRAINING else None)[0]})
        for name, rows in groups.items()
    ]
    return pd.concat(parts, ignore_index=True).replace(np.inf, np.nan).dropna()


def strip(table: pd.DataFrame, of: str) -> str:
    """Draw the distances: a dot a sample, a line at the median of each group."""
    with drawing(f"Distance of samples of {of} to the nearest training sample", 190) as made:
        panel = made.panel
        for place, name in enumerate(LOOK):
            values = np.sort(table.loc[table["group"] == name, "distance"].to_numpy())
            if not len(values):
                continue
            heights = place + 0.26 * np.sin(
                np.arange(len(values)) * 2.399
            )  # golden angle: neighbours apart, always alike
            _dots(panel, values, heights, name, 16)
            panel.vlines(np.median(values), place - 0.4, place + 0.4, colors=QUIET, linewidth=2, zorder=4)
        panel.set_yticks(range(len(LOOK)), list(LOOK))
        panel.set_ylim(len(LOOK) - 0.5, -0.5)
        panel.set_xlim(0, max(float(table["distance"].max()) * 1.05, 1e-3) if len(table) else 1)
        panel.set_xlabel("distance to the nearest training sample")
    return made.svg
