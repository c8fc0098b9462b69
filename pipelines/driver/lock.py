"""`dvc.lock` kept whole: DVC writes it in place, so a kill or a full disk at that moment leaves a part of it, or nothing.

A copy of the last good one lies in the project's scratch folder. What it lacks, DVC's run cache brings back: stages that ran
with the same inputs are not run again. In the same way DVC writes `.dvc/tmp/rwlock`, in which its processes say which paths
they read and write; what dead ones have left there says nothing.
"""

import contextlib
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import psutil
from ruamel.yaml import YAML, YAMLError

from pipelines import files
from pipelines.errors import UserError

FILE = "dvc.lock"
KEPT = f"{files.WORK}/{FILE}"  # the last good one
DAMAGED = f"{files.WORK}/{FILE}.damaged"
HASHES = ("md5", "etag", "checksum", "params")  # that DVC names in a lock
MD5_LENGTH = 32
SETTLED_SECONDS = 3.0  # a lock that was written to more recently may be in the middle of being written
RWLOCK = ".dvc/tmp/rwlock"
RWLOCK_GUARD = f"{RWLOCK}.lock"  # that DVC locks while it reads and writes the other


def mend(project: Path) -> str | None:
    """Mend what DVC writes in place, `dvc.lock` and its `rwlock`; return a line that says what was damaged."""
    return "; ".join(filter(None, (_mend_lock(project), _mend_rwlock(project)))) or None


def _mend_lock(project: Path) -> str | None:
    """Keep a copy of a good lock; put the copy in the place of a damaged one and return a line that says so.

    Without a copy the damaged one is taken away, which makes DVC look into its run cache for every stage. A lock that may
    just be written to by another process is given time to become whole.
    """
    path, copy = project / FILE, project / KEPT
    if not path.is_file():
        return None
    while not (whole := is_whole(path)) and time.time() - path.stat().st_mtime < SETTLED_SECONDS:
        time.sleep(0.1)
    if whole:
        _keep(path, copy)
        return None
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, project / DAMAGED)
    if is_whole(copy):
        with files.replaced(path) as temporary:
            shutil.copyfile(copy, temporary)
        return f"{path} was damaged; the last good copy is back, and DVC's cache brings what came after it ({DAMAGED} has it)"
    path.unlink()
    return f"{path} was damaged and there is no copy of it; it is written anew from DVC's cache ({DAMAGED} has it)"


def _mend_rwlock(project: Path) -> str | None:
    """Take away a `rwlock` that is damaged, and return a line that says so, or that names dead processes alone."""
    path = project / RWLOCK
    if not path.is_file():
        return None
    with _guarding(project / RWLOCK_GUARD) as guarded:
        if not guarded:  # DVC is about to write it anew
            return None
        try:
            processes = named(path.read_text(encoding="utf-8"))
        except ValueError:
            path.unlink()
            return f"{path} was damaged by a killed run and is taken away; DVC writes it anew, nothing is lost"
        if processes and not any(_still_runs(*one) for one in processes):
            path.unlink()
    return None


@contextlib.contextmanager
def _guarding(path: Path) -> Iterator[bool]:
    """Hold DVC's lock on its `rwlock` for the time of the block; yield whether it could be had within some seconds."""
    with path.open("a", encoding="utf-8") as file:
        deadline = time.monotonic() + SETTLED_SECONDS
        while not (locked := files.locked(file)) and time.monotonic() < deadline:
            time.sleep(0.1)
        yield locked


def named(text: str) -> list[tuple[int, str]]:
    """Return the processes that a `rwlock` names, each its number and its command; ValueError where DVC would not read it."""
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(document, dict) or not set(document) <= {"read", "write"}:
        raise ValueError("expected an object with read and write")
    read, write = document.get("read", {}), document.get("write", {})
    if (
        not isinstance(read, dict)
        or not isinstance(write, dict)
        or not all(isinstance(one, list) for one in read.values())
    ):
        raise ValueError("expected the processes of each path")
    return [_process(one) for one in chain(write.values(), *read.values())]


