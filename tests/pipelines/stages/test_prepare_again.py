"""Data grow, and what was decided of their samples holds."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from pipelines.ingest import kept, table_rows
from pipelines.stages.prepare import Settings, run
from tests.conftest import one_line, write_classes
from tests.pipelines.stages.test_prepare_table import FRAME, KINDS


def images(folder: Path, **settings: object) -> pd.DataFrame:
    """Prepare the images in `folder/raw`, with the splits that they have had, and return the manifest."""
    given = Settings(image_size=8, **settings)  # type: ignore[arg-type]
    return prepared(folder, given)


def table(folder: Path, frame: pd.DataFrame, **settings: object) -> pd.DataFrame:
    """Prepare a table, with the splits that its rows have had, and return the manifest."""
    (folder / "raw").mkdir(parents=True, exist_ok=True)
    frame.to_parquet(folder / "raw/table.parquet", index=False)
    return prepared(folder, Settings(label="label", columns=KINDS, **settings))  # type: ignore[arg-type]


def prepared(folder: Path, settings: Settings) -> pd.DataFrame:
    lists = {"splits": folder / "splits.csv", "removed": folder / "removed.txt"}
    run(raw=folder / "raw", prepared=folder / "out", settings=settings, seed=0, progress=lambda *_: None, **lists)
    return pd.read_csv(folder / "out/manifest.csv", keep_default_na=False, dtype=str).set_index("id")


def keep(folder: Path, manifest: pd.DataFrame, names: Mapping[str, str] | None = None) -> pd.Series:
    """Write the splits of the used samples to `folder/splits.csv`; `names` says what rows of a table are called there."""
    used = manifest[manifest["status"] == "used"]["split"]
    named = used if names is None else used.rename(names)
    kept.write_splits(folder / "splits.csv", named.to_dict(), kept.IMAGE if names is None else kept.ROW)
    return used


def names_of(frame: pd.DataFrame, manifest: pd.DataFrame) -> dict[str, str]:
    return dict(zip(manifest.index, table_rows.digests(frame), strict=True))


def shares(manifest: pd.DataFrame) -> dict[str, float]:
    """Return the share of each class that is for test."""
    used = manifest[manifest["status"] == "used"]
    return (used["split"] == "test").groupby(used["class"]).mean().to_dict()


def test_old_images_keep_their_splits_and_the_shares_hold(tmp_path: Path) -> None:
    """Whatever their names, new images of an old class and of a new one are dealt out around the old ones."""
    write_classes(tmp_path / "raw", {"a": 40, "b": 20, "c": 8})
    before = keep(tmp_path, images(tmp_path))
    write_classes(tmp_path / "raw/more", {"a": 41, "c": 30, "new": 12}, seed=1)
    for folder in sorted((tmp_path / "raw/more").iterdir()):
        (tmp_path / "raw" / folder.name).mkdir(exist_ok=True)
        for number, path in enumerate(sorted(folder.iterdir())):
            path.rename(tmp_path / "raw" / folder.name / f"{'0' if number % 2 else 'z'}-{path.name}")
        folder.rmdir()
    (tmp_path / "raw/more").rmdir()
    after = images(tmp_path)
    assert (after.loc[before.index, "split"] == before).all()
    assert shares(after) == pytest.approx({"a": 20 / 81, "b": 5 / 20, "c": 10 / 38, "new": 3 / 12})
    held = after["split"].eq("validation").groupby(after["class"]).sum()
    assert held.to_dict() == {"a": 12, "b": 3, "c": 6, "new": 2}


def test_images_that_come_one_at_a_time_reach_the_test_split(tmp_path: Path) -> None:
    """No share is lost by growing slowly."""
    write_classes(tmp_path / "raw", {"a": 8, "b": 8})
    write_classes(tmp_path / "later", {"a": 24}, seed=1)
    for path in sorted((tmp_path / "later/a").iterdir())[8:]:
        keep(tmp_path, images(tmp_path))
        path.rename(tmp_path / "raw/a" / path.name)
    after = images(tmp_path)
    assert shares(after)["a"] == 0.25 and (after["class"] == "a").sum() == 24


def test_no_splits_before_are_no_change(tmp_path: Path) -> None:
    """An empty file gives the bytes that no file gives."""
    write_classes(tmp_path / "raw", {"a": 20, "b": 10})
    images(tmp_path)
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    (tmp_path / "splits.csv").touch()
    images(tmp_path)
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def test_splits_that_name_all_give_the_same_bytes(tmp_path: Path) -> None:
    """Writing down what was dealt changes nothing."""
    write_classes(tmp_path / "raw", {"a": 20, "b": 10})
    keep(tmp_path, images(tmp_path))
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    images(tmp_path)
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def test_a_new_copy_of_an_old_image_is_the_one_that_goes(tmp_path: Path) -> None:
    """Whichever name comes first, the old one stays in its split."""
    raw = write_classes(tmp_path / "raw", {"a": 20, "b": 10})
    before = keep(tmp_path, images(tmp_path))
    for number, split in enumerate(("train", "validation", "test")):
        (raw / before.index[before == split][0]).parent.joinpath(f"000-{number}.png").write_bytes(
            (raw / before.index[before == split][0]).read_bytes()
        )
    after = images(tmp_path)
    assert (after.loc[before.index, "split"] == before).all() and (after.loc[before.index, "status"] == "used").all()
    assert after.loc[~after.index.isin(before.index), "reason"].str.startswith("duplicate of ").all()


def list_of(raw: Path, group_of: Mapping[str, str], split_of: Mapping[str, str] | None = None) -> None:
    """Write `raw/list.csv` with the group of each image, and the split where `split_of` names one."""
    rows = [f"{i},{i.split('/')[0]},{(split_of or {}).get(i, '')},{group}" for i, group in group_of.items()]
    (raw / "list.csv").write_text("\n".join(["path,label,split,group", *rows]))


def test_old_members_decide_for_new_ones_of_their_group(tmp_path: Path) -> None:
    """New images of a known group go where it is; new groups go as wholes, and the shares hold nearly."""
    raw = write_classes(tmp_path / "raw", {"a": 80, "b": 40})
    names = [path.relative_to(raw).as_posix() for path in sorted(raw.rglob("*.png"))]
    groups = {name: f"g{number % 24}" for number, name in enumerate(names)}
    old = {name: group for number, (name, group) in enumerate(groups.items()) if number % 24 < 14 and number % 3}
    list_of(raw, old)
    before = keep(tmp_path, images(tmp_path))
    list_of(raw, groups)
    after = images(tmp_path)
    assert (after.loc[before.index, "split"] == before).all()
    assert (after.groupby("group")["split"].nunique() == 1).all()
    assert all(0.15 < share < 0.35 for share in shares(after).values())


def test_a_group_that_has_had_two_splits_is_refused(tmp_path: Path) -> None:
    """The line names it, and the file to mend."""
    raw = write_classes(tmp_path / "raw", {"a": 10, "b": 10})
    keep(tmp_path, images(tmp_path))
    list_of(raw, dict.fromkeys((f"{label}/{n:03d}.png" for label in "ab" for n in range(10)), "p1"))
    said = one_line(lambda: images(tmp_path))
    assert "'p1' has had the splits test and " in said and "data/splits.csv" in said


def test_the_split_before_holds_whatever_the_data_say_now(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A changed test set: what was dealt stays, said in a line; new images go where the data say, and no others to test."""
    raw = write_classes(tmp_path / "raw", {"a": 20, "b": 20})
    before = keep(tmp_path, images(tmp_path))
    train = [name for name in before.index if before[name] == "train"]
    write_classes(raw, {"a": 40}, seed=3)  # twenty more
    everything = [path.relative_to(raw).as_posix() for path in sorted(raw.rglob("*.png"))]
    list_of(raw, dict.fromkeys(everything, ""), {train[0]: "test", "a/030.png": "test"})
    after = images(tmp_path)
    assert (after.loc[before.index, "split"] == before).all()
    new = after[~after.index.isin(before.index)]
    assert new.index[new["split"] == "test"].tolist() == ["a/030.png"]
    assert f"1 image(s), such as {train[0]}, have another split in the data than before" in capsys.readouterr().out


