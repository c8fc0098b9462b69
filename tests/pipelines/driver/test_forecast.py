"""What a run says beforehand of its time and memory."""

from pathlib import Path

import pytest

from pipelines.commands import init_images
from pipelines.driver import forecast, params
from pipelines.driver.forecast import Forecast
from pipelines.driver.one_stage import run_stage
from tests.conftest import write_classes

SECONDS = {"pretrain": 60.0, "train": 30.0, "evaluate": 240.0}
STALE = {"pretrain", "train@a", "train@b", "train@c", "generate@a", "evaluate", "report"}


def test_what_is_said_adds_up() -> None:
    """Classes and fits are divided among the processes, and what does not run does not count."""
    found = Forecast(SECONDS, 700_000_000)
    (line,) = forecast.said(found, STALE, 2, 8_000_000_000)
    assert line == (
        "takes about 5:04 (pretrain 1:08, 3 classes 1:48, evaluate 2:08) and 0.7 GB of memory for each of 2 processes"
    )
    (line,) = forecast.said(found, {"evaluate", "report"}, 1, 8_000_000_000)
    assert line.startswith("takes about 4:08 (evaluate 4:08) and")


@pytest.mark.parametrize("free, advice", [(1_000_000_000, "--workers 1"), (100_000_000, "batch_size")])
def test_too_little_memory_is_said_before_the_work(free: int, advice: str) -> None:
    """So many processes as fit are named, and where not one does, what makes it smaller."""
    assert advice in forecast.said(Forecast(SECONDS, 700_000_000), STALE, 2, free)[1]


def test_a_trial_is_not_timed(tmp_path: Path) -> None:
    """Nor is a run that trains nothing; the folder need not even be there."""
    long, brief = {"pretrain": {"steps": 5000}}, {"pretrain": {"steps": 50}}
    assert forecast.lines(tmp_path / "none", brief, STALE, 2) == []
    assert forecast.lines(tmp_path / "none", long, {"report"}, 2) == []


def test_it_is_measured_on_the_data_of_the_project(tmp_path: Path) -> None:
    """In a process of its own, and a longer training takes longer."""
    write_classes(tmp_path / "images", {"one": 30, "two": 30, "few": 10}, seed=3)
    project = tmp_path / "project"
    init_images.create(project, tmp_path / "images")
    for stage in ("prepare", "plan"):
        run_stage(project, stage)
    seconds = []
    for steps in (1_000, 1_000_000):
        (project / "params.yaml").write_text(params.render(demo=False, values={"pretrain": {"steps": steps}}))
        found = forecast.measure(project)
        assert set(found.seconds) == {"pretrain", "train", "evaluate"} and found.memory > 50_000_000
        seconds.append(found.seconds["pretrain"])
    assert seconds[1] > 20 * seconds[0]
    (line,) = forecast.lines(project, params.read(project), STALE, 1)[:1]
    assert line.startswith("takes about ") and "evaluate" in line
