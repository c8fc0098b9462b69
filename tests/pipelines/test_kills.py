"""Whatever is killed, and whenever: the next run ends with the hashes of a run left alone, and nothing is left over."""

import contextlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from pipelines import files
from pipelines.driver import hold, params, unfinished
from tests.conftest import QUICK, begun_clone, built_once, called, environment, run, write_classes

SMALL = QUICK | {
    "pretrain": {"steps": 400},
    "train": {"steps": 60},
    "resume": {"time_share": 0.2},
}
KILLS = int(os.environ.get("TAILWEIGHT_KILLS", "8"))
VICTIMS = ("parent", "group", "parent", "child")  # of one project, one after the other
LANDS = 0.6  # of the work of a run alone, in which one that goes on is killed
DRIVERS = ("flow", "dvc")
ALONE = {"PREFECT_API_URL": ""}  # on a Prefect server of its own, which has to end with the run


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that ran without being disturbed, and what it began with as its first commit."""
    return built_once("alone", run_alone, tmp_path_factory)


def run_alone(folder: Path) -> Path:
    """Make the project in `folder`, run it, and write beside it how much work that was."""
    write_classes(folder / "images", {"one": 30, "two": 30, "few": 10}, seed=3)
    called("init", "project", "--images", "images", cwd=folder)
    project = folder / "project"
    (project / "params.yaml").write_text(params.render(demo=False, values=SMALL))
    run("git", "add", "--all", cwd=project)
    run("git", "commit", "--quiet", "--message", "begun", cwd=project)
    with (folder / "output").open("wb") as output:
        command = ["tailweight", "run", "--quiet"]
        running = psutil.Popen(command, cwd=project, env=environment(**ALONE), stdout=output, stderr=output)
        while running.poll() is None:
            files.write_text(folder / "work", str(work(running)))
            time.sleep(0.5)
    assert running.returncode == 0, (folder / "output").read_text()
    return project


def started(project: Path, driver: str) -> subprocess.Popen[bytes]:
    command = {"flow": ["tailweight", "run", "--quiet"], "dvc": ["dvc", "repro"]}[driver]
    with (project.parent / "output").open("ab") as output:
        return subprocess.Popen(
            command, cwd=project, env=environment(**ALONE), stdout=output, stderr=output, start_new_session=True
        )


def work(parent: psutil.Process) -> float:
    """Return the seconds of a processor that a run has taken, with all below it: how far it is, on a busy machine too."""
    seconds = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in [parent, *parent.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                seconds += sum(process.cpu_times()[:4])  # its own and that of the children that it has waited for
    return seconds


def kill(parent: subprocess.Popen[bytes], victim: str, rng: random.Random) -> None:
    """Kill the run itself, one of the processes below it, or all of its process group, with -9."""
    below = psutil.Process(parent.pid).children(recursive=True)
    try:
        if victim == "group":
            os.killpg(parent.pid, signal.SIGKILL)
        elif victim == "child" and below:
            rng.choice(below).kill()
        else:
            parent.kill()
    except (psutil.NoSuchProcess, ProcessLookupError):
        pass  # it was done that moment


def left_over(project: Path) -> list[psutil.Process]:
    """Return the processes that have to do with the project and are still there."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(project.resolve()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def hashes(project: Path) -> dict:
    return files.read_yaml(project / "dvc.lock")["stages"]


def disturb(alone: Path, folder: Path, driver: str, seed: int) -> None:
    """Kill a run once for each victim, run it to its end, and compare."""
    rng, project = random.Random(seed), begun_clone(alone, folder / "project")
    most = LANDS * float((alone.parent / "work").read_text())
    if driver == "dvc":
        run("dvc", "repro", "plan", cwd=project)
    for victim in VICTIMS:
        parent = started(project, driver)
        moment = rng.uniform(0, most)
        while (landed := parent.poll() is None) and work(psutil.Process(parent.pid)) < moment:
            time.sleep(0.05)
        print(f"{driver}, {victim}, at {moment:.1f} s: {'killed' if landed else 'had ended'}", flush=True)
        if landed:
            kill(parent, victim, rng)
        if driver == "dvc":  # nobody watches over its stages: what is left is ended here
            hold.end(left_over(project))
        parent.wait()
        assert gone(project)
    print(run("tailweight", "run", "--quiet", cwd=project))
    assert hashes(project) == hashes(alone)
    assert gone(project)
    assert not (project / unfinished.FOLDER).exists() and not list((project / files.WORK).glob("outputs-*"))
    assert "all is up to date" in called("status", cwd=project)


def gone(project: Path, seconds: float = 15) -> bool:
    """Say whether all that has to do with the project ends within some seconds; print how long that took."""
    began = time.monotonic()
    while (left := left_over(project)) and time.monotonic() < began + seconds:
        time.sleep(0.1)
    print(f"gone after {time.monotonic() - began:.1f} s", *left)
    return not left


@pytest.mark.slow
@pytest.mark.parametrize("number", range(KILLS // len(VICTIMS)))
def test_a_killed_run_ends_with_the_same_hashes(alone: Path, tmp_path: Path, number: int) -> None:
    """At random moments, of the run itself, of its process group and of one below it, with both drivers in turn.

    TAILWEIGHT_KILLS says how many in all; 100 take about two hours on two cores.
    """
    disturb(alone, tmp_path, DRIVERS[number % len(DRIVERS)], seed=number)
