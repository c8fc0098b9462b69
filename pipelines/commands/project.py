"""What `tailweight init` lays out around the data: a folder that is a git and DVC repository, with all that a run needs."""

import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines import files
from pipelines.commands import deploy
from pipelines.driver import dag, dvc, git, params, plots
from pipelines.errors import UserError
from pipelines.ingest import source
from pipelines.ingest.source import Source
from pipelines.plan import Plan

REMOTES = "~/.tailweight/remotes"

GITIGNORE = f"""\
# DVC keeps these; git keeps what names them.
/data/prepared/
/data/models/*
/data/candidates/*
/data/synthetic/*
!/data/*/.gitignore
/data/baseline.safetensors
/data/suspects.csv
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
GITATTRIBUTES = f"""\
{dag.REVIEW} merge=union
{dag.REMOVED} merge=union
"""
README = """\
# {name}

A Tailweight project: `tailweight run` brings everything up to date and ends with
`data/report/report.html`; `dvc repro plan && dvc repro` does the same without Prefect. Settings are in `params.yaml`.
`dvc push` and `dvc pull` keep data and models in the remote that `.dvc/config` names.
"""


def refuse_existing(folder: Path) -> None:
    """Raise UserError where `folder` is a file or has anything in it."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: exists already; name a new folder")


def build(folder: Path, fill: Callable[[Path], None], values: Mapping[str, Any], origin: Source) -> None:
    """Make the project `folder` with the settings `values`; `fill` writes the raw data. All of it or nothing.

    origin: where the data come from.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = folder.with_name(f".{folder.name}.tailweight-init")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir()
        fill(building / "data/raw")
        source.write(building, origin)
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
    return f"go on with: cd {shlex.quote(str(folder))} && tailweight run"


def lay_out(project: Path, values: Mapping[str, Any], name: str) -> None:
    """Make `project`, a folder with data in `data/raw`, a git and DVC repository with every file that a run needs."""
    files.write_text(project / ".gitignore", GITIGNORE)
    values = {"report": {"title": name}, **values}
    files.write_text(project / params.FILE, params.render(demo=False, values=values))
    files.write_text(project / dvc.FILE, dvc.render(demo=False, values=values))
    files.write_text(project / "README.md", README.format(name=name))
    deploy.write(project / deploy.FILE, deploy.definition(name, project=name))
    Plan().save(project / dag.PLAN)
    dag.lay_empty(project)
    dvc.write_code_hashes(project)
    for shared in dag.SHARED_FOLDERS:
        files.write_text(project / shared / ".gitignore", "*\n!.gitignore\n")
    git.output(project, "init", "--quiet")
    dvc.command(project, "init", "--quiet")
    files.write_text(project / ".gitattributes", GITATTRIBUTES)
    files.write_text(project / ".dvcignore", DVCIGNORE)
    plots.write(project)
    dvc.command(project, "config", "core.analytics", "false")
    dvc.command(project, "remote", "add", "--default", "local", f"{REMOTES}/{name}")
    dvc.command(project, "add", "--quiet", "data/raw")
    git.output(project, "add", "--all")
    _commit(project)


def _commit(project: Path) -> None:
    try:
        git.output(project, "commit", "--quiet", "--message", "Set up by tailweight init")
    except UserError as error:
        print(f"the first commit is yours to make: git commit -m 'Set up' ({error})")
