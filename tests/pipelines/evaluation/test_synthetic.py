"""Which synthetic samples join a training set, and how they are used."""

import numpy as np
import pytest

from pipelines.evaluation import synthetic
from pipelines.evaluation.arms import ARMS
from pipelines.evaluation.synthetic import FILTERED, SOURCES, USES, accepted
from pipelines.likeness.data import Pool
from pipelines.plan import at_dose
from tests.pipelines.evaluation.worlds import digits


@pytest.fixture(scope="module")
def world():
    return digits((1, 3), classes=5, kind="smote")


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_adds_flagged_rows_of_the_minority_classes(world, source: str) -> None:
    """The real rows come first; doses are nested, and dose 0 adds nothing."""
    size = len(world.train)
    small, large, none = (synthetic.add(world.train, world.pools, source, dose, 0) for dose in (0.25, 1.0, 0.0))
    assert np.array_equal(large.x[:size], world.train.x) and len(none) == size
    assert large.made.tolist() == [False] * size + [True] * (len(large) - size)
    assert set(large.y[size:]) == {1, 3} and size < len(small) < len(large)
    rows = {tuple(row) for row in large.x[size:]}
    assert all(tuple(row) in rows for row in small.x[size:])


def test_a_replay_is_real_samples_drawn_again(world) -> None:
    """As many as the filter's, each the training sample that the candidate started from."""
    replayed = synthetic.add(world.train, world.pools, synthetic.REPLAY, 1.0, 0)
    filtered = synthetic.add(world.train, world.pools, FILTERED, 1.0, 0)
    assert len(replayed) == len(filtered)
    known = {tuple(row) for row in world.train.x}
    assert all(tuple(row) in known for row in replayed.x[replayed.made])


def test_smote_in_place_is_as_many_rows_between_real_ones(world) -> None:
    """As many as the filter's, other ones with another seed; rows that are synthetic already are no parents."""
    made = [synthetic.add(world.train, world.pools, synthetic.INTERPOLATED, 1.0, seed) for seed in (0, 1)]
    filtered = synthetic.add(world.train, world.pools, FILTERED, 1.0, 0)
    assert len(made[0]) == len(made[1]) == len(filtered)
    assert not np.array_equal(*(np.unique(one.x[one.made], axis=0) for one in made))
    far = world.train.add(np.full((5, world.train.x.shape[1]), 9.0), np.full(5, 1), np.ones(5, bool))
    assert (
        synthetic.add(far, world.pools, synthetic.INTERPOLATED, 1.0, 0).x[len(far) :].max()
        <= world.train.x.max() + 1e-6
    )
    for label in (1, 3):
        own = world.train.of_class(label)
        rows = made[0].x[made[0].made & (made[0].y == label)]
        assert (rows >= own.min(0) - 1e-6).all() and (rows <= own.max(0) + 1e-6).all()
    assert synthetic.called(synthetic.INTERPOLATED) == "SMOTE in place of the GAN's samples"


@pytest.mark.parametrize("use", USES)
def test_a_use_changes_no_real_row(world, use: str) -> None:
    """Weights of real rows stay; those of synthetic ones, or how they are drawn, are what the use says."""
    data = synthetic.add(world.train, world.pools, FILTERED, 0.5, 0)
    training = USES[use].apply(ARMS["class_weights"].build(data, world.targets, 0))
    plain = ARMS["class_weights"].build(data, world.targets, 0)
    assert training.weight is not None and plain.weight is not None
    assert np.array_equal(training.weight[~data.made], plain.weight[~data.made])
    assert training.weight[data.made] == pytest.approx(USES[use].weight * plain.weight[data.made])
    assert (training.style.synthetic_share, training.style.real_last) == (USES[use].share, USES[use].real_last)


def test_acceptance_takes_the_best_scores() -> None:
    """Candidates without a score are never accepted before others."""
    x, score = np.arange(5, dtype=np.float32)[:, None], np.array([0.1, 0.9, np.nan, 0.5, 0.7])
    pool = Pool(0, 5, x, np.ones(5, bool), score, np.arange(5).astype(str), np.full((5, 2), -1))
    assert accepted(pool, 0.5).tolist() == [1, 4]
    assert len(accepted(pool)) == 5


@pytest.mark.parametrize(
    ("needed", "dose", "added"), [(2, 0.1, 1), (3, 0.25, 1), (40, 0.1, 4), (0, 0.1, 0), (5, 1.0, 5)]
)
def test_the_smallest_dose_is_a_sample(needed: int, dose: float, added: int) -> None:
    """A class that lacks two is judged with one, not with none."""
    assert at_dose(needed, dose) == added


def test_a_fold_gets_only_candidates_whose_parents_it_has(world) -> None:
    """A candidate that started from a held-out sample would tell what is asked."""
    pool = world.pools[0]
    rows = np.arange(0, len(world.train), 2)
    inside = pool.within(rows)
    assert 0 < len(inside.x) < len(pool.x)
    assert np.isin(inside.parents, rows).all()
