"""What is new in a source of rows is found by what rows say, and goes behind those that are there."""

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.ingest import table_additions, table_rows
from pipelines.ingest.additions import Additions
from pipelines.ingest.source import Source
from pipelines.ingest.table_rows import Columns
from tests.conftest import one_line

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "x": RNG.normal(size=60).round(3),
        "n": RNG.integers(0, 5, 60),
        "zip": RNG.choice(["70173", "10115"], 60),
        "label": np.repeat(["a", "b", "gone"], [40, 15, 5]),
    }
)
KINDS = {"x": "numeric", "n": "integer", "zip": "categorical"}
MORE = FRAME.iloc[:12].assign(x=lambda rows: rows["x"] + 100, label=["b"] * 8 + ["new"] * 4)


def raw_of(folder: Path, frame: pd.DataFrame = FRAME, test: pd.DataFrame | None = None) -> Path:
    raw = folder / "raw"
    raw.mkdir()
    frame.to_parquet(raw / "table.parquet", index=False)
    if test is not None:
        test.to_parquet(raw / "test.parquet", index=False)
    return raw


def csv(folder: Path, frame: pd.DataFrame, name: str = "new.csv") -> str:
    frame.to_csv(folder / name, index=False)
    return str(folder / name)


def compare(raw: Path, path: str, kinds: dict[str, str] = KINDS, **more: str) -> Additions:
    return table_additions.compare(raw, Source(path=path, **more), Columns("label", "", kinds))  # type: ignore[arg-type]


def taken_in(raw: Path, found: Additions, staged: Path) -> tuple[pd.DataFrame, np.ndarray]:
    staged.mkdir()
    found.write(staged)
    shutil.copytree(staged, raw, dirs_exist_ok=True)
    return table_rows.load(raw, "label", "")


def test_new_rows_go_behind_the_old_ones(tmp_path: Path) -> None:
    """In whatever order the source has them; rows that it has no more stay; afterwards nothing is new."""
    raw = raw_of(tmp_path)
    left = FRAME[FRAME["label"] != "gone"]
    path = csv(tmp_path, pd.concat([MORE, left.iloc[::-1]])[["label", "zip", "n", "x"]])
    found = compare(raw, path)
    told = {one.name: (one.before, one.new, one.remark) for one in found.classes}
    assert told == {
        "a": (40, 0, ""),
        "b": (15, 8, ""),
        "gone": (5, 0, "not in the source, its samples stay"),
        "new": (0, 4, "a new class"),
    }
    after, tested = taken_in(raw, found, tmp_path / "staged")
    pd.testing.assert_frame_equal(after.iloc[:60].astype(FRAME.dtypes), FRAME)
    assert after["x"].tolist()[60:] == MORE["x"].tolist() and not tested.any()
    assert not compare(raw, path).any


def test_equal_rows_are_counted(tmp_path: Path) -> None:
    """Three equal rows where the project has two are one new row."""
    raw = raw_of(tmp_path, pd.concat([FRAME, FRAME.iloc[[0]]]))
    found = compare(raw, csv(tmp_path, pd.concat([FRAME.iloc[[0, 0]], FRAME])))
    assert found.new == 1


def test_a_changed_row_comes_in_beside_the_old_one(tmp_path: Path) -> None:
    """Nothing says that they are the same; the old one can be taken back."""
    raw = raw_of(tmp_path)
    changed = FRAME.assign(label=FRAME["label"].where(FRAME.index != 3, "b"))
    after, _ = taken_in(raw, compare(raw, csv(tmp_path, changed)), tmp_path / "staged")
    assert after["label"].iloc[[3, 60]].tolist() == ["a", "b"] and len(after) == 61


def test_a_new_class_needs_no_place_in_an_order(tmp_path: Path) -> None:
    """Where the class is an ordered category in Parquet."""
    raw = raw_of(tmp_path, FRAME.astype({"label": pd.CategoricalDtype(["a", "b", "gone"], ordered=True)}))
    after, _ = taken_in(raw, compare(raw, csv(tmp_path, MORE)), tmp_path / "staged")
    assert after["label"].value_counts()["new"] == 4


def test_a_batch_may_be_of_one_class(tmp_path: Path) -> None:
    """What is not in it stays."""
    raw = raw_of(tmp_path)
    assert compare(raw, csv(tmp_path, MORE.iloc[:3])).new == 3


