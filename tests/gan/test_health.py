"""Troubles of training are reported as what they are, and a healthy run has none."""

import json

import numpy as np
import pytest

from gan.health import Drawn, Health, copying, diverging, memorising, signs_of_samples, swinging, vanishing
from gan.model import GAN
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise


def patches(count: int, seed: int = 0) -> np.ndarray:
    """Images of one class, (n, 8, 8, 1): a patch of 16 pixels of 8 grey levels, on black."""
    samples = np.zeros((count, 8, 8, 1), np.uint8)
    samples[:, 2:6, 2:6] = np.random.default_rng(seed).integers(1, 9, (count, 4, 4, 1)) * 31
    return samples


def short(**changed: float) -> PretrainSettings:
    """A training of 200 steps."""
    return PretrainSettings(**{"steps": 200, "batch_size": 16, "noise_dim": 4, **changed})


def bad(gan: GAN) -> set[str]:
    return {sign.name for sign in gan.health.bad}


@pytest.fixture(scope="module")
def healthy() -> GAN:
    """A GAN that was trained on 40 images of two classes, with 12 held out."""
    validation = patches(12, seed=1), np.arange(12) // 6
    return pretrain(patches(40), np.arange(40) // 20, 2, short(), "mlp", 4, 0, validation=validation)


def test_a_healthy_training_shows_no_trouble(healthy: GAN) -> None:
    """A training that goes well has no bad sign, and the samples' signs are all measured."""
    assert bad(healthy) == set()
    measured = {sign.name for sign in healthy.health.signs if np.isfinite(sign.value)}
    assert {"mode collapse", "copying", "dead generator", "identical samples", "discriminator wins"} <= measured


def test_a_discriminator_that_wins_at_once_is_reported_as_that() -> None:
    """Four noise images, no penalty and a huge learning rate: with one seed or another, which differs by processor, the
    discriminator wins within 50 steps.
    """
    noise = np.random.default_rng(0).integers(0, 2, (4, 8, 8, 1)).astype(np.uint8) * 255
    wild = short(gamma=0, faithful=0, learning_rate=0.1, batch_size=32)
    trained = (pretrain(noise, np.zeros(4, int), 1, wild, "mlp", 4, seed) for seed in range(10))
    lost = next(gan for gan in trained if "discriminator wins" in bad(gan))
    assert lost.history[0]["generator_loss"] > 2 * np.log(2)  # a loss of log 2 is a draw


def test_a_generator_that_changes_nothing_is_reported_as_dead() -> None:
    """With a learning rate of almost zero every start comes out as it went in."""
    dead = pretrain(patches(20), np.zeros(20, int), 1, short(learning_rate=1e-12), "mlp", 4, 0)
    assert bad(dead) == {"dead generator"}


def test_three_identical_images_are_reported_as_that(healthy: GAN) -> None:
    """Three times the same image, or all but the same: the samples are at fault and no network."""
    same = np.repeat(patches(1), 3, 0)
    nearly = same.copy()
    nearly[1, 3, 3] += 1
    for samples in (same, nearly):
        trained = specialise(healthy, samples, 0, TrainSettings(steps=50, batch_size=16), seed=0)
        assert bad(trained) == {"identical samples"}
        assert all("collect samples" in sign.done for sign in trained.health.bad)


def drawn(fakes: np.ndarray, starts: np.ndarray) -> set[str]:
    """The bad signs of `fakes` made from `starts`, between 20 real rows, 8 rows held out."""
    real, held_out = rows(20, seed=1), rows(8, seed=2)
    return {sign.name for sign in signs_of_samples([Drawn(fakes, starts, real, held_out)]) if sign.bad}


def rows(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (count, 16))


def test_samples_show_what_is_wrong_with_their_generator() -> None:
    """Fresh samples are fine; one for all starts is dead, few kinds are a collapse, training samples are copies."""
    starts, fresh, real = rows(40, seed=3), rows(40, seed=4), rows(20, seed=1)
    assert drawn(fresh, starts) == set()
    assert drawn(starts, starts) == {"dead generator"}
    assert drawn(np.repeat(fresh[:1], 40, 0), starts) == {"dead generator", "mode collapse"}
    assert drawn(0.1 * fresh + 0.9 * fresh[0], starts) == {"mode collapse"}
    assert drawn(np.tile(real, (2, 1)) + 0.01 * fresh, starts) == {"copying"}


def test_losses_show_what_is_wrong_with_a_training() -> None:
    """A loss that is not a number or huge diverges, one that swings oscillates, a gradient that fades vanishes."""
    steady = [{"generator_loss": 0.7, "discriminator_loss": 0.7, "generator_gradient": 1.0}] * 16
    assert not (diverging(steady).bad or swinging(steady).bad or vanishing(steady).bad)
    assert diverging([*steady, {"generator_loss": np.nan, "discriminator_loss": 0.7}]).bad
    assert diverging([*steady, {"generator_loss": 0.7, "discriminator_loss": 20.0}]).bad
    assert swinging([{**row, "generator_loss": 0.2 + 2 * (step % 2)} for step, row in enumerate(steady)]).bad
    assert vanishing([{**row, "generator_gradient": 0.3**step} for step, row in enumerate(steady)]).bad
    assert vanishing([{**row, "generator_gradient": 0.0} for row in steady]).bad


def test_a_discriminator_that_knows_its_samples_by_heart_is_told_from_one_that_does_not() -> None:
    """Held-out samples that score as generated ones do betray it, if there are enough of them."""
    learnt = [{"score_real": 2.0, "score_fake": 0.0, "score_held_out": 0.1}] * 8
    fair = [{**row, "score_held_out": 1.6} for row in learnt]
    assert memorising(learnt, held_out=10).bad and not memorising(fair, held_out=10).bad
    assert not memorising(learnt, held_out=2).bad


def test_health_survives_json(healthy: GAN) -> None:
    """What is not a number is null in JSON, which knows no NaN, and NaN again when it is read."""
    health = Health("step 5", None, "kept: step 5", [diverging([]), copying([0.1], [0.5]), *healthy.health.signs])
    again = Health.from_dict(json.loads(json.dumps(health.to_dict(), allow_nan=False)))
    assert str(again) == str(health)
