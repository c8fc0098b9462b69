"""Publishing: what a run made becomes a version and is pushed, and a push that fails is the next run's."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.driver import git, params, versions
from pipelines.driver.run_settings import Publish
from pipelines.driver.versions import commit, publish
from tests.conftest import QUICK, called, document, one_line, run, working_clone
from tests.pipelines.driver.versions.test_versions import NOBODY, judge_again
from tests.processes import ask

ALWAYS = Publish(when="always")


@pytest.fixture(scope="module")
def clone(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return working_clone(finished, tmp_path_factory.mktemp("clone") / "project")


@pytest.fixture
def project(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the clone with a git remote and a DVC remote of its own; a push is tried again at once."""
    monkeypatch.setattr(publish, "WAITS_SECONDS", (0.0, 0.0))
    project = shutil.copytree(clone, tmp_path / "project", symlinks=True)
    run("git", "init", "--quiet", "--bare", str(tmp_path / "origin"), cwd=tmp_path)
    run("git", "remote", "set-url", "origin", str(tmp_path / "origin"), cwd=project)
    run("dvc", "remote", "modify", "--local", "local", "url", str(tmp_path / "remote"), cwd=project)
    return project


def told(project: Path, settings: Publish = ALWAYS) -> tuple[publish.Published, list[str]]:
    """Publish, and return what became of it and what was said meanwhile."""
    said: list[str] = []
    return publish.publish(project, settings, True, said.append), said


def at_origin(project: Path) -> set[str]:
    return {line.split("\t")[1] for line in run("git", "ls-remote", "origin", cwd=project).splitlines()}


def set_publish(project: Path, **settings: object) -> None:
    """Write the settings into `params.yaml`."""
    values = params.read(project) | {"publish": settings}
    (project / params.FILE).write_text(params.render(demo=False, values=values))


def test_nothing_is_published_unless_asked_for(project: Path) -> None:
    """By default never; with `ship` only where a class ships; and never of a project that is not up to date."""
    for settings, current in ((Publish(), True), (Publish(when="ship"), True), (ALWAYS, False)):
        assert publish.publish(project, settings, current, print) == publish.Published()
    assert versions.all_of(project) == [] and at_origin(project) == set()


def test_a_version_is_recorded_once_and_pushed_data_first(project: Path, tmp_path: Path) -> None:
    """Branch and tag are at git's remote, the data at DVC's; without a change there is nothing more to do."""
    branch = commit.current_branch(project)
    done, said = told(project)
    assert (done.version, done.pushed, done.undone, said) == ("data-v1", ["data-v1"], None, [])
    assert at_origin(project) >= {f"refs/heads/{branch}", "refs/tags/data-v1"}
    assert told(project)[0] == publish.Published()
    other = tmp_path / "other"
    run("git", "clone", "--quiet", "--branch", "data-v1", str(tmp_path / "origin"), str(other), cwd=tmp_path)
    run("dvc", "remote", "modify", "--local", "local", "url", str(tmp_path / "remote"), cwd=other)
    run("dvc", "pull", cwd=other)
    assert "all is up to date" in called("status", cwd=other)


def test_without_remotes_a_version_is_recorded_and_nothing_is_left(project: Path) -> None:
    """Nothing to push to is no failure; with `push: false` the remotes are not asked."""
    assert told(project, Publish(when="always", push=False))[0] == publish.Published("data-v1")
    assert at_origin(project) == set()
    run("git", "remote", "remove", "origin", cwd=project)
    run("dvc", "remote", "remove", "local", cwd=project)
    judge_again(project)
    assert told(project)[0] == publish.Published("data-v2")
    assert not (project / publish.LEFT).exists()


def test_a_push_that_fails_is_left_to_the_next_run(project: Path, tmp_path: Path) -> None:
    """It is tried again, then one line says so; git's remote hears of nothing whose data are missing; nothing is lost.

    Two versions that were left are both pushed, each with its data.
    """
    (tmp_path / "remote").touch()  # where a folder should be
    done, said = told(project)
    assert len(said) == 2 and all("dvc push" in line and "again in" in line for line in said)
    assert done.undone is not None and "\n" not in done.undone and len(done.undone) < 400
    assert done.undone.startswith("data-v1 not pushed: dvc push") and done.undone.endswith("; the next run tries again")
    assert at_origin(project) == set()
    judge_again(project)
    assert (told(project)[0].undone or "").startswith("data-v1, data-v2 not pushed")
    (tmp_path / "remote").unlink()
    done, said = told(project)
    assert (done.version, done.pushed, done.undone, said) == (None, ["data-v1", "data-v2"], None, [])
    assert at_origin(project) >= {"refs/tags/data-v1", "refs/tags/data-v2"}


