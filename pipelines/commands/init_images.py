"""`tailweight init --images`: a project whose data are images."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.commands.presets import with_preset
from pipelines.commands.project import build, next_step, refuse_existing
from pipelines.driver import params
from pipelines.errors import UserError
from pipelines.ingest import attributes, image_files, image_sources, source

DEFAULT_SIZE = 64  # pixels a side at most, unless asked for more
PROBED = 50  # images that are looked at to choose a size


def create(
    folder: Path,
    images: Path,
    image_size: int | None = None,
    preset: str = "default",
    told: Sequence[str] = (),
    balance: str = "",
) -> None:
    """Make the project `folder` from the images at `images`; all of it or, where anything is wrong, nothing.

    told: attributes of the images. balance: that of them by which classes are filled up. UserError where `folder` exists, the
    images are in no known form, or git is missing.
    """
    folder, images = folder.resolve(), images.resolve()
    if folder.is_relative_to(images):
        raise UserError(f"{folder}: lies inside the images, {images}; name a folder outside of it")
    refuse_existing(folder)
    if image_size is not None and not 8 <= image_size <= 128:
        raise UserError(f"--image-size is {image_size}, expected 8 to 128")
    records = image_sources.scan(images, asked=told)
    usable = [record for record in records if record.problem is None]
    labels = Counter(record.label for record in usable)
    if len(labels) < 2:
        raise UserError(
            f"{images}: found {len(labels)} class(es){_commonest_problem(records)}, at least 2 are needed; "
            f"expected {image_sources.EXPECTED}"
        )
    attributes.check(attributes.of_records([record.attributes for record in usable], told, str(images)))
    size = image_size or probe_size(usable)
    print(f"bringing in {len(usable)} images of {len(labels)} classes")
    about = {"image_size": size, "attributes": list(told)}
    own: dict[str, dict[str, Any]] = {"prepare": about, "plan": {"balance": balance}}
    values = with_preset(preset, own)
    build(folder, lambda raw: bring_in(images, raw), values, source.remembered(str(images)))
    print(f"{folder}: images of {size}x{size} pixels; settings in {folder / params.FILE}\n{next_step(folder)}")


def _commonest_problem(records: list[image_sources.Record]) -> str:
    problems = Counter(record.problem for record in records if record.problem).most_common(1)
    return f" ({problems[0][1]} records: {problems[0][0]})" if problems else ""


def bring_in(images: Path, raw: Path) -> None:
    """Copy the data to `raw`: a folder without what may not be read, a file, a manifest with the images that it names and what
    lies beside these.
    """
    raw.mkdir(parents=True)
    if images.is_dir():
        _bring_in_folder(images, raw)
        return
    shutil.copy(images, raw / images.name)
    if images.suffix.lower() == ".csv":
        for record in image_sources.from_manifest(images):
            if record.problem is None:
                for name in (record.id, *record.beside):
                    target = raw / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(images.parent / name, target)


def _bring_in_folder(images: Path, raw: Path) -> None:
    left_out: Counter[str] = Counter()
    for path, problem in image_sources.tree(images):
        if problem:
            left_out[problem] += 1
            continue
        target = raw / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(images / path, target)
    for problem, count in left_out.items():
        print(f"left out: {count} x {problem}")


def probe_size(records: list[image_sources.Record]) -> int:
    """Return the side for the images: the median of their shorter sides, at least 8 and at most 64 pixels."""
    step = max(len(records) // PROBED, 1)
    sides = [side for record in records[::step] if (side := _shorter_side(record))]
    return int(np.clip(np.median(sides), 8, DEFAULT_SIZE)) if sides else DEFAULT_SIZE


def _shorter_side(record: image_sources.Record) -> int | None:
    try:
        return min(image_files.size_of(record.content()))
    except (image_files.UnreadableImage, OSError):
        return None
