"""Planted faults are found among real samples, and clean ones are left in peace."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pipelines.evaluation import suspects
from pipelines.evaluation.evaluate import prepare
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.settings import Settings
from tests.pipelines.evaluation.worlds import digits

FOREST = Settings(classifiers=["random_forest"], folds=3)


def test_swapped_labels_are_ranked_first() -> None:
    """With the class that they were of; most of what is listed by default is wrong."""
    world = digits((1, 8), few=20)
    rng = np.random.default_rng(0)
    wrong = rng.random(len(world.train)) < 0.05
    y = np.where(wrong, (world.train.y + 1) % 10, world.train.y)
    world = replace(world, train=replace(world.train, y=y))
    study, choice = prepare(replace(world, pools=()), FOREST, 0)
    assert study.folds is not None
    said = suspects.out_of_fold(study.folds, choice.classifier)
    doubt, likely = suspects.doubts(said, world.real.y)
    planted = np.append(wrong, np.zeros(len(world.validation), bool))
    assert roc_auc_score(planted, doubt) > 0.99
    rows = suspects.listed(doubt, suspects.DOUBTFUL)
    assert len(rows) == round(len(planted) / 100) and planted[rows].mean() > 0.8
    assert (likely[rows] == (world.real.y[rows] - 1) % 10).mean() > 0.6


@pytest.mark.parametrize("kind", ["images", "table"])
def test_what_is_unlike_its_class_is_ranked_first(kind: str) -> None:
    """Noise in every value, of a few rows of every class; the smallest class has two samples."""
    world = digits((1,), few=10)
    rng = np.random.default_rng(1)
    wrong = rng.random(len(world.train)) < 0.02
    x = world.train.x.copy()
    x[wrong] = rng.random(x[wrong].shape)
    train = replace(world.train, x=x, kind=kind, image_shape=world.train.image_shape if kind == "images" else None)
    some = np.flatnonzero(train.y != 1)
    few = np.append(some, np.flatnonzero(train.y == 1)[:2])
    nothing = np.arange(0)
    inputs = Inputs(train.take(few), train.take(nothing), train.take(nothing), world.names, {1: 50}, ())
    strange = suspects.strangeness(inputs)
    assert roc_auc_score(wrong[few], strange) > 0.99 and np.isfinite(strange).all()


def test_of_clean_samples_at_most_one_in_a_hundred_is_listed() -> None:
    """For either reason, however little sets them apart; and none that is as it should be."""
    rng = np.random.default_rng(0)
    assert len(suspects.listed(rng.random(1000), 0.0)) == 10
    assert len(suspects.listed(rng.random(30), 0.0)) == 1
    assert len(suspects.listed(np.zeros(1000), 0.0)) == 0
    assert suspects.listed(np.array([0.2, 0.9, 0.4]), 0.5).tolist() == [1]


def test_samples_that_are_all_alike_are_not_strange() -> None:
    """A class of one sample, one of equal ones, and one of equal ones but one, which is."""
    world = digits((1,), classes=3)
    x = np.zeros((9, 64), np.float32)
    x[8] = 1
    data = replace(world.train, x=x, y=np.array([0, 1, 1, 1, 1, 2, 2, 2, 2]))
    nothing = data.take(np.arange(0))
    strange = suspects.strangeness(Inputs(data, nothing, nothing, world.names, {0: 4}, ()))
    assert (strange[:8] == 1).all() and strange[8] > suspects.STRANGE
