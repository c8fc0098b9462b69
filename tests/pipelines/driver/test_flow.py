"""The flow: how often it asks DVC, what it tries again, and that any task runner may run it."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.conftest import called, environment, run, write_classes

COUNTING = """\
import os, sys
words = sys.orig_argv
if "dvc" in words and words[words.index("dvc") - 1] == "-m":
    with open(os.environ["DVC_CALLS"], "a") as file:
        print(" ".join(word for word in words[words.index("dvc") + 1 :] if word[:2] != "--"), file=file)
"""


@pytest.fixture
def counted(tmp_path: Path) -> dict[str, str]:
    """An environment in which every Python process that is a DVC command writes itself into the file `calls`."""
    (tmp_path / "counting").mkdir()
    (tmp_path / "counting/sitecustomize.py").write_text(COUNTING)
    path = os.pathsep.join([str(tmp_path / "counting"), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {"PYTHONPATH": path, "DVC_CALLS": str(tmp_path / "calls")}


def calls(environment: dict[str, str]) -> Counter:
    """Return how often each DVC command was started since the last time that this was asked."""
    path = Path(environment["DVC_CALLS"])
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return Counter(lines)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of two classes that has not run yet."""
    folder = tmp_path_factory.mktemp("new")
    write_classes(folder / "images", {"a": 12, "b": 12})
    called("init", "project", "--images", "images", cwd=folder)
    return folder / "project"


@pytest.fixture
def small(new: Path, tmp_path: Path) -> Path:
    """A copy of the new project for one test."""
    shutil.copytree(new, tmp_path / "project", symlinks=True)
    return tmp_path / "project"


def test_an_idle_run_asks_dvc_once(finished: Path, counted: dict[str, str]) -> None:
    """Where nothing is to be done, one `dvc status` says so, and nothing else of DVC is started."""
    assert "all is up to date" in run("tailweight", "run", cwd=finished, env=counted)
    assert calls(counted) == {"status": 1}
    assert "all is up to date" in run("tailweight", "run", "train", "report", cwd=finished, env=counted)
    assert calls(counted) == {"status": 1}


def test_the_flow_does_not_ask_again_what_the_command_has_asked(small: Path, counted: dict[str, str]) -> None:
    """DVC is asked before the run, and after it whether what evaluate found still holds; not in between."""
    run("tailweight", "run", "prepare", cwd=small, env=counted)
    assert calls(counted) == {"status": 2, "dag": 2, "repro prepare": 1}


def test_an_error_in_the_data_is_not_tried_again(small: Path, counted: dict[str, str]) -> None:
    """The stage is started once and its line is shown."""
    for path in (small / "data/raw").rglob("*.png"):
        path.write_text(f"no image {path.name}")
    assert "not an image" in run("tailweight", "run", "prepare", cwd=small, env=counted, code=2)
    assert calls(counted)["repro prepare"] == 1


def test_a_killed_stage_is_tried_again(small: Path, counted: dict[str, str]) -> None:
    """Kill -9 of the process of a running stage: the flow starts it once more, and the run comes to its end."""
    killed: list[int] = []
    killer = threading.Thread(target=lambda: killed.append(kill_first(small, "prepare", 120)))
    killer.start()
    text = run("tailweight", "run", "prepare", cwd=small, env=counted)
    killer.join()
    assert killed and calls(counted)["repro prepare"] == 2
    assert "ran 1 stages" in text and (small / "data/prepared/train.parquet").is_file()
    assert not list((small / ".tailweight").glob("outputs-*/*"))
    assert "all is up to date" in run("tailweight", "run", "prepare", cwd=small)


def kill_first(project: Path, stage: str, seconds: float) -> int:
    """Kill the first process of a stage in `project` that comes up, as `kill -9` does; return its number."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for process in psutil.process_iter(["cmdline", "cwd"]):
            words = process.info["cmdline"] or []
            if words[-2:] == ["stage", stage] and process.info["cwd"] == str(project):
                process.kill()
                return process.pid
        time.sleep(0.01)
    raise AssertionError(f"the stage {stage} did not come up in time")


def test_another_task_runner_takes_the_place_of_threads(small: Path) -> None:
    """Tasks in processes of their own run the same stages: all that they share is handed to them."""
    code = """if True:
        import json, sys
        from pathlib import Path
        from prefect.task_runners import ProcessPoolTaskRunner
        from pipelines.driver import check, flow, server, shared
        project = Path(sys.argv[1])
        run = shared.Run(project, workers=2)
        own = server.Server()
        own.begin()
        rows = flow.run_here(run, ["plan"], check.Standing(project), own, ProcessPoolTaskRunner(max_workers=2))
        print(json.dumps([row["stage"] for row in rows]))
    """
    done = subprocess.run(
        [sys.executable, "-c", code, str(small)],
        cwd=small,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == ["prepare", "plan"]
    assert "all is up to date" in run("tailweight", "run", "plan", cwd=small)
