"""The rows of a table, checked: which are used, which are set aside and why, and which equal each other.

Equal rows are normal in a table, so they are kept; but one in training and its twin in test would be a leak. So all rows
with equal columns lie in one split, whatever their class; where the data bring their own test rows, training rows that
equal one of them are set aside. A `group` decides alone: equal rows of two patients are two facts.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from gan.kinds import UNLEARNT, date_format
from gan.progress import Progress
from pipelines.errors import UserError
from pipelines.ingest import attributes, kept, table_sources
from pipelines.ingest.splits import QUARANTINED, USED, quarantine, refuse_strange_names, refuse_twin_labels

MOST_CATEGORIES = 10_000
MISSING = "\0"  # no text says that
FILES = ("table", "test")  # the names, without suffix, under data/raw; the second only where test rows are given


@dataclass(frozen=True)
class Columns:
    """What the columns are for: `label` the class, `group` (or "") what must not span splits, `kinds` of all others.

    names: from the name of a class in the data to the one that holds.   attributes: columns that say of what subgroup a row is.
    """

    label: str
    group: str
    kinds: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    attributes: Sequence[str] = ()


def load(raw: Path, label: str, group: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows of the table and of the test file in `raw`, and which are test rows, (n,) bool."""
    text = tuple(filter(None, (label, group)))
    found = {name: sorted(raw.glob(f"{name}.*")) for name in FILES}
    if len(found["table"]) != 1 or len(found["test"]) > 1:
        names = ", ".join(path.name for paths in found.values() for path in paths) or "neither"
        raise UserError(f"{raw}: found {names}; expected one file table.csv or table.parquet, and at most one test.…")
    table = table_sources.read(found["table"][0], text)
    if not found["test"]:
        return table, np.zeros(len(table), bool)
    path = found["test"][0]
    both = table_sources.joined(table, table_sources.read(path, text), str(path))
    return both, np.arange(len(both)) >= len(table)