def test_old_rows_keep_their_splits_wherever_they_stand(tmp_path: Path) -> None:
    """In another order, among new rows, with a column that has become one of decimals; the shares hold for all."""
    before = table(tmp_path, FRAME)
    keep(tmp_path, before, names_of(FRAME, before))
    more = FRAME.assign(x=FRAME["x"] + 100, label=["b", "c", "new", "new"] * 100).iloc[:100]
    more["n"] = more["n"].where(more.index % 9 > 0).astype("Int64")
    both = pd.concat([more, FRAME.iloc[::-1]], ignore_index=True)
    after = table(tmp_path, both)
    assert both["n"].dtype == "Int64" != FRAME["n"].dtype
    assert after["split"].iloc[100:].tolist()[::-1] == before["split"].tolist()
    assert shares(after) == pytest.approx({"a": 75 / 300, "b": 26 / 105, "c": 11 / 45, "new": 12 / 50}, abs=0.02)


def test_a_new_row_that_equals_an_old_one_follows_it(tmp_path: Path) -> None:
    """Equal rows are in one split, also where their labels differ."""
    before = table(tmp_path, FRAME)
    keep(tmp_path, before, names_of(FRAME, before))
    twins = FRAME.iloc[::7].assign(label="c")
    after = table(tmp_path, pd.concat([FRAME, twins], ignore_index=True))
    assert after["split"].iloc[400:].tolist() == before["split"].iloc[::7].tolist()


