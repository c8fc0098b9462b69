"""The figures of the page, kept as tables beside it: what is drawn and what is written are the same rounded values."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines import files
from pipelines.samples import cells
from pipelines.wording import DIGITS


class Figures:
    """The tables that are written beside the page, by file name; what is added to one of them goes below the rest."""

    def __init__(self) -> None:
        self._parts: dict[str, list[pd.DataFrame]] = {}

    def add(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Keep `frame` in the file `name`; return it as it is written there, for the page to show."""
        rounded = frame.round(DIGITS).reset_index(drop=True)
        self._parts.setdefault(name, []).append(rounded)
        return rounded

    def write(self, folder: Path) -> None:
        """Write a CSV a table, safe to open in a spreadsheet."""
        for name, parts in self._parts.items():
            table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
            files.write_text(folder / name, cells.csv_text(cells.marked(table), f"%.{DIGITS}f"))


@dataclass(frozen=True)
class Cell:
    """One cell: its text, what stands below it in small type, whether it is a figure, whether it is the best of its row."""

    text: str
    small: str = ""
    figure: bool = True
    best: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the page.

    source: the file beside the page that has its figures, row by row.   of: the class that it is about, where the file has
    several.   heads: of the columns; the first cell of a row is its head.
    """

    caption: str
    source: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    of: str = ""
