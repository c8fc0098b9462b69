"""`tailweight init`: a project in a folder and git repository of its own, with the data brought in."""

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import dag, deployments, dvc, files, params, pictures, sources
from pipelines.errors import UserError
from pipelines.plan import Plan

REMOTES = "~/.tailweight/remotes"
DEFAULT_SIZE = 64  # pixels a side at most, unless asked for more
PROBED = 50  # pictures that are looked at to choose a size

GITIGNORE = f"""\
# DVC keeps these; git keeps what names them.
/data/prepared/
/data/models/*
/data/candidates/*
/data/synthetic/*
!/data/*/.gitignore
/data/evaluation/
/data/release/
/data/report/
/{files.WORK}/
__pycache__/
"""
DVCIGNORE = f"""\
/{files.WORK}/
__pycache__
.gitignore
"""


def create(folder: Path, images: Path, image_size: int | None = None) -> None:
    """Make the project `folder` from the pictures at `images`; all of it or, where anything is wrong, nothing.

    UserError where `folder` exists, the pictures are in no known form, or git is missing.
    """
    folder, images = folder.resolve(), images.resolve()
    if folder.is_relative_to(images):
        raise UserError(f"{folder}: lies inside the pictures, {images}; name a folder outside of it")
    refuse_existing(folder)
    if image_size is not None and not 8 <= image_size <= 128:
        raise UserError(f"--image-size is {image_size}, expected 8 to 128")
    records = sources.scan(images)
    usable = [record for record in records if record.problem is None]
    labels = Counter(record.label for record in usable)
    if len(labels) < 2:
        raise UserError(
            f"{images}: found {len(labels)} class(es){_commonest_problem(records)}, at least 2 are needed; "
            f"expected {sources.EXPECTED}"
        )
    size = image_size or probe_size(usable)
    print(f"bringing in {len(usable)} pictures of {len(labels)} classes")
    build(folder, lambda raw: bring_in(images, raw), {"prepare": {"image_size": size}})
    print(f"{folder}: pictures of {size}x{size} pixels; settings in {folder / params.FILE}\n{next_step(folder)}")


def refuse_existing(folder: Path) -> None:
    """Raise UserError where `folder` is a file or has anything in it."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: exists already; name a new folder")


def build(folder: Path, fill: Callable[[Path], None], values: Mapping[str, Any]) -> None:
    """Make the project `folder` with the settings `values`; `fill` writes the raw data. All of it or nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = folder.with_name(f".{folder.name}.tailweight-init")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir()
        fill(building / "data/raw")
        lay_out(building, values, name=folder.name)
        folder.mkdir(exist_ok=True)
        for path in sorted(
            building.iterdir(), key=lambda path: path.name == params.FILE
        ):  # last what makes it a project
            path.rename(folder / path.name)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def next_step(folder: Path) -> str:
    """Return the line that says how to go on."""
    return f"go on with: cd {folder} && tailweight run"


def _commonest_problem(records: list[sources.Record]) -> str:
    problems = Counter(record.problem for record in records if record.problem).most_common(1)
    return f" ({problems[0][1]} records: {problems[0][0]})" if problems else ""


def bring_in(images: Path, raw: Path) -> None:
    """Copy the data to `raw`: a folder as it is, a single file into it, a manifest with the pictures that it names."""
    if images.is_dir():
        shutil.copytree(images, raw, symlinks=False)
        return
    raw.mkdir(parents=True)
    shutil.copy(images, raw / images.name)
    if images.suffix.lower() == ".csv":
        for record in sources.from_manifest(images):
            if record.problem is None:
                target = raw / record.id
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(images.parent / record.id, target)


def lay_out(project: Path, values: Mapping[str, Any], name: str) -> None:
    """Make `project`, a folder with data in `data/raw`, a git and DVC repository with every file that a run needs."""
    files.write_text(project / ".gitignore", GITIGNORE)
    files.write_text(project / params.FILE, params.render(demo=False, values=values))
    files.write_text(project / dvc.FILE, dvc.render(demo=False))
    files.write_text(project / "README.md", README.format(name=name))
    deployments.write(project / deployments.FILE, deployments.definition(name))
    Plan().save(project / dag.PLAN)
    dvc.write_code_hashes(project)
    for shared in dag.SHARED_FOLDERS:
        files.write_text(project / shared / ".gitignore", "*\n!.gitignore\n")
    _git(project, "init", "--quiet")
    dvc.command(project, "init", "--quiet")
    files.write_text(project / ".dvcignore", DVCIGNORE)
    dvc.command(project, "config", "core.analytics", "false")
    dvc.command(project, "remote", "add", "--default", "local", f"{REMOTES}/{name}")
    dvc.command(project, "add", "--quiet", "data/raw")
    _git(project, "add", "--all")
    _commit(project)


def probe_size(records: list[sources.Record]) -> int:
    """Return the side for the pictures: the median of their shorter sides, at least 8 and at most 64 pixels."""
    step = max(len(records) // PROBED, 1)
    sides = [side for record in records[::step] if (side := _shorter_side(record))]
    return int(np.clip(np.median(sides), 8, DEFAULT_SIZE)) if sides else DEFAULT_SIZE


def _shorter_side(record: sources.Record) -> int | None:
    try:
        return min(pictures.size_of(record.content()))
    except (pictures.UnreadablePicture, OSError):
        return None


def _git(project: Path, *arguments: str) -> None:
    try:
        done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UserError(
            "git is not installed, and a project is a git repository; install it, e.g.: apt install git"
        ) from None
    if done.returncode:
        raise UserError(f"git {arguments[0]} in {project}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def _commit(project: Path) -> None:
    try:
        _git(project, "commit", "--quiet", "--message", "Set up by tailweight init")
    except UserError:
        print("the first commit is yours to make, git does not know your name yet: git commit -m 'Set up'")


README = """\
# {name}

A Tailweight project: `tailweight run` brings everything up to date and ends with
`data/report/report.html`; `dvc repro plan && dvc repro` does the same without Prefect. Settings are in `params.yaml`.
`dvc push` and `dvc pull` keep data and models in the remote that `.dvc/config` names.
"""
