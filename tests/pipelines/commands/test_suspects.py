"""`tailweight suspects`: what is listed of a project, and what is taken back."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.commands import suspects
from pipelines.driver import dag
from pipelines.errors import UserError
from pipelines.evaluation.settings import Settings
from pipelines.report import suspects as shown
from pipelines.samples import Samples
from pipelines.stages import baseline
from tests.conftest import called, document, run, working_clone
from tests.pipelines.evaluation.worlds import save, told_to_baseline, waves


def test_suspects_are_listed_shown_and_taken_back(finished: Path, tmp_path: Path) -> None:
    """None of the test split; each with a reason and a picture; what is taken back is out of the next run."""
    project = working_clone(finished, tmp_path / "project")
    found = json.loads(called("suspects", "--json", cwd=project))["suspects"]
    assert found and all(one["why"] and one["class"] for one in found)
    manifest = pd.read_csv(project / dag.MANIFEST, dtype=str, keep_default_na=False).set_index("id")
    assert set(manifest.loc[[one["sample"] for one in found], "split"]) <= {"train", "validation"}
    said = called("suspects", cwd=project)
    page = (project / suspects.PAGE).read_text(encoding="utf-8")
    assert suspects.PAGE in said and page.count("data:image/png") >= len(found)
    assert run("git", "status", "--porcelain", cwd=project) == ""
    worst = found[0]["sample"]
    taken = called("suspects", "--remove", worst, "--json", cwd=project)
    assert document(taken) == {"removed": [worst]}
    assert "0 taken back" in called("suspects", "--remove", worst, cwd=project)
    assert (project / dag.REMOVED).read_text() == f"{worst}\n"
    assert "tailweight run baseline" in called("suspects", cwd=project, code=2)
    run("tailweight", "run", "prepare", cwd=project)
    after = pd.read_csv(project / dag.MANIFEST, dtype=str, keep_default_na=False).set_index("id")
    assert after.loc[worst, "reason"] == "taken back"


def test_rows_of_a_table_are_listed_without_a_page(finished_table: Path, tmp_path: Path) -> None:
    """By their ids; there is nothing to see of a row."""
    project = working_clone(finished_table, tmp_path / "project")
    said = called("suspects", cwd=project)
    assert "take back what is wrong" in said and not (project / suspects.PAGE).exists()


def test_series_are_drawn(tmp_path: Path) -> None:
    """One with the label of another class is listed as such, drawn beside the nearest of the class that it is like; one that
    is foreign to its class is listed, too.
    """
    world = waves(few=12, noise=0.05)
    y, x = world.train.y.copy(), world.train.x.copy()
    planted, foreign = np.flatnonzero(y == 0)[3], np.flatnonzero(y == 2)[5]
    y[planted] = 2
    x[foreign] *= 30
    paths = save(replace(world, train=replace(world.train, x=x, y=y)), tmp_path)
    given = {name: paths[name] for name in ("train", "validation", "classes", "plan")}
    settings = Settings(classifiers=["logistic_regression"], folds=2)
    path = tmp_path / dag.SUSPECTS
    path.parent.mkdir()
    baseline.run(**given, baseline=paths["baseline"], suspects=path, **told_to_baseline(settings), seed=0)
    listed = shown.read(path)
    found = listed.set_index("sample")
    assert found.loc[f"train-{planted}", ["class", "likely"]].tolist() == ["pulse", "sine"]
    assert "times as far" in found.loc[f"train-{foreign}", "why"]
    cards = shown.cards(listed, *(Samples.load(paths[name]) for name in ("train", "validation")))
    (card,) = (one for one in cards if one.about["id"] == f"train-{planted}")
    assert [one.what for one in card.pictures] == ["said to be pulse", "the nearest of sine"]
    prepared = tmp_path / "data/prepared"
    prepared.mkdir()
    for name in ("train", "validation"):
        paths[name].rename(prepared / f"{name}.parquet")
    assert suspects.draw(tmp_path, listed)
    drawn = (tmp_path / suspects.PAGE).read_text(encoding="utf-8")
    assert drawn.count("<svg") == sum(len(one.pictures) for one in cards) and "<img" not in drawn
    assert drawn.count("<polyline") == 2 * drawn.count("<svg") and "var(--real)" in drawn


def test_an_id_that_is_not_in_the_data_is_refused(tmp_path: Path) -> None:
    """With the one that was perhaps meant; nothing is written, neither for those beside it."""
    manifest = tmp_path / dag.MANIFEST
    manifest.parent.mkdir(parents=True)
    (tmp_path / "params.yaml").write_text("seed: 0\n")
    manifest.write_text("id,split\n5/0012.png,train\n5/0013.png,train\n")
    with pytest.raises(UserError, match=r"'5/0012.pn' is not in .*did you mean 5/0012\.png\?"):
        suspects.remove(tmp_path, ["5/0013.png", "5/0012.pn"])
    assert not (tmp_path / dag.REMOVED).exists()
