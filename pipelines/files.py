"""Reading and writing files so that nothing is ever half written."""

import fcntl
import io
import json
import lzma
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psutil
from ruamel.yaml import YAML, YAMLError

from gan.errors import one_line
from pipelines.errors import UserError

WORK = ".tailweight"  # a project's scratch folder, known to neither git nor DVC


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML 1.2 file as plain values; UserError names the line where it cannot be read."""
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (YAMLError, ValueError, RecursionError) as error:  # ValueError: another encoding, a date that is none
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        why = one_line(getattr(error, "problem", None) or str(error), 120)
        raise UserError(f"{path}: not readable as YAML ({where}{why}); mend the line it names") from None


def write_yaml(path: Path, value: Any, comment: str = "") -> None:
    """Write plain values as YAML in block style, keys in the order given, under a comment line."""
    write_text(path, yaml_text(value, comment))


def yaml_text(value: Any, comment: str = "", width: int = 120) -> str:
    """Return plain values as YAML in block style, keys in the order given, lines broken at `width`, under a comment line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = width
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the stub knows only the default's type
    text = io.StringIO()
    yaml.dump(value, text)
    return (f"# {comment}\n" if comment else "") + text.getvalue()


def read_json(path: Path) -> Any:
    """Return the content of a JSON file of ours, an object; UserError where it is damaged."""
    with undamaged(path):
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError(f"found a {type(found).__name__}, expected an object")
        return found


REMEDY = "bring it back with: dvc checkout --force (or dvc pull), or remove it and make it anew with: tailweight run"
DAMAGE = (  # what readers raise at a damaged file; pyarrow's errors are kinds of these
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, EOFError, OSError, RuntimeError, MemoryError,
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
)  # fmt: skip


@contextmanager
def undamaged(path: Path, remedy: str = REMEDY) -> Iterator[None]:
    """Turn what a damaged file of ours raises in the block into a UserError that says how to bring it back."""
    try:
        yield
    except FileNotFoundError:
        raise
    except DAMAGE as error:
        raise UserError(f"{path}: damaged ({one_line(error, 120)}); {remedy}") from None


def write_json(path: Path, value: Any) -> None:
    """Write JSON that a person can read and that is the same bytes for the same value."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name and move it into place."""
    with replaced(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and move it into place."""
    with replaced(path) as temporary:
        temporary.write_bytes(content)


def lay_empty(*paths: Path) -> None:
    """Write an empty file where there is none: DVC takes no dependency that is missing."""
    for path in paths:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path` for a file to be written; moved into place unless the block raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def locked(file: IO[str]) -> bool:
    """Lock an open file for this process alone, until it is closed; say whether that was possible."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def outputs(project: Path, paths: Mapping[str, str]) -> Iterator[dict[str, Path]]:
    """Yield a temporary path for each output of a stage, files or folders; once all are written they are moved into place.

    They are made in the project's scratch folder, so that a run which is killed leaves nothing in the data folders.
    """
    scratch = project / WORK / f"outputs-{os.getpid()}"
    for left in scratch.parent.glob("outputs-*"):
        if left == scratch or not psutil.pid_exists(int(left.name.removeprefix("outputs-"))):
            shutil.rmtree(left, ignore_errors=True)
    scratch.mkdir(parents=True)
    temporary = {name: scratch / path for name, path in paths.items()}
    try:
        for path in temporary.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        missing = [path for name, path in paths.items() if not temporary[name].exists()]
        assert not missing, f"a stage did not write {missing}"
        for name, place in paths.items():
            move(temporary[name], project / place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def move(source: Path, target: Path) -> None:
    """Move a file or folder onto `target`, which may exist, within one file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    os.replace(source, target)
