"""A base that stays: what DVC is told, and what is refused. A whole project with one: `test_growing_project.py`."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipelines import files
from pipelines.driver import check, dvc, frozen, lock, params
from tests.conftest import one_line

FROZEN: dict[str, Any] = {"pretrain": {"frozen": True}}
ALONE = {"pretrain": {"frozen": True, "starts": "neighbours"}}


@pytest.mark.parametrize(("values", "stays", "alone"), [({}, False, False), (FROZEN, True, False), (ALONE, True, True)])
def test_dvc_is_told_what_stays_and_what_a_class_reads(values: dict[str, Any], stays: bool, alone: bool) -> None:
    """Other classes are no input of a class's training where they lend nothing, and its target is none either."""
    stages = YAML(typ="safe").load(dvc.render(demo=False, values=values))["stages"]
    assert stages["pretrain"].get("frozen", False) == stays
    train = stages["train"]["do"]
    assert (train["deps"] == [frozen.BASE]) == alone
    plan = [f"classes.${{key}}.{name}" for name in ("label", "index", *(["samples"] if alone else []))]
    assert {"data/plan.yaml": plan} in train["params"] and {"data/code.yaml": ["train"]} in train["params"]


@pytest.mark.parametrize(
    "values", [{"pretrain": {"frozen": True, "starts": one}} for one in ("spread", "borrowed", "auto")]
)
def test_starts_that_look_at_other_classes_are_not_alone(values: dict[str, Any]) -> None:
    """Noise, too, has a spread that all classes have a part in."""
    assert not frozen.trains_alone(values)


@pytest.mark.parametrize(
    "damaged", ["", "stages:", "[1]", "stages: {train: , pretrain: 3}", "stages: {train: {do: 1}}"]
)
def test_a_damaged_pipeline_file_is_no_traceback(damaged: str, tmp_path: Path) -> None:
    """Without a frozen base it is left to DVC, which says what is wrong with it; with one it is to be rendered."""
    (tmp_path / dvc.FILE).write_text(damaged)
    (tmp_path / params.FILE).write_text(params.render(demo=False, values={"seed": 0}))
    check.check(tmp_path, [])
    (tmp_path / params.FILE).write_text(params.render(demo=False, values=FROZEN))
    assert "tailweight render" in one_line(lambda: check.check(tmp_path, []))


@pytest.mark.parametrize(
    ("recorded", "values"),
    [
        ({}, FROZEN),
        ({"seed": 1, "upscale.factor": 1, "pretrain": {}}, FROZEN),
        ({"seed": 0, "upscale.factor": 2, "pretrain": {}}, FROZEN),
        ({"seed": 0, "upscale.factor": 1, "pretrain": {"steps": 60}}, FROZEN),
        ({"seed": 0, "upscale.factor": 1, "pretrain": {}}, ALONE),
        ({"seed": 0, "upscale.factor": 1, "pretrain": {"gone": 1}}, FROZEN),
    ],
)
def test_a_base_of_other_settings_does_not_stay(
    recorded: dict[str, Any], values: dict[str, Any], tmp_path: Path
) -> None:
    """Those that are there would be shown in the report, and the base knows nothing of them."""
    record(tmp_path, recorded)
    assert "other settings" in one_line(lambda: frozen.check_settings(tmp_path, values))


def test_a_base_of_these_settings_stays(tmp_path: Path) -> None:
    """Defaults that were not written down then are those of now."""
    record(tmp_path, {"seed": 0, "upscale.factor": 1, "pretrain": {"network": "auto", "starts": "neighbours"}})
    frozen.check_settings(tmp_path, ALONE)


def record(project: Path, settings: dict[str, Any]) -> None:
    entry = {"cmd": "tailweight stage pretrain", "params": {params.FILE: settings}}
    files.write_yaml(project / lock.FILE, {"schema": "2.0", "stages": {"pretrain": entry}})


@pytest.mark.parametrize(("recorded", "refused"), [(None, False), ("same", False), ("other", True)])
def test_a_base_of_other_classes_does_not_stay(recorded: str | None, refused: bool, tmp_path: Path) -> None:
    """A worker has no lock to ask, and is asked only once the machine with the project was content."""
    path = tmp_path / frozen.CLASSES
    path.parent.mkdir(parents=True)
    path.write_text("same")
    if recorded:
        read = {"path": frozen.CLASSES, "md5": hashlib.md5(recorded.encode()).hexdigest()}
        entry = {"cmd": "tailweight stage pretrain", "deps": [read]}
        files.write_yaml(tmp_path / lock.FILE, {"schema": "2.0", "stages": {"pretrain": entry}})
    if refused:
        assert "the classes are others" in one_line(lambda: frozen.check_classes(tmp_path))
    else:
        frozen.check_classes(tmp_path)
