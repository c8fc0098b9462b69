"""Candidates and scores depend on nothing but themselves."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from gan.model import GAN
from gan.networks import FAMILIES
from gan.sample import Maker, Mix, generate
from gan.score import score
from gan.states import States
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise


@pytest.fixture(scope="module", params=FAMILIES)
def gan(request: pytest.FixtureRequest, quick: PretrainSettings, images: np.ndarray, labels: np.ndarray) -> GAN:
    base = pretrain(images, labels, 4, quick, request.param, 8, seed=0)
    return specialise(base, images[10:20], 1, TrainSettings(steps=10, batch_size=16), seed=0)


def test_a_candidate_is_the_same_alone_and_among_many(gan: GAN, images: np.ndarray) -> None:
    """Candidate k depends on its own seed alone: not on the number, the order or the batching of the others."""
    seeds = np.arange(100, 137)
    together = generate(gan, images[10:20], 1, seeds)
    backwards = generate(gan, images[10:20], 1, seeds[::-1])
    assert np.array_equal(together.samples, backwards.samples[::-1])
    for row in (0, 5, 36):
        alone = generate(gan, images[10:20], 1, seeds[row : row + 1])
        for left, right in zip(alone, together, strict=True):
            assert np.array_equal(left[0], right[row])


def test_a_score_is_the_same_alone_and_among_many(gan: GAN, images: np.ndarray) -> None:
    """A score depends on the sample alone."""
    scores = score(gan, images, 1)
    assert scores.shape == (40,) and scores.dtype == np.float64
    assert np.array_equal(scores[::-1], score(gan, images[::-1], 1))
    assert score(gan, images[7:8], 1)[0] == scores[7]


def test_seeds_differ(gan: GAN, images: np.ndarray) -> None:
    """Different seeds give different candidates, and their parents lie among the references."""
    made = generate(gan, images[10:20], 1, np.arange(30))
    assert len({sample.tobytes() for sample in made.samples}) > 25
    assert set(made.reference_index) | set(made.neighbour_index) <= set(range(10))


def test_both_parents_are_of_the_subgroup_that_chance_named(
    trained: GAN, images: np.ndarray, labels: np.ndarray
) -> None:
    """Subgroups come in the shares that are asked for, one with none is left out, and a candidate depends on its seed alone."""
    of, seeds = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2]), np.arange(400)
    mix = Mix((of, np.full(40, -1)), np.array([0.2, 0.8, 0.0]))
    made = Maker(trained, images[10:20], 1, (images, labels), mix=mix).make(seeds)
    found = of[made.reference_index]
    assert (found == of[made.neighbour_index]).all() and set(found) == {0, 1} and (found == made.subgroup).all()
    assert abs((found == 1).mean() - 0.8) < 0.06
    assert (labels[made.here_index[made.here_index >= 0]] != 1).all()
    few = Maker(trained, images[10:20], 1, (images, labels), mix=mix).make(seeds[7:9])
    assert np.array_equal(few.samples, made.samples[7:9])


def test_candidates_lie_on_the_grid_and_keep_the_background(trained: GAN, images: np.ndarray) -> None:
    """Candidates have only values that the data has, and are empty where both parents are."""
    references = images[10:20]
    made = generate(trained, references, 1, np.arange(20))
    assert set(np.unique(made.samples)) <= set(np.unique(images))
    empty = (references[made.reference_index] == 0) & (references[made.neighbour_index] == 0)
    assert (made.samples[empty] == 0).all()


def test_nothing_asked_nothing_made(trained: GAN, images: np.ndarray) -> None:
    """No seeds give no candidates."""
    assert generate(trained, images[10:20], 1, np.array([], np.int64)).samples.shape == (0, 8, 8, 1)


class Refusing(nn.Module):
    """A network that makes nothing."""

    def forward(self, *given: object) -> None:
        raise AssertionError("asked for a candidate")


def test_making_that_was_stopped_goes_on(trained: GAN, images: np.ndarray, tmp_path: Path) -> None:
    """What the network had made is taken from disk, block by block, and the candidates are those of a call left alone."""
    seeds, references, whole = np.arange(600), images[10:20], 2  # blocks of 256 that are made before the stop

    def stop(done: int, total: int, figures: Mapping[str, float]) -> None:
        if done == 256 * whole:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(trained, references, 1, seeds, stop, states=States(tmp_path / "state", 0.01))
    assert len(list((tmp_path / "state").iterdir())) == whole
    silent = replace(trained, generator=Refusing())
    known = generate(silent, references, 1, seeds[: 256 * whole], states=States(tmp_path / "state", 0.01))
    again = generate(trained, references, 1, seeds, states=States(tmp_path / "state", 0.01))
    alone = generate(trained, references, 1, seeds)
    assert np.array_equal(again.samples, alone.samples) and np.array_equal(known.samples, alone.samples[: 256 * whole])
