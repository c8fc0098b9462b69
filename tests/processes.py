"""Processes that a test starts, asks and ends."""

import contextlib
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar

import psutil

T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url: str, path: str, body: dict | None = None) -> Any:
    """Return what a server answers, from JSON; OSError where it does not."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{url}{path}", data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def wait_for(what: Callable[[], T], seconds: float, every: float = 1.0) -> T:
    """Return what `what` finds as soon as it finds something; AssertionError after that many seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = what()
        except OSError:
            found = None
        if found:
            return found
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(every)


def end(process: subprocess.Popen) -> None:
    """End a process and all that it started; a Prefect worker may not heed the first signal."""
    family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    process.terminate()
    psutil.wait_procs(family, timeout=10)
    for each in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait(30)
