"""What is new in a source of series is found by their ids, and what is there stays."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.ingest import series_additions, series_rows, series_sources
from pipelines.ingest.additions import Additions
from tests.conftest import one_line, write_series

RULES = series_rows.Rules(series_sources.Columns("who", "when", "shape"))


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    """20 series, all of them in `raw`."""
    frame = write_series(tmp_path / "waves.csv", {"a": 12, "b": 8}, steps=5)
    (tmp_path / "raw").mkdir()
    frame.to_parquet(tmp_path / "raw/series.parquet", index=False)
    return frame


def compare(folder: Path, offered: pd.DataFrame, removed: set[str] = frozenset()) -> Additions:  # type: ignore[assignment]
    offered.to_csv(folder / "new.csv", index=False)
    return series_additions.compare(folder / "raw", folder / "new.csv", RULES, removed)


def named(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    return frame[frame["who"].isin(names)].assign(who=lambda rows: rows["who"].map(names))


def test_new_series_come_in_and_others_stay(frame: pd.DataFrame, tmp_path: Path) -> None:
    """In whatever order; a series of other steps is taken over; afterwards nothing is new."""
    more = named(frame, {"s-000": "t-1", "s-001": "t-2", "s-019": "t-3"}).assign(wave=lambda rows: rows["wave"] + 1)
    other = frame.assign(wave=frame["wave"].mask(frame["who"] == "s-004", 0.5))
    offered = pd.concat([more, other[other["who"] != "s-007"]]).iloc[::-1]
    found = compare(tmp_path, offered, removed={"t-2"})
    assert (found.new, found.changed, dict(found.left_out)) == (2, ("s-004",), {"taken back (data/removed.txt)": 1})
    assert [(one.name, one.before, one.new, one.changed) for one in found.classes] == [("a", 12, 1, 1), ("b", 8, 1, 0)]
    found.write(tmp_path / "raw")
    taken = pd.read_parquet(tmp_path / "raw/series.parquet")
    assert set(taken["who"]) == {*frame["who"], "t-1", "t-3"} and len(taken) == 22 * 5
    assert (taken.loc[taken["who"] == "s-004", "wave"] == 0.5).all()
    again = compare(tmp_path, offered, removed={"t-2"})
    assert not again.any


def test_arrays_without_ids_grow_at_their_end(frame: pd.DataFrame, tmp_path: Path) -> None:
    """A series is told by its place."""
    x, y = np.random.default_rng(0).normal(size=(12, 4, 1)), np.arange(12) % 2
    np.savez(tmp_path / "old.npz", x=x[:10], y=y[:10])
    np.savez(tmp_path / "new.npz", x=x, y=y)
    rules = series_rows.Rules(series_sources.held(pd.DataFrame(), series_sources.OF_ARRAYS))
    (tmp_path / "arrays").mkdir()
    series_sources.read(tmp_path / "old.npz", rules.columns).to_parquet(tmp_path / "arrays/series.parquet", index=False)
    found = series_additions.compare(tmp_path / "arrays", tmp_path / "new.npz", rules, set())
    assert found.new == 2 and not found.changed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop(columns="count"), "lacks count"),
        (lambda frame: frame.assign(more=1), "adds more"),
        (lambda frame: frame.assign(count="x"), "column 'count' is taken for a channel"),
        (lambda frame: named(frame, {"s-000": "t-1"}).iloc[1:], "series have 4 to 5 steps"),
    ],
)
def test_what_does_not_go_with_the_data_is_refused(
    change: object, said: str, frame: pd.DataFrame, tmp_path: Path
) -> None:
    """In one line."""
    assert said in one_line(lambda: compare(tmp_path, change(frame)))  # type: ignore[operator]
