"""The release as people and other tools like it: class folders of PNGs, or CSV files."""

import shutil
from collections.abc import Callable, Mapping
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
from pipelines.samples import IMAGES, SERIES, TABLE, cells, form_of, release
from pipelines.samples.sets import ATTRIBUTE

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
        (self.folder / name).write_text(cells.csv_text(safe), encoding="utf-8", newline="")


def export(project: Path, folder: Path, licence: str | None = None, raw: bool = False) -> None:
    """Write the samples, `manifest.csv` (path, label, split, origin, …) and a data card, `README.md`, to a new folder.

    Images become `<split>/<class>/<file>.png`; a class name that no file system would take becomes its slug, the
    manifest has the name itself. A table becomes `<split>.csv`, the last columns being the group, if any, and the label.
    Series become `<split>.csv`, a row for each step, the steps counted from 0, and `<split>.npz`.
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
        csvs = Csvs(building, raw)
        places = WRITERS[about["kind"]](csvs, rows, values, about)
        csvs.write("manifest.csv", pd.concat([places, rows.rename(columns=_plain_names(rows))], axis=1))
        card = data_card.text(project.resolve().name, about, rows, licence, version("tailweight"), csvs.marked)
        files.write_text(building / data_card.FILE, card)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    made = int((rows["origin"] == release.SYNTHETIC).sum())
    which = f"manifest.csv says which, {data_card.FILE} how they came about"
    print(f"{folder}: {len(rows)} {form_of(about['kind']).noun}, {made} of them synthetic; {which}")


def _write_images(csvs: Csvs, rows: pd.DataFrame, images: np.ndarray, about: Mapping[str, Any]) -> pd.DataFrame:
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


def _write_tables(csvs: Csvs, rows: pd.DataFrame, values: pd.DataFrame, about: Mapping[str, Any]) -> pd.DataFrame:
    """Write `<split>.csv`, group and label last; return the `path` of each row and its number there, from 1."""
    for split, part in values.assign(**_told(rows, about)).groupby(rows["split"]):
        csvs.write(f"{split}.csv", part)
    return pd.DataFrame({"path": rows["split"] + ".csv", "row": rows.groupby("split").cumcount() + 1})


def _write_series(csvs: Csvs, rows: pd.DataFrame, values: np.ndarray, about: Mapping[str, Any]) -> pd.DataFrame:
    """Write `<split>.csv` and `<split>.npz`, in the forms that `tailweight init --series` takes; return the `path` of each."""
    steps = values.shape[1]
    channels = [values[:, :, place] for place in range(len(about["channels"]))]
    plain = [
        one.astype(np.int64) if (one == np.rint(one)).all() and np.abs(one).max() < 2**53 else one for one in channels
    ]
    told = _told(rows, about)
    for split, part in rows.groupby("split"):
        places = part.index.to_numpy()
        long = {
            about["id"]: np.repeat(part["id"].to_numpy(), steps),
            about["time"]: np.tile(np.arange(steps), len(part)),
        }
        long |= {name: one[places].reshape(-1) for name, one in zip(about["channels"], plain, strict=True)}
        long |= {name: np.repeat(column[places].to_numpy(), steps) for name, column in told.items()}
        csvs.write(f"{split}.csv", pd.DataFrame(long))
        texts = {"y": part["label"], "id": part["id"], "channels": pd.Series(about["channels"])}
        if "group" in part:
            texts["group"] = part["group"].fillna("")
        arrays = {name: column.astype(str).to_numpy(str) for name, column in texts.items()}
        np.savez_compressed(csvs.folder / f"{split}.npz", allow_pickle=False, x=values[places], **arrays)
    return pd.DataFrame({"path": rows["split"] + ".csv"})


def _told(rows: pd.DataFrame, about: Mapping[str, Any]) -> dict[str, pd.Series]:
    """Return attributes, group, if any, and label of the rows under the names that they had in the data."""
    own = {name: rows[column] for column, name in _plain_names(rows).items()}
    others = {about[column]: rows[column] for column in ("group", "label") if about.get(column)}
    return own | {name: column for name, column in others.items() if name not in own}


def _plain_names(rows: pd.DataFrame) -> dict[str, str]:
    """Return the names that attributes have in the data by those of their columns; not of one that would be taken for ours."""
    own = {str(name): str(name).removeprefix(ATTRIBUTE) for name in rows if str(name).startswith(ATTRIBUTE)}
    return {column: name for column, name in own.items() if name not in {"path", "row", *rows}}


WRITERS: dict[str, Callable[[Csvs, pd.DataFrame, Any, Mapping[str, Any]], pd.DataFrame]] = {
    IMAGES: _write_images,
    TABLE: _write_tables,
    SERIES: _write_series,
}


def folder_name(label: str) -> str:
    """Return the class name where it is safe as a folder's name on every system, else its slug."""
    plain = label == label.strip(" .").lstrip("-") and all(letter.isalnum() or letter in " ._-()" for letter in label)
    reserved = label.split(".")[0].upper() in RESERVED
    return label if plain and not reserved and 0 < len(label.encode()) <= 100 else slug(label)
