"""What a run says beforehand of its time and memory."""

import queue
import re
import time
from pathlib import Path

import numpy as np
import pytest

from pipelines.commands import init_images
from pipelines.driver import forecast, params
from pipelines.driver.forecast import Forecast
from pipelines.driver.one_stage import run_stage
from pipelines.samples import SERIES, Samples
from tests.conftest import write_classes
from tests.pipelines.evaluation.worlds import STEPS, waves

SECONDS = {"pretrain": 60.0, "train": 30.0, "baseline": 90.0, "evaluate": 150.0}
STALE = {"pretrain", "train@a", "train@b", "train@c", "generate@a", "baseline", "evaluate", "release", "report"}


def test_what_is_said_adds_up() -> None:
    """Classes and fits are divided among the processes, what runs beside the first training has one core and takes no time of
    its own, and what does not run does not count.
    """
    found = Forecast(SECONDS, 700_000_000)
    (line,) = forecast.said(found, STALE, 2, 8_000_000_000)
    assert line == (
        "takes about 6:05 (pretrain 1:14, 3 classes 2:24, baseline 1:44, evaluate 1:29, report 0:28) "
        "and 0.7 GB of memory for each of 2 processes"
    )
    (line,) = forecast.said(found, {"evaluate", "report"}, 1, 8_000_000_000)
    assert line == "takes about 2:58 (evaluate 2:44, report 0:14) and 0.7 GB of memory"
    (line,) = forecast.said(found, {"baseline", "evaluate"}, 2, 8_000_000_000)
    assert line.startswith("takes about 2:28 (baseline 0:59, evaluate 1:29)")


@pytest.mark.parametrize("free, advice", [(1_000_000_000, "--workers 1"), (100_000_000, "batch_size")])
def test_too_little_memory_is_said_before_the_work(free: int, advice: str) -> None:
    """So many processes as fit are named, and where not one does, what makes it smaller."""
    assert advice in forecast.said(Forecast(SECONDS, 700_000_000), STALE, 2, free)[1]


def test_a_trial_is_not_timed(tmp_path: Path) -> None:
    """Nor is a run that trains nothing; the folder need not even be there."""
    for steps, stale in ((50, STALE), (5000, {"report"})):
        with forecast.beside(tmp_path / "none", {"pretrain": {"steps": steps}}, stale, 2, pytest.fail):
            pass


def test_the_judges_of_series_are_timed() -> None:
    """Those that judge series unless told otherwise, the network among them."""
    world = waves(each=40)
    samples = Samples(world.train.x.reshape(-1, *STEPS), world.train.y, np.arange(len(world.train)).astype(str), SERIES)
    found = forecast._judging({"seed": 0}, samples)
    assert set(found) == {"baseline", "evaluate"} and all(seconds > 0 for seconds in found.values())


def test_it_is_measured_on_the_data_of_the_project(tmp_path: Path) -> None:
    """In a process of its own, which ends by itself; the line comes while the block goes on."""
    write_classes(tmp_path / "images", {"one": 30, "two": 30, "few": 10}, seed=3)
    project = tmp_path / "project"
    init_images.create(project, tmp_path / "images")
    for stage in ("prepare", "plan"):
        run_stage(project, stage)
    told: queue.Queue[str] = queue.Queue()
    with forecast.beside(project, params.read(project), {"pretrain", "train@few", "baseline", "evaluate"}, 1, told.put):
        line = told.get(timeout=300)
    expected = r"takes about [\d:]+ \(pretrain [\d:]+, 1 class [\d:]+, baseline [\d:]+, evaluate [\d:]+\) and \d\.\d GB"
    assert re.match(expected, line), line


def test_a_longer_training_is_expected_to_take_longer() -> None:
    """What comes before the steps is counted once."""
    asked: list[int] = []

    def train(steps: int) -> None:
        asked.append(steps)
        time.sleep(steps * 2e-3)

    brief, long = (forecast._timed(train, steps) for steps in (10, 1_000_000_000))
    assert long > brief >= 0 and min(asked) == 1 and max(asked) <= max(forecast.STEPS)
