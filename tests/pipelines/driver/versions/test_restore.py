"""A version put back: everything or nothing, and never over work that is kept nowhere."""

import shutil
from pathlib import Path

import pytest

from pipelines.driver import dvc, git
from pipelines.driver.versions import cached, restore
from tests.conftest import called, one_line, run, unchanged


@pytest.fixture
def project(grown: Path, tmp_path: Path) -> Path:
    return shutil.copytree(grown, tmp_path / "project", symlinks=True)


def data(project: Path) -> dict[str, bytes]:
    """Return the content of every file of the data."""
    paths = (path for path in (project / "data").rglob("*") if path.is_file())
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in paths}


def test_a_version_comes_back_to_the_byte_and_so_does_what_came_after_it(
    project: Path, finished: Path, tmp_path: Path
) -> None:
    """All data are what they were, DVC has nothing to do, no commit is made; and forward again."""
    after, head = data(project), git.answer(project, "rev-parse", "HEAD")
    said = called("restore", "data-v1", cwd=project)
    assert "data-v1 is back; changed: dvc.lock, data/plan.yaml, data/raw.dvc" in said
    assert data(project) == data(finished) and dvc.status(project) == {}
    assert git.answer(project, "rev-parse", "HEAD") == head
    assert "nothing had changed" in called("restore", "data-v1", cwd=project)
    called("restore", "HEAD", cwd=project)
    assert data(project) == after and run("git", "status", "--porcelain", cwd=project) == ""


def test_looks_at_the_test_split_are_not_taken_back(project: Path) -> None:
    """A test set wears out however often one goes back to an earlier version."""
    path = project / "data/judged.json"
    path.write_text(path.read_text().replace('"\n  ]', '",\n    "0123456789abcdef"\n  ]'))
    looks = path.read_bytes()
    restore.restore(project, "data-v1")
    assert path.read_bytes() == looks


def refused(project: Path, said: str, name: str = "data-v1") -> None:
    """Assert that restoring is refused with one line and changes no file."""
    with unchanged(project / "data"):
        assert said in one_line(lambda: restore.restore(project, name))


def test_work_that_is_kept_nowhere_is_not_lost(project: Path) -> None:
    """A changed setting, a staged one, new and changed data: each is named, and nothing is changed."""
    path = project / "params.yaml"
    was = path.read_text()
    path.write_text(was.replace("steps: 60", "steps: 61"))
    refused(project, "params.yaml: changed, and in no commit")
    run("git", "add", "params.yaml", cwd=project)
    path.write_text(was + "\n# mine")
    run("git", "stash", "push", "--quiet", cwd=project)
    run("git", "stash", "drop", "--quiet", cwd=project)
    (project / "data/raw/tail/mine.png").write_bytes((project / "data/raw/tail/000.png").read_bytes() + b"\0")
    refused(project, "data/raw: changed since it was recorded")
    (project / "data/raw/tail/mine.png").unlink()
    report = project / "data/report/report.html"
    report.write_text("mine")
    refused(project, "data/report: changed since it was recorded")


def test_what_is_staged_is_work_too(project: Path) -> None:
    """A staged state that the file has not any more would be gone after the next `git add`."""
    path = project / "data/plan.yaml"
    was = path.read_text()
    path.write_text(was + "# mine\n")
    run("git", "add", "data/plan.yaml", cwd=project)
    path.write_text(was)
    refused(project, "data/plan.yaml: changed, and in no commit")


def test_data_that_are_gone_are_no_hindrance(project: Path, finished: Path) -> None:
    """What is not there cannot be lost."""
    shutil.rmtree(project / "data/report")
    shutil.rmtree(project / "data/raw")
    restore.restore(project, "data-v1")
    assert data(project) == data(finished)


def without(project: Path, out: str, tmp_path: Path) -> Path:
    """Give the project a cache of its own that lacks an output of data-v1; return where that was."""
    shutil.copytree(dvc.cache_folder(project).parents[1], tmp_path / "cache")
    run("dvc", "config", "--local", "cache.dir", str(tmp_path / "cache"), cwd=project)
    place = cached.Cached(project, git.answer(project, "rev-parse", "data-v1")).find(out)
    assert place is not None
    place.chmod(0o644)
    return place


def test_what_the_cache_lacks_is_said_before_anything_is_changed(project: Path, tmp_path: Path) -> None:
    """A line names the output and how to bring it."""
    without(project, "data/prepared/manifest.csv", tmp_path).unlink()
    refused(project, "data/prepared of data-v1 not in DVC's cache; bring them from the remote: dvc fetch --all-tags")


def test_what_is_damaged_in_the_cache_does_not_come_back(project: Path, tmp_path: Path) -> None:
    """DVC itself would check it out without a word."""
    without(project, "data/prepared/manifest.csv", tmp_path).write_text("damaged")
    refused(project, "it is part of DVC's cache: delete that file")


def test_a_failure_of_dvc_leaves_the_project_as_it_was(project: Path) -> None:
    """A version whose `dvc.yaml` DVC cannot read: files in git and data are put back."""
    (project / "dvc.yaml").write_text("stages: [")
    run("git", "stash", "push", "--quiet", cwd=project)
    refused(project, "dvc checkout", "stash@{0}")
    assert run("git", "status", "--porcelain", cwd=project) == ""


def test_files_of_classes_that_the_version_does_not_know_go(project: Path) -> None:
    """What would be hashed with a folder that stages depend on is not left over."""
    (project / "data/models/gone-000000.csv").touch()
    restore.restore(project, "data-v1")
    assert (project / "data/models/tail-fbf5f2.csv").stat().st_size
    assert not (project / "data/models/gone-000000.csv").exists()
