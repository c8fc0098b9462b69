"""Versions: what is recorded, what of the user's is left alone, and what is said where nothing can be recorded."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.commands import versions as command
from pipelines.driver import git, lock, params, versions
from tests.conftest import called, one_line, run, unchanged, working_clone

NOBODY = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")


@pytest.fixture(scope="module")
def clone(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return working_clone(finished, tmp_path_factory.mktemp("clone") / "project")


@pytest.fixture
def project(clone: Path, tmp_path: Path) -> Path:
    return shutil.copytree(clone, tmp_path / "project", symlinks=True)


def judge_again(project: Path, result: str = "0123456789abcdef") -> None:
    """Note one more result of the test split, as an evaluation does: something to record."""
    path = project / "data/judged.json"
    found = json.loads(path.read_text())
    next(iter(found.values())).append(result)
    path.write_text(json.dumps(found))


def test_a_version_says_what_was_decided(grown: Path) -> None:
    """The tag has the headline in its first line and the samples of each class; awkward names come back as they were."""
    (version,) = versions.all_of(grown)
    assert version.name == "data-v1" and version.headline.startswith("nothing ships: 2 classes on hold")
    assert run("git", "tag", "--list", "-n1", cwd=grown).split(maxsplit=1)[1].strip() == version.headline
    assert version.classes['it\'s "5"'] == {"real": 7, "synthetic": 0, "verdict": "hold"}
    assert version.classes["lone"]["verdict"] == "no GAN" and version.classes["Größe @ 10"]["verdict"] is None
    assert json.loads(called("versions", "--json", cwd=grown)) == {"versions": [version.plain]}
    assert "data-v1" in called("versions", cwd=grown)


def test_what_is_committed_already_gets_the_tag_alone(grown: Path) -> None:
    """Right after the user's own commit there is no second one."""
    assert run("git", "rev-list", "--count", "data-v1", cwd=grown).strip() == "2"


def test_other_changes_stay_as_they_are(project: Path) -> None:
    """What the user staged, changed or has lying about is not committed, and looks afterwards as it did before."""
    judge_again(project)
    (project / "README.md").write_text("mine, staged\n")
    (project / "notes.txt").write_text("mine, staged and new\n")
    run("git", "add", "README.md", "notes.txt", cwd=project)
    (project / "README.md").write_text("mine, changed since\n")
    (project / "prefect.yaml").unlink()
    before = run("git", "status", "--porcelain", cwd=project).splitlines()
    called("versions", "--record", cwd=project)
    after = run("git", "status", "--porcelain", cwd=project).splitlines()
    assert after == [line for line in before if "judged.json" not in line] and len(after) == len(before) - 1
    assert (
        run("git", "show", "--name-only", "--format=%s", "HEAD", cwd=project).split("\n\n")[1] == "data/judged.json\n"
    )
    assert not list((project / ".tailweight").glob("index*"))


def test_numbers_go_up_and_are_never_used_twice(project: Path) -> None:
    """A tag without a message of that name is no version, but its number is taken; data-v10 comes after data-v9."""
    run("git", "tag", "data-v9", cwd=project)
    run("git", "tag", "--annotate", "--message", "not ours", "data-vx", cwd=project)
    names = []
    for number in range(2):
        judge_again(project, f"{number:016d}")
        names.append(versions.record(project).name)
    assert names == ["data-v10", "data-v11"]
    assert [one.name for one in versions.all_of(project)] == names
    assert versions.next_name(project, above=20) == "data-v21"


def test_a_branch_of_its_own_takes_in_what_is_checked_out(project: Path) -> None:
    """The commit is on that branch alone; later ones follow it, with the user's commits merged in; HEAD does not move."""
    head = git.answer(project, "rev-parse", "HEAD")
    judge_again(project)
    first = versions.record(project, "data/nightly")
    assert git.answer(project, "rev-parse", "HEAD") == head
    assert git.answer(project, "rev-parse", "data/nightly") == first.commit
    assert "data/judged.json" in run("git", "status", "--porcelain", cwd=project)
    (project / "README.md").write_text("new\n")
    run("git", "commit", "--quiet", "--message", "mine", "README.md", cwd=project)
    judge_again(project, "f" * 16)
    second = versions.record(project, "data/nightly")
    parents = git.answer(project, "show", "--no-patch", "--format=%P", second.commit).split()
    assert parents == [first.commit, git.answer(project, "rev-parse", "HEAD")]
    assert git.content(project, second.commit, "README.md") == b"new\n"
    assert git.content(project, second.commit, "data/judged.json") == (project / "data/judged.json").read_bytes()


