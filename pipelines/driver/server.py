"""The Prefect server that a run reports to: the one that is named, else one for the time of the run.

Prefect would start that by itself, and load all of its server into the run's own process to do so, which takes four seconds.
"""

import atexit
import contextlib
import os
import socket
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# Before Prefect is imported; what a user has set stays.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
if os.environ.get("PREFECT_API_URL") == "":  # as a .env file names no server; Prefect would take it for an address
    del os.environ["PREFECT_API_URL"]

import prefect
import psutil
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from pipelines.driver import hold, machine
from pipelines.errors import UserError

LOOPBACK = "127.0.0.1"
START_SECONDS = 120.0  # that a server has to come up
APP = ("uvicorn", "--factory", "prefect.server.api.server:create_app", "--log-level", "error", "--lifespan", "on")
# As Prefect's own has it.
BRIEF = {"PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1", "PREFECT_UI_ENABLED": "0"}
IN_MEMORY = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:///:memory:"}


class Server:
    """The server of a run, which ends with this process, after what Prefect has still to send it.

    To `begin` it does not wait for it, so that all else can be loaded while it comes up; `reached` does.
    Prefect keeps what ran in a database in PREFECT_HOME. Where that folder cannot be written, or no server comes up on it
    in time (a newer Prefect's database, a damaged one, a slow disk), a run keeps it in memory instead, and `reached` says so
    in a line: no data set has to wait for Prefect's history.
    """

    def __init__(self) -> None:
        self._process: psutil.Popen | None = None
        self._address = ""

    def begin(self) -> None:
        """Start a server unless one is named; UserError where the named one does not answer, or none can be reached here."""
        if url := PREFECT_API_URL.value():
            _check_answers(url)
        else:
            self._address = f"{LOOPBACK}:{_free_port()}"
            if _is_writable(Path(PREFECT_HOME.value())):
                self._start()
            atexit.register(self._end)

    @contextmanager
    def reached(self, say: Callable[[str], None]) -> Iterator[None]:
        """Have it answer to Prefect in the block; UserError where none starts."""
        if not self._address:
            yield
            return
        if not self._comes_up():
            home = PREFECT_HOME.value()
            say(f"Prefect cannot keep its history in {home}; that of this run is kept in memory, and gone when it ends")
            self._end()
            self._start(**IN_MEMORY)
            if not self._comes_up():
                raise UserError(
                    "Prefect's own server does not start (it needs 200 MB of memory); run without Prefect: dvc repro"
                )
        with temporary_settings({PREFECT_API_URL: f"http://{self._address}/api"}):
            yield

    def _start(self, **settings: str) -> None:
        host, port = self._address.split(":")
        place = str(Path(prefect.__file__).parents[1])  # it would be looked for in the folder that one stands in
        command = [*machine.PYTHON, *APP, "--app-dir", place, "--host", host, "--port", port]
        self._process = psutil.Popen(command, env={**os.environ, **BRIEF, **settings})

    def _end(self) -> None:
        if self._process is not None:
            hold.end([self._process])
        self._process = None

    def _comes_up(self) -> bool:
        """Wait for its first answer; say whether it came before its end."""
        deadline = time.monotonic() + START_SECONDS
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{self._address}/api/health", timeout=10):
                return True
            time.sleep(0.1)
        return False


def _check_answers(url: str) -> None:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=10):
            return
    except OSError as error:
        raise UserError(
            f"PREFECT_API_URL is {url}, and no Prefect server answers there ({error}); "
            "start it (prefect server start) or: unset PREFECT_API_URL"
        ) from None


def _free_port() -> int:
    """Return a port of the loopback that nobody has; UserError where that cannot be reached."""
    with socket.socket() as listening:
        try:
            listening.bind((LOOPBACK, 0))
            listening.listen()
            with socket.create_connection(listening.getsockname(), timeout=5):
                return int(listening.getsockname()[1])
        except OSError:
            raise UserError(
                f"{LOOPBACK} does not answer, and Prefect's server needs it; run without Prefect: dvc repro"
            ) from None


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
