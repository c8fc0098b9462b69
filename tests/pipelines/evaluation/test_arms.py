"""The contract of every arm; a new one is tested by being listed."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from pipelines.evaluation import synthetic
from pipelines.evaluation.arms import ARMS, Training, baselines
from pipelines.likeness.data import Data
from pipelines.samples import IMAGES, SERIES, TABLE
from tests.pipelines.evaluation.worlds import digits, waves

MINORITY = (1, 3)
VARIED = ("jitter", "scaling", "time_warp")
FILL_UP = ("random_oversampling", "smote", *VARIED)
WORLDS = {IMAGES: digits(MINORITY, classes=5), SERIES: waves((1,))}
CASES = [(kind, arm.name) for kind in WORLDS for arm in ARMS.values() if arm.suits(kind)]


@pytest.fixture(scope="module")
def world():
    return WORLDS[IMAGES]


def test_every_arm_is_tested() -> None:
    """Each suits a kind of data that there is."""
    assert {name for _, name in CASES} == set(ARMS)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_an_arm_invents_no_other_classes_and_keeps_its_range(kind: str, name: str) -> None:
    """Real rows come first and unchanged, but where an arm is there to drop them; what is added is of minority classes."""
    world = WORLDS[kind]
    made, classes = ARMS[name].build(world.train, world.targets, 3), len(world.names)
    size, low, high = len(world.train), world.train.x.min(), world.train.x.max()
    if name == "random_undersampling":
        assert {tuple(row) for row in made.data.x} <= {tuple(row) for row in world.train.x}
        assert len(set(made.data.counts(classes).tolist())) == 1
        return
    assert np.array_equal(made.data.x[:size], world.train.x) and np.array_equal(made.data.y[:size], world.train.y)
    assert set(made.data.y[size:]) <= set(world.targets)
    assert all(made.data.counts(classes)[label] <= wanted for label, wanted in world.targets.items())
    air = 0.3 * (high - low) if kind == SERIES else 0
    assert made.data.x.dtype == np.float32 and made.data.x.min() >= low - air and made.data.x.max() <= high + air
    assert made.prior(classes).sum() == pytest.approx(1)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(kind: str, name: str) -> None:
    """Each repeat draws anew; arms that draw no rows never differ."""
    world = WORLDS[kind]
    first, again, other = (ARMS[name].build(world.train, world.targets, seed).data.x for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) != (name in (*FILL_UP, "random_undersampling"))


@pytest.mark.parametrize(("kind", "name"), [case for case in CASES if case[1] in FILL_UP])
def test_arms_that_fill_up_reach_the_target(kind: str, name: str) -> None:
    """As many samples as the GAN adds at dose 1; synthetic ones that are there already count."""
    world = WORLDS[kind]
    made = ARMS[name].build(world.train, world.targets, 0)
    assert all(made.data.counts(5)[label] == wanted for label, wanted in world.targets.items())
    grown = world.train.add(world.pools[0].x[:20], np.full(20, 1), np.ones(20, bool))
    filled = ARMS[name].build(grown, world.targets, 0).data
    assert filled.counts(5)[1] == world.targets[1] and filled.made.sum() == 20


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_synthetic_rows_stay_as_they_are(kind: str, name: str) -> None:
    """So that an arm with synthetic samples is the same arm: it never repeats, moves or drops them."""
    world = WORLDS[kind]
    grown = world.train.add(world.pools[0].x[:20], np.full(20, 1), np.ones(20, bool))
    made = ARMS[name].build(grown, world.targets, 1).data
    assert np.array_equal(made.x[made.made], world.pools[0].x[:20])


@pytest.mark.parametrize("name", VARIED)
def test_a_varied_series_is_near_the_one_that_it_came_from(name: str) -> None:
    """Nearer than real ones are to each other, and not the same."""
    world = WORLDS[SERIES]
    own = world.train.of_class(1)
    added = ARMS[name].build(world.train, world.targets, 0).data.x[len(world.train) :]
    far = cdist(added, own).min(1)
    assert (far > 0).all() and np.median(far) < np.median(cdist(own, own)[np.triu_indices(len(own), 1)])


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


def test_what_is_drawn_instead_of_real_rows_teaches_no_other_shares(world) -> None:
    """Synthetic rows that are mixed in do."""
    real = world.train
    data = real.add(np.repeat(real.x[:1], 90, axis=0), np.zeros(90, int), np.ones(90, bool))
    mixed = Training(data)
    drawn = synthetic.USES["first"].apply(mixed)
    classes = len(world.names)
    assert drawn.prior(classes) == pytest.approx(Training(real).prior(classes))
    assert mixed.prior(classes)[0] > drawn.prior(classes)[0]


def test_networks_and_other_classifiers_have_arms_of_their_own() -> None:
    """Nobody interpolates pixels for a network that augments, and a forest has no batches."""
    for kind in (IMAGES, SERIES, TABLE, "vectors"):
        assert "smote" not in baselines(True, kind) and "mixup" not in baselines(False, kind)
        assert baselines(True, kind)[0] == baselines(False, kind)[0] == "nothing"


def test_series_have_arms_of_their_own() -> None:
    """Nobody turns a series or warps a picture, and what is said of an arm speaks of the kind of data that it is for."""
    assert {"jitter", "scaling", "time_warp"} <= set(baselines(False, SERIES)) - set(baselines(False, TABLE))
    assert {"augmentation", "mixup", "balanced"} <= set(baselines(True, SERIES))
    for kind, other in ((SERIES, "image"), (IMAGES, "series")):
        assert not [name for name in baselines(True, kind) if other in ARMS[name].advice]


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
