"""Real samples to look at, as the stage `baseline` lists them: read, and shown where a sample of the kind can be seen."""

from pathlib import Path

import pandas as pd

from pipelines.report.figures import Cell, Table
from pipelines.report.pictures import PAINTERS, Card
from pipelines.samples import Samples, cells

SHOWN = 12  # on the page of a run
FILE = "suspects.csv"


def read(path: Path) -> pd.DataFrame:
    """Return the list, the most suspicious sample first; see `evaluation.suspects.table`."""
    return cells.unmarked(pd.read_csv(path, dtype=str, keep_default_na=False))


def cards(listed: pd.DataFrame, train: Samples, held_out: Samples) -> list[Card]:
    """Return a card for each sample, beside it the nearest of the class that it looks like; none for kinds without pictures."""
    if train.kind not in PAINTERS:
        return []
    paint = PAINTERS[train.kind](train)
    values = dict(zip(train.ids, train.values, strict=True)) | dict(zip(held_out.ids, held_out.values, strict=True))
    found = []
    for _, row in listed.iterrows():
        pictures = [paint(values[row["sample"]], f"said to be {row['class']}", True)]
        if row["nearest"]:
            pictures.append(paint(values[row["nearest"]], f"the nearest of {row['likely']}", True))
        found.append(Card(pictures, row.rename({"sample": "id"})))
    return found


def table(listed: pd.DataFrame) -> Table:
    """Return the list as a table of the page."""
    rows = [[Cell(row[name], figure=False) for name in ("sample", "class", "why")] for _, row in listed.iterrows()]
    return Table("Samples to look at", FILE, ["sample", "class", "why"], rows)
