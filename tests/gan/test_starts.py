"""Starts lie where SMOTE would put them, and from there where majority classes lead."""

import numpy as np
import pytest
import torch

from gan.modalities import ImageCodec
from gan.starts import Policy, Starters, neighbours

PLAIN = Policy(neighbours=3, borrow=0.0)
SIZES = [(0, 12), (1, 60), (2, 60), (3, 40)]  # class, samples


def images() -> tuple[np.ndarray, np.ndarray]:
    """Samples of one poor and three majority classes, the third farthest off; the last row of pixels is always empty."""
    rng = np.random.default_rng(0)
    labels = np.concatenate([np.full(count, label) for label, count in SIZES])
    values = rng.integers(0, 60, (len(labels), 4, 4, 1)) + np.array([60, 80, 40, 190])[labels][:, None, None, None]
    values[:, 3] = 0
    return values.astype(np.uint8), labels


def starters(policy: Policy) -> Starters:
    """Starts over `images`."""
    values, labels = images()
    return Starters(values, labels, ImageCodec.fit(values), policy)


def test_a_plain_start_lies_between_its_two_parents() -> None:
    """Without borrowing, a start is the point at `weight` between a sample and one of its k nearest of the class."""
    values, _ = images()
    own = values[:12].reshape(12, -1).astype(float)
    distances = np.linalg.norm(own[:, None] - own[None], axis=-1)
    made = starters(PLAIN)
    drawn = made.draw(0, 100, np.random.default_rng(1))
    x = made.codec.encode(values)
    weight = torch.from_numpy(drawn.weight.astype(np.float32))[:, None, None, None]
    assert torch.allclose(
        made.starts(drawn), (1 - weight) * x[drawn.reference] + weight * x[drawn.neighbour], atol=1e-5
    )
    assert all(n in np.argsort(distances[r])[1:4] for r, n in zip(drawn.reference, drawn.neighbour, strict=True))
    assert drawn.weight.min() >= 0 and drawn.weight.max() < 1 and (drawn.here == -1).all()


def test_a_borrowed_start_is_displaced_by_a_difference_of_a_near_rich_class() -> None:
    """The plain start plus `step` of what leads from one sample to another of one of the two nearest majority classes."""
    values, labels = images()
    made = starters(Policy(neighbours=3, borrow=0.5))
    drawn = made.draw(0, 200, np.random.default_rng(1))
    assert set(labels[drawn.here]) == {1, 2} and (labels[drawn.here] == labels[drawn.there]).all()
    assert 0 < drawn.step.max() < 0.5
    x, plain = made.codec.encode(values), made.starts(drawn._replace(here=np.full(200, -1)))
    step = torch.from_numpy(drawn.step.astype(np.float32))[:, None, None, None]
    moved = plain + step * (x[drawn.there] - x[drawn.here])
    inside = (plain > -1) & (moved >= x.min()) & (moved <= x.max())
    assert torch.allclose(made.starts(drawn)[inside], moved[inside], atol=1e-6)


def test_what_is_background_between_the_parents_stays_background() -> None:
    """A pixel that both parents leave empty is empty to the bit, whatever is borrowed or moved."""
    for policy in (PLAIN, Policy(neighbours=3)):
        made = starters(policy)
        assert made.codec.background == 0  # type: ignore[attr-defined]
        assert (made.starts(made.draw(0, 50, np.random.default_rng(0)))[:, :, 3] == -1).all()


def test_a_rich_class_borrows_from_the_others_and_a_lone_one_from_nobody() -> None:
    """No class lends to itself; where all other classes are minority classes, starts are plain."""
    values, labels = images()
    assert 1 not in labels[starters(Policy()).draw(1, 50, np.random.default_rng(0)).here]
    two = labels < 2
    lone = Starters(values[two], labels[two], ImageCodec.fit(values), Policy())
    assert (lone.draw(1, 50, np.random.default_rng(0)).here == -1).all()


def test_two_samples_and_one_are_enough() -> None:
    """Of two samples each is the other's neighbour; a single one is its own start."""
    pair = np.array([[0.0], [1.0]], np.float32)
    assert neighbours(pair, 5).tolist() == [[1], [0]]
    assert neighbours(pair[:1], 5).tolist() == [[0]]
    with pytest.raises(ValueError, match="nothing to start from"):
        neighbours(pair[:0], 5)


def test_copies_are_neighbours_of_each_other_and_not_of_themselves() -> None:
    """Repeated samples do not make a sample its own neighbour."""
    assert all(row not in found for row, found in enumerate(neighbours(np.zeros((4, 2), np.float32), 3)))


def test_noise_is_as_wide_as_the_policy_says_and_widened_by_all_samples_where_a_class_has_few() -> None:
    """Away from its plain place a start lies by normal noise: `spread` standard deviations, pooled as the docstring says."""
    values, labels = images()
    made = Starters(values, labels, ImageCodec.fit(values), Policy(neighbours=3, borrow=0.0, spread=0.5))
    drawn = made.draw(0, 4000, np.random.default_rng(1))
    x = made.codec.encode(values).numpy()
    own, every = x[labels == 0].var(0), x.var(0)
    assert np.allclose(drawn.noise.std(0), 0.5 * np.sqrt((12 * own + 10 * every) / 22), rtol=0.1)
    plain = made.starts(drawn._replace(noise=np.empty((4000, 0))))
    assert torch.equal(made.starts(drawn), made.codec.displace(plain, torch.from_numpy(drawn.noise)))
