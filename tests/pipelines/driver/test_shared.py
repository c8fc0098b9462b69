"""What the stages of one run share is divided among them, and handed to other processes without what cannot be."""

import pickle
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipelines.driver import machine
from pipelines.driver.shared import SHARE_GPU, VISIBLE, Run, gpus


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight cores, whatever this machine has."""
    monkeypatch.setenv(machine.CORES, "8")


def test_stages_side_by_side_divide_the_cores(tmp_path: Path) -> None:
    """A stage that starts alone gets all cores, the next one half of them, and one after that all again."""
    run = Run(tmp_path, workers=4)
    with run.share_of_machine("filter@a") as first, run.share_of_machine("filter@b") as second:
        assert (first[machine.CORES], second[machine.CORES]) == ("8", "4")
    with run.share_of_machine("evaluate") as third:
        assert third[machine.CORES] == "8"


def test_a_copy_in_another_process_takes_the_smallest_share(tmp_path: Path) -> None:
    """It does not see the other stages, so it divides the cores as if all workers were busy."""
    copy = pickle.loads(pickle.dumps(Run(tmp_path, workers=4, quiet=False)))
    assert copy.project == tmp_path and copy.display.quiet
    with copy.share_of_machine("filter@a") as share:
        assert share[machine.CORES] == "2"


def test_classes_side_by_side_take_different_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sees the one that the fewest others use; a stage without a network is told of none."""
    monkeypatch.delenv("TAILWEIGHT_DEVICE", raising=False)
    monkeypatch.setenv(VISIBLE, "1, 3")
    run = Run(tmp_path, workers=4)
    with run.share_of_machine("train@a") as first, run.share_of_machine("train@b") as second:
        with run.share_of_machine("train@c") as third, run.share_of_machine("report") as without:
            assert [one.get(VISIBLE) for one in (first, second, third, without)] == ["1", "3", "1", None]
        with run.share_of_machine("train@d") as fourth:
            assert fourth[VISIBLE] == "1"


def test_a_full_gpu_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four stages at once have the only one; the fifth begins when one of them ends."""
    monkeypatch.delenv("TAILWEIGHT_DEVICE", raising=False)
    monkeypatch.setenv(VISIBLE, "0")
    run, began = Run(tmp_path, workers=8), threading.Event()

    def fifth() -> None:
        with run.share_of_machine("train@last") as environment:
            assert VISIBLE not in environment
            began.set()

    waiting = threading.Thread(target=fifth)
    with ExitStack() as four:
        for number in range(SHARE_GPU):
            four.enter_context(run.share_of_machine(f"train@{number}"))
        waiting.start()
        assert not began.wait(0.2)
    waiting.join(10)
    assert began.is_set()


def test_gpus_that_are_not_alike_are_not_mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another model gives other bytes. What the environment names and the machine has not is left out, as CUDA does."""
    monkeypatch.delenv("TAILWEIGHT_DEVICE", raising=False)
    for number, model in enumerate(("NVIDIA A100", "NVIDIA A100", "NVIDIA A100")):
        (tmp_path / f"0000:0{number}:00.0").mkdir()
        (tmp_path / f"0000:0{number}:00.0/information").write_text(f"Model: \t\t {model}\nIRQ:   \t\t 130\n")
    monkeypatch.setenv(VISIBLE, "2,0,7,1")
    assert gpus(tmp_path) == ["2", "0"]
    monkeypatch.delenv(VISIBLE)
    assert gpus(tmp_path) == ["0", "1", "2"]
    (tmp_path / "0000:02:00.0/information").write_text("Model: \t\t NVIDIA T4\n")
    assert gpus(tmp_path) == ["0"]


@pytest.mark.parametrize(
    ("device", "visible", "found"),
    [("cpu", "0,1", []), ("cuda:1", "0,1", ["0", "1"]), ("", "", []), ("", "-1", []), ("", "GPU-a", ["GPU-a"])],
)
def test_gpus_are_those_that_the_environment_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, visible: str, found: list[str]
) -> None:
    """None where networks run on the CPU; where the user has named one, no stage is sent to another."""
    monkeypatch.setenv("TAILWEIGHT_DEVICE", device)
    monkeypatch.setenv(VISIBLE, visible)
    assert gpus() == found
    with Run(tmp_path, workers=2).share_of_machine("train@a") as share:
        assert VISIBLE not in share
