"""Which classes are grown, and to what."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import UserError
from pipelines.plan import slug
from pipelines.stages.plan import Settings, filled_up, make_plan

COUNTS = {"big": 100, "half": 50, "small": 20, "tiny": 3}


def targets(**settings: object) -> dict[str, int]:
    return {entry.label: entry.target for entry in make_plan(COUNTS, Settings(**settings)).classes.values()}


def test_a_class_below_the_share_is_grown_to_the_largest() -> None:
    """With `auto`, what has less than half of the largest class is to have as many; exactly half is enough."""
    assert targets() == {"small": 100}


def test_a_ratio_and_counts_set_other_targets() -> None:
    """A share is of the largest class; a mapping names classes and counts, as in imbalanced-learn."""
    assert targets(sampling_strategy=0.6) == {"small": 60}
    assert targets(sampling_strategy={"half": 70, "small": 20}) == {"half": 70}
    assert targets(minority_share=0.51) == {"half": 100, "small": 100}


def test_classes_become_minorities_and_stop_to_be_as_the_data_grow() -> None:
    """A class that has grown leaves the plan; one that others have outgrown comes in, a new one too."""
    before = make_plan(COUNTS, Settings())
    after = make_plan(COUNTS | {"big": 130, "small": 80, "new": 9}, Settings())
    assert {entry.label for entry in before.classes.values()} == {"small"}
    assert {entry.label for entry in after.classes.values()} == {"half", "new"}


def test_a_class_too_small_is_skipped_with_what_to_do_instead() -> None:
    """The reason names the count, the least that is needed, and what else to use."""
    plan = make_plan(COUNTS, Settings())
    assert "has 3 training samples, at least 5 are needed" in plan.skipped["tiny"]
    assert {entry.label for entry in make_plan(COUNTS, Settings(min_samples=3)).classes.values()} == {"small", "tiny"}


@pytest.mark.parametrize(
    ("strategy", "said"),
    [(1.5, "1.5"), ({"none": 5}, "'none'"), ({"small": 5}, "which has 20")],
)
def test_a_strategy_that_cannot_be_met_is_refused(strategy: object, said: str) -> None:
    """The line says what was asked for and what is possible."""
    with pytest.raises(UserError, match=said):
        make_plan(COUNTS, Settings(sampling_strategy=strategy))


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40), min_size=1), st.integers(1, 300))
def test_the_smallest_subgroups_are_filled_up_first(counts: dict[str, int], needed: int) -> None:
    """All that is needed is given, none ends more than one above another that was given any; one sample is no start."""
    plan = filled_up(pd.Series(np.repeat(list(counts), list(counts.values()))), needed)
    if max(counts.values()) < 2:
        assert plan == []
        return
    assert [(one.value, one.train_samples) for one in plan] == sorted(counts.items())
    assert sum(one.needed for one in plan) == needed and min(one.needed for one in plan) >= 0
    startable = [one for one in plan if one.train_samples >= 2]
    assert all(one.needed == 0 for one in plan if one not in startable)
    ends = [one.train_samples + one.needed for one in startable]
    assert max(end for end, one in zip(ends, startable, strict=True) if one.needed) <= min(ends) + 1


def test_slugs_are_safe_and_distinct() -> None:
    """Any name becomes a short name of [a-z0-9-]; names that differ give slugs that differ."""
    names = ["a b", "a-b", "A b", "a@b", "${x}", "'; rm -rf /", "", "日本", "x" * 300, "../up"]
    slugs = [slug(name) for name in names]
    assert len(set(slugs)) == len(names)
    assert all(set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and len(text) <= 31 for text in slugs)
