"""The Prefect server that a run reports to: the one that is named, else one of Prefect's own for the time of the run."""

import os
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before Prefect is imported; what a user has set stays.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
if os.environ.get("PREFECT_API_URL") == "":  # as a .env file names no server; Prefect would take it for an address
    del os.environ["PREFECT_API_URL"]

import httpx
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, PREFECT_SERVER_DATABASE_CONNECTION_URL, temporary_settings

from pipelines.errors import UserError

LOOPBACK = "127.0.0.1"
STARTS = 2  # of a server that ends by itself
IN_MEMORY = {PREFECT_SERVER_DATABASE_CONNECTION_URL: "sqlite+aiosqlite:///:memory:"}


class OwnServer(SubprocessASGIServer):
    """Prefect's own server, which Prefect would start again and again where it ends by itself, for minutes."""

    starts = 0

    def _run_uvicorn_command(self) -> subprocess.Popen[Any]:
        if self.starts == STARTS:
            raise RuntimeError("it ends as soon as it is started")
        self.starts += 1
        return super()._run_uvicorn_command()


def make_ready(say: Callable[[str], None]) -> None:
    """Have a server that answers; UserError where there is none to be had.

    Prefect keeps what ran in a database in PREFECT_HOME. Where that folder cannot be written, or no server comes up on it
    in time (a newer Prefect's database, a damaged one, a slow disk), a run keeps it in memory instead, and `say` gets a
    line: no data set has to wait for Prefect's history.
    """
    url = PREFECT_API_URL.value()
    if url:
        _check_answers(url)
        return
    if not _has_loopback():
        raise UserError(f"{LOOPBACK} does not answer, and Prefect's server needs it; run without Prefect: dvc repro")
    home = Path(PREFECT_HOME.value())
    if _is_writable(home) and _starts():
        return
    say(f"Prefect cannot keep its history in {home}; that of this run is kept in memory, and gone when it ends")
    with temporary_settings(IN_MEMORY):
        if not _starts():
            raise UserError(
                "Prefect's own server does not start (it needs 200 MB of memory); run without Prefect: dvc repro"
            )


def _check_answers(url: str) -> None:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=10):
            return
    except OSError as error:
        raise UserError(
            f"PREFECT_API_URL is {url}, and no Prefect server answers there ({error}); "
            "start it (prefect server start) or: unset PREFECT_API_URL"
        ) from None


def _has_loopback() -> bool:
    with socket.socket() as listening:
        try:
            listening.bind((LOOPBACK, 0))
            listening.listen()
            with socket.create_connection(listening.getsockname(), timeout=5):
                return True
        except OSError:
            return False


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _starts() -> bool:
    """Start a server, which Prefect's clients in this process then find by themselves; say whether it answers."""
    server = OwnServer()
    try:
        server.start()
    except (RuntimeError, httpx.HTTPError):
        server.stop()
        return False
    return True
