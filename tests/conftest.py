"""What several tests need: small images, and a project that has run once."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from PIL import Image

from gan.errors import CheckpointError
from pipelines import files
from pipelines.__main__ import main
from pipelines.driver import machine, params
from pipelines.errors import UserError
from tests.browser import browser  # noqa: F401  a fixture for all tests

BIN = Path(sys.executable).parent
GIVEN = dict(os.environ)

# The whole pipeline in seconds. What is tested is that it runs and agrees with itself, not how good the samples are.
QUICK: dict[str, Any] = {
    "seed": 0,
    "prepare": {"image_size": 8},
    "pretrain": {"steps": 60},
    "train": {"steps": 20},
    "generate": {"candidates_per_sample": 2.0},
    "evaluate": {
        "classifiers": ["logistic_regression"],
        "repeats": 2,
        "folds": 2,
        "doses": [1.0],
        "curve_repeats": 0,
        "draws": 200,
    },
}


def environment(**more: str) -> dict[str, str]:
    """Return the environment with this one's tools first on the path, and `more`."""
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **more}


def run(*command: str, cwd: Path, env: Mapping[str, str] | None = None, code: int | None = 0) -> str:
    """Run a command as a user would, with this environment's tools first; return all that it printed."""
    done = subprocess.run(command, cwd=cwd, env=environment(**(env or {})), capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    assert code is None or done.returncode == code, f"{command} ended with {done.returncode}:\n{text}"
    return text


def called(*arguments: str, cwd: Path, code: int = 0) -> str:
    """Do in this process what `tailweight` would, which spares it to load everything anew; return all that it printed."""
    said = io.StringIO()
    with (
        contextlib.chdir(cwd), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said),
        pytest.raises(SystemExit) as ended,
    ):  # fmt: skip
        main(list(arguments))
    assert (ended.value.code or 0) == code, said.getvalue()
    return said.getvalue()


def document(said: str) -> Any:
    """Return the JSON document that stands first in what a command printed: behind it may stand how far it was."""
    return json.JSONDecoder().raw_decode(said[said.index("{") :])[0]


def one_line(call: Callable[[], object]) -> str:
    """Return what a call complains of: a line under 400 characters."""
    with pytest.raises((UserError, CheckpointError)) as caught:
        call()
    said = str(caught.value)
    assert said and "\n" not in said and len(said) < 400
    return said


def working_clone(project: Path, target: Path) -> Path:
    """Clone a finished project, with its data from the same cache, and return the clone: nothing is left to do in it."""
    run("git", "clone", "--quiet", str(project), str(target), cwd=target.parent)
    run("dvc", "config", "--local", "cache.dir", str(project / ".dvc/cache"), cwd=target)
    run("dvc", "checkout", "--quiet", cwd=target)
    return target


def begun_clone(project: Path, target: Path) -> Path:
    """Clone a project, with its raw data alone and an empty cache, and return the clone: all is left to do in it."""
    run("git", "clone", "--quiet", str(project), str(target), cwd=target.parent)
    run("dvc", "config", "--local", "cache.dir", str(target.parent / "cache"), cwd=target)
    shutil.copytree(project / "data/raw", target / "data/raw")
    return target


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Assert that the block neither adds, removes nor changes a file below `folder`."""

    def there() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}

    before = there()
    yield
    assert there() == before


def write_classes(folder: Path, counts: Mapping[str, int], size: int = 8, seed: int = 0) -> Path:
    """Write class folders of gray PNGs, each class with a faint bar at a place of its own; return the folder."""
    rng = np.random.default_rng(seed)
    for number, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            image = rng.integers(0, 90, (size, size))
            image[number % size] += 30
            Image.fromarray(image.astype(np.uint8)).save(folder / name / f"{index:03d}.png")
    return folder


def write_table(path: Path, counts: Mapping[str, int], seed: int = 0) -> pd.DataFrame:
    """Write a CSV with columns of every kind, awkwardly named, the class in `income`; return it as a DataFrame.

    Each class has a mean and a favourite colour of its own; a tenth of two columns is missing.
    """
    rng = np.random.default_rng(seed)
    labels = np.repeat(list(counts), list(counts.values()))
    place = np.repeat(np.arange(len(counts)), list(counts.values()))
    count = len(labels)
    frame = pd.DataFrame(
        {
            "id": [f"c-{number:05d}" for number in range(count)],
            '<b>size</b>: "x"': (rng.normal(place, 1)).round(2),
            "no. of visits": rng.poisson(2 + place),
            "größe": np.where(rng.random(count) < 0.6, np.array(["s", "m", "l"])[place % 3], "xl"),
            "member": rng.random(count) < 0.3 + 0.2 * (place % 2),
            "since": (pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, count), "D")).strftime(
                "%Y-%m-%d"
            ),
            "empty": np.nan,
            "income": labels,
        }
    )
    for name in ('<b>size</b>: "x"', "größe"):
        frame.loc[rng.random(count) < 0.1, name] = np.nan
    frame.to_csv(path, index=False)
    return frame


def write_series(path: Path, counts: Mapping[str, int], steps: int = 16, seed: int = 0) -> pd.DataFrame:
    """Write a CSV of series in long form, a wave of its own for each class, the class in `shape`; return it as a DataFrame.

    The series are named in `who`, the times in `when`; the channels are `wave`, a number, and `count`, the same whole.
    """
    rng = np.random.default_rng(seed)
    labels = np.repeat(list(counts), list(counts.values()))
    phase = rng.random((len(labels), 1)) + 2 * np.linspace(0, 1, steps)
    waves = np.stack([np.sin(2 * np.pi * phase), 2 * (phase % 1) - 1, np.where(phase % 1 < 0.2, 1.0, -1.0)])
    place = np.repeat(np.arange(len(counts)) % 3, list(counts.values()))
    wave = waves[place, np.arange(len(labels))] + rng.normal(0, 0.1, phase.shape)
    frame = pd.DataFrame(
        {
            "who": np.repeat([f"s-{number:03d}" for number in range(len(labels))], steps),
            "when": np.tile(np.arange(steps) / 10, len(labels)),
            "wave": wave.reshape(-1).round(3),
            "count": np.rint(5 * wave).astype(int).reshape(-1),
            "shape": np.repeat(labels, steps),
        }
    )
    frame.to_csv(path, index=False)
    return frame


@pytest.fixture(autouse=True)
def denormal_numbers() -> None:
    """Training flushes denormal numbers to zero in the whole process; a test must not notice what was trained before it.

    hypothesis refuses to draw numbers then.
    """
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)


@pytest.fixture(autouse=True)
def same_kernels() -> Iterator[None]:
    """Take back which kernels a stage that ran in this process asks for: it has loaded its own, and later ones would differ."""
    yield
    for name in machine.COMMON_KERNELS.keys() - GIVEN.keys():
        os.environ.pop(name, None)


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder for the whole session: nothing is read from or written to the user's own."""
    folder = tmp_path_factory.mktemp("home")
    os.environ.update(
        HOME=str(folder),
        PREFECT_HOME=str(folder / ".prefect"),
        GIT_AUTHOR_NAME="Test",
        GIT_AUTHOR_EMAIL="test@example.com",
        GIT_COMMITTER_NAME="Test",
        GIT_COMMITTER_EMAIL="test@example.com",
    )
    os.environ.pop("PREFECT_API_URL", None)
    return folder


