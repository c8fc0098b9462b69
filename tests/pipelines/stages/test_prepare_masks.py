"""Damaged images are set aside, and filled ones are training data or nothing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipelines.ingest import kept
from pipelines.samples import Samples
from pipelines.stages.prepare import Settings, run
from tests.conftest import one_line, write_classes
from tests.pipelines.ingest.test_image_additions import listed, zipped
from tests.pipelines.stages.test_prepare_again import images, keep

FILL = 77  # the gray of filled images
WHOLE = (slice(None), slice(None))


def marked(raw: Path, name: str, pixels: tuple[slice, slice] = (slice(4), slice(4)), filled: int | None = None) -> None:
    """Write a mask of some pixels beside an image of 8 x 8, and a filled image of one gray."""
    mask = np.zeros((8, 8), np.uint8)
    mask[pixels] = 255
    Image.fromarray(mask).save(raw / f"{name}.mask.png")
    if filled is not None:
        Image.new("L", (8, 8), filled).save(raw / f"{name}.filled.png")


def with_groups(raw: Path, groups: int, split: dict[str, str] | None = None) -> None:
    """List images so that each group has some of each class; `split` names those of some groups."""
    names = [path for path in sorted(raw.rglob("*.png")) if path.name.count(".") == 1]
    numbered = [(path, f"g{number % groups}") for number, path in enumerate(names)]
    rows = [
        f"{path.relative_to(raw)},{path.parent.name},{(split or {}).get(group, '')},{group}" for path, group in numbered
    ]
    (raw / "list.csv").write_text("path,label,split,group\n" + "\n".join(rows))


@pytest.mark.parametrize("form", ["folder", "zip", "csv"])
def test_a_damaged_image_is_set_aside_with_how_much_is_damaged(form: str, tmp_path: Path, capsys) -> None:
    """In every form of files; a mask that marks nothing sets nothing aside."""
    folder = write_classes(tmp_path / "raw" if form == "folder" else tmp_path / "images", {"a": 12, "b": 12})
    marked(folder, "a/000")
    marked(folder, "a/001", WHOLE)
    marked(folder, "a/002", (slice(0), slice(0)))
    marked(folder, "a/003", (slice(6), slice(None)))
    marked(folder, "b/lost")
    Image.new("L", (5, 8)).save(folder / "b/000.mask.png")
    (folder / "b/001.mask.png").write_text("text")
    if form != "folder":
        (tmp_path / "raw").mkdir()
        {"zip": zipped, "csv": listed}[form](folder, tmp_path / "raw")
    manifest = images(tmp_path)
    aside = manifest[manifest["status"] == "quarantined"]
    assert aside["reason"].to_dict() == {
        "a/000.png": "damaged: 25% of it is masked; tailweight repair can fill it",
        "a/001.png": "damaged: its mask covers 100% of it, too much to fill",
        "a/003.png": "damaged: its mask covers 75% of it, too much to fill",
        "b/000.png": "its mask is 5 x 8 pixels, the image 8 x 8",
        "b/001.png": "its mask is not an image that Pillow can read",
        "b/lost.mask.png": "a mask without its image",
    }
    assert manifest.at["a/002.png", "reason"] == ""
    said = "prepare: 1 damaged image is set aside (it has a mask); fill and judge it with: tailweight repair"
    assert said in capsys.readouterr().out.split("\n")


def test_several_are_said_in_one_line(tmp_path: Path, capsys) -> None:
    """And a sliver is not called nothing."""
    raw = write_classes(tmp_path / "raw", {"a": 12, "b": 12})
    marked(raw, "a/000")
    Image.new("L", (400, 400)).save(raw / "a/001.png")
    mask = Image.new("L", (400, 400))
    mask.putpixel((0, 0), 255)
    mask.save(raw / "a/001.mask.png")
    run(raw=raw, prepared=tmp_path / "out", settings=Settings(image_size=28), seed=0, progress=lambda *_: None)
    said = "prepare: 2 damaged images are set aside (they have masks); fill and judge them with: tailweight repair"
    assert said in capsys.readouterr().out
    reasons = pd.read_csv(tmp_path / "out/manifest.csv", keep_default_na=False).set_index("id")["reason"]
    assert reasons["a/001.png"] == "damaged: under 1% of it is masked; tailweight repair can fill it"


def test_a_filled_image_is_training_data_and_marked(tmp_path: Path) -> None:
    """Whatever its name, it is never held out, and its content is the filled one; splits that it had then hold."""
    raw = write_classes(tmp_path / "raw", {"a": 16, "b": 16})
    for number in range(12):
        marked(raw, f"a/{number:03d}", filled=FILL + number)
    manifest = images(tmp_path, test_share=0.4, validation_share=0.4)
    filled = manifest[manifest["reason"] != ""]
    assert len(filled) == 12 and set(filled["status"]) == {"used"} and set(filled["split"]) == {"train"}
    assert set(filled["reason"]) == {"filled where 25% of it was masked"}
    train = Samples.load(tmp_path / "out/train.parquet")
    assert (train.values[list(train.ids).index("a/003.png")] == FILL + 3).all()
    before = keep(tmp_path, manifest)
    assert (images(tmp_path)["split"] == before).all()


def test_filling_moves_no_image_that_has_a_split(tmp_path: Path) -> None:
    """Before and after, all others are where they were."""
    raw = write_classes(tmp_path / "raw", {"a": 20, "b": 20})
    names = [f"a/{number:03d}" for number in range(6)]
    for name in names:
        marked(raw, name)
    before = keep(tmp_path, images(tmp_path))
    assert len(before) == 34
    for number, name in enumerate(names):
        marked(raw, name, filled=FILL + number)
    after = images(tmp_path)
    assert (after.loc[before.index, "split"] == before).all()
    assert (after.loc[[f"{name}.png" for name in names], "split"] == "train").all()


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_damaged_image_of_the_source_s_test_split_is_not_filled(part: str, tmp_path: Path, capsys) -> None:
    """Nor is one that has been for test until now; what is measured is real."""
    write_classes(tmp_path / "raw/train", {"a": 16, "b": 16}, seed=1)
    write_classes(tmp_path / "raw/test", {"a": 8, "b": 8}, seed=2)
    write_classes(tmp_path / "raw/validation", {"a": 8, "b": 8}, seed=3)
    marked(tmp_path / "raw", f"{part}/a/000", filled=FILL)
    marked(tmp_path / "raw", f"{part}/a/001")
    reason = f"damaged, and of the {part} split: only training images are filled"
    first = images(tmp_path)
    assert list(first.loc[[f"{part}/a/000.png", f"{part}/a/001.png"], "reason"]) == [reason, reason]
    assert "set aside" not in capsys.readouterr().out
    marked(tmp_path / "raw", "train/b/003", filled=FILL)
    kept.write_splits(tmp_path / "splits.csv", {"train/b/003.png": part}, kept.IMAGE)
    again = images(tmp_path)
    assert (again.at["train/b/003.png", "status"], again.at["train/b/003.png", "reason"]) == ("quarantined", reason)


def test_a_split_that_an_image_has_had_counts_more_than_the_source(tmp_path: Path) -> None:
    """As for every image."""
    write_classes(tmp_path / "raw/train", {"a": 16, "b": 16}, seed=1)
    write_classes(tmp_path / "raw/test", {"a": 8, "b": 8}, seed=2)
    marked(tmp_path / "raw", "test/a/000", filled=FILL)
    kept.write_splits(tmp_path / "splits.csv", {"test/a/000.png": "train"}, kept.IMAGE)
    after = images(tmp_path).loc["test/a/000.png"]
    assert (after["status"], after["split"]) == ("used", "train")


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_filled_image_is_not_used_beside_its_group_in_test(part: str, tmp_path: Path) -> None:
    """Whether the source says so of another of the group, or data/splits.csv."""
    raw = write_classes(tmp_path / "raw", {"a": 24, "b": 24})
    with_groups(raw, 8, {"g0": part})
    marked(raw, "a/000", filled=FILL)
    text = (raw / "list.csv").read_text()
    (raw / "list.csv").write_text(text.replace(f"a/000.png,a,{part},g0", "a/000.png,a,,g0"))
    reason = f"damaged, and of the {part} split: only training images are filled"
    assert images(tmp_path).at["a/000.png", "reason"] == reason
    with_groups(raw, 8)
    kept.write_splits(tmp_path / "splits.csv", {"a/008.png": part}, kept.IMAGE)
    manifest = images(tmp_path)
    assert manifest.at["a/000.png", "reason"] == reason
    assert set(manifest.loc[(manifest["group"] == "g0") & (manifest["status"] == "used"), "split"]) == {part}


def test_damaged_images_whose_group_is_dealt_to_test_are_not_filled(tmp_path: Path) -> None:
    """Which is known only when all have their splits; the others can be."""
    raw = write_classes(tmp_path / "raw", {"a": 40, "b": 40})
    with_groups(raw, 10)
    for number in range(10):  # one of each group
        marked(raw, f"a/{number:03d}")
    manifest = images(tmp_path, test_share=0.4)
    split_of = manifest[manifest["status"] == "used"].groupby("group")["split"].first()
    damaged = manifest[manifest["status"] != "used"].set_index("group")["reason"]
    for group, part in split_of.items():
        said = damaged[group]
        assert said.endswith("can fill it") if part == "train" else f"of the {part} split" in said
    assert {"train", "test"} <= set(split_of)


def test_where_every_group_has_a_filled_image_there_is_nothing_to_measure_by(tmp_path: Path) -> None:
    """One line says so; with the splits of before, the filled images of the test split are set aside instead."""
    raw = write_classes(tmp_path / "raw", {"a": 16, "b": 16})
    with_groups(raw, 4)
    for number in range(4):
        marked(raw, f"a/{number:03d}")
    before = keep(tmp_path, images(tmp_path))
    for number in range(4):
        marked(raw, f"a/{number:03d}", filled=FILL + number)
    after = images(tmp_path)
    assert (after.loc[before.index, "split"] == before).all() and set(after["status"]) == {"used", "quarantined"}
    (tmp_path / "splits.csv").unlink()
    assert "no image is left for test" in one_line(lambda: images(tmp_path))


@pytest.mark.parametrize("share", [0.2, 0.4])
def test_the_group_of_a_filled_image_is_for_training(share: float, tmp_path: Path) -> None:
    """No group is torn apart, and there is a test split all the same."""
    raw = write_classes(tmp_path / "raw", {"a": 40, "b": 40})
    with_groups(raw, 10)
    for number in (0, 1, 12, 23):  # of the groups g0 to g3
        marked(raw, f"a/{number:03d}", filled=FILL + number)
    manifest = images(tmp_path, test_share=share)
    assert (manifest.groupby("group")["split"].nunique() == 1).all() and (manifest["status"] == "used").all()
    assert set(manifest.loc[manifest["group"].isin(["g0", "g1", "g2", "g3"]), "split"]) == {"train"}
    assert {"train", "validation", "test"} == set(manifest["split"])


def test_a_filled_image_that_equals_another_is_dropped(tmp_path: Path) -> None:
    """The other is the one that stays, whatever the names."""
    raw = write_classes(tmp_path / "raw", {"a": 16, "b": 16})
    marked(raw, "a/000", filled=FILL)
    marked(raw, "a/001", filled=FILL)
    Image.new("L", (8, 8), FILL).save(raw / "b/zzz.png")
    manifest = images(tmp_path)
    assert manifest.at["b/zzz.png", "status"] == "used"
    copies = manifest.loc[["a/000.png", "a/001.png"]]
    assert set(copies["status"]) == {"quarantined"}
    assert set(copies["reason"]) == {"duplicate of b/zzz.png, which is labelled 'b'"}


def test_a_filled_image_stays_in_training_when_samples_are_taken_back(tmp_path: Path) -> None:
    """Even where that of which it was a copy, or what kept its class from being dealt out, is taken back."""
    raw = write_classes(tmp_path / "raw", {"a": 16, "b": 16})
    for number in range(8):
        marked(raw, f"a/{number:03d}", filled=FILL + number)
        Image.new("L", (8, 8), FILL + number).save(raw / f"a/copy{number}.png")
    (tmp_path / "removed.txt").write_text("\n".join(f"a/copy{number}.png" for number in range(8)))
    manifest = images(tmp_path, test_share=0.5)
    filled = manifest.loc[[f"a/{number:03d}.png" for number in range(8)]]
    assert set(filled["status"]) == {"used"} and set(filled["split"]) == {"train"}
    for path in (raw / "b").iterdir():
        path.rename(
            raw / "a" / f"b{path.name}"
        )  # one class: nothing is dealt out, and then nothing is there to be told apart
    write_classes(tmp_path / "raw", {"c": 2, "d": 9}, seed=5)
    (tmp_path / "removed.txt").write_text("c/000.png\nc/001.png")
    manifest = images(tmp_path, test_share=0.5)
    assert set(manifest.loc[[f"a/{number:03d}.png" for number in range(8)], "split"]) == {"train"}


def test_an_unreadable_filled_image_is_said_to_be_one(tmp_path: Path) -> None:
    """The damaged image does not pass in its place."""
    raw = write_classes(tmp_path / "raw", {"a": 12, "b": 12})
    marked(raw, "a/000")
    (raw / "a/000.filled.png").write_text("text")
    found = images(tmp_path).loc["a/000.png"]
    assert (found["status"], found["reason"]) == (
        "quarantined",
        "its filled image is not an image that Pillow can read",
    )