def test_new_test_rows_go_to_the_test_file(tmp_path: Path) -> None:
    """A changed test set: old test rows stay, new ones are added, and no other file is written."""
    raw = raw_of(tmp_path, FRAME.iloc[::2], test=FRAME.iloc[1::2])
    test = csv(tmp_path, pd.concat([FRAME.iloc[1:20:2], MORE.assign(label="a").iloc[:4]]), "test.csv")
    found = compare(raw, csv(tmp_path, FRAME.iloc[::2]), test=test)
    assert found.new == 4
    before = (raw / "table.parquet").read_bytes()
    after, tested = taken_in(raw, found, tmp_path / "staged")
    assert tested.sum() == 34 and (raw / "table.parquet").read_bytes() == before
    assert after["x"].tolist()[-4:] == MORE["x"].tolist()[:4]


def test_a_column_that_gets_gaps_or_codes_is_the_same_column(tmp_path: Path) -> None:
    """Whole numbers of which some are missing now, and text that looks like numbers in a batch."""
    raw = raw_of(tmp_path)
    batch = MORE.assign(n=MORE["n"].where(MORE["x"] > 100).astype("Int64"), zip=[1011, 1012] * 6)
    after, _ = taken_in(raw, compare(raw, csv(tmp_path, pd.concat([FRAME, batch]))), tmp_path / "staged")
    assert len(after) == 72 and after["n"].dtype == "Int64" and set(after["zip"]) == {"70173", "10115", "1011", "1012"}


def test_rows_of_a_query_are_compared_as_others_are(tmp_path: Path) -> None:
    """What a database answers is told by what it says, too."""
    raw = raw_of(tmp_path)
    with sqlite3.connect(tmp_path / "shop.db") as database:
        pd.concat([FRAME, MORE]).to_sql("orders", database, index=False)
    found = compare(raw, f"sqlite:///{tmp_path}/shop.db", query="select * from orders")
    assert found.new == 12


SIZES = pd.CategoricalDtype(["s", "m", "l"], ordered=True)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (pd.CategoricalDtype(["s", "m", "l", "xl"], ordered=True), ""),
        (pd.CategoricalDtype(["s", "l"], ordered=True), ""),
        (pd.CategoricalDtype(["l", "m", "s"], ordered=True), "has the order l < m < s, and had s < m < l"),
    ],
)
def test_ordered_categories_keep_their_order(now: pd.CategoricalDtype, said: str, tmp_path: Path) -> None:
    """New ones find their place where the source says it; another order is one line."""
    kinds = KINDS | {"size": "ordered"}
    raw = raw_of(tmp_path, FRAME.assign(size=pd.Series(["s", "l"] * 30).astype(SIZES)))
    batch = MORE.assign(size=pd.Series(["s", now.categories[-1]] * 6).astype(now))
    batch.to_parquet(tmp_path / "new.parquet", index=False)
    if said:
        assert said in one_line(lambda: compare(raw, str(tmp_path / "new.parquet"), kinds))
        return
    after, _ = taken_in(raw, compare(raw, str(tmp_path / "new.parquet"), kinds), tmp_path / "staged")
    assert after["size"].dtype.ordered and list(after["size"].dtype.categories)[:1] == ["s"] and len(after) == 72


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (MORE.drop(columns="n"), "lacks n; expected the columns of the table"),
        (MORE.assign(more=1), "adds more; expected the columns of the table"),
        (MORE.assign(n="many"), "column 'n' has text such as many, and had whole numbers"),
        (MORE.assign(zip=0.5), "column 'zip' has numbers such as 0.5, and had text"),
        (MORE.assign(n=0.5), "prepare.columns calls 'n' integer, and it has decimals such as 0.5; call it numeric"),
        (MORE.assign(label="A"), "differ only in case"),
        (MORE.rename(columns={"label": "class"}), "no column 'label'"),
    ],
)
def test_rows_that_do_not_go_with_the_table_are_one_line(batch: pd.DataFrame, said: str, tmp_path: Path) -> None:
    """What `prepare` would not take is not brought in."""
    raw = raw_of(tmp_path)
    assert said in one_line(lambda: compare(raw, csv(tmp_path, batch)))


def test_a_source_that_is_gone_or_lacks_its_query_is_one_line(tmp_path: Path) -> None:
    """The line has no password."""
    raw = raw_of(tmp_path)
    assert "no such file" in one_line(lambda: compare(raw, str(tmp_path / "gone.csv")))
    said = one_line(lambda: compare(raw, "postgresql://me:secret@host/shop"))
    assert "postgresql://host/shop: a database's URL goes with a query" in said and "secret" not in said