def test_rows_that_become_equal_are_no_leak(tmp_path: Path) -> None:
    """Where a column is called an identifier later, training rows that now equal test rows are set aside."""
    frame = FRAME.assign(x=FRAME["x"].round(0), who=[f"p{n}" for n in range(400)])
    before = table(tmp_path, frame)
    keep(tmp_path, before, names_of(frame, before))
    kinds = KINDS | {"who": "identifier"}
    after = prepared(tmp_path, Settings(label="label", columns=kinds))  # type: ignore[arg-type]
    used = after["status"] == "used"
    rows = frame[["x", "n", "colour"]].assign(split=after["split"].to_numpy())[used.to_numpy()]
    assert (rows.groupby(["x", "n", "colour"])["split"].nunique() == 1).all()
    assert (after["split"] == before["split"]).all() and 100 < used.sum() < 400


def test_a_row_says_the_same_in_any_type() -> None:
    """Digests do not depend on types, on the order of the columns or of the rows, and they are those of last year."""
    days = pd.to_datetime(["2024-01-31 00:00", "2024-02-01 12:00"])
    frame = pd.DataFrame({"n": [1, 2], "text": ["a", None], "day": days})
    found = table_rows.digests(frame)
    other = frame.astype({"n": "float64", "text": "category", "day": "datetime64[s]"})[["day", "text", "n"]]
    assert table_rows.digests(other.astype({"n": "category"})) == table_rows.digests(other)
    assert table_rows.digests(other) == found == table_rows.digests(frame.astype({"n": "Int64"}))
    assert table_rows.digests(frame.iloc[::-1]) == found[::-1] and found == ["39f45d092c1d36dd", "da63e9b7058e3ee8"]


DAMAGED = {
    "id,split\na/1.png,tset\n": "row 2: found 'a/1.png,tset', expected id,split with train, validation or test",
    "id,split\na/1.png\n": "row 2: found 'a/1.png'",
    "a/1.png,test\n": "found 'a/1.png,test' in the first line, expected id,split",
    "row,split\n00,test\n": "found 'row,split' in the first line, expected id,split",
    "id,split\na,test\na,train\n": "row 3: 'a' is named twice, in test and in train",
    'id,split\n"a,test\n': "not readable as CSV",
    "\xff": "not readable as CSV in UTF-8",
}


@pytest.mark.parametrize(("content", "said"), DAMAGED.items())
def test_damaged_splits_are_one_line(content: str, said: str, tmp_path: Path) -> None:
    """Nothing is dealt anew because a file was damaged."""
    write_classes(tmp_path / "raw", {"a": 10, "b": 10})
    (tmp_path / "splits.csv").write_bytes(content.encode("latin-1"))
    assert said in one_line(lambda: images(tmp_path))


