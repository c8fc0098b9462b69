"""Copies are found; what merely lies between real samples is left in peace."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from gan import seeds
from pipelines.likeness import copies, distance
from pipelines.likeness.data import Data
from tests.pipelines.evaluation.worlds import digits, waves

CLASS = 3


def between(train: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Points between two samples of the class, as SMOTE makes them."""
    first, second = (rng.integers(len(train), size=size) for _ in range(2))
    second = np.where(first == second, (second + 1) % len(train), second)
    return train[first] + rng.random((size, 1)) * (train[second] - train[first])


def check(x: np.ndarray, real: Data, held_out: np.ndarray, label: int) -> copies.Copies:
    """All spaces together."""
    return copies.check(x, real.of_class(label), held_out, distance.spaces(real))


def table() -> tuple[Data, np.ndarray, np.ndarray]:
    """The breast cancer table: training rows (12 of class 0), held-out and further rows of class 0."""
    x, y = load_breast_cancer(return_X_y=True)
    zero, one = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    rows = np.append(zero[:12], one[:100])
    return Data(x[rows].astype(np.float32), y[rows]), x[zero[12:60]], x[zero[60:160]]


def images() -> tuple[Data, np.ndarray, np.ndarray]:
    """Digits: training images (10 of class 3), held-out images, and further ones."""
    world = digits(few=10, kind="real")
    held_out = world.test.of_class(CLASS)
    spare = np.concatenate([pool.x for pool in world.pools if pool.label == CLASS])
    return world.train, held_out[:40], np.concatenate([held_out[40:], spare])


def series() -> tuple[Data, np.ndarray, np.ndarray]:
    """Waves: training series (10 of class 1), held-out series, and further ones; the second channel is far larger."""
    world = waves(few=10, each=300)
    larger = np.tile([1, 1000], world.train.x.shape[1] // 2).astype(np.float32)
    held_out = world.test.of_class(1) * larger
    return replace(world.train, x=world.train.x * larger), held_out[:40], held_out[40:]


LABELS = {images: CLASS, table: 0, series: 1}


@pytest.mark.parametrize("make", [images, table, series])
@pytest.mark.parametrize("jitter", [0.0, 0.01, 0.02])
@pytest.mark.parametrize("seed", [0, 1])
def test_ten_planted_copies_among_a_hundred_are_found(make, jitter: float, seed: int) -> None:
    """Literal and jittered ones, among interpolations; at most two of the others are flagged."""
    real, held_out, _ = make()
    label, rng = LABELS[make], seeds.numpy_generator(seed, "copies")
    train = real.of_class(label)
    planted = train[rng.integers(len(train), size=10)] + rng.normal(0, 1, (10, train.shape[1])) * jitter * np.ptp(
        real.x, axis=0
    ).clip(1e-9)
    found = check(np.concatenate([planted, between(train, 90, rng)]).astype(np.float32), real, held_out, label)
    assert found.flagged[:10].sum() >= 9 and found.flagged[10:].sum() <= 2


@pytest.mark.parametrize("make", [images, table, series])
@pytest.mark.parametrize("innocents", ["fresh", "between"])
def test_at_most_two_of_a_hundred_innocents_are_flagged(make, innocents: str) -> None:
    """Fresh real samples, and points between training samples; the latter are near, and said to be."""
    real, held_out, fresh = make()
    label = LABELS[make]
    x = fresh[:100] if innocents == "fresh" else between(real.of_class(label), 100, np.random.default_rng(0))
    found = check(x.astype(np.float32), real, held_out, label)
    assert found.flagged.sum() <= 2
    assert innocents == "fresh" or found.near.sum() > 15


@pytest.mark.parametrize("levels", [16, 255])
def test_interpolations_rounded_to_the_grid_are_innocent_unless_they_equal_a_sample(levels: int) -> None:
    """Rounding turns a point close to a real sample into that sample, which is a copy, or into one that differs in a pixel
    or two, which goes where the other parent lies.
    """
    real, held_out, _ = images()
    x = np.round(between(real.of_class(CLASS), 200, np.random.default_rng(1)) * levels) / levels
    found = check(x.astype(np.float32), real, held_out, CLASS)
    assert found.near.sum() > 40 and found.flagged[~found.exact].sum() <= 4


def test_equal_rows_of_a_coarse_table_are_no_copies() -> None:
    """Where fresh real rows equal training rows, so may synthetic ones."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (60, 4)).astype(np.float32)
    real = Data(x, np.zeros(60, int), categorical=np.ones(4, bool))
    fresh = rng.integers(0, 2, (40, 4)).astype(np.float32)
    assert not check(fresh, real, rng.integers(0, 2, (50, 4)).astype(np.float32), 0).flagged.any()


def test_equal_rows_are_no_copies_where_training_rows_equal_each_other() -> None:
    """Equal rows lie in one split, so held-out rows never equal training rows; these among each other show what is normal."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (90, 4)).astype(np.float32)
    real = Data(x, np.zeros(90, int), categorical=np.ones(4, bool))
    every = np.stack(np.meshgrid(*[np.arange(3)] * 4), -1).reshape(-1, 4).astype(np.float32)
    held_out = every[~(every[:, None] == x).all(2).any(1)]
    assert len(held_out) > 10 and not check(x[:50], real, held_out, 0).flagged.any()


def test_gower_by_hand_and_in_blocks() -> None:
    """Numbers count |difference| / range, categories 0 or 1, and the mean over the columns is taken."""
    a, b = np.array([[1.0, 10.0, 0.0]]), np.array([[2.0, 30.0, 1.0], [1.0, 10.0, 0.0]])
    found = distance.gower(a, b, np.array([False, False, True]), np.array([4.0, 40.0, 1.0]))
    assert found == pytest.approx(np.array([[(0.25 + 0.5 + 1) / 3, 0.0]]))
    rng = np.random.default_rng(0)
    many, kinds = rng.random((2500, 3)), np.zeros(3, bool)
    expected = np.abs(many[:, None, :] - many[None, :50, :]).mean(2)
    assert distance.gower(many, many[:50], kinds, np.ones(3)) == pytest.approx(expected)
