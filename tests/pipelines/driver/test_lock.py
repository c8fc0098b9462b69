"""A lock file that a kill or a full disk cut short costs no finished stage and no thought."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.rwlock import SCHEMA
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import loads_yaml
from voluptuous import Invalid

from pipelines import files
from pipelines.driver import lock
from tests.conftest import called, run

ROOT = Path(__file__).resolve().parents[3]


def test_a_lock_cut_anywhere_is_one_that_dvc_reads_or_damaged() -> None:
    """Whatever part of a lock is left, what we call whole DVC does not refuse."""
    text = (ROOT / lock.FILE).read_text()[:6000]
    for size in range(0, len(text), 23):
        part = text[:size]
        if lock.reads_whole(part):
            COMPILED_LOCKFILE_SCHEMA(loads_yaml(part))
    assert lock.is_whole(ROOT / lock.FILE)


@pytest.mark.parametrize(
    "content", [b"", b"schema: '2.0'\nstages:\n  a:\n", b"2", b"\xff\xfe\x00", b"- a\n", b"a: [", b"{}"]
)
def test_a_damaged_lock_gives_way_to_the_last_good_one(tmp_path: Path, content: bytes, monkeypatch) -> None:
    """The copy comes back byte by byte, the damaged one is kept aside; without a copy the file is taken away."""
    monkeypatch.setattr(lock, "SETTLED_SECONDS", 0.0)
    path = tmp_path / lock.FILE
    good = "schema: '2.0'\nstages:\n  a:\n    cmd: 'true'\n"
    path.write_text(good)
    assert lock.mend(tmp_path) is None
    path.write_bytes(content)
    line = lock.mend(tmp_path)
    assert line and "was damaged" in line and "\n" not in line
    assert path.read_text() == good and (tmp_path / lock.DAMAGED).read_bytes() == content
    path.write_bytes(content)
    (tmp_path / lock.KEPT).unlink()
    assert "no copy of it" in str(lock.mend(tmp_path))
    assert not path.exists()


def test_a_run_mends_its_lock_and_runs_nothing_again(finished: Path, tmp_path: Path) -> None:
    """An empty lock, with and without a copy of the good one: the run says a line, and ends with the same hashes."""
    project = tmp_path / "project"
    run("git", "clone", "--quiet", str(finished), str(project), cwd=tmp_path)
    run("dvc", "config", "--local", "cache.dir", str(finished / ".dvc/cache"), cwd=project)
    run("dvc", "checkout", "--quiet", cwd=project)
    good = files.read_yaml(project / lock.FILE)
    called("status", cwd=project)
    for copy in (True, False):
        (project / lock.FILE).write_text("")
        if not copy:
            (project / lock.KEPT).unlink()
        (project / lock.RWLOCK).write_text("")
        text = run("tailweight", "run", cwd=project)
        assert "was damaged" in text and "rwlock was damaged" in text and "steps on" not in text
        assert files.read_yaml(project / lock.FILE)["stages"] == good["stages"]


RWLOCKS = [
    "",
    '{"read": {"/a": [{"pid": 1, "cm',
    "[]",
    "3",
    "null",
    '{"other": {}}',
    '{"read": [], "write": {}}',
    '{"read": {"a": {}}}',
    '{"read": {"a": [{"pid": 1}]}}',
    '{"write": {"a": {"pid": "1", "cmd": "dvc"}}}',
    '{"write": {"a": {"pid": 1, "cmd": "dvc", "more": 1}}}',
    '{"write": {"a": [{"pid": 1, "cmd": "dvc"}]}}',
    "{}",
    '{"read": {}, "write": {}}',
    '{"read": {"/a": [{"pid": 1, "cmd": "dvc repro"}]}, "write": {"/b": {"pid": 2, "cmd": "dvc repro"}}}',
]


@pytest.mark.parametrize("text", RWLOCKS)
def test_an_rwlock_is_damaged_where_dvc_would_refuse_it(text: str) -> None:
    """What we read, DVC reads, and the other way round."""

    def reads(call) -> bool:
        try:
            call(text)
        except (ValueError, Invalid):
            return False
        return True

    assert reads(lock.named) == reads(lambda text: SCHEMA(json.loads(text)))


@pytest.mark.parametrize("content", [b"", b'{"read": {"/a": [{"pid": 1, "cm', b"\xff\xfe\x00", b"[]"])
def test_a_damaged_rwlock_is_taken_away(tmp_path: Path, content: bytes) -> None:
    """With a line that says so; nobody else's."""
    path = tmp_path / lock.RWLOCK
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    line = lock.mend(tmp_path)
    assert line and "was damaged" in line and "\n" not in line
    assert not path.exists() and lock.mend(tmp_path) is None


def test_an_rwlock_of_dead_processes_is_taken_away_and_one_of_a_living_stays(tmp_path: Path) -> None:
    """A number that another process has now is that of a dead one."""
    path = tmp_path / lock.RWLOCK
    path.parent.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", "input()", "repro", "plan"], stdin=subprocess.PIPE) as living:
        for pid, command, stays in (
            (living.pid, "/bin/dvc repro plan", True),
            (os.getpid(), "/bin/dvc repro plan", False),
            (2**22 + 1, "/bin/dvc repro plan", False),
        ):
            path.write_text(json.dumps({"read": {"/a": [{"pid": pid, "cmd": command}]}, "write": {}}))
            assert lock.mend(tmp_path) is None
            assert path.exists() == stays
        living.communicate(b"\n")


def test_an_rwlock_that_dvc_is_writing_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC holds its lock on it while it writes."""
    monkeypatch.setattr(lock, "SETTLED_SECONDS", 0.2)
    (tmp_path / lock.RWLOCK).parent.mkdir(parents=True)
    (tmp_path / lock.RWLOCK).write_text("")
    with (tmp_path / lock.RWLOCK_GUARD).open("w") as file:
        assert files.locked(file)
        assert lock.mend(tmp_path) is None
    assert (tmp_path / lock.RWLOCK).exists()
    assert lock.mend(tmp_path)


def test_dvc_is_not_ended_while_it_writes(tmp_path: Path) -> None:
    """What starts DVC lets no Ctrl-C through, and everything else."""
    from pipelines.driver.dvc import DEAF

    script = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('written')"
    done = subprocess.run([*DEAF, "python3", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "written\n" and done.returncode == 0
    ended = subprocess.run([*DEAF, "python3", "-c", script.replace("SIGINT", "SIGTERM")], check=False)
    assert ended.returncode < 0
