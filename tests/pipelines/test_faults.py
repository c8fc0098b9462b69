"""Faults of the machine, made real: no space, a disk to be read only, few open files, another locale, a damaged config."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipelines import files
from pipelines.driver import dag, dvc, params
from tests.conftest import BIN, environment, run, unchanged, write_classes

NO_UTF8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # Python takes file names for ASCII
FILES = 12  # that a process may have open
MEGABYTES = 900  # of memory that a process may ask for
MANY = 12_000  # images, of 49 KB each at 128 pixels


def begin(folder: Path) -> Path:
    """Lay out what the stage `prepare` needs of a project."""
    write_classes(folder / "data/raw", {"Größe": 30, "two": 12}, seed=1)
    (folder / "params.yaml").write_text(params.render(demo=False, values={"prepare": {"image_size": 8}}))
    (folder / dvc.FILE).write_text(dvc.render(demo=False, values={}))
    dag.lay_empty(folder)
    return folder


def complaint(*command: str, cwd: Path) -> str:
    """Return the one line with which a command ends with exit code 2."""
    said = run("tailweight", *command, cwd=cwd, code=2)
    assert said.startswith("tailweight: ") and said.count("\n") == 1 and len(said) < 400, said
    return said


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes with a project on it; skipped where none may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no tmpfs may be mounted here: {done.stderr.strip()}")
    try:
        yield begin(disk / "project").parent
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.skipif(not shutil.which("mount"), reason="needs mount")
def test_a_full_disk_is_a_line_and_leaves_nothing_half_written(small_disk: Path) -> None:
    """With space again, the stage runs as if nothing had been."""
    project = small_disk / "project"
    with (small_disk / "filler").open("wb", buffering=0) as filler:
        try:
            while filler.write(bytes(4096)):
                pass
        except OSError:
            pass
    with unchanged(project):
        assert "No space left" in complaint("stage", "prepare", cwd=project)
    (small_disk / "filler").unlink()
    run("tailweight", "stage", "prepare", cwd=project)
    assert (project / "data/prepared/train.parquet").is_file() and not list((project / files.WORK).glob("outputs-*"))


@pytest.mark.skipif(not shutil.which("mount"), reason="needs mount")
def test_a_disk_that_may_only_be_read_is_a_line(small_disk: Path) -> None:
    """For a stage and a run alike."""
    project = small_disk / "project"
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for command in (["stage", "prepare"], ["run"]):
        assert "Read-only file system" in complaint(*command, cwd=project)


def test_few_open_files_are_enough_for_a_stage(tmp_path: Path) -> None:
    """No reader keeps a file open for each image."""
    project = begin(tmp_path / "project")
    run("bash", "-c", f"ulimit -n {FILES}; exec tailweight stage prepare", cwd=project)
    assert (project / "data/prepared/train.parquet").is_file()


def test_little_memory_is_a_line_that_says_what_takes_less(tmp_path: Path) -> None:
    """Images that fit on the disk and not into what a process may have; with less of them, the stage runs."""
    project = begin(tmp_path / "project")
    shutil.rmtree(project / "data/raw")
    (project / "data/raw").mkdir()
    values = {"prepare": {"image_size": 128, "drop_duplicates": False}}
    (project / "params.yaml").write_text(params.render(demo=False, values=values))
    images = np.zeros((MANY, 16, 16, 3), np.uint8)
    np.savez_compressed(project / "data/raw/images.npz", images=images, labels=np.arange(MANY) % 2)
    command = f"ulimit -v {MEGABYTES * 1024}; exec tailweight stage prepare"
    done = subprocess.run(
        ["bash", "-c", command], cwd=project, env=environment(), capture_output=True, text=True, check=False
    )
    said = done.stderr.splitlines()[-1]
    assert done.returncode == 2 and said.startswith("tailweight: prepare: not enough memory"), done.stderr
    assert "a smaller prepare.image_size" in said and len(said) < 400
    (project / "params.yaml").write_text(
        params.render(demo=False, values={"prepare": values["prepare"] | {"image_size": 8}})
    )
    run("bash", "-c", command, cwd=project)


def test_a_locale_without_utf8_changes_nothing(tmp_path: Path) -> None:
    """Names of classes are read from the disk, and shown, as everywhere; the outputs are the same bytes."""
    project = begin(tmp_path / "project")
    prepared = project / "data/prepared"
    outputs = []
    for env in ({}, NO_UTF8):
        run("tailweight", "stage", "prepare", cwd=project, env=env)
        outputs.append({path.name: path.read_bytes() for path in prepared.iterdir()})
    assert outputs[0] == outputs[1] and "Größe" in files.read_json(prepared / "classes.json")["classes"]
    command, env = [str(BIN / "tailweight"), "params", "--all"], {**os.environ, **NO_UTF8}
    assert "…" in subprocess.run(command, cwd=project, env=env, capture_output=True, check=True).stdout.decode()


@pytest.mark.parametrize("content", [b"[core\n  x = ", b"\xff\xfe", b"[core]\n nosuch = 1\n"])
def test_a_damaged_config_of_dvc_is_a_line(content: bytes, tmp_path: Path) -> None:
    """The run ends before anything is started."""
    project = begin(tmp_path / "project")
    run("git", "init", "--quiet", cwd=project)
    (project / ".dvc").mkdir()
    (project / ".dvc/config").write_bytes(content)
    assert "config" in complaint("run", cwd=project)


def test_a_project_is_made_without_a_name_in_git(tmp_path: Path) -> None:
    """All is ready for the first commit, and a line says that it is the user's to make."""
    images = write_classes(tmp_path / "images", {"one": 12, "two": 12})
    nobody = {name: "" for name in os.environ if name.startswith("GIT_")} | {"GIT_CONFIG_NOSYSTEM": "1"}
    said = run("tailweight", "init", "project", "--images", str(images), cwd=tmp_path, env=nobody)
    assert "the first commit is yours to make" in said and (tmp_path / "project/params.yaml").is_file()
