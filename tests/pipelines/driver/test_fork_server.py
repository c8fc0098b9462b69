"""A stage that begins as a fork does what it does by itself, and no fork outlives who has asked for it."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from pipelines.driver import dvc, fork_server, params
from pipelines.driver.fork_server import ForkServer
from tests.conftest import QUICK, environment, run, working_clone
from tests.processes import wait_for

LONG = {"pretrain": {"steps": 100_000}, "resume": {"time_share": 0.0}}  # no test waits for its end


@contextmanager
def begun() -> Iterator[ForkServer]:
    """A fork server that has loaded everything."""
    server = ForkServer()
    server.begin()
    try:
        wait_for(Path(server.environment[fork_server.PLACE]).exists, 120, every=0.1)
        yield server
    finally:
        server.end()


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    """One for the tests that leave it as it is."""
    with begun() as server:
        yield server


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A finished project."""
    return working_clone(finished, tmp_path / "project")


def pythons(parent: psutil.Process) -> list[psutil.Process]:
    """Return the Python processes below one that may end meanwhile."""
    try:
        return [one for one in parent.children() if one.name().startswith("python")]
    except psutil.NoSuchProcess:
        return []


def watching() -> list[psutil.Process]:
    """Return the processes that watch over a fork, or have: those below a server."""
    return [one for server in pythons(psutil.Process()) for one in pythons(server)]


def forks() -> list[psutil.Process]:
    """Return the forks that carry something out: each below one that watches over it, below a server."""
    below = [fork for one in watching() for fork in pythons(one)]
    return [fork for fork in below if fork.is_running() and fork.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def training(project: Path, server: ForkServer) -> Iterator[tuple[subprocess.Popen, psutil.Process]]:
    """Start the stage `pretrain`; yield its process and its fork."""
    child = subprocess.Popen(["tailweight", "stage", "pretrain"], cwd=project, env=environment(**server.environment))
    try:
        yield child, wait_for(forks, 60, every=0.05)[0]
    finally:
        child.kill()
        child.wait(30)


def test_a_fork_writes_and_says_what_the_stage_does_by_itself(server: ForkServer, project: Path) -> None:
    """Outputs, words, and the exit code and the line of an error."""
    release, report = project / "data/release", project / "data/report/report.html"
    for stage, written in (("release", release / "manifest.csv"), ("report", report)):
        texts, contents = [], []
        for env in ({}, server.environment):
            written.unlink()
            texts.append(run("tailweight", "stage", stage, cwd=project, env=env))
            contents.append(written.read_bytes())
        assert texts[0] == texts[1] != "" and contents[0] == contents[1]
    assert watching(), "no fork was made"
    alone, forked = (
        run("tailweight", "stage", "train", "nobody", cwd=project, env=env, code=2) for env in ({}, server.environment)
    )
    assert alone == forked and alone.startswith("tailweight: class 'nobody' is not in data/plan.yaml")


def test_a_fork_ends_with_the_command_that_asked_for_it(server: ForkServer, project: Path) -> None:
    """And the command with its fork, as a shell would say it; the server goes on."""
    (project / "params.yaml").write_text(params.render(demo=False, values=QUICK | LONG))
    with training(project, server) as (child, fork):
        child.kill()
        child.wait(30)
        assert psutil.wait_procs([fork], timeout=30)[1] == []
    with training(project, server) as (child, fork):
        fork.kill()
        assert child.wait(30) == 128 + signal.SIGKILL
    assert "release: " in run("tailweight", "stage", "release", cwd=project, env=server.environment)


def test_without_a_server_that_answers_a_stage_runs_by_itself(project: Path) -> None:
    """None has come up yet, or it was killed while a fork of it still runs, which goes on."""
    (project / "params.yaml").write_text(params.render(demo=False, values=QUICK | LONG))
    for place in ("", str(project / "nobody-listens-here")):
        text = run("tailweight", "stage", "release", cwd=project, env={fork_server.PLACE: place})
        assert "release: " in text
    with begun() as own, training(project, own) as (child, fork):
        parent = psutil.Process(fork.ppid()).parent()
        assert parent is not None
        parent.kill()
        assert "release: " in run("tailweight", "stage", "release", cwd=project, env=own.environment)
        assert fork.is_running() and child.poll() is None


def test_a_run_of_many_stages_forks_and_one_of_few_does_not(project: Path) -> None:
    """DVC hands the address of the server on to the command that it runs."""
    (project / "params.yaml").write_text(params.render(demo=False, values=QUICK | {"seed": 1}))
    processes = dvc.Processes()
    with processes.forks(dvc.MANY - 1):
        assert not processes._fork_server.environment
    processes = dvc.Processes()
    before = watching()
    with processes.forks(dvc.MANY):
        (place,) = map(Path, processes._fork_server.environment.values())
        wait_for(place.exists, 120, every=0.1)
        said = list(processes.reproduce(project, "prepare", {}))
        assert any("prepare: " in one.get("line", "") for one in said) and len(watching()) > len(before)
    assert not place.parent.exists()


def test_it_ends_with_what_it_has_started(project: Path) -> None:
    """A stage that still runs is ended, and its folder is gone."""
    (project / "params.yaml").write_text(params.render(demo=False, values=QUICK | LONG))
    with begun() as own:
        place = Path(own.environment[fork_server.PLACE])
        with training(project, own) as (child, fork):
            own.end()
            assert psutil.wait_procs([fork], timeout=30)[1] == [] and child.wait(30) != 0
        assert not place.parent.exists() and own.environment == {}
