"""Series become splits that can be trusted, all with the same number of steps."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines import files
from pipelines.ingest.splits import SPLITS
from pipelines.samples import SERIES, Samples
from pipelines.stages.prepare import Settings, run
from tests.conftest import one_line, write_series

COLUMNS = {"id": "who", "time": "when", "label": "shape"}


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    """40 series of 16 steps in long form, of two classes."""
    return write_series(tmp_path / "waves.csv", {"a": 28, "b": 12})


def prepare(folder: Path, frame: pd.DataFrame, **more: Any) -> tuple[pd.DataFrame, dict[str, Samples]]:
    (folder / "raw").mkdir(parents=True)
    frame.to_parquet(folder / "raw/series.parquet", index=False)
    lists = {name: more.pop(name) for name in ("splits", "removed") if name in more}
    settings = Settings(**COLUMNS, **more)
    run(raw=folder / "raw", prepared=folder / "out", settings=settings, seed=0, progress=lambda *_: None, **lists)
    manifest = pd.read_csv(folder / "out/manifest.csv", keep_default_na=False, dtype=str).set_index("id")
    return manifest, {split: Samples.load(folder / f"out/{split}.parquet") for split in SPLITS}


def values_of(splits: dict[str, Samples], name: str) -> np.ndarray:
    (found,) = (part.values[part.ids == name] for part in splits.values() if name in part.ids)
    values: np.ndarray = found[0]
    return values


def test_every_series_is_used_once_with_its_values(frame: pd.DataFrame, tmp_path: Path) -> None:
    """In whatever order its rows come, and whatever the times are called; class by class the shares hold."""
    mixed = frame.sample(frac=1, random_state=0)
    mixed["when"] = pd.Timestamp("2026-01-31") + pd.to_timedelta(mixed["when"], "s")
    manifest, splits = prepare(tmp_path, mixed)
    ids = np.concatenate([part.ids for part in splits.values()])
    assert sorted(ids) == sorted(set(frame["who"])) == list(manifest.index)
    for name in ids:
        rows = frame[frame["who"] == name]
        assert np.array_equal(values_of(splits, name), rows[["wave", "count"]].to_numpy(np.float32))
    assert np.bincount(splits["test"].labels).tolist() == [7, 3]
    assert splits["train"].kind == SERIES and splits["train"].values.shape[1:] == (16, 2)
    about = files.read_json(tmp_path / "out/classes.json")
    assert about["kind"] == SERIES and about["channels"] == ["wave", "count"] and about["classes"] == ["a", "b"]


def test_what_cannot_be_used_is_set_aside_and_says_why(frame: pd.DataFrame, tmp_path: Path) -> None:
    """One bad step costs its series, and no other."""
    names = frame["who"]
    frame = frame[(names != "s-000") | (frame["when"] == 0)]
    frame.loc[(names == "s-001") & (frame["when"] == 0.2), "when"] = 0.1
    frame.loc[(names == "s-002") & (frame["when"] == 0.3), "wave"] = np.nan
    frame.loc[(names == "s-003") & (frame["when"] == 0.3), "when"] = np.nan
    frame.loc[names == "s-004", "shape"] = None
    frame.loc[names == "s-006", ["wave", "count"]] = frame.loc[names == "s-005", ["wave", "count"]].to_numpy()
    manifest, splits = prepare(tmp_path, frame)
    assert manifest.loc[[f"s-{number:03d}" for number in range(7)], "reason"].tolist() == [
        "a single step", "the time of step 2 occurs twice", "wave has no value at step 4", "1 step(s) without a time",
        "no label", "", "duplicate of s-005",
    ]  # fmt: skip
    assert sum(map(len, splits.values())) == 34


def test_series_of_other_lengths_need_a_rule(frame: pd.DataFrame, tmp_path: Path) -> None:
    """Without one a line says what was found; with one all have as many steps, as the rule says."""
    uneven = frame[(frame["who"] != "s-000") | (frame["when"] < 1)]
    told = one_line(lambda: prepare(tmp_path / "none", uneven))
    assert "series have 10 to 16 steps: set prepare.length, such as 16" in told and "resample, cut or pad" in told
    short, long = (frame.loc[frame["who"] == name, "wave"].to_numpy(np.float32) for name in ("s-000", "s-001"))
    manifest, splits = prepare(tmp_path / "cut", uneven, length=12, uneven="cut")
    assert manifest.at["s-000", "reason"] == "10 steps, and prepare.uneven cuts to 12"
    assert np.array_equal(values_of(splits, "s-001")[:, 0], long[:12])
    _, splits = prepare(tmp_path / "pad", uneven, length=12, uneven="pad")
    assert np.array_equal(values_of(splits, "s-000")[:, 0], [*short[:10], short[9], short[9]])
    assert np.array_equal(values_of(splits, "s-001")[:, 0], long[:12])
    _, splits = prepare(tmp_path / "resample", uneven, length=31, uneven="resample")
    assert values_of(splits, "s-001")[::2, 0] == pytest.approx(long, abs=1e-6)
    assert values_of(splits, "s-000")[[0, 15, 30], 0] == pytest.approx(
        [short[0], (short[4] + short[5]) / 2, short[9]], abs=1e-6
    )


def test_resampling_goes_by_the_times(tmp_path: Path) -> None:
    """A ramp that is measured more often at its end is a ramp again."""
    times = np.array([0.0, 4.0, 7.0, 8.0])
    rows = [pd.DataFrame({"who": f"s{n}", "when": times + n, "x": n + times, "shape": "ab"[n % 2]}) for n in range(20)]
    _, splits = prepare(tmp_path, pd.concat(rows), length=5, uneven="resample")
    assert values_of(splits, "s3")[:, 0] == pytest.approx([3, 5, 7, 9, 11])


def test_groups_and_given_splits_hold(frame: pd.DataFrame, tmp_path: Path) -> None:
    """All series of a group are in one split, and those that a split is said of in that."""
    grouped = frame.assign(person=frame["who"].str[-1])
    manifest, _ = prepare(tmp_path / "one", grouped, group="person")
    assert (manifest.groupby("group")["split"].nunique() == 1).all() and set(manifest["split"]) == set(SPLITS)
    said = frame.assign(split=np.where(frame["who"].str[-1] == "3", "Testing", "train"))
    manifest, splits = prepare(tmp_path / "two", said)
    assert set(splits["test"].ids) == {name for name in manifest.index if name.endswith("3")}


def test_kept_splits_and_what_was_taken_back_hold(frame: pd.DataFrame, tmp_path: Path) -> None:
    """A series that is named keeps its split; one that is taken back is set aside, and no other moves."""
    before, _ = prepare(tmp_path / "one", frame)
    removed, splits = tmp_path / "removed.txt", tmp_path / "splits.csv"
    removed.write_text("s-003\n")
    after, _ = prepare(tmp_path / "two", frame, removed=removed)
    assert after.at["s-003", "reason"] == "taken back"
    assert after["split"].drop("s-003").equals(before["split"].drop("s-003"))
    splits.write_text("id,split\ns-003,test\ns-004,test\ns-005,validation\n")
    after, _ = prepare(tmp_path / "three", frame, splits=splits)
    assert after.loc[["s-003", "s-004", "s-005"], "split"].tolist() == ["test", "test", "validation"]


def test_the_same_series_give_the_same_bytes(frame: pd.DataFrame, tmp_path: Path) -> None:
    """Two runs write equal files, even where the rows come in another order."""
    prepare(tmp_path / "one", frame)
    prepare(tmp_path / "two", frame.iloc[::-1])
    for path in (tmp_path / "one/out").iterdir():
        assert path.read_bytes() == (tmp_path / "two/out" / path.name).read_bytes()


def test_a_single_step_is_no_length(frame: pd.DataFrame, tmp_path: Path) -> None:
    """The setting is refused where it is read."""
    with pytest.raises(ValueError, match="a single step is no series"):
        Settings(**COLUMNS, length=1)
