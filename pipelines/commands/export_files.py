"""The release as people and other tools like it: class folders of PNGs, or CSV files."""

import csv
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from pipelines import files
from pipelines.commands import data_card
from pipelines.errors import UserError
from pipelines.plan import slug
from pipelines.samples import IMAGES, TABLE, cells, form_of, release

RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))}


class Csvs:
    """The CSVs of an export, in the folder that it is written to.

    raw: leave text that a spreadsheet would take for a formula as it is. marked: whether any was marked as text.
    """

    def __init__(self, folder: Path, raw: bool) -> None:
        self.folder = folder
        self.raw = raw
        self.marked = False

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Write a table to the file `name`."""
        safe = table if self.raw else cells.marked(table)
        self.marked = self.marked or not safe.equals(table)
        content = safe.to_csv(index=False)
        if "\r" in content:  # pandas leaves it unquoted, and readers take it for the end of the line
            content = safe.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC)
        (self.folder / name).write_text(content, encoding="utf-8", newline="")


def export(project: Path, folder: Path, licence: str | None = None, raw: bool = False) -> None:
    """Write the samples, `manifest.csv` (path, label, split, origin, …) and a data card, `README.md`, to a new folder.

    Images become `<split>/<class>/<file>.png`; a class name that no file system would take becomes its slug, the
    manifest has the name itself. A table becomes `<split>.csv`, the last columns being the group, if any, and the label.
    licence: of the source, for the card. raw: see `Csvs`. UserError where there is no release or `folder` exists.
    """
    source = project / "data/release/samples.parquet"
    if not source.is_file():
        raise UserError(f"{source}: there is no release yet; make one: tailweight run release (or dvc pull)")
    folder = folder.resolve()
    if folder.exists():
        raise UserError(f"{folder}: exists already; name a new folder")
    about = files.read_json(source.with_name("release.json"))
    rows, values = release.read(source, about["kind"])
    rows = rows.rename(columns={"class": "label"})
    building = folder.with_name(f".{folder.name}.tailweight-export")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir(parents=True)
        added = {about[column]: rows[column] for column in ("group", "label") if about.get(column)}
        csvs = Csvs(building, raw)
        places = WRITERS[about["kind"]](csvs, rows, values, added)
        csvs.write("manifest.csv", pd.concat([places, rows], axis=1))
        card = data_card.text(project.resolve().name, about, rows, licence, version("tailweight"), csvs.marked)
        files.write_text(building / data_card.FILE, card)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    made = int((rows["origin"] == release.SYNTHETIC).sum())
    which = f"manifest.csv says which, {data_card.FILE} how they came about"
    print(f"{folder}: {len(rows)} {form_of(about['kind']).noun}, {made} of them synthetic; {which}")


def _write_images(csvs: Csvs, rows: pd.DataFrame, images: np.ndarray, added: dict[str, pd.Series]) -> pd.DataFrame:
    """Write `<split>/<class>/<file>.png`, and `<split>/metadata.csv` for Hugging Face's `datasets`; return each `path`.

    `datasets` asks for the same types in all splits, so only what every sample has stands there.
    """
    paths = [
        f"{row.split}/{folder_name(row.label)}/{row.origin}-{number:06d}.png"
        for number, row in enumerate(rows.itertuples())
    ]
    for path, image in zip(paths, images, strict=True):
        target = csvs.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.squeeze(axis=2) if image.shape[2] == 1 else image).save(target)
    for split, part in rows.groupby("split"):
        names = pd.Series(paths).loc[part.index].str.removeprefix(f"{split}/")
        csvs.write(f"{split}/metadata.csv", part.assign(file_name=names)[["file_name", "label", "origin"]])
    return pd.DataFrame({"path": paths})


def _write_tables(csvs: Csvs, rows: pd.DataFrame, values: pd.DataFrame, added: dict[str, pd.Series]) -> pd.DataFrame:
    """Write `<split>.csv`, the columns `added` last; return the `path` of each row and its number there, from 1."""
    for split, part in values.assign(**added).groupby(rows["split"]):
        csvs.write(f"{split}.csv", part)
    return pd.DataFrame({"path": rows["split"] + ".csv", "row": rows.groupby("split").cumcount() + 1})


WRITERS: dict[str, Callable[[Csvs, pd.DataFrame, Any, dict[str, pd.Series]], pd.DataFrame]] = {
    IMAGES: _write_images,
    TABLE: _write_tables,
}


def folder_name(label: str) -> str:
    """Return the class name where it is safe as a folder's name on every system, else its slug."""
    plain = label == label.strip(" .").lstrip("-") and all(letter.isalnum() or letter in " ._-()" for letter in label)
    reserved = label.split(".")[0].upper() in RESERVED
    return label if plain and not reserved and 0 < len(label.encode()) <= 100 else slug(label)
