"""`tailweight verify`: every synthetic sample can be made again."""

import json
import shutil
from pathlib import Path

import pytest

from pipelines.commands import remake
from tests.conftest import run


@pytest.fixture(params=["finished"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a project of images."""
    source = request.getfixturevalue(request.param)
    copy = tmp_path / "project"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".dvc", ".tailweight"))
    return copy


def test_every_candidate_is_made_again_by_any_number_of_workers(project: Path) -> None:
    """A line a class; a sample of them is as many as was asked for."""
    found = json.loads(run("tailweight", "verify", "--workers", "2", "--json", cwd=project))
    assert found["same"] and found["verified"] == remake.CANDIDATES
    for one in found["classes"]:
        assert one["checked"] == one["same"] > 0 and one["different"] == []
    some = json.loads(run("tailweight", "verify", "--workers", "1", "--sample", "5", "--json", cwd=project))
    assert some["same"] and sum(one["checked"] for one in some["classes"]) == 5
