"""Cells that a spreadsheet would take for formulas, on their way into a CSV and back."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines import files
from pipelines.commands.export_files import export, folder_name
from pipelines.ingest import image_sources, table_sources
from pipelines.report.figures import Figures
from pipelines.samples import Samples, cells, release

FORMULAS = [
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x","y")',
    "@SUM(A1)",
    "+cmd|' /C calc'!A0",
    "-cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "\t=1+A1",
    "\r=1+A1",
    "\n=1+A1",
    "a;=1+A1",
    "a\t@SUM(A1)",
    "＝1+A1",
    "＠SUM(A1)",
    "-A1",
    "+1;-B2",
    "'=1+A1",
    "''@x",
]
PLAIN = [
    "-5",
    "+49 30 1234-56",
    "-",
    "+",
    "--",
    "-12.5 %",
    "a=b",
    "a@b.com",
    "x-y",
    "it's",
    "'quoted'",
    "",
    "ü",
    "5-A1",
]
RUN = re.compile(r"(^|[;\t\r\n])([=@＝＠]|[+\-＋－][^;\t\r\n]*[^\d\s.,:/%+\-;])")  # what a spreadsheet would run


@pytest.mark.parametrize("text", FORMULAS + PLAIN)
def test_a_marked_cell_is_no_formula_and_comes_back(text: str) -> None:
    """The mark is taken off again, whatever was there before it; what is no formula is not touched."""
    assert not RUN.search(cells.mark(text))
    assert cells.unmark(cells.mark(text)) == text
    assert (cells.mark(text) == text) == (text in PLAIN)


def project(folder: Path) -> pd.DataFrame:
    """Write a release whose text, names of columns, classes, ids and groups are formulas; return its values."""
    count = len(FORMULAS)
    frame = pd.DataFrame({"=name": FORMULAS, "number": np.linspace(-1, 1, count), "whole": range(-3, count - 3)})
    samples = Samples(frame, np.arange(count) % 2, np.array([f"=id{n}" for n in range(count)]), "table")
    groups = pd.DataFrame({"group": "@group"}, index=[f"=id{n}" for n in range(count)])
    (folder / "data/release").mkdir(parents=True)
    rows = release.assemble([release.real_rows(samples, "train", ["=cmd|x", "-y"], groups)])
    rows.to_parquet(folder / "data/release/samples.parquet")
    about = {"kind": "table", "label": "@label", "group": "+who", "classes": {}}
    files.write_json(folder / "data/release/release.json", about)
    return frame


def test_an_export_runs_nothing_in_a_spreadsheet_and_is_read_as_it_was(tmp_path: Path) -> None:
    """No cell and no head of its CSVs begins like a formula, numbers are as before, and `init --table` reads the same."""
    frame = project(tmp_path)
    export(tmp_path, tmp_path / "out")
    for path in (tmp_path / "out").glob("*.csv"):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        text = [*table.columns, *table.drop(columns=["number", "whole"], errors="ignore").to_numpy().ravel()]
        assert not [cell for cell in text if RUN.search(cell)]
    back = table_sources.read(tmp_path / "out/train.csv", ("@label", "+who"))
    assert list(back) == ["=name", "number", "whole", "+who", "@label"]
    assert (
        list(back["=name"]) == FORMULAS and set(back["@label"]) == {"=cmd|x", "-y"} and set(back["+who"]) == {"@group"}
    )
    assert np.array_equal(back["number"], frame["number"]) and np.array_equal(back["whole"], frame["whole"])


def test_the_card_says_how_marks_come_off_again(tmp_path: Path) -> None:
    """What it says to type in pandas gives the text as it was; an export without formulas says nothing of them."""
    project(tmp_path)
    export(tmp_path, tmp_path / "out")
    (line,) = [line for line in (tmp_path / "out/README.md").read_text().splitlines() if line.startswith("frame = ")]
    known = {"frame": pd.read_csv(tmp_path / "out/train.csv")}
    exec(line, known)
    assert list(known["frame"].iloc[:, 0]) == FORMULAS


def test_raw_cells_stay_as_they_are(tmp_path: Path) -> None:
    """Who asks for it gets the text itself, and a card that does not speak of marks."""
    project(tmp_path)
    export(tmp_path, tmp_path / "out", raw=True)
    assert list(pd.read_csv(tmp_path / "out/train.csv")["=name"]) == FORMULAS
    assert "apostrophe" not in (tmp_path / "out/README.md").read_text()


def test_class_names_of_pictures_are_marked_in_the_manifest_and_no_path_begins_like_one(tmp_path: Path) -> None:
    """The labels of an exported manifest come back through `init --images`, and its paths are those of the files."""
    names = ["=cmd|x", "-y z"]
    samples = Samples(np.zeros((4, 8, 8, 1), np.uint8), np.array([0, 1, 0, 1]), np.array(list("abcd")), "images")
    (tmp_path / "data/release").mkdir(parents=True)
    rows = release.assemble([release.real_rows(samples, "train", names, pd.DataFrame(columns=["group"]))])
    rows.to_parquet(tmp_path / "data/release/samples.parquet")
    files.write_json(tmp_path / "data/release/release.json", {"kind": "images", "classes": {}})
    export(tmp_path, tmp_path / "out")
    listed = pd.read_csv(tmp_path / "out/manifest.csv")
    assert set(listed["label"]) == {"'=cmd|x", "'-y z"} and all(
        (tmp_path / "out" / path).is_file() for path in listed["path"]
    )
    assert not any(RUN.search(path) for path in pd.read_csv(tmp_path / "out/train/metadata.csv")["file_name"])
    assert {record.label for record in image_sources.scan(tmp_path / "out/manifest.csv")} == set(names)
    assert folder_name("-y z") == folder_name("-y z").strip("-")


def test_the_tables_of_the_report_are_marked(tmp_path: Path) -> None:
    """A class name is a cell there."""
    figures = Figures()
    figures.add("a.csv", pd.DataFrame({"class": ["=cmd|x", "b"], "gain": [-0.5, 0.25]}))
    figures.write(tmp_path)
    table = pd.read_csv(tmp_path / "a.csv")
    assert list(table["class"]) == ["'=cmd|x", "b"] and list(table["gain"]) == [-0.5, 0.25]
