"""The page says what was measured: in its sentences, its tables and its drawings, the same each time."""

import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines import files
from pipelines.samples import IMAGES, SERIES, TABLE, Candidates
from tests.pipelines.report.world import World, world

KINDS = {"alpha": "ship", "beta": "hold", "gamma": "solved", "<i>delta": "underpowered"}


class Tables(HTMLParser):
    """The tables of a page that say where their figures lie: (file, class) -> the text of all cells of their bodies."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[tuple[str, str], str] = {}
        self._now: tuple[str, str] | None = None
        self._body = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "table" and "data-figures" in known:
            self._now = (known["data-figures"] or "", known["data-of"] or "")
        self._body = self._body or tag == "tbody"

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._now = None
        self._body = self._body and tag != "tbody"

    def handle_data(self, data: str) -> None:
        if self._now and self._body:
            self.found[self._now] = self.found.get(self._now, "") + f" {data}"


@pytest.fixture(scope="module", params=[IMAGES, SERIES, TABLE])
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, str]:
    kinds = KINDS if request.param == IMAGES else {name: KINDS[name] for name in ("alpha", "<i>delta")}
    made = world(tmp_path_factory.mktemp(request.param), kinds, request.param)
    return made, made.page.read_text(encoding="utf-8")


def test_subgroups_are_shown_with_what_is_lost_there(drawn: tuple[World, str]) -> None:
    """A loss is marked, what was not measured has a dash, and a group called NA is a group."""
    tables = Tables()
    tables.feed(drawn[1])
    (shown,) = (" ".join(text.split()) for (name, _), text in tables.found.items() if name == "subgroups.csv")
    assert "<site>: NA alpha 31 test samples 0.810 0.860 +0.050 +0.020 to +0.080" in shown
    assert "<site>: south alpha 9 test samples 0.740 0.610 ✗ -0.130 -0.210 to -0.050" in shown
    assert "camera: (none) alpha 12 test samples 0.790 – –" in shown


def test_every_figure_of_a_table_lies_in_the_file_it_names(drawn: tuple[World, str]) -> None:
    """Each number with a point in it is one of the file's, rounded as it is shown."""
    made, text = drawn
    tables = Tables()
    tables.feed(text)
    files_named = {"overview.csv", "precision.csv", "subgroups.csv", "classifiers.csv", "checks.csv", "health.csv"}
    assert files_named <= {name for name, _ in tables.found}
    for (name, of), shown in tables.found.items():
        frame = made.figures(name)
        if name == "suspects.csv":  # sentences
            said = frame[["sample", "class", "why"]].to_numpy().ravel()
            assert shown.split() == " ".join(said).split()
            continue
        own = frame[frame["class"] == of] if of else frame
        known = own.select_dtypes("number").to_numpy().ravel()
        cells = shown if name != "rows.csv" else " ".join(re.findall(r"at ([\d.]+)", shown))
        for number in re.findall(r"-?\d+\.\d+", cells):
            half = 0.5 / 10 ** len(number.split(".")[1])
            assert np.nanmin(abs(known - float(number))) <= half + 1e-9, f"{number} is not in {name}"


def test_samples_to_look_at_are_shown_with_their_like(drawn: tuple[World, str]) -> None:
    """In pictures where there are any, the nearest of the other class beside; else in a table."""
    made, text = drawn
    part = re.split("<h3>What holds|<section", text[text.index("Real samples to look at") :])[0]
    assert "tailweight suspects --remove ID" in part and "train/0" in part and "validation/0" in part
    assert "looks like &lt;b&gt;majority&lt;/b&gt; (0.80" in part and "3.0 times as far" in part
    if "suspects.csv" in part:
        assert part.count("<tr>") == 3 and "said to be" not in part
    else:
        assert part.count("said to be alpha") == 2 * part.count("the nearest of majority") > 0
    assert made.figures("suspects.csv")["likely"].fillna("").tolist() == ["majority", ""]


def test_a_drawing_has_a_mark_for_each_row_of_its_table(drawn: tuple[World, str]) -> None:
    """The places of the synthetic samples on the map are those of the file, up to shift and scale."""
    made, text = drawn
    points = made.figures("embedding.csv")
    own = points[(points["class"] == "alpha") & (points["group"] == "synthetic")]
    svg = re.search(
        r'<svg [^>]*aria-label="Training, held-out and synthetic samples of class alpha.*?</svg>', text, re.DOTALL
    )
    assert svg
    series = re.search(r'<g [^>]*style="[^"]*var\(--synthetic\)[^>]*>((?:\s*<use [^>]*>)+)', svg[0])
    assert series
    marks = np.array(re.findall(r'x="([\d.]+)" y="([\d.]+)"', series[1]), float)
    for axis, sign in (("x", 1), ("y", -1)):
        place = marks[: len(own), "xy".index(axis)]
        assert len(place) == len(own) and np.corrcoef(place, own[axis])[0, 1] * sign > 0.9999


