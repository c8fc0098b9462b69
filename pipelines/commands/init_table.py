"""`tailweight init --table`: a project whose data are the rows of a table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gan.kinds import Kind, infer_kinds
from gan.training.settings import FAITHFUL_ROWS
from pipelines.commands.presets import with_preset
from pipelines.commands.project import build, next_step, refuse_existing
from pipelines.driver.params import FILE
from pipelines.errors import UserError
from pipelines.ingest import attributes, doubts, table_rows, table_sources
from pipelines.ingest.source import is_url, remembered
from pipelines.ingest.splits import refuse_twin_labels


@dataclass(frozen=True)
class Source:
    """Where a table lies and which of its columns mean what.

    table: a file, or a database's URL where `query` is given. test: a file with test rows, or None.
    attributes: columns whose values are subgroups.
    """

    table: str
    label: str
    group: str = ""
    test: Path | None = None
    query: str | None = None
    attributes: tuple[str, ...] = ()


def create(folder: Path, source: Source, preset: str = "default", balance: str = "") -> None:
    """Make the project `folder` from a table; all of it or, where anything is wrong, nothing.

    The table is written as Parquet, read once and for all: which separator, encoding and types a file has is guessed
    here, where the user sees what was found, and never again. balance: the attribute by which classes are filled up.
    UserError says in one line what is wrong.
    """
    folder = folder.resolve()
    refuse_existing(folder)
    frame, tested = bring_in(source)
    where = source.table.split("?")[0] if source.query is None else "the query"
    labels = table_sources.labels_of(frame, source.label, where)
    refuse_twin_labels(labels, where)
    groups = table_rows.group_names(frame, source.group, where)
    attributes.check(attributes.of_columns(frame, source.attributes, where))
    values = frame.drop(columns=[source.label, *filter(None, [source.group])])
    kinds = infer(values[~tested], where)
    table_rows.check_names(values, kinds)
    print(f"bringing in {len(frame)} rows of {labels[labels != ''].nunique()} classes and {values.shape[1]} columns")
    if source.group:
        print(f"{groups[groups != ''].nunique()} groups, by {source.group}")

    def fill(raw: Path) -> None:
        raw.mkdir(parents=True)
        for name, rows in zip(table_rows.FILES, (~tested, tested), strict=True):
            if rows.any():
                frame[rows].to_parquet(raw / f"{name}.parquet", index=False, compression="zstd")

    about = {"label": source.label, "group": source.group, "attributes": list(source.attributes), "columns": kinds}
    faithful = {"faithful": FAITHFUL_ROWS}
    own: dict[str, dict[str, Any]] = {"prepare": about, "pretrain": faithful, "train": faithful}
    own |= {"plan": {"balance": balance}}
    origin = remembered(source.table, source.query, source.test)
    build(folder, fill, with_preset(preset, own), origin)
    print(describe(kinds))
    if lines := doubts.about(values[~tested], kinds):
        print(
            "whole numbers that may be something else; if so, change their lines under prepare.columns:",
            *lines,
            sep="\n",
        )
    print(f"{folder}: a table; correct what a column is in {folder / FILE}\n{next_step(folder)}")


def bring_in(source: Source) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows of the table and of the test file, and which are test rows, (n,) bool."""
    text = tuple(filter(None, (source.label, source.group)))
    if is_url(source.table) != (source.query is not None):
        raise UserError(
            "--query goes with a database's URL in --table, such as sqlite:///shop.db, and a URL with --query"
        )
    if source.group and source.group == source.label:
        raise UserError(f"--group and --label both name {source.label!r}; a group is another column")
    if source.label in source.attributes:
        raise UserError(f"--attributes and --label both name {source.label!r}; name others")
    where = "the query" if source.query is not None else source.table
    return table_sources.read_all(source.table, source.query, source.test, text, where)


def infer(values: pd.DataFrame, where: str) -> dict[str, Kind]:
    """Return what each column holds, as far as its type and values tell; UserError where a column holds none of it."""
    try:
        kinds = dict(infer_kinds(values))
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None
    for name, kind in kinds.items():
        if kind == "categorical" and values[name].nunique() > table_rows.MOST_CATEGORIES:
            kinds[name] = "identifier"
            print(f"column {name!r} has {values[name].nunique()} different values and is taken for an identifier")
    return kinds


def describe(kinds: dict[str, Kind]) -> str:
    """Return the columns by kind in a few lines, of a kind with many columns the first ones."""
    by_kind: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        by_kind.setdefault(kind, []).append(name)
    return "\n".join(
        f"  {kind}: {', '.join(names[:8])}{f' and {len(names) - 8} more' if len(names) > 8 else ''}"
        for kind, names in by_kind.items()
    )
