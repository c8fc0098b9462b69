"""The page of real samples to look at: what it shows, and what it writes."""

import hashlib
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from pipelines import files
from pipelines.commands.review import begin
from pipelines.driver import dag, lock
from pipelines.review.suspects import add_removed, drop_removed
from pipelines.samples import Samples
from tests.browser import PHONE, barriers
from tests.conftest import one_line
from tests.pipelines.review.serving import at, reviewing, served
from tests.pipelines.review.world import LABEL, SLUG, write_project

LISTED = [
    ("v3", LABEL, "a classifier finds 'plain' likelier", "plain", "t2"),
    ("t1", "plain", "far from its class", "", ""),
]


def project(folder: Path, kind: str = "images", more: tuple[Any, ...] = ()) -> Path:
    """Write a project with two samples that may be wrong, one in each split."""
    write_project(folder, kind=kind)
    frame = pd.DataFrame([*LISTED, *more], columns=["sample", "class", "why", "likely", "nearest"])
    frame.to_csv(folder / dag.SUSPECTS, index=False)
    record(folder)
    return folder


def record(folder: Path) -> None:
    """Write a lock that says that the list was made of the samples that are there."""
    paths = [f"data/prepared/{split}.parquet" for split in ("train", "validation")]
    deps = [{"path": path, "md5": hashlib.md5((folder / path).read_bytes()).hexdigest()} for path in paths]
    files.write_yaml(folder / lock.FILE, {"schema": "2.0", "stages": {"baseline": {"cmd": "baseline", "deps": deps}}})


@pytest.mark.parametrize(("kind", "part"), [("images", "pictures"), ("series", "lines"), ("table", "rows")])
def test_each_is_shown_beside_the_nearest_of_the_class_that_it_is_like(kind: str, part: str, tmp_path: Path) -> None:
    """In both splits and of every kind; what is in neither split any more is left out."""
    found = begin(project(tmp_path, kind, more=(("gone", LABEL, "why", "", ""),))).suspects
    assert [(one["sample"], one["class"], one["taken"]) for one in found.listing()] == [
        ("v3", LABEL, False),
        ("t1", "plain", False),
    ]
    beside, alone = (found.card(number) for number in range(2))
    assert beside["names"] == [f"said to be {LABEL}", "the nearest of plain"] and alone["names"] == ["said to be plain"]
    if part == "rows":
        assert {len(row["texts"]) for row in beside[part]} == {2} and {len(row["texts"]) for row in alone[part]} == {1}
    else:
        assert (len(beside[part]), len(alone[part])) == (2, 1)


def test_the_server_takes_back_and_puts_back(tmp_path: Path) -> None:
    """A line in the file of removed samples comes and goes, beside those that are there; nothing else is accepted."""
    session = begin(project(tmp_path))
    removed = tmp_path / dag.REMOVED
    removed.write_text("by hand")
    with served(session) as access:
        origin = f"http://{access.host}"
        with httpx.Client(base_url=origin, headers={"Origin": origin}, follow_redirects=True) as client:
            client.get(access.address)
            assert client.post("/suspects/decide", json={"number": 0, "taken": True}).status_code == 200
            assert removed.read_text() == "by hand\nv3\n"
            assert [one["taken"] for one in client.get("/suspects/list").json()] == [True, False]
            client.post("/suspects/decide", json={"number": 0, "taken": False})
            assert removed.read_text() == "by hand\n"
            for wrong in ({"number": 2, "taken": True}, {"number": -1, "taken": True}, {"number": 0}, {"sample": "x"}):
                assert client.post("/suspects/decide", json=wrong).status_code in (404, 422)
            assert client.get("/suspects/card/2").status_code == 404
            assert removed.read_text() == "by hand\n"
        assert httpx.get(f"{origin}/suspects/").status_code == 403


def test_without_a_list_the_pages_of_classes_name_none(tmp_path: Path) -> None:
    """A project whose classifiers were not trained yet has no such list."""
    session = begin(write_project(tmp_path))
    assert session.suspects.listing() == []


def test_a_list_of_other_samples_is_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A row of a table is named by its place, so an old list may name another row; a damaged list is a line."""
    folder = project(tmp_path)
    train = folder / "data/prepared/train.parquet"
    Samples.load(train).take(np.arange(20, 38)).save(train)
    assert not begin(folder).suspects.listing() and "tailweight run baseline" in capsys.readouterr().out
    record(folder)
    assert [one["sample"] for one in begin(folder).suspects.listing()] == ["v3"]
    for damaged in ("", "a,b\n1,2\n", "sample,class\n1,2,3,4\n"):
        (folder / dag.SUSPECTS).write_text(damaged)
        assert "suspects.csv: damaged" in one_line(lambda: begin(folder))


def test_lines_of_others_stay_as_they_are(tmp_path: Path) -> None:
    """Windows' line ends and a byte order mark as well; what is there already is not added again."""
    path = tmp_path / "removed.txt"
    path.write_bytes("\ufeffa\r\nb\r\n".encode())
    assert add_removed(path, ["a", "c", "c"]) == ["c"]
    drop_removed(path, ["b"])
    assert path.read_bytes() == "\ufeffa\r\nc\n".encode()
    drop_removed(path, ["nobody"])
    assert path.read_bytes() == "\ufeffa\r\nc\n".encode()
    assert "rename the sample" in one_line(lambda: add_removed(path, ["5/x.png "]))
    path.write_bytes(b"\xff")
    assert "UTF-8" in one_line(lambda: add_removed(path, ["a"]))


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE}, {"color_scheme": "dark"}], ids=["wide", "phone", "dark"])
def test_the_page_takes_back_with_a_button(options: dict[str, Any], browser: Any, tmp_path: Path) -> None:
    """It leads there from a class and back, says nothing on its console, and bars nobody."""
    folder = project(tmp_path)
    with reviewing(browser, begin(folder), **options) as page:
        page.get_by_role("link", name="2 real samples to look at").click()
        page.wait_for_selector("body[data-shown='2']")
        assert page.locator("article img").count() == 3
        page.get_by_role("button", name="Take back v3").click()
        page.get_by_role("button", name="Put back v3").wait_for()
        assert (folder / dag.REMOVED).read_text() == "v3\n"
        assert not barriers(page)
        page.reload()
        page.get_by_role("button", name="Put back v3").click()
        page.get_by_role("button", name="Take back v3").wait_for()
        assert (folder / dag.REMOVED).read_text() == ""
        page.get_by_role("link", name=LABEL).click()
        page.wait_for_url(f"**/{SLUG}/")
        at(page, 0)
