"""Whatever is killed, and whenever: the next run ends with the hashes of a run left alone, and nothing is left over."""

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
from tests.conftest import BIN, QUICK, run, write_classes

SMALL = QUICK | {
    "pretrain": {"steps": 400},
    "train": {"steps": 60},
    "resume": {"time_share": 0.2},
}
VICTIMS = ("parent", "child", "group")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that ran without being disturbed, and what it began with as its first commit."""
    folder = tmp_path_factory.mktemp("alone")
    write_classes(folder / "images", {"one": 30, "two": 30, "few": 10}, seed=3)
    run("tailweight", "init", "project", "--images", "images", cwd=folder)
    project = folder / "project"
    (project / "params.yaml").write_text(params.render(demo=False, values=SMALL))
    run("git", "add", "--all", cwd=project)
    run("git", "commit", "--quiet", "--message", "begun", cwd=project)
    run("tailweight", "run", cwd=project)
    return project


def begun(alone: Path, target: Path) -> Path:
    """Return a clone of the project as it was before its run, with its data and an empty cache of outputs."""
    run("git", "clone", "--quiet", str(alone), str(target), cwd=target.parent)
    run("cp", "-r", str(alone / "data/raw"), str(target / "data/raw"), cwd=target.parent)
    run("dvc", "config", "--local", "cache.dir", str(target.parent / "cache"), cwd=target)
    return target


def started(project: Path, driver: str) -> subprocess.Popen[bytes]:
    command = {"flow": ["tailweight", "run", "--quiet"], "dvc": ["dvc", "repro"]}[driver]
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with (project.parent / "output").open("ab") as output:
        return subprocess.Popen(
            command, cwd=project, env=environment, stdout=output, stderr=output, start_new_session=True
        )


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


def disturb(alone: Path, folder: Path, driver: str, seed: int, kills: int, most: float) -> None:
    """Kill a run `kills` times, run it to its end, and compare. most: seconds until it is killed."""
    rng, project = random.Random(seed), begun(alone, folder / "project")
    if driver == "dvc":
        run("dvc", "repro", "plan", cwd=project)
    for number in range(kills):
        parent = started(project, driver)
        time.sleep(rng.uniform(1, most))
        if parent.poll() is None:
            kill(parent, VICTIMS[number % len(VICTIMS)], rng)
        if driver == "dvc":  # nobody watches over its stages: what is left ends by itself, or is ended here
            parent.wait(120)
            hold.end(left_over(project))
        parent.wait(120)
    run("tailweight", "run", cwd=project)
    assert hashes(project) == hashes(alone), (driver, seed)
    deadline = time.monotonic() + 5
    while left_over(project) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left_over(project) == []
    assert not (project / unfinished.FOLDER).exists() and not list((project / files.WORK).glob("outputs-*"))
    assert "all is up to date" in run("tailweight", "status", cwd=project)


@pytest.mark.slow
@pytest.mark.parametrize("driver", ["flow", "dvc"])
def test_a_killed_run_ends_with_the_same_hashes(alone: Path, tmp_path: Path, driver: str) -> None:
    """Three kills one after the other, of the parent, of a child and of the group."""
    disturb(alone, tmp_path, driver, seed=1, kills=3, most=20)


@pytest.mark.slow
@pytest.mark.skipif("TAILWEIGHT_KILLS" not in os.environ, reason="TAILWEIGHT_KILLS says how many kills; 100 take hours")
def test_many_killed_runs_end_with_the_same_hashes(alone: Path, tmp_path: Path) -> None:
    """As many kills as are asked for, five a project, with both drivers in turn."""
    for number in range(int(os.environ["TAILWEIGHT_KILLS"]) // 5):
        folder = tmp_path / str(number)
        folder.mkdir()
        disturb(alone, folder, ("flow", "dvc")[number % 2], seed=100 + number, kills=5, most=25)
