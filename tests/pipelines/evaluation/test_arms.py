"""The contract of every arm; a new one is tested by being listed."""

import numpy as np
import pytest

from pipelines.evaluation.arms import ARMS, baselines
from pipelines.likeness.data import Data
from tests.pipelines.evaluation.worlds import digits

MINORITY = (1, 3)
FILL_UP = ("random_oversampling", "smote")


@pytest.fixture(scope="module")
def world():
    return digits(MINORITY, classes=5)


@pytest.mark.parametrize("name", ARMS)
def test_an_arm_invents_no_other_classes_and_keeps_its_range(world, name: str) -> None:
    """Real rows come first and unchanged, but where an arm is there to drop them; what is added is of minority classes."""
    made = ARMS[name].build(world.train, world.targets, 3)
    size = len(world.train)
    if name == "random_undersampling":
        assert {tuple(row) for row in made.data.x} <= {tuple(row) for row in world.train.x}
        assert len(set(made.data.counts(5).tolist())) == 1
        return
    assert np.array_equal(made.data.x[:size], world.train.x) and np.array_equal(made.data.y[:size], world.train.y)
    assert set(made.data.y[size:]) <= set(MINORITY)
    assert all(made.data.counts(5)[label] <= world.targets[label] for label in MINORITY)
    assert made.data.x.dtype == np.float32 and made.data.x.min() >= 0 and made.data.x.max() <= 1
    assert made.prior(5).sum() == pytest.approx(1)


@pytest.mark.parametrize("name", ARMS)
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(world, name: str) -> None:
    """Each repeat draws anew; arms that draw no rows never differ."""
    first, again, other = (ARMS[name].build(world.train, world.targets, seed).data.x for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) != (name in (*FILL_UP, "random_undersampling"))


@pytest.mark.parametrize("name", FILL_UP)
def test_arms_that_fill_up_reach_the_target(world, name: str) -> None:
    """As many samples as the GAN adds at dose 1; synthetic ones that are there already count."""
    made = ARMS[name].build(world.train, world.targets, 0)
    assert [made.data.counts(5)[label] for label in MINORITY] == [world.targets[label] for label in MINORITY]
    grown = world.train.add(world.pools[0].x[:20], np.full(20, 1), np.ones(20, bool))
    filled = ARMS[name].build(grown, world.targets, 0).data
    assert filled.counts(5)[1] == world.targets[1] and filled.made.sum() == 20


@pytest.mark.parametrize("name", ARMS)
def test_synthetic_rows_stay_as_they_are(world, name: str) -> None:
    """So that an arm with synthetic samples is the same arm: it never repeats, moves or drops them."""
    grown = world.train.add(world.pools[0].x[:20], np.full(20, 1), np.ones(20, bool))
    made = ARMS[name].build(grown, world.targets, 1).data
    assert np.array_equal(made.x[made.made], world.pools[0].x[:20])


def test_class_weights_make_the_classes_weigh_alike(world) -> None:
    """scikit-learn's "balanced"."""
    made = ARMS["class_weights"].build(world.train, world.targets, 0)
    assert made.prior(5) == pytest.approx(np.full(5, 0.2))


def test_balanced_sampling_teaches_that_classes_are_alike(world) -> None:
    """The prior of a network is what its batches show: the counts to the power of the style."""
    counts = world.train.counts(5)
    assert ARMS["balanced"].build(world.train, world.targets, 0).prior(5) == pytest.approx(np.full(5, 0.2))
    rooted = ARMS["square_root"].build(world.train, world.targets, 0).prior(5)
    assert rooted == pytest.approx(np.sqrt(counts) / np.sqrt(counts).sum())


def test_networks_and_other_classifiers_have_arms_of_their_own() -> None:
    """Nobody interpolates pixels for a network that augments, and a forest has no batches."""
    assert "smote" not in baselines(network=True) and "mixup" not in baselines(network=False)
    assert baselines(True)[0] == baselines(False)[0] == "nothing"


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_smote_takes_what_neighbours_there_are(world, rows: int) -> None:
    """A class of two or three has fewer than five neighbours; a class of one is repeated."""
    few = world.train.take(
        np.concatenate([np.flatnonzero(world.train.y != 1), np.flatnonzero(world.train.y == 1)[:rows]])
    )
    made = ARMS["smote"].build(few, {1: 9}, 0)
    assert made.data.counts(5)[1] == 9


@pytest.mark.parametrize("categorical", [[False, True, True], [True, True, True]])
def test_smote_keeps_categories_as_they_are(categorical: list[bool]) -> None:
    """SMOTENC and SMOTEN never make a category that does not exist."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.integers(0, 3, 40), rng.integers(0, 3, 40) * 2, rng.integers(0, 2, 40)]).astype(np.float32)
    data = Data(x, np.repeat([0, 1], [30, 10]), categorical=np.array(categorical))
    added = ARMS["smote"].build(data, {1: 30}, 0).data.x[40:]
    assert len(added) == 20 and set(added[:, 1]) <= {0, 2, 4} and set(added[:, 2]) <= {0, 1}
