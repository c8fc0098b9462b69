"""Folds: whoever is asked about in one was not trained on in it, nor was anything of the same group."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.evaluation import dealing, outlook, tuning
from pipelines.evaluation.evaluate import prepare
from pipelines.evaluation.folds import splits
from pipelines.evaluation.settings import Settings
from pipelines.likeness.data import Data
from tests.pipelines.evaluation.worlds import digits


def patients(seed: int = 0) -> tuple[Data, np.ndarray]:
    """36 patients with six frames each that hardly differ; the class, rare, has nothing to do with how a patient looks."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(36), 6)
    looks = rng.normal(size=(36, 8))[groups] + rng.normal(0, 0.01, (len(groups), 8))
    return Data(looks.astype(np.float32), (groups < 4).astype(np.int64)), groups.astype(str)


def test_frames_of_one_patient_do_not_solve_a_class() -> None:
    """A forest that has seen other frames of the same patient finds all of them; asked about new patients it finds none."""
    data, groups = patients()
    assert list(outlook.found_already(data, None, [1], 0.99, 0)) == [1]
    assert outlook.found_already(data, groups, [1], 0.5, 0) == {}


def test_no_group_is_trained_on_and_asked_about() -> None:
    """Every row is asked about once, each class in every fold."""
    data, groups = patients()
    found = dealing.folds(data.y, groups, 4, 1)
    assert sorted(np.concatenate([out for _, out in found])) == list(range(len(data)))
    for rows, out in found:
        assert not set(groups[rows]) & set(groups[out]) and set(data.y[out]) == set(data.y[rows]) == {0, 1}


@pytest.mark.parametrize("groups", [2, 3, 20])
def test_there_are_as_many_folds_as_groups_of_the_smallest_class(groups: int) -> None:
    """Five at most; each minority class is in both sides of every fold."""
    world = digits((1, 3), classes=5)
    real = world.real
    told = np.array([f"{label} {row % (groups if label == 1 else 30)}" for row, label in enumerate(real.y)])
    count, found = splits(replace(world, groups=told), 5, 2, 0)
    assert count == min(groups, len(np.unique(told[real.y == 1])), 5) and len(found) == 2 * count
    for rows, out in found:
        assert {1, 3} <= set(real.y[rows]) and {1, 3} <= set(real.y[out]) and not set(told[rows]) & set(told[out])


def test_rows_that_are_mostly_alone_are_dealt_in_an_instant() -> None:
    """A pair of equal rows among thousands stays together; no loop over all groups is needed for that."""
    y, groups = np.arange(6000) % 3, np.arange(6000)
    groups[17] = groups[4001] = 20
    found = dealing.folds(y, groups.astype(str), 5, 0)
    assert sorted(np.concatenate([out for _, out in found])) == list(range(6000))
    assert all({17, 20, 4001} <= set(out) or not {17, 20, 4001} & set(out) for _, out in found)
    assert all(not set(rows) & set(out) for rows, out in found)


def test_rows_of_a_single_group_get_the_usual_settings() -> None:
    """There is nothing to search them by."""
    data, _ = patients()
    assert tuning.best_boosting(data, 0, np.full(len(data), "one")) == {**tuning.SEARCH[0], "rounds": 100}


def test_a_class_of_one_group_is_not_cross_validated() -> None:
    """As one of a single sample is not; all is chosen without folds then."""
    world = digits((1,), classes=3)
    told = np.array([f"{label} {0 if label == 1 else row}" for row, label in enumerate(world.real.y)])
    study, choice = prepare(replace(world, groups=told), Settings(classifiers=["logistic_regression"]), 0)
    assert study.folds is not None and study.folds.splits == [] and choice.classifier == "logistic_regression"
