"""The page: templates filled with what the stage found. One file that asks for no other."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipelines import wording
from pipelines.report import decision
from pipelines.report.words import WORDS, anchor

MINI = (150, 14)  # pixels of the drawing of a gain in the table of classes
LEAST = 0.03  # how far its axis reaches to either side of zero, at least


def render(page: Mapping[str, Any]) -> str:
    """Return the page as HTML."""
    return environment().get_template("page.html.j2").render(page)


def environment() -> Environment:
    """Return the template engine: every value is escaped unless a template says otherwise, a missing one is an error."""
    made = Environment(
        loader=PackageLoader("pipelines.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "signed": wording.signed,
        "figure": wording.figure,
        "count": wording.count,
        "anchor": anchor,
        "listed": decision.listed,
        "in_words": decision.in_words,
        "beside": decision.beside,
        "sentence": lambda text: text[:1].upper() + text[1:],
    }
    made.globals["words"] = WORDS
    made.tests["known"] = lambda value: value is not None and not pd.isna(value)
    return made


def mini(overview: pd.DataFrame) -> list[dict[str, float] | None]:
    """Return where the gain of each row and the ends of its interval lie in a small drawing, all on one axis."""
    known = overview[["low", "high", "gain"]]
    low, high = min(known["low"].min(), -LEAST), max(known["high"].max(), LEAST)

    def place(value: float) -> float:
        return round(4 + (MINI[0] - 8) * (value - low) / (high - low), 1)

    return [
        {name: place(value) for name, value in (*row.items(), ("zero", 0.0))} if row.notna().all() else None
        for _, row in known.iterrows()
    ]
