"""A remote like Amazon's S3: what is published can be had anywhere, and a line that breaks half way loses nothing."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from pipelines.driver import dag, dvc, git, params
from pipelines.driver.run_settings import Publish
from pipelines.driver.versions import publish
from tests.conftest import called, run, working_clone
from tests.pipelines.s3 import LOGIN, Line, served

ALWAYS = Publish(when="always")


class Bucket:
    """A bucket on the server behind a line."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.name = f"b-{uuid.uuid4().hex[:12]}"
        self.client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{line.target}")
        self.client.create_bucket(Bucket=self.name)

    @property
    def objects(self) -> set[str]:
        """The keys of all that is there."""
        found = self.client.list_objects_v2(Bucket=self.name)
        return {each["Key"] for each in found.get("Contents", [])}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served() as port:
        yield port


@pytest.fixture(scope="module")
def clone(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return working_clone(finished, tmp_path_factory.mktemp("clone") / "project")


@pytest.fixture
def bucket(port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)
    line = Line(port)
    yield Bucket(line)
    line.close()


@pytest.fixture
def project(clone: Path, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the clone that publishes to the bucket, through the line, and to a git remote of its own."""
    monkeypatch.setattr(publish, "WAITS_SECONDS", (0.0, 0.0))
    project = shutil.copytree(clone, tmp_path / "project", symlinks=True)
    run("git", "init", "--quiet", "--bare", str(tmp_path / "origin"), cwd=tmp_path)
    run("git", "remote", "set-url", "origin", str(tmp_path / "origin"), cwd=project)
    run("dvc", "remote", "add", "--default", "store", f"s3://{bucket.name}/dvc", cwd=project)
    run("dvc", "remote", "modify", "store", "endpointurl", f"http://127.0.0.1:{bucket.line.port}", cwd=project)
    values = params.read(project) | {"publish": {"when": "always"}}
    (project / params.FILE).write_text(params.render(demo=False, values=values))
    run("git", "commit", "--all", "--quiet", "--message", "Publish to S3", cwd=project)
    return project


def pulled(project: Path, target: Path) -> Path:
    """Return a fresh clone of what was published as data-v1, with the data that its remote has."""
    origin = git.answer(project, "remote", "get-url", "origin")
    run("git", "clone", "--quiet", "--branch", "data-v1", origin, str(target), cwd=target.parent)
    run("dvc", "pull", cwd=target)
    return target


def test_a_fresh_clone_has_it_all_and_runs_no_stage(project: Path, tmp_path: Path) -> None:
    """`tailweight run` records and pushes; elsewhere, after `dvc pull`, neither driver finds a stage to run."""
    assert "recorded data-v1, pushed data-v1" in run("tailweight", "run", cwd=project)
    other = pulled(project, tmp_path / "other")
    assert dvc.status(other) == {}
    assert (other / dag.REPORT).read_bytes() == (project / dag.REPORT).read_bytes()
    assert "Running stage" not in run("dvc", "repro", "--dry", cwd=other)
    assert "all is up to date" in run("tailweight", "run", cwd=other)
    assert called("diff", "data-v1", cwd=other).endswith("nothing changed\n")


@pytest.mark.slow
def test_what_is_taken_away_is_made_again(project: Path, tmp_path: Path) -> None:
    """In a clone that has the raw data alone, `dvc repro` makes every output with the hashes that were published."""
    assert "pushed data-v1" in run("tailweight", "run", cwd=project)
    origin = git.answer(project, "remote", "get-url", "origin")
    run("git", "clone", "--quiet", "--branch", "data-v1", origin, str(tmp_path / "other"), cwd=tmp_path)
    run("dvc", "pull", dag.RAW_FILE, cwd=tmp_path / "other")
    assert run("dvc", "repro", cwd=tmp_path / "other").count("Running stage") > 10
    assert run("git", "status", "--porcelain", cwd=tmp_path / "other") == ""
    assert (tmp_path / "other" / dag.REPORT).read_bytes() == (project / dag.REPORT).read_bytes()


def test_a_line_that_breaks_half_way_leaves_the_rest_to_the_next_run(
    project: Path, bucket: Bucket, tmp_path: Path
) -> None:
    """Tried again, then one line; git's remote hears of nothing; once the line holds, an idle run pushes the rest."""
    bucket.line.budget = 60_000
    said: list[str] = []
    done = publish.publish(project, ALWAYS, True, said.append)
    there = bucket.objects
    assert bucket.line.cuts and there, "some of the data came through, and not all"
    assert len(said) == 2 and all("dvc push" in each and "\n" not in each for each in said)
    assert done.undone is not None and "\n" not in done.undone and len(done.undone) < 400
    assert done.undone.startswith("data-v1 not pushed: dvc push") and done.pushed == []
    assert run("git", "ls-remote", "origin", cwd=project) == ""
    bucket.line.budget = None
    assert "pushed data-v1" in run("tailweight", "run", cwd=project)
    assert bucket.objects > there
    assert dvc.status(pulled(project, tmp_path / "other")) == {}


def test_a_line_that_holds_again_in_time_is_no_failure(project: Path, bucket: Bucket, tmp_path: Path) -> None:
    """What the first try did not push, the second does."""
    bucket.line.budget = 60_000
    said: list[str] = []

    def heal(text: str) -> None:
        said.append(text)
        bucket.line.budget = None

    done = publish.publish(project, ALWAYS, True, heal)
    assert len(said) == 1 and done.pushed == ["data-v1"] and done.undone is None
    assert not (project / publish.LEFT).exists()
