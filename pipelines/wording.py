"""Figures as text, the same wherever a user reads them: in reasons, on the terminal, on the page."""

from typing import Any

import pandas as pd

UNNAMED = "(none)"  # what a missing value is called
DIGITS = 4  # after the point of what is written to files; text is made from that, so that it agrees with them


def figure(value: Any, digits: int = 3) -> str:
    """Return a figure as text, a dash where there is none, and never a minus before zeros.

    >>> figure(-0.00004), figure(None)
    ('0.000', '–')
    """
    if value is None or pd.isna(value):
        return "–"
    return f"{round(round(float(value), DIGITS), digits) + 0.0:.{digits}f}"


def signed(value: Any, digits: int = 3) -> str:
    """Return a difference as text, with its sign; zero has none.

    >>> signed(0.0123), signed(-0.0001)
    ('+0.012', '0.000')
    """
    text = figure(value, digits)
    return text if text == "–" or float(text) == 0 else f"{float(text):+.{digits}f}"


def chance(p: float) -> str:
    """Return a p value as text.

    >>> chance(1.0), chance(0.0312), chance(0.00004)
    ('1', '0.031', '< 0.001')
    """
    if p < 0.001:
        return "< 0.001"
    return figure(p).rstrip("0").rstrip(".")


def share(value: Any) -> str:
    """Return a share in percent."""
    return "–" if value is None or pd.isna(value) else f"{value:.0%}"


def count(value: Any) -> str:
    """Return a count, with a comma between the thousands."""
    return "–" if value is None or pd.isna(value) else f"{int(value):,}"