def check(
    raw: Path, columns: Columns, progress: Progress, splits: Mapping[str, str] = MappingProxyType({})
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the table and return a manifest, one row per row of the table, and the values in the types of their kinds.

    splits: those that rows have had, by their digest.
    UserError where the label, the group or a column is not there, or is no such thing as its kind says.
    """
    frame, tested = load(raw, columns.label, columns.group)
    return checked(frame, tested, str(raw), columns, progress, splits)


def checked(
    frame: pd.DataFrame,
    tested: np.ndarray,
    where: str,
    columns: Columns,
    progress: Progress,
    splits: Mapping[str, str] = MappingProxyType({}),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Do what `check` does with rows that were read already; `tested` (n,) bool says which are test rows."""
    steps = 4
    progress(1, steps, {})
    labels = table_sources.labels_of(frame, columns.label, where)
    refuse_strange_names(columns.names, labels, where)
    labels = labels.map(lambda name: columns.names.get(name, name))
    refuse_twin_labels(labels, where)
    groups = group_names(frame, columns.group, where)
    values = frame.drop(columns=[columns.label, *filter(None, [columns.group])])
    check_names(values, columns.kinds)
    progress(2, steps, {})
    reasons = pd.Series("", values.index)
    for name, kind in columns.kinds.items():
        if misfit := _misfit(values.loc[~tested, name], kind):
            raise UserError(f"params.yaml: prepare.columns calls {name!r} {kind}, and it {misfit}")
        values[name], wrong = conformed(values[name], name, kind)
        reasons = reasons.mask((reasons == "") & (wrong != ""), wrong)
    reasons = reasons.mask(labels == "", "no label")
    progress(3, steps, {})
    manifest = pd.DataFrame(
        {
            "id": row_names(tested),
            "class": labels,
            "split": np.where(tested, "test", ""),
            "group": groups,
            "status": np.where(reasons == "", USED, QUARANTINED),
            "reason": reasons,
            "unit": units(values, columns.kinds),
            "kept": kept_splits(frame, splits),
            **attributes.of_columns(frame, columns.attributes, where),
        }
    )
    if not columns.group:
        set_leaks_aside(manifest)
    progress(4, steps, {})
    return manifest, values


def row_names(tested: np.ndarray) -> list[str]:
    """Return a name for each row: its number in its file from 1, after `test-` in the test file."""
    first = np.flatnonzero(tested)[0] if tested.any() else len(tested)
    digits = len(str(len(tested)))
    return [
        f"test-{row - first + 1:0{digits}d}" if test else f"{row + 1:0{digits}d}" for row, test in enumerate(tested)
    ]


def digests(frame: pd.DataFrame) -> list[str]:
    """Return what each row says, all columns with their names, as 16 hexadecimal digits.

    Rows that say the same have the same digest, whatever types their columns have: a column of whole numbers becomes one of
    decimals when the first row without a value is appended, and the rows before must be known again. So have the same rows
    in another order of the columns, and under other versions of pandas.
    """
    names = sorted(frame.columns)
    texts = [_as_text(frame[name]) for name in names]
    head = "\x1f".join(names)
    return [
        hashlib.sha256("\x1f".join((head, *row)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        for row in zip(*texts, strict=True)
    ]


def _as_text(column: pd.Series) -> np.ndarray:
    """Return the values of a column as text, a whole number the same with and without decimals."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), column.cat.categories
    else:
        codes, values = pd.factorize(column)
    if pd.api.types.is_float_dtype(values.dtype):
        numbers = np.asarray(values, float).tolist()
        texts = [str(int(number)) if number.is_integer() else repr(number) for number in numbers]
    elif pd.api.types.is_datetime64_any_dtype(values.dtype):
        texts = [moment.isoformat() for moment in pd.DatetimeIndex(values)]
    else:
        texts = [str(value) for value in values]
    return np.array([*texts, MISSING], object)[codes]  # a missing value has the code -1


def kept_splits(frame: pd.DataFrame, splits: Mapping[str, str]) -> list[str]:
    """Return the split that each row has had, "" where none is known."""
    if not splits:
        return [""] * len(frame)
    named = digests(frame)
    kept.say_what_is_not_there(splits, named, "row")
    return [splits.get(digest, "") for digest in named]


def plain_name(name: str) -> str:
    """Return the name of a row without zeros in front, which come and go with the number of rows.

    >>> plain_name("0070"), plain_name("test-007")
    ('70', 'test-7')
    """
    first, dash, number = name.rpartition("-")
    return f"{first}{dash}{number.lstrip('0') or '0'}"


def group_names(frame: pd.DataFrame, group: str, where: str) -> pd.Series:
    """Return the group of each row, "" where it has none."""
    if not group:
        return pd.Series("", frame.index)
    table_sources.require(frame, group, where)
    return attributes.texts(frame[group])


def check_names(values: pd.DataFrame, kinds: Mapping[str, str]) -> None:
    """Raise UserError unless `kinds` names every column of `values` and no other, and some of them can be learnt."""
    unnamed = [name for name in values if name not in kinds]
    strange = [name for name in kinds if name not in values]
    if strange:
        raise UserError(f"params.yaml: prepare.columns names {strange[0]!r}; found {', '.join(list(values)[:20])}")
    if unnamed:
        raise UserError(
            f"params.yaml: prepare.columns does not say what {unnamed[0]!r} is; add e.g. {unnamed[0]}: numeric"
        )
    if all(kind in UNLEARNT for kind in kinds.values()):
        raise UserError("the table has no column to learn from beside label, group, constants and identifiers")


def conformed(column: pd.Series, name: str, kind: str) -> tuple[pd.Series, pd.Series]:
    """Return `column` in a type that fits its kind, and for each row why its value does not fit, "" where it does.

    UserError where most values do not fit: then the kind is wrong, not the rows.
    """
    fine = pd.Series("", column.index)
    if kind == "categorical" and column.nunique() > MOST_CATEGORIES:
        raise UserError(
            f"column {name!r} has {column.nunique()} different values, at most {MOST_CATEGORIES} can be categories; "
            f"call it an identifier: prepare.columns in params.yaml"
        )
    if kind not in ("numeric", "integer") or pd.api.types.is_numeric_dtype(column.dtype):
        return column, fine
    numbers = pd.to_numeric(column.astype("str"), errors="coerce").astype("float64")
    bad = column.notna() & ~np.isfinite(numbers)
    if bad.sum() > column.notna().sum() / 2:
        raise UserError(
            f"params.yaml: prepare.columns calls {name!r} {kind}, and {int(bad.sum())} of its values are no numbers, such "
            f"as {column[bad].iloc[0]!r}; call it categorical"
        )
    return numbers.mask(bad), fine.mask(bad, f"{name} is no number: " + column[bad].astype("str").str[:40])


def _misfit(column: pd.Series, kind: str) -> str:
    """Say what is wrong with the kind of a whole column, "" where nothing is."""
    present, dtype = column.dropna(), column.dtype
    if kind == "boolean" and present.nunique() > 2:
        return f"has {present.nunique()} different values; call it categorical"
    if kind == "constant" and present.nunique() > 1:
        return f"has {present.nunique()} different values; call it what it is, or identifier to leave it out"
    if kind == "ordered" and pd.api.types.is_string_dtype(dtype) and not isinstance(dtype, pd.CategoricalDtype):
        return (
            "is text, whose order nobody knows; call it categorical, or bring it in as an ordered category in Parquet"
        )
    if kind == "integer" and pd.api.types.is_float_dtype(dtype) and not (present % 1 == 0).all():
        return f"has decimals such as {present[present % 1 != 0].iloc[0]:g}; call it numeric"
    if kind == "datetime" and len(present) and not pd.api.types.is_datetime64_any_dtype(dtype):
        return _no_dates(present)
    return ""


def _no_dates(present: pd.Series) -> str:
    """Say why text or numbers, (n,) without missing ones, are no dates, "" where they are."""
    text = pd.api.types.is_string_dtype(present.dtype)
    if not (text or pd.api.types.is_numeric_dtype(present.dtype)) or date_format(present) is not None:
        return ""
    if text:
        return f"is text not all of which is a date like 2026-01-31, such as {present.iloc[0]!r}; call it categorical"
    return (
        "has numbers not all of which are dates like 20260131, years or seconds since 1970, "
        f"such as {present.iloc[0]:g}; call it integer or numeric"
    )


def units(values: pd.DataFrame, kinds: Mapping[str, str]) -> pd.Series:
    """Return one name for all rows that are equal in every column but identifiers."""
    compared = values[[name for name, kind in kinds.items() if kind != "identifier"]]
    return pd.util.hash_pandas_object(compared, index=False).map("{:016x}".format)


def set_leaks_aside(manifest: pd.DataFrame) -> None:
    """Quarantine the training rows that equal a test row that the source brought."""
    given = manifest["split"] == "test"
    first = manifest[given].drop_duplicates("unit").set_index("unit")["id"]
    leaks = ~given & (manifest["status"] == USED) & manifest["unit"].isin(first.index)
    quarantine(manifest, leaks, "duplicate of " + manifest.loc[leaks, "unit"].map(first))
