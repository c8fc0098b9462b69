"""What a source of rows has that `data/raw` has not: rows are told by all that they say, and new ones go to the end."""

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from gan.errors import one_line
from pipelines.errors import UserError
from pipelines.ingest import attributes, table_rows, table_sources
from pipelines.ingest.additions import Additions, by_class
from pipelines.ingest.source import Source, is_url
from pipelines.ingest.table_rows import Columns

COMPRESSION = "zstd"


def compare(raw: Path, source: Source, columns: Columns) -> Additions:
    """Return what the rows of `source` have that those in `raw` have not.

    UserError where the source is gone, or has other columns or types; and where `prepare` would not take all rows together.
    """
    table, tested = table_rows.load(raw, columns.label, columns.group)
    if not all((raw / f"{name}.parquet").exists() for name in table_rows.FILES[: 1 + tested.any()]):
        raise UserError(f"{raw}: rows are added to Parquet, as `tailweight init` writes it; found other files")
    offered, offered_test = read(source, columns)
    table, offered = agreed(table, offered, source.shown, columns)
    both = table_sources.joined(table, offered, source.shown)
    tests = np.concatenate([tested, offered_test])
    old = np.arange(len(both)) < len(table)
    digests = np.array(table_rows.digests(both))
    new = ~old & ~_known(digests, old, tests)
    kept = old | new
    manifest, _ = table_rows.checked(
        both[kept].reset_index(drop=True), tests[kept], source.shown, columns, lambda *_: None
    )
    attributes.check_manifest(manifest)
    labels = table_sources.labels_of(both, columns.label, source.shown).map(lambda name: columns.names.get(name, name))
    classes = by_class(labels[old], labels[~old], labels[new], ())
    return Additions("row", classes, (), Counter(), partial(_write, both, kept, new, tests))


def read(source: Source, columns: Columns) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows of a source, those of its test file last, and which are test rows, (n,) bool."""
    text = tuple(filter(None, (columns.label, columns.group)))
    if is_url(source.path) != (source.query is not None):
        raise UserError(
            f"{source.shown}: a database's URL goes with a query, and a file with none; write query: in data/source.yaml"
        )
    test = None if source.test is None else Path(source.test)
    return table_sources.read_all(source.path, source.query, test, text, source.shown)


def agreed(
    table: pd.DataFrame, offered: pd.DataFrame, where: str, columns: Columns
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both with their ordered categories in one order; UserError names the first column of another type."""
    table, offered = table.copy(), offered.copy()
    for name in table.columns.intersection(offered.columns).difference([columns.label, columns.group], sort=False):
        before, now = table[name], offered[name]
        if isinstance(before.dtype, pd.CategoricalDtype) and before.dtype.ordered:
            order = _common_order(before.dtype, now, f"{where}: column {name!r}")
            table[name], offered[name] = before.astype(order), now.astype(order)
            continue
        one, other = _type_in_words(before), _type_in_words(now)
        codes = {one, other} == {"text", "whole numbers"} and columns.kinds.get(name) not in ("numeric", "integer")
        same = codes or {one, other} <= {"numbers", "whole numbers"} or one == other or not (one and other)
        if not same:
            example = one_line(now.dropna().iloc[0], 40)
            raise UserError(f"{where}: column {name!r} has {other} such as {example}, and had {one}; mend it there")
    return table, offered


def _type_in_words(column: pd.Series) -> str:
    """Return what a column holds, "" where it is empty."""
    if column.isna().all():
        return ""
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind):
        return "true and false"
    if pd.api.types.is_numeric_dtype(kind):
        return "whole numbers" if pd.api.types.is_integer_dtype(kind) else "numbers"
    return "dates" if pd.api.types.is_datetime64_any_dtype(kind) else "text"


def _common_order(before: pd.CategoricalDtype, now: pd.Series, where: str) -> pd.CategoricalDtype:
    """Return the categories of both in their order; UserError where there is no such order."""
    known = list(before.categories)
    if isinstance(now.dtype, pd.CategoricalDtype) and now.dtype.ordered:
        others = list(now.dtype.categories)
        if [one for one in others if one in known] == known:
            return now.dtype
        if [one for one in known if one in others] == others:
            return before
        raise UserError(f"{where} has the order {' < '.join(map(str, others))}, and had {' < '.join(map(str, known))}")
    strange = sorted(set(now.dropna().astype("str")) - set(map(str, known)))
    if strange:
        raise UserError(f"{where} has {strange[0]!r}, whose place in {' < '.join(map(str, known))} is not known")
    return before


def _known(digests: np.ndarray, old: np.ndarray, tests: np.ndarray) -> np.ndarray:
    """Return which rows are there already, (n,) bool: as often as the table has them, and as the test file has them."""
    left = Counter(zip(digests[old], tests[old], strict=True))
    known = old.copy()
    for row in np.flatnonzero(~old):
        key = digests[row], tests[row]
        known[row] = left[key] > 0
        left[key] -= 1
    return known


def _write(both: pd.DataFrame, kept: np.ndarray, new: np.ndarray, tests: np.ndarray, folder: Path) -> None:
    for name, part in zip(table_rows.FILES, (~tests, tests), strict=True):
        if (new & part).any():
            rows = both[kept & part].reset_index(drop=True)
            rows.to_parquet(folder / f"{name}.parquet", index=False, compression=COMPRESSION)
