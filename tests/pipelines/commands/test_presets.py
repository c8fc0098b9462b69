"""Presets are values of settings: each is a valid file, and the table of presets says what they are for."""

from pathlib import Path

import pytest

from pipelines.commands import init, presets
from pipelines.driver import dag, params
from pipelines.evaluation.gate import MIN_REPEATS
from tests.conftest import called, write_classes, write_table


@pytest.mark.parametrize("name", presets.PRESETS)
def test_a_preset_is_made_of_settings_that_differ_from_their_defaults(name: str) -> None:
    """Every group and key exists, every value is one that it may have and no default; the help says what it is for."""
    values = presets.PRESETS[name].values
    for group, given in values.items():
        stage = dag.stage_named(group)
        params.group(stage, values)
        for key, value in given.items():
            assert value != stage.settings.model_fields[key].default, f"{group}.{key}"
    assert f"  {name}: " in init.MORE


@pytest.mark.parametrize(
    ("group", "key"), [("pretrain", "steps"), ("train", "steps"), ("evaluate", "repeats"), ("evaluate", "folds")]
)
def test_fast_is_less_work_and_thorough_more(group: str, key: str) -> None:
    """Numbers of steps, repeats and folds are ordered."""
    fast, default, thorough = (
        params.group(dag.stage_named(group), preset.values).model_dump()[key] for preset in presets.PRESETS.values()
    )
    assert fast < default < thorough


def test_fast_never_ships_and_says_so() -> None:
    """It judges with fewer repeats than the gate asks for."""
    assert presets.PRESETS["fast"].values["evaluate"]["repeats"] < MIN_REPEATS
    assert "nothing ships" in presets.PRESETS["fast"].said


def test_what_the_data_say_goes_before_a_preset() -> None:
    """Group by group and key by key."""
    made = presets.with_preset("fast", {"prepare": {"label": "sick"}, "pretrain": {"faithful": 1.0, "steps": 7}})
    assert made["prepare"] == {"label": "sick"}
    assert made["pretrain"] == {"faithful": 1.0, "steps": 7}
    assert made["train"] == presets.PRESETS["fast"].values["train"]
    assert presets.with_preset("default", {}) == {}


def test_init_writes_the_values_of_the_preset(tmp_path: Path) -> None:
    """For images and for a table; what it means is said once."""
    write_classes(tmp_path / "images", {"a": 3, "b": 3})
    write_table(tmp_path / "people.csv", {"a": 20, "b": 9})
    for data in (("--images", "images"), ("--table", "people.csv", "--label", "income")):
        project = tmp_path / f"of{data[0]}"
        said = called("init", project.name, *data, "--preset", "fast", cwd=tmp_path)
        assert said.count("nothing ships") == 1
        values = params.read(project)
        params.check(values, demo=False)
        for group, given in presets.PRESETS["fast"].values.items():
            assert given.items() <= values[group].items()
    assert values["pretrain"]["faithful"] == 1.0
