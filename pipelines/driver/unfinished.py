"""Where a stage keeps how far it is, so that one that was stopped goes on: by a hash of all that goes into it.

It lies in the project's scratch folder, which neither git nor DVC knows, and is removed once the stage is done.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from pipelines import files
from pipelines.driver.dag import Stage, code_hash

if TYPE_CHECKING:
    from gan.states import States

FOLDER = f"{files.WORK}/state"
LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "torch")  # another version may round otherwise
DEVICE, ACCELERATOR = "TAILWEIGHT_DEVICE", Path("/dev/nvidia0")  # as in gan/device.py, which loads torch
KEY_LENGTH = 16


@contextmanager
def states(
    project: Path,
    stage: Stage,
    slug: str | None,
    arguments: Mapping[str, Any],
    reads: Mapping[str, Path],
    share: float,
) -> Iterator[dict[str, "States"]]:
    """Yield where the stage keeps its state as what its `run` takes; nothing of it is left unless the block raises.

    arguments: the settings that the stage is told. reads: its inputs. share: see `States`. What another key has left,
    that of other data, settings or code, is removed.
    """
    if not stage.resumes:
        yield {}
        return
    from gan.states import States  # loads NumPy

    place = project / FOLDER / stage.name_for(slug)
    own = place / key(stage, arguments, reads)
    for other in place.glob("*"):
        if other != own:
            shutil.rmtree(other, ignore_errors=True)
    yield {"states": States(own, share, lambda line: print(f"{stage.name_for(slug)}: {line}", flush=True))}
    _remove(place)


def prune(project: Path, slugs: set[str]) -> None:
    """Remove what stages of classes other than `slugs` have left."""
    for place in (project / FOLDER).glob("*@*"):
        if place.name.partition("@")[2] not in slugs:
            _remove(place)


def key(stage: Stage, arguments: Mapping[str, Any], reads: Mapping[str, Path]) -> str:
    """Return a hash of what decides a stage's outputs: its settings, its inputs, its code, the libraries, the device."""
    told = {
        "code": code_hash(stage),
        "settings": {
            name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
            for name, value in arguments.items()
        },
        "libraries": libraries(),
        "device": [os.environ.get(DEVICE, ""), ACCELERATOR.exists()],
        "inputs": {name: _content(path) for name, path in reads.items()},
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:KEY_LENGTH]


def libraries() -> dict[str, str]:
    """Return the versions of the libraries that decide a stage's bytes."""
    return {name: version(name) for name in LIBRARIES}


def _content(path: Path) -> list[str]:
    """Return a hash of each file at `path`, which may be a folder, after its name."""
    found = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    return [f"{one.relative_to(path).as_posix()} {_digest(one)}" for one in found]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    if place.parent.is_dir() and not any(place.parent.iterdir()):
        shutil.rmtree(place.parent, ignore_errors=True)
