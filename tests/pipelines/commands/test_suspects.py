"""`tailweight suspects`: what is listed of a project, and what is taken back."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pipelines.commands import suspects
from pipelines.driver import dag
from pipelines.errors import UserError
from tests.conftest import run, working_clone


def test_suspects_are_listed_shown_and_taken_back(finished: Path, tmp_path: Path) -> None:
    """None of the test split; each with a reason and a picture; what is taken back is out of the next run."""
    project = working_clone(finished, tmp_path / "project")
    found = json.loads(run("tailweight", "suspects", "--json", cwd=project))["suspects"]
    assert found and all(one["why"] and one["class"] for one in found)
    manifest = pd.read_csv(project / dag.MANIFEST, dtype=str, keep_default_na=False).set_index("id")
    assert set(manifest.loc[[one["sample"] for one in found], "split"]) <= {"train", "validation"}
    said = run("tailweight", "suspects", cwd=project)
    page = (project / suspects.PAGE).read_text(encoding="utf-8")
    assert suspects.PAGE in said and page.count("data:image/png") >= len(found)
    assert run("git", "status", "--porcelain", cwd=project) == ""
    worst = found[0]["sample"]
    assert "1 taken back" in run("tailweight", "suspects", "--remove", worst, cwd=project)
    assert "0 taken back" in run("tailweight", "suspects", "--remove", worst, cwd=project)
    assert (project / dag.REMOVED).read_text() == f"{worst}\n"
    assert "tailweight run baseline" in run("tailweight", "suspects", cwd=project, code=2)
    run("tailweight", "run", "prepare", cwd=project)
    after = pd.read_csv(project / dag.MANIFEST, dtype=str, keep_default_na=False).set_index("id")
    assert after.loc[worst, "reason"] == "taken back"


def test_rows_of_a_table_are_listed_without_a_page(finished_table: Path, tmp_path: Path) -> None:
    """By their ids; there is nothing to see of a row."""
    project = working_clone(finished_table, tmp_path / "project")
    said = run("tailweight", "suspects", cwd=project)
    assert "take back what is wrong" in said and not (project / suspects.PAGE).exists()


def test_an_id_that_is_not_in_the_data_is_refused(tmp_path: Path) -> None:
    """With the one that was perhaps meant; nothing is written, neither for those beside it."""
    manifest = tmp_path / dag.MANIFEST
    manifest.parent.mkdir(parents=True)
    (tmp_path / "params.yaml").write_text("seed: 0\n")
    manifest.write_text("id,split\n5/0012.png,train\n5/0013.png,train\n")
    with pytest.raises(UserError, match=r"'5/0012.pn' is not in .*did you mean 5/0012\.png\?"):
        suspects.remove(tmp_path, ["5/0013.png", "5/0012.pn"])
    assert not (tmp_path / dag.REMOVED).exists()
