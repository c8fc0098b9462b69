"""Series as small line drawings in SVG: each channel in a lane of its own, on the range that real samples have."""

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Self

import numpy as np

WIDTH, HEIGHT, LANE = 120, 72, 24  # pixels of a drawing, which is higher where lanes would be lower than this
MOST_LANES = 8  # channels that are drawn
MOST_POINTS = 160  # of a line; a longer series is drawn by the least and the largest value of each stretch
AIR = 0.1  # share of a lane that is left free above and below the range of real samples

Point = tuple[float, float]


@dataclass(frozen=True)
class Lanes:
    """Where the values of each channel lie in a drawing. low, high: (c,) the range of real samples."""

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Self:
        """Return the lanes for series like `values`, (n, t, c), n > 0."""
        return cls(*(edge(values, axis=(0, 1)).astype(float)[:MOST_LANES] for edge in (np.min, np.max)))

    @property
    def height(self) -> int:
        """Of a drawing, in pixels."""
        return max(HEIGHT, LANE * len(self.low))

    def points(self, series: np.ndarray) -> list[list[Point]]:
        """Return the points of the line of each channel of a series, (t, c), top left (0, 0); no line leaves the drawing."""
        lane = self.height / len(self.low)
        ranges = np.where(self.high > self.low, self.high - self.low, 1.0)
        lines = []
        for place in range(len(self.low)):
            steps = outline(series[:, place])
            share = (series[steps, place].astype(float) - self.low[place]) / ranges[place]
            x = WIDTH * steps / max(len(series) - 1, 1)
            y = (lane * (place + 1 - AIR - (1 - 2 * AIR) * share)).clip(0, self.height)
            lines.append(list(zip(x.round(1).tolist(), y.round(1).tolist(), strict=True)))
        return lines

    def svg(self, series: np.ndarray, title: str, real: bool) -> str:
        """Return the drawing of a series, (t, c), as an `<svg>` element in the colour of real or of synthetic samples."""
        colour = "real" if real else "synthetic"  # variables of the page
        lines = "".join(f'<polyline points="{path(line)}"/>' for line in self.points(series))
        return (
            f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" '
            f'height="{self.height}"><g fill="none" stroke="var(--{colour})" stroke-width="1.2">{lines}</g></svg>'
        )

    def letters(self, length: int) -> int:
        """Return about how many letters the drawing of a series of `length` steps has."""
        return 10 * len(self.low) * min(length, MOST_POINTS)


def path(line: list[Point]) -> str:
    """Return the points of a line as SVG has them."""
    return " ".join(f"{x:g},{y:g}" for x, y in line)


def outline(values: np.ndarray) -> np.ndarray:
    """Return the steps of a line, (t,), that are drawn: all, or of each stretch those with the least and the largest value."""
    if len(values) <= MOST_POINTS:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), MOST_POINTS // 2 + 1).astype(int)
    return np.unique([a + find(values[a:b]) for a, b in pairwise(edges) for find in (np.argmin, np.argmax)])
