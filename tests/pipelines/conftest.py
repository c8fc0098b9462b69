"""What many tests of the pipeline need: a Prefect server, which takes some 15 seconds to start, and a project that grew."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import called, run, working_clone, write_classes
from tests.processes import ask, end, free_port, wait_for


@pytest.fixture(scope="session", autouse=True)
def server(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of its API, in PREFECT_API_URL as well: an environment with that empty is one without a server."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        **os.environ,
        "PREFECT_HOME": str(tmp_path_factory.mktemp("server")),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: ask(url, "/health"), 240)
        os.environ["PREFECT_API_URL"] = url
        yield url
    finally:
        end(process)


@pytest.fixture(scope="session")
def grown(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of `finished` that is recorded as `data-v1`, and to which samples came and one went in a later commit.

    The splits and the plan are of the new data, all else is of the old. Tests must leave it as it was, or work on a copy.
    """
    project = working_clone(finished, tmp_path_factory.mktemp("grown") / "project")
    called("versions", "--record", cwd=project)
    write_classes(project / "new", {"tail": 8}, seed=7)
    for path in (project / "new/tail").iterdir():
        path.rename(project / "data/raw/tail" / f"new {path.name}")
    (project / "new/tail").rmdir()
    (project / "new").rmdir()
    next(iter(sorted((project / "data/raw/lone").iterdir()))).unlink()
    run("dvc", "repro", "plan", cwd=project)
    run("git", "commit", "--all", "--quiet", "--message", "grown", cwd=project)
    return project
