"""Who runs a project: one run at a time, and whatever a killed run has left is ended.

A run locks a file in the project's scratch folder; the lock ends with its process, however that ends. Every process that it
starts, Prefect's server and DVC's stages among them, inherits a mark in its environment. A small process beside the run waits
for its end and, where it was killed, ends all that bear the mark. Where that one was killed too, the next run does it.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from pipelines import files
from pipelines.driver import machine
from pipelines.errors import UserError

FILE = f"{files.WORK}/run.json"
MARK = "TAILWEIGHT_RUN"
DONE = b"done"  # what the process beside a run reads where there is nothing to end
END_SECONDS = 5.0  # that a process has to end by itself
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Holding:
    """What to do where another process holds the project: wait for its end, end it and all that it has started, or neither."""

    wait: bool = False
    take_over: bool = False


REFUSED = Holding()


@contextmanager
def held(project: Path, holding: Holding = REFUSED) -> Iterator[None]:
    """Hold a project for the time of the block; UserError where another process holds it and `holding` says neither."""
    path = project / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        _acquire(file, project, holding)
        left = end(marked(_holder(file).get("mark", "")))
        if left:
            print(f"ended what a killed run had left: process {', '.join(map(str, left))}")
        mark = uuid.uuid4().hex
        _note(file, {"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S"), "mark": mark})
        with _guarded(mark):
            yield
        _note(file, {})


def marked(mark: str) -> list[psutil.Process]:
    """Return the other processes that a run with this mark has started and that are still there."""
    found = []
    for process in psutil.process_iter() if mark else ():
        try:
            if process.environ().get(MARK) == mark and process.pid != os.getpid():
                found.append(process)
        except (psutil.Error, OSError):  # somebody else's, or gone
            continue
    return found


def below(process: psutil.Process) -> list[psutil.Process]:
    """Return all that a process has started and that is still there, what those have started too."""
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def end(processes: list[psutil.Process]) -> list[int]:
    """End the processes, by force where they do not go within some seconds; return their numbers."""
    for signal in ("terminate", "kill"):
        for process in processes:
            try:
                getattr(process, signal)()
            except psutil.NoSuchProcess:
                continue
        if not psutil.wait_procs(processes, timeout=END_SECONDS)[1]:
            break
    return [process.pid for process in processes]


def _acquire(file: IO[str], project: Path, holding: Holding) -> None:
    while not files.locked(file):
        holder = _holder(file)
        if holding.take_over and holder.get("pid"):
            left = [psutil.Process(holder["pid"])] if psutil.pid_exists(holder["pid"]) else []
            print(f"ending the run that holds the project: process {holder['pid']}")
            end([*left, *marked(holder["mark"])])
        elif not holding.wait and not holding.take_over:
            raise UserError(
                f"{project.resolve()}: process {holder.get('pid', '?')} has been running it since {holder.get('since', '?')}; "
                "wait for its end with: tailweight run --wait, or end it with: tailweight run --take-over"
            )
        time.sleep(POLL_SECONDS)


def _holder(file: IO[str]) -> dict[str, Any]:
    """Return what the last holder has noted; nothing where that was cut short."""
    file.seek(0)
    try:
        return dict(json.loads(file.read() or "{}"))
    except ValueError:
        return {}


def _note(file: IO[str], holder: dict[str, Any]) -> None:
    file.seek(0)
    file.truncate()
    file.write(json.dumps(holder))
    file.flush()


@contextmanager
def _guarded(mark: str) -> Iterator[None]:
    """Mark what is started in the block, with a process beside it that ends it all should this one be killed."""
    command = [*machine.PYTHON, __name__, mark]
    unmarked = {name: value for name, value in os.environ.items() if name != MARK}  # of a run that this one is part of
    beside = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, env=unmarked)
    os.environ[MARK] = mark
    try:
        yield
    finally:
        del os.environ[MARK]
        beside.communicate(DONE)


if __name__ == "__main__":
    if sys.stdin.buffer.read() != DONE:
        end(marked(sys.argv[1]))
