"""Every form in which data arrive gives the same records; bad ones give one clear line."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.commands import init_images
from pipelines.errors import UserError
from pipelines.ingest import image_files, image_sources
from tests.conftest import write_classes

COUNTS = {"cat": 3, "sea lion": 2}


def labels(records: list[image_sources.Record]) -> list[str]:
    return sorted(record.label for record in records if record.problem is None)


def opened(records: list[image_sources.Record]) -> list[bytes]:
    return sorted(image_files.to_square(record.content(), 8, "crop").tobytes() for record in records)


def as_zip(folder: Path, path: Path, around: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, f"{around}{file.relative_to(folder)}")
    return path


def as_finder_zip(folder: Path, path: Path) -> Path:
    """A zip as macOS makes it: a folder around everything, and clutter in and beside it."""
    as_zip(folder, path, "my data/")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._my data", "x")
        archive.writestr("my data/.DS_Store", "x")
        archive.writestr("my data/cat/._000.png", "x")
    return path


def as_manifest(folder: Path, path: Path) -> Path:
    rows = [f"{file.relative_to(path.parent)},{file.parent.name}" for file in sorted(folder.rglob("*.png"))]
    path.write_text("path,label\n" + "\n".join(rows) + "\n")
    return path


def as_npz(folder: Path, path: Path) -> Path:
    files = sorted(folder.rglob("*.png"))
    images = np.stack([np.asarray(Image.open(file)) for file in files])
    np.savez(path, images=images, labels=np.array([file.parent.name for file in files]))
    return path


def test_all_forms_give_the_same_images_and_labels(tmp_path: Path) -> None:
    """A folder, a zip with and without a folder around it, a manifest and an npz of the same data agree."""
    folder = write_classes(tmp_path / "data", COUNTS)
    write_classes(tmp_path / "wrapped/inner", COUNTS)
    forms = [
        folder,
        as_zip(folder, tmp_path / "plain.zip"),
        as_zip(folder, tmp_path / "around.zip", "my data/"),
        as_finder_zip(folder, tmp_path / "finder.zip"),
        folder.parent / "wrapped",
        as_manifest(folder, tmp_path / "list.csv"),
        as_npz(folder, tmp_path / "arrays.npz"),
    ]
    expected = image_sources.scan(folder)
    assert labels(expected) == ["cat"] * 3 + ["sea lion"] * 2
    for form in forms:
        records = image_sources.scan(form)
        assert labels(records) == labels(expected), form
        assert opened(records) == opened(expected), form


def test_split_folders_are_splits_and_not_classes(tmp_path: Path) -> None:
    """train/ and test/ above class folders set the split; a class may still be called test."""
    write_classes(tmp_path / "a/train", COUNTS)
    write_classes(tmp_path / "a/val", {"cat": 1})
    write_classes(tmp_path / "a/test", COUNTS)
    assert {record.split for record in image_sources.scan(tmp_path / "a")} == {"train", "validation", "test"}
    write_classes(tmp_path / "b", {"test": 2, "cat": 2})
    assert {(record.label, record.split) for record in image_sources.scan(tmp_path / "b")} == {
        ("test", None),
        ("cat", None),
    }


def test_a_manifest_carries_split_and_group_and_marks_missing_files(tmp_path: Path) -> None:
    """Optional columns are read; a row whose file is missing or outside is a problem of that row alone."""
    write_classes(tmp_path / "data", {"cat": 1})
    write_classes(tmp_path / "other", {"cat": 1})
    rows = ["cat/000.png;cat;train;p1", "gone.png;cat;;p2", "../other/cat/000.png;cat;;", "../data/cat/000.png;cat;;"]
    rows += [f"{tmp_path}/data/cat/000.png;cat;;", f"{'x' * 5000};cat;;", "cat/000.png;;;"]
    text = "\ufeffpath;label;split;group\n" + "\n".join(rows)
    (tmp_path / "data/list.csv").write_text(text, encoding="utf-8")
    good, *bad = image_sources.scan(tmp_path / "data/list.csv")
    assert (good.id, good.split, good.group, good.problem) == ("cat/000.png", "train", "p1", None)
    assert all(record.problem for record in bad)
    assert len({record.id for record in bad}) == len(bad)


def test_names_that_are_the_same_letters_are_one_class(tmp_path: Path) -> None:
    """An accent written as one code point or as two gives one class."""
    write_classes(tmp_path, {"caf\u00e9": 2, "cafe\u0301": 1}, seed=3)
    assert {record.label for record in image_sources.scan(tmp_path)} == {"caf\u00e9"}


def test_clutter_is_not_data(tmp_path: Path) -> None:
    """Files that operating systems leave behind are passed over, others are named as a problem."""
    folder = write_classes(tmp_path, {"cat": 1, "dog": 1})
    (folder / "cat/.DS_Store").write_text("x")
    (folder / "cat/Thumbs.db").write_text("x")
    (folder / "readme.txt").write_text("x")
    assert [record.id for record in image_sources.scan(folder) if record.problem] == ["readme.txt"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path / "none", "no such file"),
        (lambda path: path, "the folder is empty"),
        (lambda path: write_classes(path, {"Cat": 1, "cat": 1}), "differ only in case"),
        (lambda path: _write(path / "a.csv", "file,class\na.png,cat\n"), "expected path,label"),
        (lambda path: _write(path / "a.csv", ""), "not readable as CSV"),
        (lambda path: _gtsrb(path), "found Meta beside Test, Train"),
        (lambda path: _npz(path / "a.npz", images=np.zeros((2, 0, 8), "u1"), labels=np.zeros(2)), "expected images"),
        (
            lambda path: _npz(
                path / "a.npz", images=np.zeros((2, 8, 8), "u1"), labels=np.zeros(2), split=np.array("test")
            ),
            "shape (2,)",
        ),
        (lambda path: _write(path / "a.csv", "path,label,split\na.png,cat,holdout\n"), "'holdout'"),
        (lambda path: _write(path / "a.zip", "nothing"), "not a zip file"),
        (lambda path: _write(path / "a.npz", "nothing"), "not readable as .npz"),
        (lambda path: _write(path / "a.tar", "nothing"), "a .tar file"),
        (lambda path: _npz(path / "a.npz", pixels=np.zeros((2, 8, 8), np.uint8)), "expected images"),
        (lambda path: _npz(path / "a.npz", images=np.zeros((2, 8, 8)), labels=np.zeros(2)), "float64"),
        (lambda path: _npz(path / "a.npz", images=np.zeros((2, 8, 8), "u1"), labels=np.zeros(3)), "expected labels"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, make, said: str) -> None:
    """The line names what was found and what is expected."""
    with pytest.raises(UserError) as error:
        image_sources.scan(make(tmp_path))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def _gtsrb(path: Path) -> Path:
    for split in ("Train", "Test", "Meta"):
        write_classes(path / split, {"a": 1, "b": 1})
    return path


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _npz(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)
    return path


def test_members_of_a_zip_are_found_however_their_names_are_written(tmp_path: Path) -> None:
    """As archivers write the folder that one stands in, and with a slash too many."""
    folder = write_classes(tmp_path / "data", COUNTS)
    with zipfile.ZipFile(tmp_path / "dots.zip", "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.writestr(f"./{file.parent.name}//{file.name}", file.read_bytes())
    assert opened(image_sources.read(tmp_path / "dots.zip")) == opened(image_sources.read(folder))


def test_names_in_a_zip_that_lead_elsewhere_are_records_with_a_reason(tmp_path: Path) -> None:
    """They are counted, and nobody looks where they lead."""
    path = as_zip(write_classes(tmp_path / "data", COUNTS), tmp_path / "data.zip")
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("../evil/1.png", "/abs/a/2.png", "cat/../../e.png"):
            archive.writestr(name, "x")
    records = image_sources.read(path)
    assert sorted(record.id for record in records if record.problem == "leads out of the zip") == [
        "../evil/1.png", "/abs/a/2.png", "cat/../../e.png",
    ]  # fmt: skip
    assert len(labels(records)) == 5


def test_a_damaged_archive_is_a_line_or_a_reason(tmp_path: Path) -> None:
    """Whichever of its bytes were changed."""
    folder, rng = write_classes(tmp_path / "data", COUNTS), np.random.default_rng(0)
    for whole in (as_zip(folder, tmp_path / "data.zip"), as_npz(folder, tmp_path / "data.npz")):
        content = np.frombuffer(whole.read_bytes(), np.uint8)
        for number in range(60):
            changed = content.copy()
            changed[rng.integers(len(content), size=4)] = rng.integers(0, 256, 4)
            path = tmp_path / f"{number}{whole.suffix}"
            path.write_bytes(changed.tobytes())
            try:
                for record in image_sources.read(path):
                    if record.problem is None:
                        image_files.to_square(record.content(), 8, "crop")
            except (UserError, OSError, image_files.UnreadableImage) as error:
                assert "\n" not in str(error)


def test_a_list_may_name_links_that_stay_in_its_folder(tmp_path: Path) -> None:
    """As git-annex lays images; each is called as it is listed, and is as large as a file may be."""
    folder = write_classes(tmp_path / "data", COUNTS)
    store = tmp_path / "store"
    store.mkdir()
    for number, file in enumerate(sorted(folder.rglob("*.png"))):
        file.rename(store / f"{number}.bin")
        file.symlink_to(store / f"{number}.bin")
    with (folder / "cat/huge.png").open("wb") as huge:
        huge.truncate(image_sources.LARGEST + 1)
    records = image_sources.read(as_manifest(folder, tmp_path / "list.csv"))
    assert {record.id for record in records if record.problem is None} == {
        "data/cat/000.png", "data/cat/001.png", "data/cat/002.png", "data/sea lion/000.png", "data/sea lion/001.png",
    }  # fmt: skip
    assert [record.problem for record in records if record.problem] == ["more than 256 MB"]
    init_images.bring_in(tmp_path / "list.csv", tmp_path / "raw")
    kept = image_sources.read(tmp_path / "raw")
    assert opened([record for record in kept if record.problem is None]) == opened(
        [record for record in records if record.problem is None]
    )
