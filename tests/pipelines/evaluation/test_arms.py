"""The contract of every arm; a new one is tested by being listed."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.evaluation.arms import ARMS, Recipe, accepted, baselines
from pipelines.likeness.data import Data, Pool
from tests.pipelines.evaluation.worlds import digits

RARE = (1, 3)


@pytest.fixture(scope="module")
def world():
    return digits(RARE, classes=5)


@pytest.mark.parametrize("name", ARMS)
def test_an_arm_only_adds_rows_of_rare_classes_up_to_their_target(world, name: str) -> None:
    """The real rows come first and unchanged."""
    made = ARMS[name].build(world.train, world.recipe, 3)
    size = len(world.train)
    assert np.array_equal(made.data.x[:size], world.train.x) and np.array_equal(made.data.y[:size], world.train.y)
    assert set(made.data.y[size:]) <= set(RARE)
    assert all(made.data.counts(5)[label] <= world.targets[label] for label in RARE)
    assert made.data.x.dtype == np.float32 and made.data.x.min() >= 0 and made.data.x.max() <= 1
    assert made.prior(5).sum() == pytest.approx(1)


@pytest.mark.parametrize("name", ARMS)
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(world, name: str) -> None:
    """Each repeat draws anew; arms that draw nothing never differ."""
    first, again, other = (ARMS[name].build(world.train, world.recipe, seed).data.x for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    draws = name not in ("nothing", "tuned_threshold", "class_weights")
    assert np.array_equal(first, other) != draws


@pytest.mark.parametrize(
    "name", [n for n in baselines("images") if n not in ("nothing", "tuned_threshold", "class_weights")]
)
def test_baselines_that_add_reach_the_target(world, name: str) -> None:
    """The fair comparison: as many samples as the GAN adds at dose 1."""
    made = ARMS[name].build(world.train, world.recipe, 0)
    assert [made.data.counts(5)[label] for label in RARE] == [world.targets[label] for label in RARE]


def test_class_weights_make_the_classes_weigh_alike(world) -> None:
    """scikit-learn's "balanced"."""
    made = ARMS["class_weights"].build(world.train, world.recipe, 0)
    assert made.prior(5) == pytest.approx(np.full(5, 0.2))


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_smote_takes_what_neighbours_there_are(world, rows: int) -> None:
    """A class of two or three has fewer than five neighbours; a class of one is repeated."""
    few = world.train.take(
        np.concatenate([np.flatnonzero(world.train.y != 1), np.flatnonzero(world.train.y == 1)[:rows]])
    )
    made = ARMS["smote"].build(few, Recipe({1: 9}), 0)
    assert made.data.counts(5)[1] == 9


@pytest.mark.parametrize("categorical", [[False, True, True], [True, True, True]])
def test_smote_keeps_categories_as_they_are(categorical: list[bool]) -> None:
    """SMOTENC and SMOTEN never make a category that does not exist."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.integers(0, 3, 40), rng.integers(0, 3, 40) * 2, rng.integers(0, 2, 40)]).astype(np.float32)
    data = Data(x, np.repeat([0, 1], [30, 10]), categorical=np.array(categorical))
    added = ARMS["smote"].build(data, Recipe({1: 30}), 0).data.x[40:]
    assert len(added) == 20 and set(added[:, 1]) <= {0, 2, 4} and set(added[:, 2]) <= {0, 1}


def test_doses_are_nested_and_zero_adds_nothing(world) -> None:
    """The samples of a small dose are among those of a larger one."""
    size = len(world.train)
    small, large, none = (
        ARMS["gan_filtered"].build(world.train, replace(world.recipe, dose=dose), 0).data for dose in (0.25, 0.5, 0.0)
    )
    rows = {tuple(row) for row in large.x[size:]}
    assert len(none) == size and all(tuple(row) in rows for row in small.x[size:])


def test_acceptance_takes_the_best_scores() -> None:
    """Candidates without a score are never accepted."""
    x = np.arange(5, dtype=np.float32)[:, None]
    pool = Pool(0, 5, x, np.ones(5, bool), np.array([0.1, 0.9, np.nan, 0.5, 0.7]), np.arange(5).astype(str))
    assert accepted(pool, 0.5).ravel().tolist() == [1, 4]
    assert len(accepted(pool, None)) == 5
