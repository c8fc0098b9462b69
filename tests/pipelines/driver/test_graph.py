"""Walks on a small graph of stages, and on graphs drawn at random beside a slow twin."""

import numpy as np
import pytest

from pipelines.driver import graph

DIAMOND = {
    "prepare": set(),
    "plan": {"prepare"},
    "pretrain": {"prepare"},
    "train@a": {"plan", "pretrain"},
    "train@b": {"plan", "pretrain"},
    "evaluate": {"train@a", "train@b"},
}


def drawn(seed: int, size: int = 12) -> dict[str, set[str]]:
    """Return a graph without circles, its names in no order."""
    rng = np.random.default_rng(seed)
    names = [f"s{number}" for number in rng.permutation(size)]
    return {name: {other for other in names[:place] if rng.random() < 0.25} for place, name in enumerate(names)}


def reaches(needs: dict[str, set[str]], start: str, end: str) -> bool:
    """Say whether `start` is `end` or depends on it, by trying every way."""
    return start == end or any(reaches(needs, other, end) for other in needs[start])


def test_ancestors_are_all_that_a_target_depends_on() -> None:
    """The targets are among them; no target has none."""
    assert graph.ancestors(DIAMOND, {"train@a"}) == {"train@a", "plan", "pretrain", "prepare"}
    assert graph.ancestors(DIAMOND, set()) == set()


def test_descendants_are_all_that_depends_on_a_source() -> None:
    """The sources are among them; no source has none."""
    assert graph.descendants(DIAMOND, {"pretrain"}) == {"pretrain", "train@a", "train@b", "evaluate"}
    assert graph.descendants(DIAMOND, {"evaluate"}) == {"evaluate"}
    assert graph.descendants(DIAMOND, set()) == set()


@pytest.mark.parametrize("seed", range(5))
def test_walks_agree_with_trying_every_way(seed: int) -> None:
    """On any graph, ancestors and descendants are what some way leads to."""
    needs = drawn(seed)
    for name in needs:
        assert graph.ancestors(needs, {name}) == {other for other in needs if reaches(needs, name, other)}
        assert graph.descendants(needs, {name}) == {other for other in needs if reaches(needs, other, name)}


@pytest.mark.parametrize("seed", range(5))
def test_breadth_first_names_each_once_and_after_what_it_needs(seed: int) -> None:
    """Every name comes once, in an order in which it could run."""
    needs = drawn(seed)
    order = list(graph.breadth_first(needs))
    assert sorted(order) == sorted(needs)
    assert all(order.index(need) < order.index(name) for name in needs for need in needs[name])


def test_breadth_first_takes_the_widest_steps_first() -> None:
    """What is ready at the same time comes side by side, in alphabetical order."""
    order = ["prepare", "plan", "pretrain", "train@a", "train@b", "evaluate"]
    assert list(graph.breadth_first(DIAMOND)) == order


def test_breadth_first_refuses_a_circle() -> None:
    """It ends with an error and not never."""
    with pytest.raises(AssertionError):
        list(graph.breadth_first({"a": {"b"}, "b": {"a"}}))


def test_a_part_forgets_what_lies_outside() -> None:
    """Needs that are not part of it are dropped, and the whole graph stays as it was."""
    assert graph.part(DIAMOND, {"train@a", "plan", "evaluate"}) == {
        "plan": set(),
        "train@a": {"plan"},
        "evaluate": {"train@a"},
    }
    assert DIAMOND["plan"] == {"prepare"}


def test_a_target_means_all_its_classes_and_the_plan() -> None:
    """No target means everything; a stage that runs once means itself."""
    assert graph.expand(DIAMOND, []) == set(DIAMOND)
    assert graph.expand(DIAMOND, ["train"]) == {"train@a", "train@b", "plan"}
    assert graph.expand(DIAMOND, ["pretrain"]) == {"pretrain"}
    assert graph.expand({"plan": set()}, ["train"]) == {"plan"}
