"""Whose report a page is: project, data, versions, settings. All of it follows from the inputs of the stage.

So the same inputs give the same bytes, and there is no date and no commit: a report would change with every commit and DVC
could not share it. What the data are is told by the MD5 of the training split, which `dvc.lock` has too, so git finds both.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pipelines.samples import IMAGES, SERIES, Samples

LONGEST = 60  # characters of a setting's value


@dataclass(frozen=True)
class Identity:
    """What tells this report from others.

    data: what the data set holds, in words.   data_version: MD5 of the training split, as in `dvc.lock`.
    judges: who judged, in words.   changed: settings that differ from their defaults, as text.
    """

    title: str
    data: str
    data_version: str
    tailweight: str
    seed: int
    judges: str
    changed: dict[str, str]


def of(
    title: str,
    train: Path,
    real: Samples,
    records: Mapping[str, Any],
    measured: Mapping[str, Any],
    changed: Mapping[str, Any],
    seed: int,
) -> Identity:
    """Return whose report it is. train: the file of `real`.   records: see `sections.records`."""
    return Identity(
        title,
        described(real, records, len(measured["counts"])),
        hashlib.md5(train.read_bytes(), usedforsecurity=False).hexdigest(),
        metadata.version("tailweight"),
        seed,
        str(measured.get("deciding_classifier") or ", ".join(measured["arms"])).replace("_", " "),
        {name: _brief(value) for name, value in changed.items() if name != "report.title"},
    )


def described(real: Samples, records: Mapping[str, Any], classes: int) -> str:
    """Return what the data set holds: how many samples of which kind in how many classes."""
    total = f"{sum(records['splits'].values()):,} {real.form.noun}"
    if real.kind == IMAGES:
        height, width, channels = real.values.shape[1:]
        total += f" of {width} × {height} pixels, {'gray' if channels == 1 else 'colour'}"
    elif real.kind == SERIES:
        steps, channels = real.values.shape[1:]
        total += f" of {steps} steps in {channels} channel{'s' if channels > 1 else ''}"
    elif real.columns:
        total += f" of {len(real.columns)} columns"
    return f"{total}, in {classes} classes"


def _brief(value: Any) -> str:
    if isinstance(value, dict) and value:
        return f"{len(value)} entries"
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
