"""What a source of series has that `data/raw` has not: they are told by their ids, in an `.npz` without ids by their places."""

import hashlib
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.ingest import attributes, series_rows, series_sources, table_rows, table_sources
from pipelines.ingest.additions import Additions, by_class
from pipelines.ingest.attributes import texts
from pipelines.ingest.series_rows import Rules


def compare(raw: Path, source: Path, rules: Rules, removed: set[str]) -> Additions:
    """Return what the series in the file `source` have that those in `raw` have not, and which have other steps there.

    removed: ids that are not to be brought in. UserError where the source is gone, or has other columns or types; and where
    `prepare` would not take all series together.
    """
    columns, where = rules.columns, str(source)
    table, offered = series_rows.load(raw), series_sources.read(source, columns)
    series_sources.channels_of(offered, columns, where)
    for name in columns.attributes:  # text in the source; a channel with gaps, where it is one since
        table_sources.require(table, name, str(raw))
        table[name], offered[name] = texts(table[name]), texts(offered[name])
    both = table_sources.joined(table, offered, where)
    ids = texts(both[columns.id]).to_numpy()
    old = np.arange(len(both)) < len(table)
    before, there = _contents(both[old], ids[old]), _contents(both[~old], ids[~old])
    new = [name for name in there if name not in before and name not in removed]
    changed = [name for name in there if name in before and before[name] != there[name]]
    kept = np.where(old, ~np.isin(ids, changed), np.isin(ids, [*new, *changed]))
    merged = both[kept].reset_index(drop=True)
    manifest, *_ = series_rows.checked(merged, where, rules, lambda *_: None)
    attributes.check_manifest(manifest)
    labels = _classes(both[~old], rules, where) | _classes(table, rules, str(raw))
    labels |= {name: label for name, label in _classes(merged, rules, where).items() if name in {*new, *changed}}
    classes = by_class(*([labels[name] for name in names] for names in (before, there, new, changed)))
    left_out = Counter({"taken back (data/removed.txt)": sum(name in removed and name not in before for name in there)})
    return Additions("sample", classes, tuple(changed), +left_out, partial(_write, merged))


def _contents(frame: pd.DataFrame, ids: np.ndarray) -> dict[str, str]:
    """Return a digest of what the rows of each series say, whatever their order."""
    rows = pd.Series(table_rows.digests(frame), dtype=object).groupby(ids, sort=False)
    return {str(name): hashlib.sha256("".join(sorted(own)).encode()).hexdigest() for name, own in rows}


def _classes(frame: pd.DataFrame, rules: Rules, where: str) -> dict[str, str]:
    about = series_rows.sorted_out(frame, rules.columns, where).about
    return {name: rules.names.get(label, label) for name, label in zip(about["id"], about["class"], strict=True)}


def _write(frame: pd.DataFrame, folder: Path) -> None:
    frame.to_parquet(folder / series_rows.FILE, index=False, compression="zstd")
