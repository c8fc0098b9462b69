"""Text in a CSV stays text, also what a spreadsheet would take for a formula: an apostrophe in front says that it is none.

A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@`, and what it runs may start programs and send data away. With
the apostrophe it shows the text. Where a semicolon, a tab or a line break may begin a new cell, one is put behind it as well.
Our own readers take it off again, so nothing changes on the way through a CSV.
"""

import csv
import re
from collections.abc import Callable
from typing import Any

import pandas as pd

BEGINS = r"(^|[;\t\r\n])"  # a cell, as one spreadsheet or another reads the file
PLAIN = r"[\d\s.,:/%+\-]*(?:[;\t\r\n]|$)"  # what may follow a sign: nothing in it is a function or another cell
FORMULA = rf"(?=[=@＝＠]|[+\-＋－](?!{PLAIN}))"
BARE = re.compile(rf"{BEGINS}('*){FORMULA}")
MARKED = re.compile(rf"{BEGINS}'('*){FORMULA}")


def mark(text: str) -> str:
    """Return `text` as a spreadsheet shows it and does not run it.

    >>> mark("=cmd|' /C calc'!A0"), mark("-5"), mark("a;@b"), mark("plain")
    ("'=cmd|' /C calc'!A0", '-5', "a;'@b", 'plain')
    """
    return BARE.sub(r"\1'\2", text)


def unmark(text: str) -> str:
    """Return what `mark` was given.

    >>> unmark("'=1+1"), unmark("'quoted'")
    ('=1+1', "'quoted'")
    """
    return MARKED.sub(r"\1\2", text)


def marked(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with `mark` on its text and on the names of its columns; numbers and dates stay as they are."""
    return _changed(table, mark)


def unmarked(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that was read as `marked` had it."""
    return _changed(table, unmark)


def _changed(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    def changed(value: Any) -> Any:
        return change(value) if isinstance(value, str) else value

    plain = pd.api.types.is_numeric_dtype, pd.api.types.is_datetime64_any_dtype
    text = [name for name in table if not any(is_plain(table[name].dtype) for is_plain in plain)]
    return table.assign(**{name: table[name].map(changed) for name in text}).rename(columns=changed)


def csv_text(table: pd.DataFrame, float_format: str | None = None) -> str:
    """Return a table as CSV, which reads as the table that it was."""
    content: str = table.to_csv(index=False, float_format=float_format)
    if "\r" in content:  # pandas leaves it unquoted, and readers take it for the end of the line
        content = table.to_csv(index=False, float_format=float_format, quoting=csv.QUOTE_NONNUMERIC)
    return content
