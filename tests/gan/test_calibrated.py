"""Who gives the scores of a class's candidates, and what is said of them."""

import numpy as np
import pytest

from gan.calibrated import Scores, score_candidates
from gan.model import GAN
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise


def images(count: int, seed: int) -> np.ndarray:
    """Noise images."""
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 1)).astype(np.uint8)


@pytest.fixture(scope="module")
def gan() -> GAN:
    """A GAN of one class, after two steps."""
    settings = PretrainSettings(steps=2, batch_size=4, noise_dim=2)
    base = pretrain(images(6, 0), np.zeros(6, int), 1, settings, "mlp", 4, 0)
    return specialise(base, images(6, 0), 0, TrainSettings(steps=0), 0)


@pytest.mark.parametrize(
    ("held_out", "below", "by"), [(5, 5, "discriminator"), (4, 5, "critics"), (0, 0, "discriminator")]
)
def test_critics_score_where_few_are_held_out(gan: GAN, held_out: int, below: int, by: str) -> None:
    """Below `cross_fit_below` held-out samples the training samples, left out in turn, join them in the calibration."""
    raw, real = np.linspace(0, 1, 8), (images(6, 0), np.zeros(6, int))
    made = images(8, 1)
    scores = score_candidates(gan, [made], raw, real, images(held_out, 2), below, seed=0)
    apart = score_candidates(gan, [made[:3], made[3:]], raw, real, images(held_out, 2), below, seed=0)
    assert np.array_equal(apart.candidates, scores.candidates)
    assert scores.scored_by == by
    assert len(scores.real) == held_out + (6 if by == "critics" else 0)
    assert (by == "discriminator") == np.array_equal(scores.candidates, raw)


def test_reliability_counts_every_score_and_needs_two() -> None:
    """Each score is in one bin; with a single real sample nothing can be left out, and nothing is claimed."""
    rng = np.random.default_rng(0)
    told = Scores("critics", rng.normal(0, 1, 40), rng.normal(0.5, 1, 12)).reliability()
    assert sum(row["samples"] for row in told["reliability"]) == 52
    assert abs(told["z"]) < 3
    assert Scores("critics", rng.normal(0, 1, 40), np.zeros(1)).reliability() == {
        "z": None,
        "log_loss": None,
        "reliability": [],
    }
    assert Scores("discriminator", np.array([2.0, 4.0]), np.zeros(0)).calibration().ratio(np.array([3.0]))[0] == 1
