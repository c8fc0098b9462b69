"""Rows become splits that can be trusted, as images do."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines import files
from pipelines.errors import UserError
from pipelines.ingest.splits import SPLITS
from pipelines.samples import Samples
from pipelines.stages.prepare import Settings, run

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "x": RNG.normal(size=400),
        "n": RNG.integers(0, 5, 400),
        "colour": RNG.choice(["red", "blue"], 400),
        "who": [f"p{n % 40}" for n in range(400)],
        "label": np.repeat(["a", "b", "c"], [300, 80, 20]),
    }
)
KINDS = {"x": "numeric", "n": "integer", "colour": "categorical", "who": "categorical"}


def prepare(
    folder: Path, frame: pd.DataFrame, test: pd.DataFrame | None = None, group: str = "", kinds: dict | None = None
) -> tuple[pd.DataFrame, dict[str, Samples]]:
    (folder / "raw").mkdir(parents=True)
    frame.to_parquet(folder / "raw/table.parquet", index=False)
    if test is not None:
        test.to_parquet(folder / "raw/test.parquet", index=False)
    columns = {name: kind for name, kind in (kinds or KINDS).items() if name != group and name in frame}
    settings = Settings(label="label", group=group, columns=columns)
    run(raw=folder / "raw", prepared=folder / "out", settings=settings, seed=0, progress=lambda *_: None)
    manifest = pd.read_csv(folder / "out/manifest.csv", keep_default_na=False, dtype=str).set_index("id")
    return manifest, {split: Samples.load(folder / f"out/{split}.parquet") for split in SPLITS}


def test_every_row_is_used_once_or_set_aside(tmp_path: Path) -> None:
    """Splits are disjoint and are all rows but those without a label; types are as they came, the label is no column."""
    frame = FRAME.copy()
    frame.loc[[3, 5], "label"] = None
    manifest, splits = prepare(tmp_path, frame)
    ids = np.concatenate([samples.ids for samples in splits.values()])
    assert len(set(ids)) == len(ids) == 398
    assert manifest.loc[["004", "006"], "reason"].tolist() == ["no label", "no label"]
    for samples in splits.values():
        rows = frame.drop(columns="label").iloc[samples.ids.astype(int) - 1].reset_index(drop=True)
        pd.testing.assert_frame_equal(samples.values, rows)
    assert files.read_json(tmp_path / "out/classes.json")["kind"] == "table"


def test_shares_hold_class_by_class(tmp_path: Path) -> None:
    """A quarter of each class is for test, a fifth of the rest for validation."""
    _, splits = prepare(tmp_path, FRAME)
    assert np.bincount(splits["test"].labels).tolist() == [75, 20, 5]
    assert np.bincount(splits["validation"].labels).tolist() == [45, 12, 3]


def test_equal_rows_never_span_two_splits(tmp_path: Path) -> None:
    """Rows that equal each other are kept, all of them in one split, whatever their class; shares hold nearly."""
    frame = FRAME.assign(x=FRAME["x"].round(0), who="one")
    manifest, splits = prepare(tmp_path, frame)
    rows = frame.drop(columns="label").assign(split=manifest["split"].to_numpy())
    assert rows.duplicated(["x", "n", "colour"]).sum() > 300
    assert (rows.groupby(["x", "n", "colour"])["split"].nunique() == 1).all()
    assert (manifest["status"] == "used").all() and 60 < len(splits["test"]) < 140


def test_a_training_row_that_equals_a_test_row_is_set_aside(tmp_path: Path) -> None:
    """The given test file stays whole; its twins in training go, and say whose twins they are."""
    manifest, splits = prepare(tmp_path, FRAME, FRAME.iloc[[7, 7, 310, 311, 399]])
    assert len(splits["test"]) == 5
    assert manifest.at["008", "reason"] == "duplicate of test-001"
    assert (manifest["status"] == "quarantined").sum() == 4


def test_a_group_never_spans_two_splits(tmp_path: Path) -> None:
    """All rows of a patient are in one split; the group itself is no column to learn from."""
    manifest, splits = prepare(tmp_path, FRAME, group="who")
    assert (manifest.groupby("group")["split"].nunique() == 1).all()
    assert all(len(samples) and "who" not in samples.values for samples in splits.values())
    assert splits["train"].groups.tolist() == manifest.loc[splits["train"].ids, "group"].tolist()


def test_equal_rows_are_one_group_to_whoever_cross_validates(tmp_path: Path) -> None:
    """And rows that all differ are none."""
    _, splits = prepare(tmp_path / "differ", FRAME)
    assert splits["train"].groups is None
    _, splits = prepare(tmp_path / "equal", FRAME.assign(x=FRAME["n"] * 1.0))
    values, groups = splits["train"].values.astype(str).agg("|".join, axis=1), splits["train"].groups
    assert pd.DataFrame({"value": values, "group": groups}).groupby("value")["group"].nunique().max() == 1
    assert len(set(groups)) == values.nunique() < len(groups)
    assert splits["test"].groups is None  # equal or not, test rows of no group are independent


def test_a_corrected_kind_is_obeyed(tmp_path: Path) -> None:
    """Text that a person calls numeric becomes numbers; the few cells that are none set their rows aside."""
    frame = FRAME.assign(n=FRAME["n"].astype(str).where(FRAME.index != 9, "many"))
    manifest, splits = prepare(tmp_path, frame, kinds=KINDS | {"n": "numeric"})
    assert manifest.at["010", "reason"] == "n is no number: many"
    assert splits["train"].values["n"].dtype == "float64" and splits["train"].columns["n"] == "numeric"


@pytest.mark.parametrize(
    ("frame", "kinds", "said"),
    [
        (FRAME, KINDS | {"colour": "numeric"}, "calls 'colour' numeric, and 400 of its values are no numbers"),
        (FRAME, KINDS | {"x": "boolean"}, r"calls 'x' boolean, and it has \d+ different values"),
        (FRAME, KINDS | {"x": "integer"}, "calls 'x' integer, and it has decimals"),
        (FRAME, KINDS | {"colour": "ordered"}, "calls 'colour' ordered, and it is text, whose order nobody knows"),
        (FRAME, KINDS | {"colour": "datetime"}, "calls 'colour' datetime, and it is text"),
        (FRAME, KINDS | {"n": "constant"}, r"calls 'n' constant, and it has \d+ different values"),
        (FRAME, {"x": "numeric"}, "does not say what 'n' is"),
        (FRAME[["x", "label"]].assign(z=1), {"x": "constant", "z": "constant"}, "no column to learn from"),
        (FRAME[["x", "label"]], {"x": "numeric"}, None),
    ],
)
def test_a_kind_that_cannot_be_is_refused(frame: pd.DataFrame, kinds: dict, said: str | None, tmp_path: Path) -> None:
    """The line names the column and the setting."""
    if said is None:
        prepare(tmp_path, frame, kinds=kinds)
        return
    with pytest.raises(UserError, match=said):
        prepare(tmp_path, frame, kinds=kinds)


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two runs write equal files."""
    prepare(tmp_path / "one", FRAME)
    prepare(tmp_path / "two", FRAME)
    for path in (tmp_path / "one/out").iterdir():
        assert path.read_bytes() == (tmp_path / "two/out" / path.name).read_bytes()


def test_new_rows_leave_old_ones_where_they_were(tmp_path: Path) -> None:
    """Rows appended to a table do not move the others between the splits, but for the few at the edge of a share."""
    more = FRAME.assign(x=FRAME["x"] + 100).iloc[:40]
    before, _ = prepare(tmp_path / "one", FRAME)
    after, _ = prepare(tmp_path / "two", pd.concat([FRAME, more], ignore_index=True))
    assert (before["split"] == after.loc[before.index, "split"]).mean() > 0.85
