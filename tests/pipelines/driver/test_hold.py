"""One run at a time holds a project, and a run that is killed leaves nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipelines import files
from pipelines.driver import hold
from pipelines.errors import UserError

RUN = """
import subprocess, sys, time
from pathlib import Path
from pipelines.driver.hold import held
with held(Path(sys.argv[1])):
    print(subprocess.Popen(["sleep", "300"], start_new_session=True).pid, flush=True)
    time.sleep(float(sys.argv[2]))
"""


def started(project: Path, seconds: float = 300) -> tuple[subprocess.Popen[str], psutil.Process]:
    """Start a run that holds `project`, and return it with the process that it has started in a session of its own.

    It starts where a package of the user's has the name of ours.
    """
    files.write_text(project / "pipelines/__init__.py", "raise AssertionError")
    command = [sys.executable, "-P", "-c", RUN, str(project), str(seconds)]
    run = subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    return run, psutil.Process(int(run.stdout.readline()))


def gone(process: psutil.Process, seconds: float = 20) -> bool:
    """Say whether a process ends within some seconds; one that nobody has waited for is at an end, too."""
    deadline = time.monotonic() + seconds
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.1)
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_what_a_killed_run_has_started_is_ended(tmp_path: Path) -> None:
    """Even where it left the run's process group; the next run holds the project without a word."""
    run, child = started(tmp_path)
    run.kill()
    assert gone(child)
    with hold.held(tmp_path):
        pass


def test_the_next_run_ends_what_is_left_where_nothing_watched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run and the process beside it are killed at once: the next run says which process it ended."""
    run, child = started(tmp_path)
    beside = [one for one in psutil.Process(run.pid).children() if "pipelines.driver.hold" in one.cmdline()]
    for process in (*beside, run):
        process.kill()
    run.wait()
    assert len(beside) == 1 and child.is_running()
    with hold.held(tmp_path):
        assert gone(child)
    assert f"ended what a killed run had left: process {child.pid}" in capsys.readouterr().out


def test_a_second_run_is_told_who_holds_the_project(tmp_path: Path) -> None:
    """With the process, the time and what to do; the first one goes on."""
    run, child = started(tmp_path)
    said = rf"process {run.pid} has been running it since \d{{4}}-.*--wait.*--take-over"
    with pytest.raises(UserError, match=said), hold.held(tmp_path):
        raise AssertionError
    assert run.poll() is None and child.is_running()
    run.send_signal(signal.SIGKILL)


def test_a_second_run_can_wait(tmp_path: Path) -> None:
    """It begins when the first has ended."""
    run, child = started(tmp_path, seconds=2)
    with hold.held(tmp_path, hold.Holding(wait=True)):
        assert run.wait(10) == 0
    child.kill()


def test_a_second_run_can_take_over(tmp_path: Path) -> None:
    """The first is ended with what it has started."""
    run, child = started(tmp_path)
    with hold.held(tmp_path, hold.Holding(take_over=True)):
        assert not psutil.pid_exists(run.pid) and gone(child)


def test_a_run_that_ends_leaves_no_trace(tmp_path: Path) -> None:
    """Neither a mark for what is started later, nor a holder; a file that was cut short is no obstacle."""
    for left in ("", "{", json.dumps({"pid": 1, "mark": ""})):
        (tmp_path / hold.FILE).parent.mkdir(exist_ok=True)
        (tmp_path / hold.FILE).write_text(left)
        with hold.held(tmp_path):
            assert json.loads((tmp_path / hold.FILE).read_text())["pid"] == os.getpid() and os.environ[hold.MARK]
        assert (tmp_path / hold.FILE).read_text() == "{}" and hold.MARK not in os.environ