def built_once(name: str, build: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what `build` makes in a folder that it is given: a copy for each test process of what the first one has made.

    A project takes a minute to run through, and its tests run it and lock it, so that processes cannot share it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{shared}.lock"):
        if not (shared / "built").is_file():
            shutil.rmtree(shared, ignore_errors=True)  # what a build that failed has left
            shared.mkdir()
            files.write_text(shared / "built", build(shared).relative_to(shared).as_posix())
    own = tmp_path_factory.mktemp(name) / "copy"
    shutil.copytree(shared, own, symlinks=True)
    return own / (own / "built").read_text()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that `tailweight init` made and `tailweight run` brought up to date, everything committed.

    Class names are as awkward as class names are. Tests must leave it as it was, or work on a clone.
    """

    def build(folder: Path) -> Path:
        images, project = folder / "images", folder / "project"
        write_classes(images, {"round one": 40, "Größe @ 10": 36, 'it\'s "5"': 12, "tail": 9, "lone": 4}, seed=1)
        called("init", str(project), "--images", str(images), cwd=folder)
        (project / "params.yaml").write_text(params.render(demo=False, values=QUICK))
        return ran(project)

    return built_once("finished", build, tmp_path_factory)


@pytest.fixture(scope="session")
def finished_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project like `finished`, of a table: columns of every kind, gaps, awkward names, a constraint."""

    def build(folder: Path) -> Path:
        project = folder / "project"
        write_table(folder / "people.csv", {"plain": 60, "b <i>&": 16, "lone": 4}, seed=2)
        called("init", str(project), "--table", str(folder / "people.csv"), "--label", "income",
            "--attributes", "größe", cwd=folder)  # fmt: skip
        limit = {"kind": "range", "column": "no. of visits", "max": 5}
        quick = QUICK | {
            "prepare": params.read(project)["prepare"],
            "generate": {"candidates_per_sample": 2.0, "constraints": [limit]},
            "plan": {"balance": "größe"},
        }
        (project / "params.yaml").write_text(params.render(demo=False, values=quick))
        return ran(project)

    return built_once("finished-table", build, tmp_path_factory)


@pytest.fixture(scope="session")
def finished_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project like `finished`, of time series with two channels, its rare class filled up by the device of each."""

    def build(folder: Path) -> Path:
        project, source = folder / "project", folder / "waves.csv.gz"
        frame = write_series(source, {"sine": 40, "<saw> & co": 36, "pulse": 14}, seed=3)
        frame.assign(device=np.where(frame["who"].str[-1].isin(["0", "5"]), "#2", "#1")).to_csv(source, index=False)
        columns = ["--id", "who", "--time", "when", "--label", "shape", "--balance", "device"]
        called("init", str(project), "--series", str(source), *columns, cwd=folder)
        quick = QUICK | {name: params.read(project)[name] for name in ("prepare", "plan")}
        (project / "params.yaml").write_text(params.render(demo=False, values=quick))
        return ran(project)

    return built_once("finished-series", build, tmp_path_factory)


def ran(project: Path) -> Path:
    """Run a project through, on a server of its own, as most runs are, commit what there is, and return it.

    PREFECT_API_URL="" is as if it were not set, without a word of trouble.
    """
    assert "EventsWorker" not in run("tailweight", "run", cwd=project, env={"PREFECT_API_URL": ""})
    run("git", "add", "--all", cwd=project)
    run("git", "commit", "--quiet", "--message", "ran", cwd=project)
    return project