def test_the_same_inputs_give_the_same_bytes(drawn: tuple[World, str]) -> None:
    """Page and tables alike."""
    made, text = drawn
    before = {path.name: path.read_bytes() for path in made.arguments["report"].iterdir()}
    assert made.page.read_text(encoding="utf-8") == text
    assert before == {path.name: path.read_bytes() for path in made.arguments["report"].iterdir()}


def test_the_page_says_whose_it_is(drawn: tuple[World, str]) -> None:
    """Project, data, the MD5 that DVC has of the training split, version, seed and changed settings."""
    made, text = drawn
    split = hashlib.md5(made.arguments["train"].read_bytes(), usedforsecurity=False).hexdigest()
    for said in ("a &lt;world&gt;", split, "0.1.0, seed 3", "train.steps: 7", "convnet"):
        assert said in text


def test_names_are_text(drawn: tuple[World, str]) -> None:
    """A class or a column with markup in its name brings none."""
    _, text = drawn
    assert "&lt;i&gt;delta" in text and "<i>delta" not in text and "<b>town" not in text


def test_no_id_stands_twice_outside_of_drawings(drawn: tuple[World, str]) -> None:
    """Links lead to one place, and every link to a place on the page finds it."""
    _, text = drawn
    outside = re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)
    ids = re.findall(r' id="([^"]+)"', outside)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', outside)) <= set(ids)


def test_a_class_without_a_kept_sample_has_a_section(tmp_path: Path) -> None:
    """It says that none was kept, and draws nothing of none."""
    made = world(tmp_path, {"beta": "hold"})
    path = next((tmp_path / "synthetic").glob("*.parquet"))
    candidates = Candidates.load(path)
    Candidates(candidates.values, candidates.rows.assign(status="score below the threshold")).save(path)
    assert "40 score below the threshold" in made.page.read_text(encoding="utf-8")


def test_a_class_that_the_test_split_lacks_has_no_figure(tmp_path: Path) -> None:
    """Nothing was measured of it: dashes stand in the table, and no drawing of gains."""
    made = world(tmp_path, {"NA": "hold", "beta": "underpowered"})
    folder = tmp_path / "evaluation"
    metrics = files.read_json(folder / "metrics.json")
    for one in metrics["classes"].values():
        one |= {"gain": dict.fromkeys(one["gain"]), "detectable": None, "worth": None}
    files.write_json(folder / "metrics.json", metrics)
    for name in ("gains", "scores"):
        frame = pd.read_csv(folder / f"{name}.csv", keep_default_na=False)
        frame[~frame["class"].isin(["NA", "beta", "mean of minority classes"])].to_csv(
            folder / f"{name}.csv", index=False
        )
    text = made.page.read_text(encoding="utf-8")
    assert "Class “NA”" in text and "Gain of class" not in text and made.figures("overview.csv")["gain"].isna().all()


def test_series_are_drawn_as_lines(tmp_path: Path) -> None:
    """Kept ones beside what they started from and their nearest, dropped ones beside their originals: a line a channel each,
    in the colour of what they are; and what the data are is said.
    """
    made = world(tmp_path, {"alpha": "hold"}, SERIES)
    text = made.page.read_text(encoding="utf-8")
    shown = made.figures("pictures.csv")
    cards = re.findall(r'<button class="card".*?</button>', text, re.DOTALL)
    assert len(cards) == len(shown) + 4 and "<img" not in text
    for card in cards:
        names, colours = re.findall(r'aria-label="([\w ]+)" viewBox', card), re.findall(r"var\(--(\w+)\)", card)
        kept = ["synthetic", "started from", "nearest real"], ["synthetic", "real", "real"]
        assert (names, colours) in (kept, (["dropped", "real"], ["synthetic", "real"]))
        assert card.count("<polyline") == 2 * len(names)
    assert "of 32 steps in 2 channels" in text


def test_no_minority_class_is_a_page_of_its_own(tmp_path: Path) -> None:
    """Nothing is grown, and the page says so and shows how the classifiers did."""
    text = world(tmp_path, {}).page.read_text(encoding="utf-8")
    assert "there is nothing to grow" in text and "macro F1" in text and "Class by class" not in text


def test_what_reviewers_decided_is_counted(drawn: tuple[World, str]) -> None:
    """With how many of the real samples that were mixed in unmarked they rejected, too: their own error."""
    said = "by 1 reviewer(s): 3 kept, 2 rejected; of 4 real samples mixed in unmarked, 1 were rejected, too."
    assert said in drawn[1]
