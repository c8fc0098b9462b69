"""A stage that begins as a fork does what it does by itself, and no fork outlives who has asked for it."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from pipelines.driver import params
from pipelines.driver.fork_server import ForkServer
from tests.conftest import QUICK, environment, run, working_clone
from tests.processes import wait_for

LONG = {"pretrain": {"steps": 100_000}, "resume": {"time_share": 0.0}}  # no test waits for its end


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    """A fork server that has loaded everything."""
    server = ForkServer()
    server.begin()
    wait_for(lambda: all(Path(place).exists() for place in server.environment.values()), 120, every=0.1)
    yield server
    server.end()


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A finished project."""
    return working_clone(finished, tmp_path / "project")


def forks() -> list[psutil.Process]:
    """Return the forks that carry something out: each below one that watches over it, below a server."""
    return [
        fork
        for server in psutil.Process().children()
        for watching in server.children()
        for fork in watching.children()
        if fork.name() == server.name() and fork.status() != psutil.STATUS_ZOMBIE
    ]


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
    """None has come up yet, or it was killed."""
    for place in ("", str(project / "nobody-listens-here")):
        text = run("tailweight", "stage", "release", cwd=project, env={"TAILWEIGHT_FORK_SERVER": place})
        assert "release: " in text


def test_it_ends_with_what_it_has_started(project: Path) -> None:
    """A stage that still runs is ended, and its folder is gone."""
    (project / "params.yaml").write_text(params.render(demo=False, values=QUICK | LONG))
    own = ForkServer()
    own.begin()
    (place,) = map(Path, own.environment.values())
    wait_for(place.exists, 120, every=0.1)
    with training(project, own) as (child, fork):
        own.end()
        assert psutil.wait_procs([fork], timeout=30)[1] == [] and child.wait(30) != 0
    assert not place.parent.exists() and own.environment == {}