def test_a_run_with_nothing_else_to_do_takes_up_what_is_left(project: Path, tmp_path: Path) -> None:
    """`tailweight run` ends well though a push failed, with a line on stderr; the next one pushes, and says so."""
    set_publish(project, when="always")
    run("git", "remote", "set-url", "origin", str(tmp_path / "nowhere"), cwd=project)
    said = run("tailweight", "run", cwd=project)
    assert "recorded data-v1" in said and "tailweight: data-v1 not pushed: git push" in said and "Traceback" not in said
    assert "next: git" not in said
    run("git", "remote", "set-url", "origin", str(tmp_path / "origin"), cwd=project)
    told_json = document(run("tailweight", "run", "--json", cwd=project))
    assert told_json["version"] is None and told_json["pushed"] == ["data-v1"] and told_json["undone"] is None


def test_a_remote_that_went_on_is_not_asked_twice(project: Path, tmp_path: Path) -> None:
    """What git refuses is refused again: the line says to take in what is there, and the data are pushed already."""
    told(project)
    other = tmp_path / "other"
    run("git", "clone", "--quiet", str(tmp_path / "origin"), str(other), cwd=tmp_path)
    run("git", "commit", "--quiet", "--allow-empty", "--message", "theirs", cwd=other)
    run("git", "push", "--quiet", cwd=other)
    judge_again(project)
    done, said = told(project)
    assert said == [] and done.undone is not None and "was refused" in done.undone and "git pull origin" in done.undone
    assert json.loads((project / publish.LEFT).read_text())["data"] == []
    assert "refs/tags/data-v2" not in at_origin(project)
    run("git", "pull", "--quiet", "--no-rebase", "--no-edit", cwd=project)
    assert told(project)[0].pushed == ["data-v2"]


def test_a_name_that_the_remote_has_given_is_not_given_again(project: Path, tmp_path: Path) -> None:
    """Two clones of one remote do not both make data-v1."""
    told(project)
    run("git", "tag", "--delete", "data-v1", cwd=project)
    assert told(project)[0].version == "data-v2"


def test_a_branch_of_its_own_is_pushed_and_the_one_checked_out_is_not(project: Path) -> None:
    """With `publish.branch`, HEAD and the remote's branches stay as they are."""
    judge_again(project)
    told(project, Publish(when="always", branch="data/nightly"))
    assert {one for one in at_origin(project) if "heads" in one} == {"refs/heads/data/nightly"}
    assert "data/judged.json" in run("git", "status", "--porcelain", cwd=project)


def test_what_cannot_be_recorded_ends_no_run(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name in git, a line says how to give one."""
    for name in NOBODY:
        monkeypatch.setenv(name, "")
    done, _ = told(project)
    assert done.version is None and "not recorded as a version: git does not know who you are" in (done.undone or "")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"data": 3}', '{"data": ["gone"], "git": {"gone": null}}'])
def test_a_damaged_note_of_what_is_left_is_nothing_left(project: Path, content: str) -> None:
    """As is one of versions that were taken away since."""
    (project / publish.LEFT).parent.mkdir(exist_ok=True)
    (project / publish.LEFT).write_text(content)
    assert publish.Left.read(project) == publish.Left()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"when": "sometimes"}, "publish.when is 'sometimes'"),
        ({"branch": "a b"}, "publish.branch is 'a b': value error, git takes no such name"),
        ({"branch": "--force"}, "publish.branch is '--force'"),
        ({"remote": "s3"}, "publish.remote is not a setting"),
    ],
)
def test_settings_that_are_wrong_are_named(settings: dict, said: str) -> None:
    """Before anything runs."""
    values = params.all_values(demo=False, values=QUICK) | {"publish": settings}
    assert said in one_line(lambda: params.check(values, demo=False))


def test_names_of_branches_are_judged_as_git_does(tmp_path: Path) -> None:
    """What the settings take, git takes."""
    for name in ("main", "data/nightly", "ä", "a.b", "@a"):
        assert Publish(branch=name).branch == name
        assert subprocess.run(["git", "check-ref-format", "--branch", name], cwd=tmp_path, check=False).returncode == 0


def test_a_run_that_changed_something_says_what(project: Path, server: str) -> None:
    """The next version, and on Prefect's page of the run the text of `tailweight diff` as it was before that."""
    told(project)
    set_publish(project, when="always")
    path = project / params.FILE
    path.write_text(path.read_text().replace('title: "', 'title: "new '))
    said = run("tailweight", "run", cwd=project)
    assert "recorded data-v2, pushed data-v2" in said and "ran 1 stages" in said
    from pipelines.driver import flow  # loads Prefect

    key = flow.artifact_key(project, "changes")
    (artifact,) = ask(server, "/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}})  # type: ignore[misc]
    was, now = "From data-v1 to the working state", "From data-v1 to data-v2"
    assert artifact["data"].replace(was, now) == called("diff", "data-v1", "data-v2", cwd=project).strip()
    assert "report.title" in artifact["data"]
    assert git.answer(project, "status", "--porcelain") == ""
