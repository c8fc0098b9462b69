"""What is new in a source of images is found in every form, and what is there stays."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.ingest import image_additions, image_sources
from pipelines.ingest.additions import Additions
from tests.conftest import one_line, write_classes

Form = Callable[[Path, Path], Path]


def zipped(folder: Path, place: Path) -> Path:
    return Path(shutil.make_archive(str(place / "images"), "zip", folder))


def listed(folder: Path, place: Path) -> Path:
    shutil.copytree(folder, place, dirs_exist_ok=True)
    rows = [f"{path.relative_to(place)},{path.parent.name}" for path in sorted(place.rglob("*.png"))]
    (place / "list.csv").write_text("\n".join(["path,label", *rows]))
    return place / "list.csv"


def arrays(folder: Path, place: Path) -> Path:
    paths = sorted(folder.rglob("*.png"))
    images = np.stack([np.asarray(Image.open(path)) for path in paths])
    np.savez(place / "images.npz", images=images, labels=np.array([path.parent.name for path in paths]))
    return place / "images.npz"


FORMS: dict[str, Form] = {"folder": lambda folder, place: folder, "zip": zipped, "csv": listed, "npz": arrays}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    return FORMS[request.param]


def grown(tmp_path: Path, form: Form) -> tuple[Path, Path]:
    """Return raw data in a form, and a source in which one class has grown, one is new and one has vanished."""
    write_classes(tmp_path / "before", {"a": 5, "b": 4, "gone": 3})
    write_classes(tmp_path / "after", {"a": 8, "b": 4}, seed=0)
    shutil.copytree(tmp_path / "before/b", tmp_path / "after/b", dirs_exist_ok=True)
    shutil.copytree(tmp_path / "before/a", tmp_path / "after/a", dirs_exist_ok=True)
    write_classes(tmp_path / "after", {"new": 2}, seed=5)
    raw, place = tmp_path / "raw", tmp_path / "source"
    raw.mkdir()
    place.mkdir()
    made = form(tmp_path / "before", raw)
    if made == tmp_path / "before":
        shutil.copytree(made, raw, dirs_exist_ok=True)
    return raw, form(tmp_path / "after", place)


def compare(raw: Path, source: Path, names: dict[str, str] | None = None, removed: set[str] | None = None) -> Additions:
    return image_additions.compare(raw, source, names or {}, removed or set())


def taken_in(raw: Path, found: Additions, staged: Path) -> None:
    staged.mkdir()
    found.write(staged)
    shutil.copytree(staged, raw, dirs_exist_ok=True)


def content(raw: Path) -> dict[str, tuple[str, bytes]]:
    records = [record for record in image_sources.read(raw) if record.problem is None]
    return {record.id: (record.label, np.asarray(record.content()).tobytes()) for record in records}


def test_what_is_new_is_counted_by_class_and_added(form: Form, tmp_path: Path) -> None:
    """Old images have their names and their content as before, vanished ones too; afterwards nothing is new."""
    raw, source = grown(tmp_path, form)
    before = content(raw)
    found = compare(raw, source)
    told = {one.name: (one.before, one.new, one.changed, one.remark) for one in found.classes}
    assert told == {
        "a": (5, 3, 0, ""),
        "b": (4, 0, 0, ""),
        "gone": (3, 0, 0, "not in the source, its samples stay"),
        "new": (0, 2, 0, "a new class"),
    }
    taken_in(raw, found, tmp_path / "staged")
    after = content(raw)
    assert len(after) == 17 and {name: after[name] for name in before} == before
    assert not compare(raw, source).any and content(raw) == after


def test_the_same_source_is_nothing_new(form: Form, tmp_path: Path) -> None:
    """Neither a second reading nor another order of the files makes anything new."""
    _, source = grown(tmp_path, form)
    found = compare(source, source)
    assert not found.any and not found.left_out


@pytest.mark.parametrize("name", ["folder", "zip", "csv"])
def test_an_image_with_other_content_is_taken_over(name: str, tmp_path: Path) -> None:
    """It is told by its name, keeps it, and is counted in its class."""
    raw, _ = grown(tmp_path, FORMS[name])
    write_classes(tmp_path / "other", {"a": 1}, seed=9)
    shutil.copy(tmp_path / "other/a/000.png", tmp_path / "after/a/001.png")
    place = tmp_path / "again"
    place.mkdir()
    found = compare(raw, FORMS[name](tmp_path / "after", place))
    assert found.changed == ("a/001.png",) and next(one.changed for one in found.classes if one.name == "a") == 1
    before = content(raw)["a/001.png"]
    taken_in(raw, found, tmp_path / "staged")
    assert content(raw)["a/001.png"] != before and len(content(raw)) == 17


def test_a_list_that_calls_an_image_otherwise_is_taken_over(tmp_path: Path) -> None:
    """Its label, group and split are what the list says now; what the list lacks stays."""
    raw, source = grown(tmp_path, listed)
    (source.parent / "list.csv").write_text("path,label,group\na/000.png,b,p1\n")
    found = compare(raw, source)
    assert found.changed == ("a/000.png",) and found.new == 0
    taken_in(raw, found, tmp_path / "staged")
    records = {record.id: record for record in image_sources.read(raw)}
    assert (records["a/000.png"].label, records["a/000.png"].group) == ("b", "p1") and len(records) == 12


def test_what_was_taken_back_is_not_brought_in(tmp_path: Path) -> None:
    """Not even where it is gone from the raw data; that is said."""
    raw, source = grown(tmp_path, FORMS["folder"])
    (raw / "a/000.png").unlink()
    found = compare(raw, source, removed={"a/000.png", "a/006.png"})
    assert found.new == 4 and found.left_out == {"taken back (data/removed.txt)": 2}


def test_what_cannot_be_used_is_left_out(tmp_path: Path) -> None:
    """A file that is no image is not brought in; it is counted with its reason."""
    raw, source = grown(tmp_path, FORMS["folder"])
    (source / "a/notes.txt").write_text("notes")
    assert compare(raw, source).left_out == {"not an image (.txt)": 1}


def test_classes_are_called_as_the_project_calls_them(tmp_path: Path) -> None:
    """A renamed class is no new one."""
    raw, source = grown(tmp_path, FORMS["folder"])
    (source / "a").rename(source / "A")
    assert "differ only in case" in one_line(lambda: compare(raw, source))
    told = {one.name: (one.before, one.new) for one in compare(raw, source, {"A": "a"}).classes}
    assert told["a"] == (5, 8) and "A" not in told


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: shutil.rmtree(path), "no such file or folder"),
        (lambda path: (shutil.rmtree(path), path.mkdir()), "the folder is empty"),
        (lambda path: shutil.make_archive(str(path / "all"), "zip", path), "a .zip, and data/raw has class folders"),
        (lambda path: (path / "a").rename(path / "x") and (path / "x").rename(path / "b/a"), ""),
    ],
    ids=["gone", "empty", "another-form", "moved"],
)
def test_a_source_that_does_not_go_with_the_data_is_one_line(
    spoil: Callable[[Path], object], said: str, tmp_path: Path
) -> None:
    """Folders in folders are of the class of the upper one, as everywhere."""
    raw, source = grown(tmp_path, FORMS["folder"])
    spoil(source)
    if said:
        assert said in one_line(lambda: compare(raw, source))
    else:
        assert {one.name: one.new for one in compare(raw, source).classes} == {"a": 0, "b": 8, "gone": 0, "new": 2}


def test_class_folders_that_lie_otherwise_are_one_line(tmp_path: Path) -> None:
    """Split folders do not go with class folders: the classes would be train and test."""
    raw, _ = grown(tmp_path, FORMS["folder"])
    write_classes(tmp_path / "new/train", {"a": 3, "b": 3})
    write_classes(tmp_path / "new/test", {"a": 3, "b": 3})
    said = one_line(lambda: compare(raw, tmp_path / "new"))
    assert "do not go with those in data/raw; found a/000.png (class 'a') and test/a/000.png (class 'a')" in said
    assert "none of its images can be used (lies in no class folder)" in one_line(
        lambda: compare(raw, tmp_path / "new/train/a")
    )


def test_a_place_in_an_npz_that_was_taken_back_is_none_of_the_source(tmp_path: Path) -> None:
    """`data/removed.txt` names places in the project's file; a batch of new images has places of its own."""
    raw, place = tmp_path / "raw", tmp_path / "batch"
    raw.mkdir()
    place.mkdir()
    arrays(write_classes(tmp_path / "old", {"a": 10, "b": 10}), raw)
    source = arrays(write_classes(tmp_path / "new", {"a": 3, "b": 3}, seed=9), place)
    assert compare(raw, source, removed={"3"}).new == compare(raw, source).new == 6


def test_an_npz_of_another_shape_is_one_line(tmp_path: Path) -> None:
    """All images of such a file have one shape."""
    raw, _ = grown(tmp_path, arrays)
    write_classes(tmp_path / "large", {"a": 3, "b": 3}, size=9)
    (tmp_path / "larger").mkdir()
    assert "images of the shapes (8, 8) and (9, 9)" in one_line(
        lambda: compare(raw, arrays(tmp_path / "large", tmp_path / "larger"))
    )
