"""What the page shows of one sample, beside its reference and its nearest real sample, by kind of data.

A new kind may have a card of its own: a function here, and a line in `CARDS`; others are shown as their plain numbers.
"""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from gan.kinds import UNLEARNT
from pipelines.report import lines
from pipelines.report.lines import Lanes
from pipelines.samples import IMAGES, SERIES, TABLE, Samples, Values, png_bytes

NAMES = ("sample", "reference", "nearest real")
MISSING = "–"
LONGEST = 80  # letters of a cell that are shown
FIRST = 200  # numbers of a plain sample that are shown

Card = dict[str, Any]


def card(shown: list[Values], of: Samples) -> Card:
    """Return what the page shows: `names`, and `pictures`, `lines` or `rows`.

    shown: a sample, its reference and its nearest real sample, one of each. of: real samples, which say what they are.
    """
    draw = CARDS.get(of.kind, of_numbers)
    return {"names": NAMES, **draw(shown, of)}


def of_images(shown: list[Any], of: Samples) -> Card:
    """Return the three pictures as `data:` URLs; the page enlarges them."""
    pictures = [base64.b64encode(png_bytes(values[0])).decode() for values in shown]
    return {"pictures": [f"data:image/png;base64,{text}" for text in pictures], "side": int(shown[0].shape[1])}


def of_series(shown: list[Any], of: Samples) -> Card:
    """Return the points of each channel's line of the three series, on the range of the real samples."""
    lanes = Lanes.of(of.values)
    drawn = [[lines.path(line) for line in lanes.points(values[0])] for values in shown]
    return {"lines": drawn, "size": [lines.WIDTH, lanes.height]}


def of_rows(shown: list[pd.DataFrame], of: Samples) -> Card:
    """Return the cells column by column. Columns that are not learnt are left out: made up, they would tell what is real."""
    learnt = [name for name, kind in of.columns.items() if kind not in UNLEARNT]
    return {"rows": _cells([frame[learnt].iloc[0] for frame in shown])}


def of_numbers(shown: list[Any], of: Samples) -> Card:
    """Return the numbers of samples of any other kind."""
    return {"rows": _cells([pd.Series(np.ravel(values)[:FIRST]) for values in shown])}


def _cells(shown: list[pd.Series]) -> list[dict[str, Any]]:
    """Return for each column its name, the three texts, and which of the real ones differ from the sample's."""
    rows = []
    for name in shown[0].index:
        texts = [_text(one[name]) for one in shown]
        rows.append({"name": str(name), "texts": texts, "differs": [text != texts[0] for text in texts]})
    return rows


def _text(cell: object) -> str:
    if pd.isna(cell):
        return MISSING
    text = f"{cell:.6g}" if isinstance(cell, float) else str(cell)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


CARDS: dict[str, Callable[[list[Any], Samples], Card]] = {IMAGES: of_images, SERIES: of_series, TABLE: of_rows}
