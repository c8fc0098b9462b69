"""A process that has loaded what stages need, and forks for each of them: a stage then begins in half a second, not in four.

Most of what a short stage takes is the time that PyTorch and scikit-learn take to load. While a run has a fork server,
`tailweight stage` hands it what it was asked for, with where its output goes, and ends as the fork ends; without one, as
under `dvc repro`, it does the work itself. The bytes are the same: before it forks the server loads modules, no more.

It is what `multiprocessing` calls a fork server, but for commands: DVC starts a stage, and can start nothing else.
"""

import atexit
import contextlib
import importlib
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from multiprocessing import connection
from pathlib import Path
from typing import NamedTuple

import psutil

from pipelines.driver import dag, hold, machine

PLACE = "TAILWEIGHT_FORK_SERVER"  # environment variable: the socket of the fork server of a stage's run
OUTPUTS = (1, 2)  # standard output and errors; stages read no input
WATCH_SECONDS = 1.0
KILLED = 128 + signal.SIGKILL  # as a shell says it
COMMAND_LINE = "pipelines.__main__"  # by its name, as DVC calls it: this module lies below it


class ForkServer:
    """The fork server of one run. Stages that come before it has loaded everything start as they do without it."""

    def __init__(self) -> None:
        self._process: psutil.Popen | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def begin(self) -> None:
        """Start it, if it was not yet; it is not waited for."""
        if self._process is not None:
            return
        quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)  # each stage says what is wrong itself
        environment = os.environ | machine.numerics() | {"PYTHONUTF8": "1"}
        with contextlib.suppress(OSError):  # a run does without it
            self._folder = tempfile.TemporaryDirectory(prefix="tailweight-")  # that no other user can look into
            command = [*machine.PYTHON, __name__, self._place, str(os.getpid())]
            self._process = psutil.Popen(command, env=environment, **quiet)

    @property
    def environment(self) -> dict[str, str]:
        """What tells a stage of it."""
        return {PLACE: self._place} if self._folder else {}

    @property
    def _place(self) -> str:
        return str(Path(self._folder.name) / "socket") if self._folder else ""

    def end(self) -> None:
        """End it, with the stages that are left."""
        if self._process is not None:
            hold.end([self._process, *hold.below(self._process)])
        if self._folder is not None:
            self._folder.cleanup()
        self._process = self._folder = None


# In the stage's own process.


def carried_out(arguments: list[str]) -> int | None:
    """Let a fork do what `tailweight` is asked for by `arguments`; return its exit code, None where there is no fork server."""
    place = os.environ.pop(PLACE, "")
    if not place:
        return None
    order = json.dumps({"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)})
    answer, handed_over = "", False
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as server:
        server.connect(place)
        socket.send_fds(server, [b"\n"], OUTPUTS)
        handed_over = True
        server.sendall(f"{order}\n".encode())
        answer = server.makefile().readline()
    if not handed_over:
        return None
    return int(answer) if answer else KILLED


# In the fork server.

FORKS = multiprocessing.get_context("fork")


class Order(NamedTuple):
    """What the process of a stage hands over. outputs: its standard output and errors."""

    arguments: list[str]
    folder: str
    environment: Mapping[str, str]
    outputs: list[int]


def load() -> None:
    """Load the command line and the modules behind every stage but the report, which runs once.

    It draws with Matplotlib, which may keep a folder until its process ends: no fork must take that for its own.
    """
    files = {path for stage in dag.STAGES if stage.name != "report" for path in stage.code if path.endswith(".py")}
    for path in sorted(files):
        importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    importlib.import_module(COMMAND_LINE)


def serve(place: str, run: int) -> None:
    """Fork for each order that comes to the socket `place`, until the process `run` ends, which has started this one."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen()
        listening.settimeout(WATCH_SECONDS)
        while os.getppid() == run:
            with contextlib.suppress(TimeoutError):
                client, _ = listening.accept()
                FORKS.Process(target=watch, args=(listening, client)).start()
                client.close()
    shutil.rmtree(Path(place).parent, ignore_errors=True)


def watch(listening: socket.socket, client: socket.socket) -> None:
    """Let a fork carry out an order, and tell the client how that ended; end it where the client has gone."""
    listening.close()  # were the server killed, whoever had it open would let stages wait for an answer
    _, outputs, _, _ = socket.recv_fds(client, 1, len(OUTPUTS))
    order = Order(**json.loads(client.makefile().readline()), outputs=outputs)
    fork = FORKS.Process(target=obey, args=(order,))
    fork.start()
    for output in outputs:
        os.close(output)
    if fork.sentinel not in connection.wait([fork.sentinel, client]):
        own = psutil.Process(fork.pid)
        hold.end([*hold.below(own), own])
    fork.join()
    code = fork.exitcode or 0
    with contextlib.suppress(OSError):
        client.sendall(f"{code if code >= 0 else 128 - code}\n".encode())


def obey(order: Order) -> None:
    """Do what the command line of the stage would have done, and exit as it would."""
    for number, output in zip(OUTPUTS, order.outputs, strict=True):
        os.dup2(output, number)
        os.close(output)
    os.environ.clear()
    os.environ.update(order.environment)
    os.chdir(order.folder)
    try:
        sys.modules[COMMAND_LINE].main(order.arguments)
    finally:  # as an interpreter ends a program, but without taking its modules apart, which takes a second
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C ends the run, which ends this; stages do not hear it either
    load()
    serve(sys.argv[1], int(sys.argv[2]))