def test_splits_of_images_that_are_gone_are_said(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """They change nothing for the others."""
    write_classes(tmp_path / "raw", {"a": 10, "b": 10})
    (tmp_path / "splits.csv").write_text("id,split\na/000.png,test\nx/1.png,train\nx/2.png,test\n")
    assert images(tmp_path).at["a/000.png", "split"] == "test"
    assert "names 2 image(s) that are not in the data, such as x/1.png" in capsys.readouterr().out


def test_an_image_that_was_taken_back_is_out_and_stays_out(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """It is quarantined, the others stay where they were, and an id that names nothing is a line."""
    write_classes(tmp_path / "raw", {"a": 40, "b": 20})
    before = keep(tmp_path, images(tmp_path))
    gone = next(name for name in before.index if before[name] == "test")
    (tmp_path / "removed.txt").write_text(f"{gone}\r\n\nx/1.png\n")
    for _ in range(2):
        after = images(tmp_path)
        assert after.loc[gone, ["status", "reason"]].tolist() == ["quarantined", "taken back"]
        assert (after.loc[before.index.drop(gone), "split"] == before.drop(gone)).all()
    assert "data/removed.txt names 1 image(s) that are not in the data, such as x/1.png" in capsys.readouterr().out
    (tmp_path / "removed.txt").write_text("")
    assert (images(tmp_path).loc[before.index, "split"] == before).all()


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_taking_samples_back_moves_no_other(split: str, tmp_path: Path) -> None:
    """Nor where no split has been written down yet; images and rows alike."""
    write_classes(tmp_path / "raw", {"a": 40, "b": 22})
    for before, again in (
        (images(tmp_path)["split"], lambda: images(tmp_path)),
        (table(tmp_path / "t", FRAME)["split"], lambda: table(tmp_path / "t", FRAME)),
    ):
        gone = before.index[before == split][::2]
        for folder in (tmp_path, tmp_path / "t"):
            (folder / "removed.txt").write_text("\n".join(gone))
        after = again()
        assert (after["reason"] == "taken back").sum() == len(gone)
        assert (after["split"] == before).all()


def test_a_mislabelled_image_is_taken_back_and_its_copy_used(tmp_path: Path) -> None:
    """Under its right class it stays in the split that it had under the wrong one."""
    raw = write_classes(tmp_path / "raw", {"a": 40, "b": 20})
    before = keep(tmp_path, images(tmp_path))
    for split in ("train", "validation", "test"):
        wrong = next(name for name in before.index if before[name] == split and name.startswith("a/"))
        (raw / f"b/{split}.png").write_bytes((raw / wrong).read_bytes())
        with open(tmp_path / "removed.txt", "a") as file:
            file.write(f"{wrong}\n")
    after = images(tmp_path)
    assert after.loc[[f"b/{split}.png" for split in ("train", "validation", "test")], "split"].tolist() == [
        "train",
        "validation",
        "test",
    ]


def test_a_row_that_was_taken_back_is_known_among_more_rows(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Numbers of rows get zeros in front as a table grows; that changes nothing."""
    before = table(tmp_path, FRAME)
    keep(tmp_path, before, names_of(FRAME, before))
    (tmp_path / "removed.txt").write_text("007\n2000\n")
    after = table(tmp_path, pd.concat([FRAME, FRAME.assign(x=FRAME["x"] + 9)] * 2, ignore_index=True))
    assert after.index[after["reason"] == "taken back"].tolist() == ["0007"]
    assert "names 1 row(s) that are not in the data, such as 2000" in capsys.readouterr().out


def test_a_list_of_removed_samples_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    """Nothing taken back is used because a file was damaged."""
    write_classes(tmp_path / "raw", {"a": 10, "b": 10})
    (tmp_path / "removed.txt").write_bytes(b"\xff\xfe")
    assert "removed.txt: not readable as UTF-8" in one_line(lambda: images(tmp_path))


def test_a_renamed_class_keeps_its_splits(tmp_path: Path) -> None:
    """All of it is called otherwise, and nothing moves."""
    write_classes(tmp_path / "raw", {"a": 40, "b": 20})
    before = keep(tmp_path, images(tmp_path))
    after = images(tmp_path, labels={"b": "c"})
    assert set(after["class"]) == {"a", "c"} and (after["split"] == before).all()


def test_classes_are_merged_whatever_their_case(tmp_path: Path) -> None:
    """Two names that differ in case alone are refused unless they are merged; numbers are names, too."""
    write_classes(tmp_path / "raw", {"Cat": 10, "cat": 8, "1": 12})
    assert "prepare.labels" in one_line(lambda: images(tmp_path))
    merged = images(tmp_path, labels={"Cat": "cat", 1: "one"})
    assert merged["class"].value_counts().to_dict() == {"cat": 18, "one": 12}


def test_rows_are_renamed_as_images_are(tmp_path: Path) -> None:
    """Merging changes the class of rows and no split; two names can be swapped."""
    before = table(tmp_path, FRAME)
    keep(tmp_path, before, names_of(FRAME, before))
    after = table(tmp_path, FRAME, labels={"c": "b"})
    assert after["class"].value_counts().to_dict() == {"a": 300, "b": 100}
    assert (after["split"] == before["split"]).all()
    swapped = table(tmp_path, FRAME, labels={"c": "b", "b": "c"})
    assert swapped["class"].value_counts().to_dict() == {"a": 300, "c": 80, "b": 20}


def test_renaming_what_is_no_class_is_one_line(tmp_path: Path) -> None:
    """It names the class that was perhaps meant."""
    write_classes(tmp_path / "raw", {"wolf": 10, "bear": 10})
    said = one_line(lambda: images(tmp_path, labels={"wolv": "dog"}))
    assert "prepare.labels renames 'wolv', which is no class" in said and "did you mean wolf?" in said
    assert "'x', which is no class" in one_line(lambda: table(tmp_path / "t", FRAME, labels={"x": "b"}))


def test_a_class_without_a_name_is_refused() -> None:
    """Samples are left out by other means, which the line names."""
    with pytest.raises(ValueError, match=r"data/removed\.txt"):
        Settings(labels={"a": ""})


def test_a_class_that_the_source_calls_otherwise_is_no_second_one(tmp_path: Path) -> None:
    """Its images under the new name are copies; what is really new there is of a new class, until the names are merged."""
    raw = write_classes(tmp_path / "raw", {"a": 20, "cat": 12})
    before = keep(tmp_path, images(tmp_path))
    shutil.copytree(raw / "cat", raw / "kitten")
    write_classes(tmp_path / "more", {"kitten": 4}, seed=5)
    for path in (tmp_path / "more/kitten").iterdir():
        path.rename(raw / "kitten" / f"new-{path.name}")
    after = images(tmp_path)
    used = after[after["status"] == "used"]
    assert used["class"].value_counts().to_dict() == {"a": 20, "cat": 12, "kitten": 4}
    merged = images(tmp_path, labels={"kitten": "cat"})
    assert merged[merged["status"] == "used"]["class"].value_counts().to_dict() == {"a": 20, "cat": 16}
    assert (merged.loc[before.index, "split"] == before).all()


def test_an_image_that_moves_between_split_folders_stays_in_its_split(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """It has another path then, and is known by its content; new images go where their folder says."""
    write_classes(tmp_path / "raw/train", {"a": 20, "b": 10}, seed=1)
    write_classes(tmp_path / "raw/test", {"a": 7, "b": 6}, seed=2)
    keep(tmp_path, images(tmp_path))
    shutil.copy(tmp_path / "raw/train/a/000.png", tmp_path / "raw/test/a/moved.png")
    write_classes(tmp_path / "more", {"a": 1}, seed=7)
    shutil.copy(tmp_path / "more/a/000.png", tmp_path / "raw/test/a/new.png")
    after = images(tmp_path)
    pair = after.loc[["train/a/000.png", "test/a/moved.png"]]
    assert (pair["status"] == "used").sum() == 1 and set(pair["split"]) <= {"train", "validation"}
    assert after.at["test/a/new.png", "split"] == "test"
    assert "1 image(s), such as test/a/moved.png, have another split" in capsys.readouterr().out
