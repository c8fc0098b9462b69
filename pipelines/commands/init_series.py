"""`tailweight init --series`: a project whose data are time series."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from gan.errors import one_line
from pipelines.commands.presets import with_preset
from pipelines.commands.project import build, next_step, refuse_existing
from pipelines.driver.params import FILE
from pipelines.errors import UserError
from pipelines.ingest import attributes, series_rows, series_sources
from pipelines.ingest.series_sources import Columns
from pipelines.ingest.source import remembered
from pipelines.ingest.splits import refuse_twin_labels


def create(folder: Path, source: Path, columns: Columns, preset: str = "default", balance: str = "") -> None:
    """Make the project `folder` from the series in the file `source`; all of it or, where anything is wrong, nothing.

    The series are written as Parquet in long form, read once and for all, as tables are. balance: the attribute by which
    classes are filled up. UserError says in one line what is wrong.
    """
    folder = folder.resolve()
    refuse_existing(folder)
    _refuse_one_for_two(columns)
    frame = series_sources.read(source, columns)
    columns = series_sources.held(frame, columns)
    long = series_rows.sorted_out(frame, columns, str(source))
    refuse_twin_labels(long.about["class"], str(source))
    attributes.check(attributes.columns_of(long.about))
    labels = long.about["class"][long.about["class"] != ""]
    print(f"bringing in {len(long.about)} series of {labels.nunique()} classes and {len(long.channels)} channel(s)")
    if columns.group:
        groups = long.about["group"]
        print(f"{groups[groups != ''].nunique()} groups, by {columns.group}")

    def fill(raw: Path) -> None:
        raw.mkdir(parents=True)
        frame.to_parquet(raw / series_rows.FILE, index=False, compression="zstd")

    about = vars(columns) | {"attributes": list(columns.attributes)}
    own: dict[str, dict[str, Any]] = {"prepare": about, "plan": {"balance": balance}}
    build(folder, fill, with_preset(preset, own), remembered(str(source)))
    counts = np.diff(long.first)
    splits = Counter(name for name in long.about["split"] if name)
    said = ", ".join(f"{count} {name}" for name, count in splits.items()) if splits else "none given"
    print(f"  channels: {one_line(', '.join(long.channels), 100)}\n  steps: {_range(counts)}\n  splits: {said}")
    if uneven := series_rows.lengths_in_words(counts):
        print(f"{uneven}, in {FILE}")
    print(f"{folder}: series; settings in {folder / FILE}\n{next_step(folder)}")


def _range(counts: np.ndarray) -> str:
    return f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"


def _refuse_one_for_two(columns: Columns) -> None:
    taken: dict[str, str] = {}
    for role, name in columns.named.items():
        if (other := taken.setdefault(name, role)) != role:
            raise UserError(f"--{other} and --{role} both name {name!r}; each has a column of its own")
    for name in columns.attributes:
        if taken.get(name, "group") != "group":
            raise UserError(f"--attributes and --{taken[name]} both name {name!r}; name others")
