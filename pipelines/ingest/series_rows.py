"""Series, checked: which are used, which are set aside and why, and how all of them get the same number of steps.

`prepare.length` and `prepare.uneven` say how: with length 0 all have to have as many. `resample` takes values of the straight
lines between the steps, at evenly spaced times from the first to the last; `cut` takes the first steps, and sets shorter series
aside; `pad` repeats the last value, and takes the first steps of longer ones.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd

from gan.progress import Progress
from pipelines.errors import UserError
from pipelines.ingest import attributes, kept, series_sources, table_sources
from pipelines.ingest.attributes import texts
from pipelines.ingest.image_sources import split_named
from pipelines.ingest.series_sources import SPLIT, Columns
from pipelines.ingest.splits import QUARANTINED, USED, refuse_strange_names, refuse_twin_labels
from pipelines.samples.sets import ATTRIBUTE

FILE = "series.parquet"  # the series in long form, under data/raw
Uneven = Literal["resample", "cut", "pad"]
REPORT_EVERY = 100  # series


@dataclass(frozen=True)
class Rules:
    """What the columns are for, and what becomes of series of other lengths. names: from a class in the data to what holds."""

    columns: Columns
    length: int = 0
    uneven: Uneven = "resample"
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Long:
    """Series in long form, series after series by name, each in the order of its times.

    about: a row for each series, by `id`: `class`, `split`, `group`, attributes.   first: (n + 1,) where each begins, and the
    end.   times: (rows,) NaN where missing. values: (rows, c). channels: what they are called.
    """

    about: pd.DataFrame
    first: np.ndarray
    times: np.ndarray
    values: np.ndarray
    channels: list[str]

    def each(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield times and values of each series."""
        for begin, end in zip(self.first[:-1], self.first[1:], strict=True):
            yield self.times[begin:end], self.values[begin:end]


def load(raw: Path) -> pd.DataFrame:
    """Return the series in `raw` in long form."""
    path = raw / FILE
    if not path.is_file():
        found = ", ".join(sorted(one.name for one in raw.iterdir())[:5]) if raw.is_dir() else "no folder"
        raise UserError(f"{raw}: found {found or 'nothing'}; expected {FILE}, as `tailweight init --series` writes it")
    return table_sources.read(path)


def check(
    raw: Path, rules: Rules, progress: Progress, splits: Mapping[str, str] = MappingProxyType({})
) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    """Read the series and return a manifest, a row for each, their values (n, t, c) float32, and the names of the channels.

    The manifest has the column `digest`, by which equal series are told, those of test first. The values of a series that is
    set aside are zeros. splits: those that series have had, by id.
    UserError where a column is not there or is no such thing, or the lengths differ and no length is set.
    """
    return checked(load(raw), str(raw), rules, progress, splits)


def checked(
    frame: pd.DataFrame,
    where: str,
    rules: Rules,
    progress: Progress,
    splits: Mapping[str, str] = MappingProxyType({}),
) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    """Do what `check` does with a table in long form that was read already."""
    long = sorted_out(frame, rules.columns, where)
    labels = long.about["class"]
    refuse_strange_names(rules.names, labels, where)
    labels = labels.map(lambda name: rules.names.get(name, name))
    refuse_twin_labels(labels, where)
    reasons = [
        "no label" if label == "" else fault(times, values, long.channels)
        for label, (times, values) in zip(labels, long.each(), strict=True)
    ]
    counts = np.diff(long.first)
    length = rules.length or _common_length(counts[[reason == "" for reason in reasons]])
    values = np.zeros((len(reasons), length, len(long.channels)), np.float32)
    digests = [""] * len(reasons)
    for number, (times, own) in enumerate(long.each()):
        if not reasons[number] and rules.uneven == "cut" and len(own) < length:
            reasons[number] = f"{len(own)} steps, and prepare.uneven cuts to {length}"
        if not reasons[number]:
            values[number] = EVENED[rules.uneven](times, own, length) if rules.length else own
            digests[number] = hashlib.sha256(values[number].tobytes()).hexdigest()
        if number % REPORT_EVERY == 0 or number == len(reasons) - 1:
            progress(number + 1, len(reasons), {})
    ids = long.about["id"]
    manifest = pd.DataFrame(
        {
            "id": ids,
            "class": labels,
            "split": long.about["split"],
            "group": long.about["group"],
            "status": np.where(np.array(reasons) == "", USED, QUARANTINED),
            "reason": reasons,
            "unit": ids,
            "kept": [splits.get(name, "") for name in ids],
            "digest": digests,
            **attributes.columns_of(long.about),
        }
    )
    kept.say_what_is_not_there(splits, ids, "sample")
    order = _test_first(manifest)
    return manifest.iloc[order].reset_index(drop=True), values[order], long.channels


