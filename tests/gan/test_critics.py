"""Critics judge samples that they have not seen, and so know what a discriminator of few samples gets wrong."""

from pathlib import Path

import numpy as np
import pytest

from gan.critics import Critics, cross_fit
from gan.model import GAN
from gan.sample import generate
from gan.score import calibrate, log_loss, score
from gan.states import States
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise

FEW = 8


def strokes(count: int, seed: int) -> np.ndarray:
    """Images of one class, (n, 8, 8, 1): a smooth random wave of 16 grey levels. As many as are wanted can be had."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:8, 0:8] / 8
    phase, angle, pace = rng.uniform(0, 6.3, count), rng.uniform(0, 3.1, count), rng.uniform(3, 9, count)
    wave = np.sin(
        pace[:, None, None] * (np.cos(angle)[:, None, None] * x + np.sin(angle)[:, None, None] * y)
        + phase[:, None, None]
    )
    return (np.round((wave + 1) * 7.5) * 17).astype(np.uint8)[..., None]


@pytest.fixture(scope="module")
def gan() -> GAN:
    """A GAN that was trained on 8 waves for long enough to know them by heart."""
    settings = PretrainSettings(steps=300, batch_size=32, noise_dim=4, gamma=0.05, faithful=0)
    base = pretrain(strokes(FEW, 0), np.zeros(FEW, int), 1, settings, "mlp", 8, 0)
    return specialise(base, strokes(FEW, 0), 0, TrainSettings(steps=0), 0)


@pytest.fixture(scope="module")
def critics(gan: GAN) -> Critics:
    return cross_fit(gan, strokes(FEW, 0), 0, seed=0)


def test_critics_are_better_calibrated_than_two_held_out_samples(gan: GAN, critics: Critics) -> None:
    """Judged by 300 fresh real samples, which a user does not have: the log loss of the probabilities is lower."""
    real, held_out = strokes(300, 1), strokes(2, 2)
    fakes = generate(gan, strokes(FEW, 0), 0, np.arange(600)).samples
    candidates, others = fakes[:300], fakes[300:]
    is_real = np.repeat([True, False], 300)
    by_two = calibrate(score(gan, held_out, 0), score(gan, candidates, 0))
    known = np.concatenate([critics.real, critics.score(held_out)])
    by_critics = calibrate(known, critics.score(candidates))
    loss_of_two = log_loss(by_two.log_ratio(score(gan, np.concatenate([real, others]), 0)), is_real)
    loss_of_critics = log_loss(by_critics.log_ratio(critics.score(np.concatenate([real, others]))), is_real)
    assert loss_of_critics < loss_of_two - 0.02


def test_a_critic_scores_only_what_it_has_not_seen(gan: GAN, critics: Critics) -> None:
    """The score of a training sample is that of one critic; changing a sample does not change the critic that left it out."""
    samples = strokes(FEW, 0)
    changed = samples.copy()
    changed[0] = 255 - changed[0]
    again = cross_fit(gan, changed, 0, seed=0)
    same = [
        np.array_equal(score(left, samples, 0), score(right, samples, 0))
        for left, right in zip(critics.critics, again.critics, strict=True)
    ]
    assert sum(same) == 1


def test_same_seed_same_scores(gan: GAN, critics: Critics) -> None:
    """Critics repeat to the last bit, and another seed gives others."""
    samples = strokes(FEW, 0)
    assert np.array_equal(cross_fit(gan, samples, 0, seed=0).real, critics.real)
    assert not np.array_equal(cross_fit(gan, samples, 0, seed=1).real, critics.real)


def test_critics_that_are_kept_are_not_trained_again(gan: GAN, critics: Critics, tmp_path: Path) -> None:
    """Each comes back from disk with the very scores; one in the place of another shows that they do come from there."""
    samples, states = strokes(FEW, 0), States(tmp_path / "state", 0.01)
    cross_fit(gan, samples, 0, seed=0, states=states)
    first, second, *rest = sorted((tmp_path / "state").iterdir())
    assert len(rest) == 2
    assert np.array_equal(cross_fit(gan, samples, 0, seed=0, states=states).real, critics.real)
    first.write_bytes(second.read_bytes())
    assert not np.array_equal(cross_fit(gan, samples, 0, seed=0, states=states).real, critics.real)


def test_two_samples_are_enough_and_one_is_not(gan: GAN) -> None:
    """Leaving one of two out leaves one; leaving one of one out leaves none, and the error says so."""
    assert cross_fit(gan, strokes(2, 0), 0, seed=0).real.shape == (2,)
    with pytest.raises(ValueError, match="two samples"):
        cross_fit(gan, strokes(1, 0), 0, seed=0)
