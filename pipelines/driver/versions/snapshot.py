"""What a project holds at one time, now or in a version: counts, verdicts, figures, settings, which samples there are.

A version's small files are in git; what was measured and the lists of its samples are in DVC's cache.
"""

import csv
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import files
from pipelines.driver import dag, git, lock, names, params, summary, versions
from pipelines.driver.versions.cached import Cached
from pipelines.ingest.splits import USED
from pipelines.plan import Plan
from pipelines.samples.release import SYNTHETIC

NOW = "the working state"
MEASURED = (summary.METRICS, summary.GAINS, dag.HEADLINE)
RELEASED = "data/release/manifest.csv"

Samples = dict[
    tuple[str, str], str
]  # by id and, of synthetic ones, raw score: their ids are used again by each training


@dataclass(frozen=True)
class Snapshot:
    """What a project holds at one time.

    counts: real training samples by class. found: what was decided. precision: average precision of each class `without`
    and `with` synthetic samples. real, released: the class of each real sample that is used, and of each synthetic one that
    is released. made: hashes of what each stage has made, by what people call the stage. missing: the files that are not
    there, for which the above are None or empty.
    """

    name: str
    counts: dict[str, int]
    found: summary.Summary | None
    precision: dict[str, dict[str, float]]
    real: Samples | None
    released: Samples | None
    settings: dict[str, Any]
    made: dict[str, list[str]]
    missing: list[str]


def now(project: Path) -> Snapshot:
    """Return what a project holds now."""
    return _read(project, NOW)


def of(project: Path, name: str) -> Snapshot:
    """Return what a version holds; UserError where there is no such version."""
    revision = versions.commit_of(project, name)
    cached = Cached(project, revision)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for path in versions.IN_GIT:
            content = git.content(project, revision, path)
            if content is not None:
                _room(folder / path).write_bytes(content)
        for path in (*MEASURED, dag.MANIFEST, RELEASED):
            if place := cached.find(path):
                shutil.copyfile(place, _room(folder / path))
        return _read(folder, name)


def _room(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _read(folder: Path, name: str) -> Snapshot:
    missing = [path for path in (*MEASURED, dag.MANIFEST, RELEASED) if not (folder / path).is_file()]
    measured = not set(MEASURED) & set(missing)
    return Snapshot(
        name=name,
        counts=Plan.load(folder / dag.PLAN).counts if (folder / dag.PLAN).is_file() else {},
        found=summary.of(folder) if measured else None,
        precision=_precision(folder / dag.HEADLINE) if measured else {},
        real=_real(folder / dag.MANIFEST) if dag.MANIFEST not in missing else None,
        released=_released(folder / RELEASED) if RELEASED not in missing else None,
        settings=_flat(params.read(folder)) if (folder / params.FILE).is_file() else {},
        made=_made(folder),
        missing=missing,
    )


def _precision(path: Path) -> dict[str, dict[str, float]]:
    found = files.read_json(path)
    with files.undamaged(path):
        return {name: dict(one["average_precision"]) for name, one in found["classes"].items()}


def _real(path: Path) -> Samples:
    return {(row["id"], ""): row["class"] for row in _rows(path) if row["status"] == USED}


def _released(path: Path) -> Samples:
    return {(row["id"], row["raw_score"]): row["class"] for row in _rows(path) if row["origin"] == SYNTHETIC}


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with files.undamaged(path), path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    """Return settings by `group.key`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= {f"{name}.{key}": one for key, one in value.items()} if isinstance(value, dict) else {name: value}
    return flat


def _made(folder: Path) -> dict[str, list[str]]:
    path = folder / lock.FILE
    recorded = lock.stages(path.read_bytes()) if path.is_file() else {}
    return {
        names.shown(name, folder): [str(out.get("md5")) for out in entry.get("outs", [])]
        for name, entry in recorded.items()
    }
