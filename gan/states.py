"""The state of long work on disk, from which it goes on where it was stopped: a safetensors file with JSON and a checksum.

Nothing in it is executed. It is written under a temporary name, brought to the disk and moved into place. A file that was
damaged after that is found by the checksum, and the state before it is used.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from gan.errors import one_line

KEY = "state"  # the one entry of the metadata, [notes, checksum]: safetensors writes several in any order
KEPT = 2  # states on disk: the last, and the one before it
FIRST_SECONDS = 0.01  # that the first state is taken to cost


class State(NamedTuple):
    """Arrays by name, and what is no array as plain values."""

    arrays: Mapping[str, np.ndarray]
    notes: dict[str, Any]


class DamagedState(ValueError):
    """A file that is not a state as it was written."""


class States:
    """The last states of one piece of work, in a folder of its own.

    share: of the time of the work that goes into writing its state at most, which sets how often that is done; 0 for never.
    say: is told in a line what was found, and what could not be written.
    """

    def __init__(self, folder: Path, share: float, say: Callable[[str], object] = print):
        self.folder, self.share, self.say = folder, share, say
        self.began, self.spent, self.written, self.failing = time.monotonic(), 0.0, 0, False

    @cached_property
    def found(self) -> State | None:
        """The last good state that was there when it was first asked for; damaged ones are removed."""
        for path in reversed(self._paths()):
            try:
                state = read(path)
            except DamagedState as error:
                self.say(f"a state is damaged and is left out: {path} ({error})")
                path.unlink()
                continue
            self.say(f"goes on after step {state.notes['step']}, where it was stopped")
            return state
        return None

    def keep_if_due(self, make: Callable[[], State]) -> None:
        """Write the state that `make` returns, unless that would take more than its share of the time so far.

        Where it cannot be written, on a full disk say, the work goes on without.
        """
        if not self.is_due():
            return
        started = time.monotonic()
        paths = self._paths()
        number = int(paths[-1].stem) + 1 if paths else 0
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write(make(), self.folder / f"{number:08d}.safetensors")
        except OSError as error:
            self._say_once(error)
        else:
            for path in paths[: len(paths) + 1 - KEPT]:
                path.unlink()
        self.spent, self.written = self.spent + time.monotonic() - started, self.written + 1

    def is_due(self) -> bool:
        """Say whether another state is within its share of the time."""
        next_one = self.spent / self.written if self.written else FIRST_SECONDS
        return self.spent + next_one <= self.share * (time.monotonic() - self.began)

    def part(self, name: str) -> State | None:
        """Return a part of the work that was done before and kept by `keep_part`; None where there is none."""
        path = self._path_of(name)
        if not path.is_file():
            return None
        try:
            return read(path)
        except DamagedState as error:
            self.say(f"a part is damaged and is made anew: {path} ({error})")
            return None

    def keep_part(self, name: str, part: State) -> None:
        """Keep a part of the work that is done; where it cannot be written, the work goes on without."""
        if not self.share:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write(part, self._path_of(name), durable=False)
        except OSError as error:
            self._say_once(error)

    def _say_once(self, error: OSError) -> None:
        if not self.failing:
            self.say(f"goes on without keeping its state: {' '.join(str(error).split())}")
        self.failing = True

    def _path_of(self, name: str) -> Path:
        return self.folder / f"part-{name}.safetensors"

    def _paths(self) -> list[Path]:
        """Return the states on disk, the oldest first."""
        return sorted(self.folder.glob("[0-9]*.safetensors"))


def kept_or_made(states: States | None, name: str, make: Callable[[], State]) -> State:
    """Return a part of the work as it was kept in `states`, where there are any, or as it is made now, and keep it."""
    found = states.part(name) if states else None
    if found is not None:
        return found
    made = make()
    if states:
        states.keep_part(name, made)
    return made


def write(state: State, path: Path, durable: bool = True) -> None:
    """Write a state in one go, the same bytes for the same state.

    durable: wait until the disk has it, so that a power cut leaves the old file or the new.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in state.arrays.items()}
    content = safetensors.numpy.save(arrays, {KEY: json.dumps([state.notes, _checksum(arrays, state.notes)])})
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with partial.open("wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    if durable:
        _settle(path.parent)


def read(path: Path) -> State:
    """Read what `write` wrote; DamagedState where it is anything else."""
    try:
        with safe_open(path, framework="np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (a file, not a dict)
            notes, checksum = json.loads((file.metadata() or {})[KEY])
        if checksum != _checksum(arrays, notes):
            raise ValueError("another checksum")
        return State(arrays, notes)
    except (SafetensorError, KeyError, ValueError, TypeError, OSError) as error:
        raise DamagedState(one_line(error, 120)) from None


def _checksum(arrays: Mapping[str, np.ndarray], notes: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(notes).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _settle(folder: Path) -> None:
    """Wait until the disk has the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
