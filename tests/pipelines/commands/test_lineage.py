"""`tailweight verify` and `tailweight explain`: every synthetic sample can be made again, and says where it comes from."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.commands import remake
from pipelines.driver import dag
from pipelines.plan import Plan
from pipelines.samples import Candidates, Samples
from pipelines.samples.release import assemble, real_rows, synthetic_rows
from tests.conftest import called, run


@pytest.fixture(params=["finished", "finished_table"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a project of images, and of one of a table with a constraint."""
    source = request.getfixturevalue(request.param)
    copy = tmp_path / "project"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".dvc", ".tailweight"))
    return copy


def first_class(project: Path) -> tuple[str, Path]:
    slug = next(iter(Plan.load(project / dag.PLAN).classes))
    return slug, project / f"data/candidates/{slug}.parquet"


def test_every_candidate_is_made_again_by_any_number_of_workers(project: Path) -> None:
    """A line a class; a sample of them is as many as was asked for."""
    found = json.loads(run("tailweight", "verify", "--workers", "2", "--json", cwd=project))
    assert found["same"] and found["verified"] == remake.CANDIDATES
    for one in found["classes"]:
        assert one["checked"] == one["same"] > 0 and one["different"] == []
    some = json.loads(run("tailweight", "verify", "--workers", "1", "--sample", "5", "--json", cwd=project))
    assert some["same"] and sum(one["checked"] for one in some["classes"]) == 5


def test_a_sample_that_comes_out_otherwise_is_named(project: Path) -> None:
    """Its seed, or its reference, was changed: exit code 1 and the ids of both."""
    _, path = first_class(project)
    made = Candidates.load(path)
    rows = made.rows.copy()
    rows.loc[1, "seed"] += 1
    rows.loc[3, "reference_id"] = "another"
    Candidates(made.values, rows, made.kind).save(path)
    said = run("tailweight", "verify", cwd=project, code=1)
    assert f"{rows.loc[1, 'id']}, {rows.loc[3, 'id']}\n" in said and "Traceback" not in said


def test_what_was_released_is_what_is_made_again(project: Path) -> None:
    """Where a class has shipped, its released samples are checked, and no others."""
    slug, _ = first_class(project)
    made = Candidates.load(project / f"data/synthetic/{slug}.parquet").kept.head(4)
    real = Samples.load(project / "data/prepared/train.parquet")
    names = [str(label) for label in range(int(real.labels.max()) + 1)]
    rows = assemble([real_rows(real, "train", names, pd.DataFrame(columns=["group"])), synthetic_rows(made)])
    rows.to_parquet(project / remake.RELEASE, index=False)
    found = json.loads(run("tailweight", "verify", "--json", cwd=project))
    label = Plan.load(project / dag.PLAN).classes[slug].label
    assert found["same"] and found["verified"] == remake.RELEASED
    assert [(one["class"], one["checked"]) for one in found["classes"]] == [(label, 4)]


def test_a_sample_says_where_it_comes_from(project: Path) -> None:
    """All that its row, the files of its class and DVC's record say; the text says the same as the JSON."""
    slug, path = first_class(project)
    row = Candidates.load(path).rows.iloc[2]
    found = json.loads(called("explain", f"{slug}-000002", "--json", cwd=project))
    assert (found["seed"], found["class"]) == (row["seed"], row["class"])
    assert found["start"]["reference"] == row["reference_id"] and np.isfinite(found["score"])
    assert found["nearest_real"]["id"] in set(Samples.load(project / "data/prepared/train.parquet").ids)
    assert found["parameters"]["train"] == {"steps": 20} and f"data/models/{slug}.safetensors" in found["dvc"]
    assert len(found["git"]["commit"]) == 40 and not found["git"]["changed_since"]
    assert found["verdict"]["verdict"] and not found["released"]
    text = called("explain", f"{slug}-000002", cwd=project)
    assert row["reference_id"] in text and found["nearest_real"]["id"] in text and found["git"]["commit"] in text


def test_a_sample_that_is_none_gets_one_line(project: Path) -> None:
    """Neither a strange word nor a number beyond the last one is met with a traceback."""
    slug, _ = first_class(project)
    for name in ("nothing", f"{slug}-999999", ""):
        said = called("explain", name, cwd=project, code=2)
        assert said.count("\n") == 1 and len(said) < 400
