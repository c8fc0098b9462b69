"""Records become splits that can be trusted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipelines.errors import UserError
from pipelines.samples import Samples
from pipelines.stages.prepare import SPLITS, Settings, run
from tests.conftest import write_classes


def prepare(raw: Path, out: Path, **settings: object) -> tuple[pd.DataFrame, dict[str, Samples]]:
    run(raw=raw, prepared=out, settings=Settings(image_size=8, **settings), seed=0, progress=lambda *_: None)
    manifest = pd.read_csv(out / "manifest.csv", keep_default_na=False).set_index("id")
    return manifest, {split: Samples.load(out / f"{split}.parquet") for split in SPLITS}


def test_every_record_is_used_once_or_quarantined_with_a_reason(tmp_path: Path) -> None:
    """Splits are disjoint and together with the quarantined rows they are all records."""
    raw = write_classes(tmp_path / "raw", {"a": 40, "b": 20, "c": 8})
    (raw / "a/note.png").write_text("not an image")
    content = (raw / "a/000.png").read_bytes()
    (raw / "a/cut.png").write_bytes(content[: len(content) // 2])
    manifest, splits = prepare(raw, tmp_path / "out")
    ids = np.concatenate([samples.ids for samples in splits.values()])
    assert len(set(ids)) == len(ids) == 68
    bad = manifest[manifest["status"] == "quarantined"]
    assert set(bad.index) == {"a/note.png", "a/cut.png"}
    assert (bad["reason"] != "").all()


def test_shares_hold_class_by_class(tmp_path: Path) -> None:
    """A quarter of each class is for test, a fifth of the rest for validation."""
    _, splits = prepare(write_classes(tmp_path / "raw", {"a": 40, "b": 20}), tmp_path / "out")
    assert np.bincount(splits["test"].labels).tolist() == [10, 5]
    assert np.bincount(splits["validation"].labels).tolist() == [6, 3]
    assert np.bincount(splits["train"].labels).tolist() == [24, 12]


def test_a_given_test_split_is_left_whole(tmp_path: Path) -> None:
    """What the source calls test is test, all of it and nothing else."""
    write_classes(tmp_path / "raw/train", {"a": 20, "b": 10}, seed=1)
    write_classes(tmp_path / "raw/test", {"a": 7, "b": 6}, seed=2)
    _, splits = prepare(tmp_path / "raw", tmp_path / "out")
    assert {name.split("/")[0] for name in splits["test"].ids} == {"test"}
    assert len(splits["test"]) == 13
    assert len(splits["train"]) + len(splits["validation"]) == 30


def test_a_training_image_that_equals_a_test_image_is_dropped(tmp_path: Path) -> None:
    """The test split keeps its image; the copy in training goes, and says of what it is a copy."""
    write_classes(tmp_path / "raw/train", {"a": 20, "b": 10}, seed=1)
    write_classes(tmp_path / "raw/test", {"a": 7, "b": 6}, seed=2)
    (tmp_path / "raw/train/b/leak.png").write_bytes((tmp_path / "raw/test/a/000.png").read_bytes())
    manifest, splits = prepare(tmp_path / "raw", tmp_path / "out")
    assert "test/a/000.png" in splits["test"].ids
    assert manifest.at["train/b/leak.png", "reason"] == "duplicate of test/a/000.png, which is labelled 'a'"


@pytest.mark.parametrize("share", [0.2, 0.34])
def test_a_group_never_spans_two_splits(tmp_path: Path, share: float) -> None:
    """All images of a patient, tile or video are in one split, and every split has some."""
    raw = write_classes(tmp_path / "raw", {"a": 60, "b": 30})
    files = sorted(raw.rglob("*.png"))
    rows = [f"{file.relative_to(raw)},{file.parent.name},g{number % 15}" for number, file in enumerate(files)]
    (raw / "list.csv").write_text("path,label,group\n" + "\n".join(rows))
    manifest, splits = prepare(raw, tmp_path / "out", test_share=share)
    assert (manifest.groupby("group")["split"].nunique() == 1).all()
    assert all(len(samples) for samples in splits.values())
    for samples in splits.values():
        assert samples.groups is not None
        assert samples.groups.tolist() == manifest.loc[samples.ids, "group"].tolist()


def test_spaces_and_accents_make_no_other_group(tmp_path: Path) -> None:
    """A name with a space behind it, or with its accent as a letter of its own, is the same one."""
    raw = write_classes(tmp_path / "raw", {"a": 30, "b": 30})
    rows = [
        f"{name}/{n:03d}.png,{name}," + ("{}é", "{}é ", "{}e\u0301")[n % 3].format(n // 3)
        for name in "ab"
        for n in range(30)
    ]
    (raw / "list.csv").write_text("path,label,group\n" + "\n".join(rows), encoding="utf-8")
    manifest, _ = prepare(raw, tmp_path / "out")
    assert manifest["group"].nunique() == 10 and (manifest.groupby("group")["split"].nunique() == 1).all()


def test_a_group_in_two_given_splits_is_refused(tmp_path: Path) -> None:
    """The line names the group and the splits."""
    raw = write_classes(tmp_path / "raw", {"a": 4, "b": 4})
    rows = [f"a/{n:03d}.png,a,{'test' if n else 'train'},p1\nb/{n:03d}.png,b,train,p2" for n in range(4)]
    (raw / "list.csv").write_text("path,label,split,group\n" + "\n".join(rows))
    with pytest.raises(UserError, match="'p1' lies in the splits test, train"):
        prepare(raw, tmp_path / "out")


def test_a_class_that_cannot_be_measured_is_quarantined(tmp_path: Path) -> None:
    """One or two images cannot be split; the class is set aside with a reason and the others go on."""
    manifest, splits = prepare(write_classes(tmp_path / "raw", {"a": 20, "b": 10, "lone": 1}), tmp_path / "out")
    assert "at least 3" in manifest.at["lone/000.png", "reason"]
    assert max(splits["train"].labels) == 1


def test_too_few_classes_is_one_clear_line(tmp_path: Path) -> None:
    """Where nothing is left to tell apart, the line says how much was usable and the commonest reason."""
    raw = write_classes(tmp_path / "raw", {"a": 20})
    (raw / "b").mkdir()
    (raw / "b/x.png").write_text("text")
    with pytest.raises(UserError, match="1 class"):
        prepare(raw, tmp_path / "out")


def test_gray_among_colour_is_colour(tmp_path: Path) -> None:
    """One image in colour makes all have three channels; the gray ones keep their gray in each."""
    raw = write_classes(tmp_path / "raw", {"a": 10, "b": 10})
    Image.new("RGB", (20, 10), "red").save(raw / "a/red.png")
    _, splits = prepare(raw, tmp_path / "out")
    gray = splits["train"].values[splits["train"].ids != "a/red.png"]
    assert gray.shape[1:] == (8, 8, 3)
    assert (gray[..., 0] == gray[..., 1]).all()


def test_an_image_in_gray_and_the_same_in_colour_are_copies(tmp_path: Path) -> None:
    """One of them is dropped: they could lie in train and in test."""
    raw = write_classes(tmp_path / "raw", {"a": 8, "b": 8})
    Image.open(raw / "a/000.png").convert("RGB").save(raw / "a/copy.png")
    Image.new("RGB", (8, 8), "red").save(raw / "b/red.png")
    manifest, splits = prepare(raw, tmp_path / "out")
    assert manifest.at["a/copy.png", "reason"] == "duplicate of a/000.png"
    assert splits["train"].values.shape[3] == 3 and splits["train"].groups is None


def test_a_name_with_a_carriage_return_is_one_row(tmp_path: Path) -> None:
    """What `prepare` has written reads as it was."""
    raw = write_classes(tmp_path / "raw", {"a": 8, "b": 8})
    (raw / "a/000.png").rename(raw / "a/ca\rriage.png")
    manifest, _ = prepare(raw, tmp_path / "out")
    assert len(manifest) == 16 and set(manifest["status"]) == {"used"}


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two runs write equal files, whatever the order in which folders list theirs."""
    raw = write_classes(tmp_path / "raw", {"a": 20, "b": 10})
    prepare(raw, tmp_path / "one")
    prepare(raw, tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_split_named_once_holds_for_the_whole_group(tmp_path: Path) -> None:
    """Rows that name no split follow the others of their group."""
    raw = write_classes(tmp_path / "raw", {"a": 40, "b": 20})
    files = sorted(raw.rglob("*.png"))
    split = {0: "train", 7: "test", 9: "test"}
    rows = [f"{f.relative_to(raw)},{f.parent.name},{split.get(n, '')},g{n % 8}" for n, f in enumerate(files)]
    (raw / "list.csv").write_text("path,label,split,group\n" + "\n".join(rows))
    manifest, _ = prepare(raw, tmp_path / "out")
    used = manifest[manifest["status"] == "used"]
    assert (used.groupby("group")["split"].nunique() == 1).all()
    assert set(used.loc[used["group"].isin(["g1", "g7"]), "split"]) == {"test"}


def test_a_class_that_groups_leave_without_training_is_set_aside(tmp_path: Path) -> None:
    """Where each class is one group, no class can be both trained on and measured, and the line says so."""
    raw = write_classes(tmp_path / "raw", {"a": 10, "b": 10, "c": 10})
    rows = [f"{f.relative_to(raw)},{f.parent.name},{f.parent.name}" for f in sorted(raw.rglob("*.png"))]
    (raw / "list.csv").write_text("path,label,group\n" + "\n".join(rows))
    with pytest.raises(UserError, match="at least 2 are needed"):
        prepare(raw, tmp_path / "out")


def test_changing_the_labels_of_test_images_changes_nothing_but_the_test_split(tmp_path: Path) -> None:
    """Training and validation data, and so all that comes before evaluate, do not depend on what the test split says."""
    write_classes(tmp_path / "raw/train", {"a": 30, "b": 10}, seed=1)
    write_classes(tmp_path / "raw/test", {"a": 8, "b": 8}, seed=2)
    prepare(tmp_path / "raw", tmp_path / "one")
    for index in range(4):
        path = tmp_path / f"raw/test/a/{index:03d}.png"
        path.rename(tmp_path / f"raw/test/b/moved-{index}.png")
    prepare(tmp_path / "raw", tmp_path / "two")
    for name in ("train.parquet", "validation.parquet", "classes.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert (tmp_path / "one/test.parquet").read_bytes() != (tmp_path / "two/test.parquet").read_bytes()
