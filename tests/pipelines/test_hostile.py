"""Strangers' data, damaged files and absurd settings: each gets its one line, and nothing outside the project is touched."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import files
from pipelines.commands import init_images
from pipelines.evaluation import judged
from pipelines.ingest import image_sources, table_sources
from pipelines.plan import Plan
from pipelines.samples import Candidates, Samples
from pipelines.samples.release import read as read_release
from tests.conftest import one_line, run, write_classes

# Folders and archives.


def test_links_out_of_the_folder_and_in_a_circle_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A link into the folder is an image like any other; of the rest neither a file is copied nor a circle followed."""
    images = write_classes(tmp_path / "images", {"cat": 4, "dog": 4})
    outside = write_classes(tmp_path / "elsewhere", {"secret": 3})
    (images / "fox").symlink_to(outside / "secret")
    (images / "cat" / "circle").symlink_to(images)
    (images / "cat" / "out.png").symlink_to(outside / "secret" / "000.png")
    (images / "cat" / "nowhere.png").symlink_to(images / "gone.png")
    (images / "dog" / "again.png").symlink_to(images / "dog" / "000.png")
    init_images.bring_in(images, tmp_path / "raw")
    copied = sorted(path.relative_to(tmp_path / "raw").as_posix() for path in (tmp_path / "raw").rglob("*.png"))
    assert copied == [*(f"cat/00{n}.png" for n in range(4)), *(f"dog/00{n}.png" for n in range(4)), "dog/again.png"]
    assert not any(path.is_symlink() for path in (tmp_path / "raw").rglob("*"))
    assert "left out: 2 x a link that leads out of the folder" in capsys.readouterr().out
    usable = [record for record in image_sources.scan(images) if record.problem is None]
    assert {record.label for record in usable} == {"cat", "dog"} and len(usable) == 9


def test_a_file_name_that_is_not_utf8_is_left_out(tmp_path: Path) -> None:
    """DVC and Parquet cannot write it; its record says so in letters that can be written."""
    images = write_classes(tmp_path / "images", {"cat": 3, "dog": 3})
    os.rename(os.fsencode(images / "cat/000.png"), os.fsencode(images) + b"/cat/caf\xe9.png")
    (strange,) = [record for record in image_sources.scan(images) if record.problem]
    assert strange.problem == "a file name that is not UTF-8" and strange.id == "cat/caf?.png"


def test_text_is_no_image(tmp_path: Path) -> None:
    """A folder of notes is no class, neither are notes beside images."""
    images = write_classes(tmp_path / "images", {"cat": 3, "dog": 3})
    for place in ("cat/notes.txt", "papers/a.md", "papers/b.json"):
        (images / place).parent.mkdir(exist_ok=True)
        (images / place).write_text("text")
    usable = [record for record in image_sources.scan(images) if record.problem is None]
    assert {record.label for record in usable} == {"cat", "dog"} and len(usable) == 6


def test_a_member_of_a_zip_is_unpacked_no_further_than_an_image_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few kilobytes that say they are hundreds of megabytes are set aside, and never held in memory whole."""
    monkeypatch.setattr(image_sources, "LARGEST", 2**20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat/bomb.png", bytes(2**24))
        archive.writestr("dog/small.png", b"small")
    bomb, small = image_sources.scan(tmp_path / "bomb.zip")
    with pytest.raises(OSError, match="more than 1 MB"):
        bomb.content()
    assert small.content() == b"small"


def test_an_npz_that_claims_more_than_memory_holds_is_refused(tmp_path: Path) -> None:
    """482 bytes that claim ten terabytes: one line."""
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (100000000, 320, 320, 1), }"
    header += b" " * (63 - (len(header) + 10) % 64 + 64) + b"\n"
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    assert "huge.npz" in one_line(lambda: image_sources.scan(tmp_path / "huge.npz"))


def test_a_missing_label_of_an_npz_is_no_class(tmp_path: Path) -> None:
    """NaN is no label, and 3.0 is the class 3."""
    images = np.zeros((4, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.array([3.0, np.nan, 1.5, 3.0]))
    records = image_sources.scan(tmp_path / "a.npz")
    assert [record.label for record in records] == ["3", "", "1.5", "3"]
    assert [record.problem for record in records] == [None, "no label", None, None]


# Tables.


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+nodriver://ann:hush/hush@host/shop",
        "postgresql+nodriver://ann:hush@host/shop?password=hush&sslkey=hush",
        "postgresql+nodriver://ann:hush?hush@host/shop",
        "postgresql://ann:x@hush:hush@host/shop",
        "postgresql://ann:x@hush@host/shop",
        "postgresql://ann:x@hush/hush@host/shop",
        "sqlite:////nowhere/hush/../x.db?mode=hush",
    ],
)
def test_a_password_is_never_shown(url: str) -> None:
    """Neither where it holds a slash or a question mark nor in the query string, whatever the driver says."""
    said = one_line(lambda: table_sources.read_query(url, "select 1"))
    assert "hush" not in said.replace("/nowhere/hush", "")


def test_whole_numbers_of_31_digits_are_codes(tmp_path: Path) -> None:
    """They are text, in a CSV and as Python's own numbers."""
    (tmp_path / "a.csv").write_text("code,label\n" + "".join(f"{10**30 + n},{n % 2}\n" for n in range(6)))
    assert table_sources.read(tmp_path / "a.csv", ("label",))["code"][0] == str(10**30)
    frame = pd.DataFrame({"code": [10**30, 10**30 + 1]}, dtype=object)
    assert table_sources.tidy(frame, "here")["code"].tolist() == [str(10**30), str(10**30 + 1)]