def test_the_order_of_stages_in_the_lock_is_no_change(project: Path) -> None:
    """DVC writes new entries in the order in which stages end; a setting that nothing was made with is no change either."""
    recorded = versions.record(project)
    path = project / lock.FILE
    entries = path.read_text().split("\n  ")
    head, rest = entries[0], "\n  ".join(entries[1:])
    stages = ["  " + part for part in ("\n  " + rest).replace("\n  ", "\n\0 ").split("\n\0 ")[1:]]
    assert not versions.is_changed(project, recorded.commit)
    blocks: list[list[str]] = []
    for line in stages:
        blocks.append([line]) if not line.startswith("   ") else blocks[-1].append(line)
    path.write_text(head + "\n" + "\n".join(line for block in reversed(blocks) for line in block) + "\n")
    assert path.read_bytes() != git.content(project, recorded.commit, lock.FILE)
    assert not versions.is_changed(project, recorded.commit)
    path.write_text(path.read_text().replace("steps: 60", "steps: 61"))
    assert versions.is_changed(project, recorded.commit)


def refused(project: Path, said: str) -> None:
    """Assert that recording is refused with one line, and changes no file, commit or tag."""
    before = run("git", "for-each-ref", cwd=project), run("git", "status", "--porcelain", cwd=project)
    with unchanged(project / "data"):
        assert said in one_line(lambda: command.record(project))
    assert before == (run("git", "for-each-ref", cwd=project), run("git", "status", "--porcelain", cwd=project))


def test_what_cannot_be_recorded_is_a_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing new, stages that would run, a merge under way, nobody's name: one line each, and nothing is changed."""
    versions.record(project)
    refused(project, "nothing was made or judged since data-v1")
    judge_again(project)
    with monkeypatch.context() as nobody:
        for name in NOBODY:
            nobody.setenv(name, "")
        refused(project, "git does not know who you are")
    (project / ".git/MERGE_HEAD").write_text(git.answer(project, "rev-parse", "HEAD"))
    refused(project, "in the middle of a merge")
    (project / ".git/MERGE_HEAD").unlink()
    path = project / params.FILE
    path.write_text(path.read_text().replace("repeats: 2", "repeats: 3"))
    refused(project, "stages would run; first: tailweight run")


def test_before_the_first_commit_there_is_nothing_to_follow(project: Path) -> None:
    """A line says how to make it."""
    subprocess.run(["git", "checkout", "--quiet", "--orphan", "new"], cwd=project, check=True)
    assert "there is no commit yet" in one_line(lambda: versions.record(project))


def test_an_input_that_git_has_not_as_it_is_stops_a_version(project: Path) -> None:
    """A stage that depends on a file beside the data could not be repeated from the version alone."""
    path = project / lock.FILE
    before = "    - path: data/raw\n"
    more = f"    - path: code.py\n      md5: {'a' * 32}\n"
    path.write_text(path.read_text().replace(before, more + before))
    (project / "code.py").write_text("1")
    assert "code.py: stages depend on it" in one_line(lambda: versions.record(project))


@pytest.mark.parametrize("command", [["diff"], ["diff", "data-v1"], ["restore", "data-v1"]])
def test_without_versions_a_line_says_how_to_record_one(finished: Path, command: list[str]) -> None:
    """Exit code 2."""
    assert "tailweight versions --record" in run("tailweight", *command, cwd=finished, code=2)


@pytest.mark.parametrize("name", ["data-v7", "-x", "", "data-v1; rm", "data-v1^{tree}", "a\nb", "HEAD~2"])
def test_a_name_that_is_no_version_is_a_line(grown: Path, name: str) -> None:
    """It is said that it is none, or that it has nothing of a project; no name is taken for an option."""
    assert "is not a version" in (said := one_line(lambda: versions.commit_of(grown, name))) or "no dvc.lock" in said
