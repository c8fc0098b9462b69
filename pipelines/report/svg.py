"""Drawings as inline SVG: colours are variables of the page, type has its size, the same figures give the same bytes."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's colours, which the colour-blind tell apart; the page has lighter ones in their place where it is dark.
INK, QUIET, RULE = "#1d2329", "#5b6670", "#d5dbe1"
REAL, SYNTHETIC, HELD_OUT, OTHER = "#0072b2", "#c04f00", "#00785a", "#8e4585"
VARIABLES = {
    INK: "ink", QUIET: "quiet", RULE: "rule", REAL: "real", SYNTHETIC: "synthetic", HELD_OUT: "held-out", OTHER: "other",
}  # fmt: skip
WIDTH = 335  # pixels; fits a phone as it is
MARKS = re.compile(r"<g( clip-path=[^>]*)>((?:\s*<use [^>]*/>)+)")  # of one series, in matplotlib's SVG
STYLE: Any = {
    "font.size": 11,
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.6,
    "hatch.color": SYNTHETIC,
    "svg.hashsalt": "tailweight",  # else the ids in the file differ from run to run
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar in a name is a dollar
    "figure.constrained_layout.use": True,
}


@dataclass
class Drawing:
    """One panel that is drawn on, and the `<svg>` element once that is done."""

    panel: Axes
    svg: str = field(default="")


@contextmanager
def drawing(title: str, height: float, width: float = WIDTH) -> Iterator[Drawing]:
    """Yield an empty panel of so many pixels; once the block is left, `svg` is the element, which names itself `title`."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width / 72, height / 72))
        made = Drawing(figure.subplots())
        yield made
        made.svg = element(figure, title)


def element(figure: Figure, title: str) -> str:
    """Return the figure as an `<svg>` element without what a page has no use for, its points as the page's pixels."""
    if layout := figure.get_layout_engine():  # once; `savefig` would draw everything a second time for it
        layout.execute(figure)
        figure.set_layout_engine("none")
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # else every drawing of the page has the same ids
    text = re.sub(r' (width|height)="([\d.]+)pt"', r' \1="\2"', text)
    text = re.sub(r"\n\s*", "\n", text)
    text = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag[0]), text)  # a hundredth of a pixel will do
    text = MARKS.sub(_styled_once, text)
    for colour, name in VARIABLES.items():
        text = text.replace(colour, f"var(--{name})")
    return text.replace("<svg", f'<svg role="img" aria-label="{_attribute(title)}"', 1)


def at_least(low: float, high: float, least: float) -> tuple[float, float]:
    """Return a range around `low` to `high` with some air, and no narrower than `least`: else noise looks like a result."""
    wide = max((high - low) * 1.1, least)
    middle = (low + high) / 2
    return middle - wide / 2, middle + wide / 2


def few_ticks(panel: Axes) -> None:
    """Let the ticks of the x axis stand clear of each other."""
    panel.locator_params(axis="x", nbins=4)


def name_lines(panel: Axes, ends: dict[str, tuple[float, float, str]]) -> None:
    """Write the name of each line beside its end, no two on top of each other.

    ends: name -> x and y of the end, and the colour.
    """
    low, high = panel.get_ylim()
    apart = (high - low) * 0.1
    place = low
    for name, (x, y, colour) in sorted(ends.items(), key=lambda item: item[1][1]):
        place = max(y, place)
        panel.annotate(name, (x, place), (5, 0), textcoords="offset points", color=colour, va="center")
        place += apart


def name_rows(panel: Axes, names: Sequence[str]) -> None:
    """Write the name of each row above it, where it takes no width from what is drawn; the first row is at the top."""
    for place, name in enumerate(names):
        panel.annotate(name, (0, place), (0, 7), xycoords=("axes fraction", "data"), textcoords="offset points")
    panel.set_ylim(len(names) - 0.6, -0.8)
    panel.set_yticks([])
    panel.spines["left"].set_visible(False)


def spread(count: int, most: int) -> np.ndarray:
    """Return `most` of `count` places at most, evenly spread and in order."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)) if count else np.zeros(0, int)


def short(text: str, length: int) -> str:
    """Return the text, cut where it is longer."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _styled_once(marks: re.Match[str]) -> str:
    """Return marks that all look alike with their style said once, in their group; others as they are."""
    styles = set(re.findall(r' style="[^"]*"', marks[2]))
    if len(styles) != 1:
        return marks[0]
    style = styles.pop()
    return f"<g{marks[1]}{style}>{marks[2].replace(style, '')}"


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
