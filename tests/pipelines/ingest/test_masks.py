"""Masks and filled images go with their images in every form of files, and travel with them."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.commands import init_images
from pipelines.errors import UserError
from pipelines.ingest import image_sources
from pipelines.ingest.image_sources import Record
from tests.conftest import one_line, write_classes
from tests.pipelines.ingest.test_image_additions import compare, listed, taken_in, zipped

COUNTS = {"a": 4, "b": 3}


def marked(folder: Path, name: str = "a/000", filled: bool = False, value: int = 255) -> Path:
    """Put a mask of an upper left quarter, and a filled image, beside an image; return the mask."""
    mask = np.zeros((8, 8), np.uint8)
    mask[:4, :4] = value
    Image.fromarray(mask).save(folder / f"{name}.mask.png")
    if filled:
        Image.new("L", (8, 8), value).save(folder / f"{name}.filled.png")
    return folder / f"{name}.mask.png"


def images_only(folder: Path, place: Path) -> Path:
    """Copy a folder, and list its images without what lies beside them."""
    made = listed(folder, place)
    rows = made.read_text().split("\n")
    made.write_text("\n".join(row for row in rows if ".mask." not in row and ".filled." not in row))
    return made


def as_folder(folder: Path, place: Path) -> Path:
    shutil.copytree(folder, place, dirs_exist_ok=True)
    return place


FORMS = {"folder": as_folder, "zip": zipped, "csv": images_only, "csv of all": listed}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest):
    return FORMS[request.param]


def mask_of(record: Record) -> bytes:
    assert record.mask is not None
    return record.mask()


def filling_of(record: Record) -> bytes:
    assert record.filled is not None
    return record.filled()


def read(folder: Path, form, place: Path) -> dict[str, Record]:
    place.mkdir()
    return {record.id: record for record in image_sources.scan(form(folder, place))}


def test_a_mask_is_of_its_image_and_no_record(form, tmp_path: Path) -> None:
    """The record has the content of both files and says what they are called."""
    folder = write_classes(tmp_path / "images", COUNTS)
    marked(folder, "a/000", filled=True)
    marked(folder, "b/001")
    records = read(folder, form, tmp_path / "place")
    assert len(records) == 7 and not any(record.problem for record in records.values())
    both, one = records["a/000.png"], records["b/001.png"]
    assert both.beside == ("a/000.mask.png", "a/000.filled.png") and one.beside == ("b/001.mask.png",)
    assert mask_of(both) == (folder / "a/000.mask.png").read_bytes() and one.filled is None
    assert filling_of(both) == (folder / "a/000.filled.png").read_bytes()
    assert records["a/001.png"].mask is None and records["a/001.png"].beside == ()


@pytest.mark.parametrize("around", ["all/", "all/train/"])
def test_masks_are_found_below_other_folders(around: str, tmp_path: Path) -> None:
    """Names are those of the files in the whole tree."""
    marked(write_classes(tmp_path / around, COUNTS))
    record = next(record for record in image_sources.scan(tmp_path) if record.mask)
    assert (record.id, record.label, record.beside) == (f"{around}a/000.png", "a", (f"{around}a/000.mask.png",))


def test_an_image_of_any_ending_has_a_mask(form, tmp_path: Path) -> None:
    """The mask is called as the image without its last ending."""
    folder = write_classes(tmp_path / "images", COUNTS)
    for source, ending in (("b/000", ".jpg"), ("b/001", ".v2.bmp")):
        (folder / f"{source}.png").rename(folder / f"{source}{ending}")
    marked(folder, "b/000")
    marked(folder, "b/001.v2")
    place = tmp_path / "place"
    place.mkdir()
    made = form(folder, place)
    if made.suffix == ".csv":
        made.write_text(made.read_text() + "\nb/000.jpg,b\nb/001.v2.bmp,b")
    records = image_sources.scan(made)
    assert {record.id for record in records if record.mask} == {"b/000.jpg", "b/001.v2.bmp"}
    assert not any(record.problem for record in records)


@pytest.mark.parametrize("name", ["folder", "zip", "csv of all"])
def test_what_lacks_its_image_is_a_record_with_a_problem(name: str, tmp_path: Path) -> None:
    """So is a filled image without a mask; its image is used as it is."""
    folder = write_classes(tmp_path / "images", COUNTS)
    marked(folder, "a/lost", filled=True)
    marked(folder, "a/001", filled=True).unlink()
    records = read(folder, FORMS[name], tmp_path / "place")
    assert {record.id: record.problem for record in records.values() if record.problem} == {
        "a/lost.mask.png": "a mask without its image",
        "a/lost.filled.png": "a filled image without its image",
        "a/001.filled.png": "a filled image without a mask",
    }
    assert len(records) == 10 and records["a/001.png"].filled is None


def test_a_filled_image_that_no_list_names_is_found_without_a_mask(tmp_path: Path) -> None:
    """It lies beside an image of the list."""
    folder = write_classes(tmp_path / "images", COUNTS)
    marked(folder, "a/001", filled=True).unlink()
    records = read(folder, images_only, tmp_path / "place")
    assert records["a/001.filled.png"].problem == "a filled image without a mask" and len(records) == 8


def test_two_images_cannot_share_a_mask(form, tmp_path: Path) -> None:
    """Of which of them it is nobody can say, so neither is used."""
    folder = write_classes(tmp_path / "images", COUNTS)
    shutil.copy(folder / "a/000.png", folder / "a/000.jpeg.png")
    (folder / "a/000.jpeg.png").rename(folder / "a/000.gif")
    marked(folder)
    place = tmp_path / "place"
    place.mkdir()
    made = form(folder, place)
    if made.suffix == ".csv":
        made.write_text(made.read_text() + "\na/000.gif,a")
    problems = {record.id: record.problem for record in image_sources.scan(made) if record.problem}
    assert problems == dict.fromkeys(
        ["a/000.png", "a/000.gif"], "another image of its name has the same mask (000.mask.png)"
    )


@pytest.mark.parametrize("name", ["folder", "csv"])
def test_an_image_whose_mask_may_not_be_read_is_not_taken_for_a_whole_one(name: str, tmp_path: Path) -> None:
    """Neither where it lies, nor in a project that was made from there."""
    folder = write_classes(tmp_path / "images", COUNTS)
    marked(folder).rename(tmp_path / "outside.png")
    place = tmp_path / "place"
    made = FORMS[name](folder, place)
    (place / "a/000.mask.png").symlink_to(tmp_path / "outside.png")
    problems = {record.id: record.problem for record in image_sources.scan(made) if record.problem}
    assert problems["a/000.png"] == "a link that leads out of the folder (000.mask.png)"
    init_images.bring_in(made, tmp_path / "raw")
    assert not (tmp_path / "raw/a/000.png").exists() and (tmp_path / "raw/a/001.png").exists()


def test_a_new_project_has_the_masks_and_does_not_count_them(form, tmp_path: Path, capsys, monkeypatch) -> None:
    """What is brought in reads as what lay there."""
    folder = write_classes(tmp_path / "images", COUNTS)
    marked(folder, filled=True)
    (tmp_path / "place").mkdir()
    made = form(folder, tmp_path / "place")
    raw = tmp_path / "raw"
    init_images.bring_in(made, raw)
    before, after = ({one.id: one.beside for one in image_sources.scan(place)} for place in (made, raw))
    assert before == after and len(after) == 7
    assert next(mask_of(record) for record in image_sources.scan(raw) if record.mask)
    monkeypatch.setattr(init_images, "build", lambda *_: None)  # git and DVC have no part in what is counted
    init_images.create(tmp_path / "project", made)
    assert "bringing in 7 images of 2 classes" in capsys.readouterr().out


def sources(tmp_path: Path, form) -> tuple[Path, Path, Path]:
    """Return raw data in a form, and the class folders from which they were made."""
    folder = write_classes(tmp_path / "images", COUNTS)
    raw, place = tmp_path / "raw", tmp_path / "place"
    raw.mkdir()
    place.mkdir()
    form(folder, raw)
    return raw, folder, place


def test_a_new_mask_is_a_change_and_comes_along(form, tmp_path: Path) -> None:
    """So is another mask, and a filled image; the same again is nothing new."""
    raw, folder, place = sources(tmp_path, form)
    for filled, value in ((False, 255), (False, 200), (True, 200)):
        mask = marked(folder, "a/001", filled=filled, value=value)
        found = compare(raw, form(folder, place))
        assert found.changed == ("a/001.png",) and found.new == 0
        taken_in(raw, found, tmp_path / f"staged {filled} {value}")
        record = next(record for record in image_sources.scan(raw) if record.mask)
        assert record.id == "a/001.png" and mask_of(record) == mask.read_bytes()
        assert (record.filled is not None) == filled and len(image_sources.scan(raw)) == 7
        assert not compare(raw, form(folder, place)).any


def test_a_new_image_brings_its_mask_and_orphans_stay_where_they_are(form, tmp_path: Path) -> None:
    """Masks are not counted as images."""
    raw, folder, place = sources(tmp_path, form)
    write_classes(tmp_path / "more", {"a": 6}, seed=4)
    shutil.copy(tmp_path / "more/a/005.png", folder / "a/new.png")
    marked(folder, "a/new", filled=True)
    marked(folder, "a/lost")
    made = form(folder, place)
    found = compare(raw, made)
    assert found.new == 1 and not found.changed
    assert dict(found.left_out) == ({} if form is images_only else {"a mask without its image": 1})
    taken_in(raw, found, tmp_path / "staged")
    record = next(record for record in image_sources.scan(raw) if record.mask)
    assert record.id == "a/new.png" and filling_of(record) == (folder / "a/new.filled.png").read_bytes()
    assert not any(record.problem for record in image_sources.scan(raw))


def test_what_was_filled_here_stays_where_the_source_has_it_not(form, tmp_path: Path) -> None:
    """The source has the mask alone, and nothing new."""
    folder = write_classes(tmp_path / "images", COUNTS)
    marked(folder)
    raw, place = tmp_path / "raw", tmp_path / "place"
    raw.mkdir()
    place.mkdir()
    made = form(folder, place)
    here = as_folder(folder, tmp_path / "here")
    marked(here, filled=True)
    form(here, raw)
    assert not compare(raw, made).any


def test_class_folders_that_lie_otherwise_are_refused_with_masks_as_well(tmp_path: Path) -> None:
    """What lies beside images changes nothing about where they lie."""
    raw, folder, _ = sources(tmp_path, as_folder)
    marked(folder)
    shutil.move(str(folder), tmp_path / "deeper/train")
    write_classes(tmp_path / "deeper/test", COUNTS, seed=3)
    assert "do not go with those in data/raw" in one_line(lambda: compare(raw, tmp_path / "deeper"))


def test_a_mask_in_a_zip_that_cannot_be_read_is_said_when_it_is_asked_for(tmp_path: Path) -> None:
    """Reading the list of the files opens none."""
    folder = write_classes(tmp_path / "images", COUNTS)
    mask = marked(folder)
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, str(file.relative_to(folder)))
    content = mask.read_bytes()
    path.write_bytes(path.read_bytes().replace(content, bytes(len(content))))
    record = next(record for record in image_sources.scan(path) if record.mask)
    with pytest.raises(OSError, match="cannot be read from the zip"):
        mask_of(record)


def test_masks_alone_are_no_data(tmp_path: Path) -> None:
    """One line says so."""
    folder = tmp_path / "images"
    (folder / "a").mkdir(parents=True)
    (folder / "b").mkdir()
    marked(folder)
    marked(folder, "b/000")
    with pytest.raises(UserError, match="2 records: a mask without its image"):
        init_images.create(tmp_path / "project", folder)
