"""A stage that was killed goes on, ends with the bytes of one that was not, and leaves nothing behind."""

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pipelines.driver import dag, params, progress, unfinished
from tests.conftest import QUICK, called, environment, run, write_classes

SLOW = QUICK | {"pretrain": {"steps": 600}, "resume": {"time_share": 0.3}}
LONG = 6000  # steps of a training of a minute or so


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that is prepared and planned."""
    folder = tmp_path_factory.mktemp("unfinished")
    write_classes(folder / "images", {"one": 30, "two": 30, "few": 8})
    called("init", "project", "--images", "images", cwd=folder)
    (folder / "project/params.yaml").write_text(params.render(demo=False, values=SLOW))
    for stage in ("prepare", "plan"):
        run("tailweight", "stage", stage, cwd=folder / "project")
    return folder / "project"


def killed(project: Path) -> str:
    """Start the stage `pretrain`, kill it once it has kept a state, and return what it printed."""
    command = ["tailweight", "stage", "pretrain"]
    child = subprocess.Popen(command, cwd=project, env=environment(), stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    seen = kept(project)
    while kept(project) <= seen and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert child.poll() is None, "the training ended before it was killed"
    child.send_signal(signal.SIGKILL)
    return child.communicate()[0]


def kept(project: Path) -> set[str]:
    return {path.name for path in (project / unfinished.FOLDER / "pretrain").glob("*/0*.safetensors")}


def test_a_killed_training_goes_on_and_leaves_nothing(project: Path) -> None:
    """Killed two times with -9, it says where it goes on, and its files are those of a training left alone."""
    run("tailweight", "stage", "pretrain", cwd=project)
    files = [project / path for path in dag.stage_named("pretrain").writes.values()]
    alone = [path.read_bytes() for path in files]
    assert not (project / unfinished.FOLDER).exists()
    for path in files:
        path.unlink()
    killed(project)
    assert "pretrain: goes on after step " in killed(project)
    assert "pretrain: goes on after step " in run("tailweight", "stage", "pretrain", cwd=project)
    assert [path.read_bytes() for path in files] == alone
    assert {path.name for path in (project / ".tailweight").iterdir()} == set()


@pytest.mark.slow
def test_a_training_killed_late_repeats_at_most_a_tenth(project: Path) -> None:
    """At 80 % of its steps, with the share of the time that states take by default."""
    (project / "params.yaml").write_text(params.render(demo=False, values=QUICK | {"pretrain": {"steps": LONG}}))
    command, records = ["tailweight", "stage", "pretrain"], environment(**{progress.PIPE: "records"})
    training = subprocess.Popen(command, cwd=project, env=records, stdout=subprocess.PIPE, text=True)
    assert training.stdout is not None
    for record in filter(None, map(progress.parse, training.stdout)):
        if (reached := record["done"]) >= 0.8 * LONG:
            training.kill()
            break
    training.communicate()
    found = re.search(r"goes on after step (\d+)", run("tailweight", "stage", "pretrain", cwd=project))
    assert found and 0 <= reached - int(found[1]) <= LONG / 10
    (project / "params.yaml").write_text(params.render(demo=False, values=SLOW))


def test_a_state_of_other_settings_is_not_gone_on_from(project: Path) -> None:
    """The seed is changed: the training begins anew, and what the other has left is removed."""
    killed(project)
    (project / "params.yaml").write_text(params.render(demo=False, values=SLOW | {"seed": 1, "pretrain": {"steps": 5}}))
    assert "goes on" not in run("tailweight", "stage", "pretrain", cwd=project)
    assert not (project / unfinished.FOLDER).exists()
    (project / "params.yaml").write_text(params.render(demo=False, values=SLOW))


def test_what_decides_the_outputs_is_in_the_key(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another setting, another input or another device give another key; the same give the same."""
    stage, inputs = dag.stage_named("pretrain"), {"train": project / "data/prepared"}
    settings = stage.settings()
    keys = [unfinished.key(stage, {"settings": settings, "seed": 0}, inputs) for _ in range(2)]
    keys.append(unfinished.key(stage, {"settings": settings, "seed": 1}, inputs))
    keys.append(
        unfinished.key(stage, {"settings": settings, "seed": 0}, {"train": project / "data/prepared/train.parquet"})
    )
    monkeypatch.setenv(unfinished.DEVICE, "cuda:1")
    keys.append(unfinished.key(stage, {"settings": settings, "seed": 0}, inputs))
    assert keys[0] == keys[1] and len(set(keys)) == 4


def test_classes_that_left_the_plan_take_their_states_along(tmp_path: Path) -> None:
    """Those of the others, and of stages that run once for all, stay."""
    for name in ("train@gone-1", "train@stays-2", "pretrain"):
        (tmp_path / unfinished.FOLDER / name / "key").mkdir(parents=True)
    unfinished.prune(tmp_path, {"stays-2"})
    assert {path.name for path in (tmp_path / unfinished.FOLDER).iterdir()} == {"train@stays-2", "pretrain"}