# Files of ours, damaged.


def parquet(path: Path) -> None:
    pq.write_table(pa.table({"id": ["a"], "label": [0]}), path)


DAMAGED: dict[str, tuple[Callable[[Path], object], Callable[[Path], object]]] = {
    "samples cut short": (lambda path: path.write_bytes(b"PAR1 and no more"), Samples.load),
    "samples of another program": (parquet, Samples.load),
    "candidates cut short": (lambda path: path.write_bytes(b"PAR1"), Candidates.load),
    "candidates of another program": (parquet, Candidates.load),
    "a release cut short": (lambda path: path.write_bytes(b""), lambda path: read_release(path, "table")),
    "an empty JSON": (lambda path: path.write_text(""), files.read_json),
    "half a JSON": (lambda path: path.write_text('{"classes": ["a"'), files.read_json),
    "a JSON of another shape": (lambda path: path.write_text("[1, 2]"), files.read_json),
    "a JSON that is no text": (lambda path: path.write_bytes(b"\xff\xfe\x00"), files.read_json),
    "results that are numbers": (lambda path: path.write_text('{"a": 1}'), judged.read),
    "results in a list": (lambda path: path.write_text("[]"), judged.read),
    "a plan that is a list": (lambda path: path.write_text("- a\n- b\n"), Plan.load),
    "a plan with other fields": (lambda path: path.write_text("classes: {a: {label: 1}}\n"), Plan.load),
    "a plan with a tag": (lambda path: path.write_text("!!python/object/apply:os.system [ls]\n"), Plan.load),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_of_ours_is_named_with_what_to_do(case: str, tmp_path: Path) -> None:
    """One line that names the file; no traceback."""
    damage, read = DAMAGED[case]
    path = tmp_path / "file"
    damage(path)
    assert str(path) in one_line(lambda: read(path))


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    """An undamaged file is no complaint."""
    files.write_json(tmp_path / "a.json", {"a": [1]})
    assert files.read_json(tmp_path / "a.json") == {"a": [1]} == judged.read(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [1]}


# The command line.


@pytest.mark.parametrize("name", ["", " "])
def test_a_project_needs_a_name(name: str, tmp_path: Path) -> None:
    """The working folder is not made a project."""
    write_classes(tmp_path / "images", {"cat": 3, "dog": 3})
    said = run("tailweight", "init", name, "--images", "images", cwd=tmp_path, code=2)
    assert "has no name" in said and [path.name for path in tmp_path.iterdir()] == ["images"]


@pytest.mark.parametrize("setting", ["pretrain.width: 1000000000", "pretrain.noise_dim: 1000000000"])
def test_a_setting_that_no_memory_would_bear_is_refused(setting: str, tmp_path: Path) -> None:
    """By `tailweight params`, before anything is allocated."""
    write_classes(tmp_path / "images", {"cat": 12, "dog": 12})
    run("tailweight", "init", "pets", "--images", "images", cwd=tmp_path)
    group, key = setting.split(": ")[0].split(".")
    path = tmp_path / "pets/params.yaml"
    values = files.read_yaml(path)
    values[group] = {**(values.get(group) or {}), key: int(setting.split(": ")[1])}
    files.write_yaml(path, values)
    said = run("tailweight", "-C", "pets", "params", cwd=tmp_path, code=2)
    assert setting.split(":")[0] in said and said.count("\n") == 1
