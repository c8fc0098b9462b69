"""The table of stages says the truth about the stages."""

import inspect

import pytest

from pipelines.driver import dag


@pytest.mark.parametrize("stage", dag.STAGES, ids=lambda stage: stage.name)
def test_a_stage_takes_what_the_table_says(stage: dag.Stage) -> None:
    """The arguments of `run` are its inputs, outputs, borrowed settings and kept files, and what every stage is told."""
    borrowed = {path.split(".")[1] for path in stage.borrows}
    told = {"seed", "progress"}
    told |= {"settings"} if stage.configurable else set()
    told |= {"task"} if stage.per_class else set()
    told |= {"workers", "elsewhere"} if stage.parallel else set()
    told |= {"states"} if stage.resumes else set()
    told |= {"changed"} if stage.told_changes else set()
    parts = [set(stage.reads), set(stage.writes), set(stage.keeps), borrowed, told]
    taken = inspect.signature(stage.module.run).parameters
    assert set(taken) == set.union(*parts)
    assert len(taken) == sum(map(len, parts)), "two arguments of one name"
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in taken.values())


@pytest.mark.parametrize("stage", dag.STAGES, ids=lambda stage: stage.name)
def test_what_a_stage_borrows_is_a_setting_of_another(stage: dag.Stage) -> None:
    """Each borrowed setting exists, in a group that is not the stage's own."""
    for name, key in (path.split(".") for path in stage.borrows):
        assert name != stage.name and key in dag.stage_named(name).settings.model_fields
