"""What the stages of one run share is divided among them, and handed to other processes without what cannot be."""

import pickle
from pathlib import Path

import pytest

from pipelines.driver import machine
from pipelines.driver.shared import Run


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
