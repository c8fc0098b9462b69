"""Starts lie where SMOTE would put them."""

import numpy as np
import pytest

from gan.starts import Neighbours, draw


def test_start_lies_between_its_two_parents() -> None:
    """A start is the point at `weight` between a sample and one of its k nearest."""
    references = np.random.default_rng(0).random((12, 1, 3, 3)).astype(np.float32)
    distances = np.linalg.norm((references[:, None] - references[None]).reshape(12, 12, -1), axis=-1)
    rng = np.random.default_rng(1)
    for _ in range(50):
        start, reference, neighbour, weight = draw(references, rng, k=3)
        assert neighbour in np.argsort(distances[reference])[1:4]
        assert 0 <= weight < 1
        assert np.allclose(start, (1 - weight) * references[reference] + weight * references[neighbour], atol=1e-6)


def test_start_is_exact_where_the_parents_agree() -> None:
    """A pixel that both parents have in common is that pixel to the bit, so that a background can be told."""
    references = np.full((3, 5), -1, np.float32)
    references[:, 0] = [0.1, 0.7, 0.3]
    rng = np.random.default_rng(0)
    assert all((draw(references, rng).start[1:] == -1).all() for _ in range(20))


def test_two_samples_and_one_are_enough() -> None:
    """Of two samples each is the other's neighbour; a single one is its own start."""
    pair = np.array([[0.0], [1.0]], np.float32)
    assert Neighbours.of(pair, 5).table.tolist() == [[1], [0]]
    start, reference, neighbour, _ = draw(pair[:1], np.random.default_rng(0))
    assert (start.tolist(), reference, neighbour) == ([0.0], 0, 0)
    with pytest.raises(ValueError, match="nothing to start from"):
        Neighbours.of(pair[:0])


def test_copies_are_neighbours_of_each_other_and_not_of_themselves() -> None:
    """Repeated samples do not make a sample its own neighbour."""
    table = Neighbours.of(np.zeros((4, 2), np.float32), 3).table
    assert all(row not in neighbours for row, neighbours in enumerate(table))
