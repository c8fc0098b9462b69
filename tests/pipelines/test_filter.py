"""The filter stage: who gives the scores, and what is said of them."""

import numpy as np
import pandas as pd
import pytest

from gan.filter import FilterSettings
from gan.model import GAN
from gan.train import PretrainSettings, TrainSettings, pretrain, specialise
from pipelines.evaluation.data import images_as_rows
from pipelines.evaluation.distance import euclidean
from pipelines.samples import Candidates, Samples
from pipelines.stages.filter import Scores, covered, score_all


def samples(count: int, seed: int) -> Samples:
    """Noise pictures of one class."""
    values = np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 1)).astype(np.uint8)
    return Samples(values, np.zeros(count, np.int64), np.array([f"{seed}-{row}" for row in range(count)]))


def candidates(values: np.ndarray) -> Candidates:
    return Candidates(values, pd.DataFrame({"raw_score": np.linspace(0, 1, len(values))}))


@pytest.fixture(scope="module")
def gan() -> GAN:
    """A GAN of one class, after two steps."""
    settings = PretrainSettings(steps=2, batch_size=4, noise_dim=2)
    base = pretrain(samples(6, 0).values, np.zeros(6, int), 1, settings, "mlp", 4, 0)
    return specialise(base, samples(6, 0).values, 0, TrainSettings(steps=0), 0)


@pytest.mark.parametrize(
    ("held_out", "below", "by"), [(5, 5, "discriminator"), (4, 5, "critics"), (0, 0, "discriminator")]
)
def test_critics_score_where_few_are_held_out(gan: GAN, held_out: int, below: int, by: str) -> None:
    """Below `cross_fit_below` held-out samples the training samples, left out in turn, join them in the calibration."""
    made = candidates(samples(8, 1).values)
    scores = score_all(gan, made, samples(6, 0), samples(held_out, 2), FilterSettings(cross_fit_below=below), seed=0)
    assert scores.scored_by == by
    assert len(scores.real) == held_out + (6 if by == "critics" else 0)
    assert (by == "discriminator") == np.array_equal(scores.candidates, made.rows["raw_score"])


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


def test_coverage_compares_as_many_candidates() -> None:
    """Keeping the candidates that lie where the real samples do raises their coverage above that of the first ones."""
    pixels = euclidean("pixels", lambda x: x.astype(float))
    real = samples(10, 0)
    near = np.clip(real.values.astype(int) + 1, 0, 255).astype(np.uint8)
    made = np.concatenate([np.full_like(near, 255), near])
    rows = [images_as_rows(values)[0] for values in (real.values, made)]
    found = covered(*rows, np.arange(20), np.arange(20) >= 10, pixels)
    assert found["after"] == 1 > found["before"]  # type: ignore[operator]
    assert covered(*rows, np.arange(20), np.arange(20) < 1, pixels) == {"before": None, "after": None}