def sorted_out(frame: pd.DataFrame, columns: Columns, where: str) -> Long:
    """Return the series of a table in long form; UserError where a row has no series, or a series more than one class."""
    for name in columns.needed:
        table_sources.require(frame, name, where)
    channels = series_sources.channels_of(frame, columns, where)
    ids = texts(frame[columns.id])
    if (ids == "").any():
        row = int(np.flatnonzero(ids == "")[0]) + 1
        raise UserError(
            f"{where}: {int((ids == '').sum())} row(s) name no series in {columns.id!r}, the first is row {row}"
        )
    codes, names = pd.factorize(ids, sort=True)
    times = series_sources.times_of(frame[columns.time], where)
    order = np.lexsort((times, codes))
    first = np.concatenate([[0], np.cumsum(np.bincount(codes))])
    about = _told(frame, columns, codes, order[first[:-1]], names.astype(str), where)
    values = frame[channels].to_numpy(np.float64, na_value=np.nan)[order]
    return Long(about, first, times[order], values, channels)


def _told(
    frame: pd.DataFrame, columns: Columns, codes: np.ndarray, begins: np.ndarray, names: np.ndarray, where: str
) -> pd.DataFrame:
    """Return what is said of each series, see `Long`; UserError names the first whose rows say two things.

    codes: (rows,) the series of each row. begins, names: (n,) a row of each series, and what it is called.
    """
    about = {"id": names}
    split = "" if SPLIT in columns.named.values() else SPLIT
    attributes_of = {ATTRIBUTE + name: name for name in columns.attributes}
    for what, column in {"class": columns.label, "split": split, "group": columns.group, **attributes_of}.items():
        said = texts(frame[column]).to_numpy() if column in frame else np.full(len(frame), "", object)
        about[what], of_all = said[begins], said[begins][codes]
        if (other := np.flatnonzero(said != of_all)).size:
            row = other[0]
            raise UserError(
                f"{where}: column {column!r} says {of_all[row]!r} and {said[row]!r} of the series {names[codes[row]]!r}; "
                "expected one for all its rows"
            )
    about["class"] = table_sources.labels_of(frame.iloc[begins], columns.label, where).to_numpy()
    about["split"] = np.array([split_named(text, Path(where)) or "" for text in about["split"]], object)
    return pd.DataFrame(about)


def fault(times: np.ndarray, values: np.ndarray, channels: list[str]) -> str:
    """Say why a series cannot be used, "" where it can. times: (t,) in order, NaN last. values: (t, c)."""
    if len(times) < 2:
        return "a single step"
    if np.isnan(times).any():
        return f"{int(np.isnan(times).sum())} step(s) without a time"
    if (same := np.flatnonzero(np.diff(times) == 0)).size:
        return f"the time of step {same[0] + 1} occurs twice"
    if np.isnan(values).any():
        step, channel = np.argwhere(np.isnan(values))[0]
        return f"{channels[channel]} has no value at step {step + 1}"
    if np.abs(values).max() > np.finfo(np.float32).max:
        return "a value too large for float32"
    return ""


def lengths_in_words(counts: np.ndarray) -> str:
    """Return what is to be done about series of `counts`, (n,) steps; "" where all have as many."""
    if not len(counts) or counts.min() == counts.max():
        return ""
    return (
        f"series have {counts.min()} to {counts.max()} steps: set prepare.length, such as {int(np.median(counts))}, and "
        "prepare.uneven: resample, cut or pad"
    )


def _common_length(counts: np.ndarray) -> int:
    if said := lengths_in_words(counts):
        raise UserError(f"params.yaml: prepare.length is 0, and the {said}")
    return int(counts[0]) if len(counts) else 2


def _resampled(times: np.ndarray, values: np.ndarray, length: int) -> np.ndarray:
    wanted = np.linspace(times[0], times[-1], length)
    return np.stack([np.interp(wanted, times, channel) for channel in values.T], axis=1)


def _cut(times: np.ndarray, values: np.ndarray, length: int) -> np.ndarray:
    return values[:length]


def _padded(times: np.ndarray, values: np.ndarray, length: int) -> np.ndarray:
    return values[np.minimum(np.arange(length), len(values) - 1)]


EVENED: dict[Uneven, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {
    "resample": _resampled,
    "cut": _cut,
    "pad": _padded,
}


def _test_first(manifest: pd.DataFrame) -> np.ndarray:
    """Return the order in which the first of equal series is the one to keep: of test, of validation, one that is known."""
    part = manifest["kept"].where(manifest["kept"] != "", manifest["split"])
    return np.lexsort((manifest["kept"] == "", part != "validation", part != "test"))