def _process(entry: Any) -> tuple[int, str]:
    if not isinstance(entry, dict) or set(entry) != {"pid", "cmd"}:
        raise ValueError("expected a process and its command")
    if not isinstance(entry["pid"], int) or not isinstance(entry["cmd"], str):
        raise ValueError("expected a number and a text")
    return entry["pid"], entry["cmd"]


def _still_runs(pid: int, command: str) -> bool:
    """Say whether the process is there and is the one that was noted: numbers are used again, and DVC looks at them alone."""
    try:
        return " ".join(psutil.Process(pid).cmdline()).endswith(command.partition(" ")[2])
    except psutil.AccessDenied:
        return True
    except psutil.NoSuchProcess:
        return False


def mend_aloud(project: Path) -> None:
    """Mend what DVC writes in place, and say so on the terminal where it was damaged."""
    done = mend(project)
    if done:
        print(f"tailweight: {done}", file=sys.stderr)


def is_whole(path: Path) -> bool:
    """Say whether there is a lock at `path` that DVC would read."""
    try:
        return reads_whole(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return False


def reads_whole(text: str) -> bool:
    """Say whether the text of a lock has the shape that DVC asks for; one that was cut short may still have it."""
    return _entries(text) is not None


def stages(content: bytes | None) -> dict[str, Any]:
    """Return what a lock records of each stage, by name; nothing where there is no lock or it is damaged."""
    return _entries((content or b"").decode("utf-8", errors="replace")) or {}


def recorded(project: Path, stage: str) -> dict[str, Any]:
    """Return what the lock records of a stage, nothing where it does not; one that is being written is given time."""
    path, deadline = project / FILE, time.monotonic() + SETTLED_SECONDS
    while path.is_file() and not is_whole(path) and time.monotonic() < deadline:
        time.sleep(0.1)
    found: dict[str, Any] = stages(path.read_bytes() if path.is_file() else None).get(stage, {})
    return found


def is_as_read(project: Path, stage: str, path: str) -> bool | None:
    """Say whether a file is still as a stage has read it; None where the lock does not say how that was."""
    read = {one["path"]: one.get("md5") for one in recorded(project, stage).get("deps", [])}.get(path)
    return (
        None if read is None else read == hashlib.md5((project / path).read_bytes(), usedforsecurity=False).hexdigest()
    )


def hash_in(text: str) -> str:
    """Return the hash of what a `.dvc` file names; UserError where it is none of DVC's."""
    try:
        return str(YAML(typ="safe").load(text)["outs"][0]["md5"])
    except (YAMLError, ValueError, LookupError, TypeError):
        raise UserError("a .dvc file is damaged; bring it back: git checkout -- '*.dvc'") from None


def _entries(text: str) -> dict[str, Any] | None:
    """Return what a lock records of each stage; None where it has not the shape that DVC asks for."""
    try:
        document = YAML(typ="safe").load(text)
    except (YAMLError, ValueError, RecursionError):  # ValueError: a date that is none
        return None
    if not isinstance(document, dict) or document.get("schema") != "2.0":
        return None
    found = document.get("stages", {})
    return found if isinstance(found, dict) and all(_is_entry(entry) for entry in found.values()) else None


def _is_entry(entry: Any) -> bool:
    """Say whether a stage's entry is what DVC's schema asks for: a command, lists of files, mappings of parameters."""
    if not isinstance(entry, dict) or not isinstance(entry.get("cmd"), str | list):
        return False
    files_of, params = [entry.get("deps", []), entry.get("outs", [])], entry.get("params", {})
    if not all(isinstance(part, list) for part in files_of) or not isinstance(params, dict):
        return False
    return all(isinstance(values, dict) for values in params.values()) and all(map(_is_file, chain(*files_of)))


def _is_file(item: Any) -> bool:
    if not isinstance(item, dict) or "path" not in item or None in item.values():
        return False
    cut = "md5" in item and len(str(item["md5"])) < MD5_LENGTH
    return isinstance(item["path"], str) and not cut and item.get("hash", "md5") in HASHES


def _keep(path: Path, copy: Path) -> None:
    if copy.is_file() and copy.stat().st_mtime >= path.stat().st_mtime:
        return
    with files.replaced(copy) as temporary:
        shutil.copyfile(path, temporary)
