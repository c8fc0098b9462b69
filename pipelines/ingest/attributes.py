"""Attributes: what the data say of a sample beside its class, such as its site or camera (`prepare.attributes`).

In a manifest, and in the Parquet file of a split, each is a column of text with a prefix, so that none is taken for ours.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.errors import SettingError, UserError
from pipelines.ingest import table_sources
from pipelines.ingest.splits import USED
from pipelines.samples.sets import ATTRIBUTE

MOST_VALUES = 20  # that an attribute may have: each of them is a subgroup to be measured
SETTING = "prepare.attributes"


def of_columns(frame: pd.DataFrame, names: Sequence[str], where: str) -> dict[str, list[str]]:
    """Return the columns `names` of a table for a manifest, as text; UserError where one is not there."""
    for name in names:
        table_sources.require(frame, name, where)
    return {ATTRIBUTE + name: texts(frame[name]).tolist() for name in names}


def of_records(told: Sequence[Mapping[str, str]], names: Sequence[str], where: str) -> dict[str, list[str]]:
    """Return the attributes `names` of records for a manifest, "" where one has none; UserError where none has it.

    told: name -> value, of each record.
    """
    known = dict.fromkeys(name for one in told for name in one)
    for name in names:
        if name not in known:
            found = (
                ", ".join(known) or "none; they are further columns of a CSV with path and label, or arrays of an .npz"
            )
            raise UserError(f"{where}: no attribute {name!r} of the images; found {found}")
    return {ATTRIBUTE + name: [one.get(name, "") for one in told] for name in names}


def check(told: Mapping[str, Iterable[str]]) -> None:
    """Raise SettingError where an attribute divides samples into no groups, or into too many.

    told: the values of the samples by name of the column in a manifest.
    """
    for column, own in told.items():
        name, values = column.removeprefix(ATTRIBUTE), list(dict.fromkeys(own))
        if len(values) < 2:
            found = f"one value, {values[0]!r}" if values else "no value"
            raise SettingError(SETTING, f"names {name!r}, and the samples have {found}; leave it out")
        if len(values) > MOST_VALUES:
            raise SettingError(
                SETTING,
                f"names {name!r}, which has {len(values)} different values, such as {values[0]!r}; at most {MOST_VALUES} can "
                "be groups: put them together in the data, in a column of their own",
            )


def check_manifest(manifest: pd.DataFrame) -> None:
    """Do what `check` does with the samples of a manifest that are used."""
    check(columns_of(manifest[manifest["status"] == USED]))


def columns_of(manifest: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the columns of a manifest that are attributes, by their names there."""
    return {str(name): column for name, column in manifest.items() if str(name).startswith(ATTRIBUTE)}


def of_samples(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the attributes in rows of a manifest by name, (n,) str each."""
    return {name.removeprefix(ATTRIBUTE): column.to_numpy(str) for name, column in columns_of(rows).items()}


def of_training(path: Path, name: str) -> pd.Series:
    """Return the attribute `name` of training samples by id, as the manifest at `path` has it; "" where one has none."""
    columns = ["id", "split", "status", ATTRIBUTE + name]
    rows = pd.read_csv(path, dtype="str", keep_default_na=False, usecols=columns)
    used = rows[(rows["status"] == USED) & (rows["split"] == "train")]
    return used.set_index("id")[ATTRIBUTE + name]


def texts(column: pd.Series) -> pd.Series:
    """Return names as text, whole numbers without decimals, "" where one is missing."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if pd.api.types.is_float_dtype(column.dtype) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype("str").fillna("").str.strip().str.normalize("NFC").mask(column.isna(), "")
