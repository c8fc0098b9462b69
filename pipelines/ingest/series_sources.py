"""The forms in which labelled series arrive: a table in long form, a row for each step, or arrays in an `.npz` file.

Both become one table in long form. In it a column names the series of a row, one its time, one its class; a column `split`, one
for groups and some for attributes may be there; every other column is a channel, a number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from gan.errors import one_line
from pipelines import files
from pipelines.errors import UserError
from pipelines.ingest import table_sources

EXPECTED = "a CSV or Parquet file with a row for each step, or an .npz with x (n, t, c) and y (n,)"
SPLIT = "split"  # a column of this name says of each series in which split it lies
NPZ = ".npz"
ARRAYS = ("x", "y", SPLIT, "id", "group", "channels")


@dataclass(frozen=True)
class Columns:
    """What the columns are for: the series of a row, its time, its class, and what must not span splits, "" for none.

    attributes: columns that say of what subgroup a series is.
    """

    id: str
    time: str
    label: str
    group: str = ""
    attributes: tuple[str, ...] = ()

    @property
    def named(self) -> dict[str, str]:
        """Each role with its column, where it has one; attributes are not among them."""
        roles = {"id": self.id, "time": self.time, "label": self.label, "group": self.group}
        return {role: name for role, name in roles.items() if name}

    @property
    def needed(self) -> tuple[str, ...]:
        """All columns that have to be there beside the channels."""
        return *self.named.values(), *self.attributes


OF_ARRAYS = Columns("series", "step", "class", "group")  # what the columns are called that arrays become


def is_npz(path: Path) -> bool:
    """Say whether a file is one of arrays, by its name."""
    return path.suffix.lower() == NPZ


def read(path: Path, columns: Columns) -> pd.DataFrame:
    """Return the series in the file `path` in long form; UserError, in one line, where they are not what `columns` says."""
    if is_npz(path):
        return table_sources.tidy(_from_arrays(path, columns), str(path))
    if not path.is_file():
        raise UserError(f"{path}: no such file; expected {EXPECTED}")
    texts = (*(name for role, name in columns.named.items() if role != "time"), *columns.attributes)
    frame = table_sources.read(path, texts)
    for name in columns.needed:
        table_sources.require(frame, name, str(path))
    return frame


def held(frame: pd.DataFrame, columns: Columns) -> Columns:
    """Return `columns` without a group where there is none, as an `.npz` may have it."""
    return columns if columns.group in frame else replace(columns, group="")


def channels_of(frame: pd.DataFrame, columns: Columns, where: str) -> list[str]:
    """Return the columns that are channels; UserError where there is none, or one is no number."""
    names = [name for name in frame if name not in {*columns.needed, SPLIT}]
    if not names:
        raise UserError(f"{where}: no channel; expected a column of numbers beside {', '.join(columns.named.values())}")
    for name in names:
        if not pd.api.types.is_numeric_dtype(frame[name].dtype):
            present = frame[name].dropna()
            found = f"values such as {str(present.iloc[0])[:40]!r}" if len(present) else "nothing"
            raise UserError(
                f"{where}: column {name!r} is taken for a channel and holds {found}, expected numbers; leave it out"
            )
    return names


def times_of(column: pd.Series, where: str) -> np.ndarray:
    """Return times as numbers, (n,) float64, dates in ticks since the first (nanoseconds, or microseconds where that is too far
    for these), and NaN where one is missing.

    UserError where they are neither numbers nor dates.
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(np.float64, na_value=np.nan)
    if pd.api.types.is_string_dtype(column.dtype):
        numbers = pd.to_numeric(column, errors="coerce")  # such as 007, which is read as text
        if (numbers.notna() == column.notna()).all():
            return numbers.to_numpy(np.float64, na_value=np.nan)
        dates = pd.to_datetime(column, format="ISO8601", utc=True, errors="coerce")
    else:
        dates = column if pd.api.types.is_datetime64_any_dtype(column.dtype) else pd.Series(pd.NaT, column.index)
    strange = dates.isna() & column.notna()
    if strange.any():
        found = str(column[strange].iloc[0])[:40]
        expected = "expected numbers, or dates like 2026-01-31 12:00:00"
        raise UserError(f"{where}: the time column {column.name!r} holds {found!r}, {expected}")
    try:
        ticks = pd.DatetimeIndex(dates).as_unit("ns").asi8
    except pd.errors.OutOfBoundsDatetime:
        ticks = pd.DatetimeIndex(dates).as_unit("us").asi8
    return np.where(dates.isna(), np.nan, ticks - ticks[dates.notna()].min(initial=np.iinfo(np.int64).max))


def _from_arrays(path: Path, columns: Columns) -> pd.DataFrame:
    arrays = _arrays(path)
    x = arrays["x"][:, :, None] if arrays["x"].ndim == 2 else arrays["x"]
    count, steps, channels = x.shape
    names = _names(path, arrays, channels, columns)
    frame = {
        columns.id: np.repeat(arrays.get("id", np.arange(count)), steps),
        columns.time: np.tile(np.arange(steps), count),
    }
    frame |= {name: x[:, :, place].reshape(-1) for place, name in enumerate(names)}
    others = {columns.label: "y", SPLIT: SPLIT, columns.group: "group"}
    frame |= {name: np.repeat(arrays[key], steps) for name, key in others.items() if name and key in arrays}
    return pd.DataFrame(frame)


def _names(path: Path, arrays: dict[str, np.ndarray], count: int, columns: Columns) -> list[str]:
    if "channels" not in arrays:
        return ["value"] if count == 1 else [f"channel {place + 1}" for place in range(count)]
    names = [str(name).strip() for name in arrays["channels"]]
    if len(names) != count:
        raise UserError(f"{path}: {len(names)} channels are named, x has {count}; expected a name for each")
    taken = {*columns.needed, SPLIT}
    if strange := next((name for place, name in enumerate(names) if name in taken or name in names[:place]), None):
        others = ", ".join(sorted(taken))
        raise UserError(f"{path}: a channel is called {strange!r}; expected names that differ, and none of {others}")
    return names


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ARRAYS if name in file}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; expected {EXPECTED}") from None
    except MemoryError:
        raise UserError(f"{path}: its arrays do not fit into memory; is the file damaged?") from None
    except files.DAMAGE as error:
        why = one_line(error, 200)
        raise UserError(f"{path}: not readable as .npz without pickles ({why}); expected x and y") from None
    found = ", ".join(_said(arrays)) or "neither"
    x = arrays.get("x")
    if x is None or "y" not in arrays or x.ndim not in (2, 3) or x.dtype.kind not in "fiub" or 0 in x.shape:
        raise UserError(f"{path}: found {found}; expected numbers x (n, t, c) or (n, t), and y (n,)")
    if "channels" in arrays and arrays["channels"].ndim != 1:
        raise UserError(f"{path}: found {found}; expected channels of shape ({x.shape[-1] if x.ndim == 3 else 1},)")
    if any(array.shape != (len(x),) for name, array in arrays.items() if name not in ("x", "channels")):
        raise UserError(f"{path}: found {found}; expected y, split, id and group of shape ({len(x)},)")
    if len(np.unique(arrays.get("id", np.arange(len(x))))) < len(x):
        raise UserError(f"{path}: two series have the same id; expected one of its own for each")
    return arrays


def _said(arrays: dict[str, np.ndarray]) -> Iterator[str]:
    return (f"{name} {array.shape} {array.dtype}" for name, array in arrays.items())
