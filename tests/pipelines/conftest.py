"""A Prefect server for all tests of the pipeline; each run would start one of its own otherwise, for some 15 seconds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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
