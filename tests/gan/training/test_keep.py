"""The weights that are kept: the last, unless held-out samples know better ones."""

import numpy as np
import pytest
import torch

from gan.model import GAN
from gan.training.keep import Keeper, Weights, energy_score, without_change
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise


def slow_energy_score(fakes: np.ndarray, y: np.ndarray) -> float:
    """The obvious twin: two loops."""
    n = len(fakes)
    near = sum(np.linalg.norm(fake - y) for fake in fakes) / n
    apart = sum(np.linalg.norm(a - b) for a in fakes for b in fakes) / (n * (n - 1))
    return near - apart / 2


def test_energy_score_equals_its_plain_twin() -> None:
    """The score of each held-out sample is what two loops find."""
    rng = np.random.default_rng(0)
    fakes, held_out = rng.normal(size=(7, 3)), rng.normal(size=(4, 3))
    assert energy_score(fakes, held_out) == pytest.approx([slow_energy_score(fakes, y) for y in held_out])


def test_the_law_of_the_held_out_samples_has_the_least_energy_score() -> None:
    """Samples that are shifted, too narrow (even at the centre) or too wide have a higher score than those of the law."""
    rng = np.random.default_rng(0)
    held_out, fakes = rng.normal(size=(500, 5)), rng.normal(size=(500, 5))
    least = energy_score(fakes, held_out).mean()
    for others in (fakes + 0.5, 0.5 * fakes, 0.01 * fakes, 1.5 * fakes):
        assert energy_score(others, held_out).mean() > least + 0.01


def weights(name: str, energy: list[float]) -> Weights:
    return Weights(name, np.array(energy), torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))


@pytest.mark.parametrize(
    ("start", "base", "steps", "kept"),
    [
        ([3, 3], None, [[2.0, 2.1], [2.5, 2.7]], "step 0"),  # both samples say that it was better before
        ([3, 3], None, [[2.0, 2.1], [1.9, 3.0]], "step 1"),  # they disagree
        (
            [1, 1],
            None,
            [[2, 2], [2, 2]],
            "step 1",
        ),  # a base is kept although the start is better: classes go on from it
        ([1, 1], [2, 2], [[1.5, 1.6]], "start"),  # a class's GAN that does worse than nothing is not
        ([3, 3], [2, 2], [[2.5, 2.4]], "base"),
        ([3, 3], [2, 2], [[1.9, 1.8]], "step 0"),
        ([3], [2], [[2.5]], "step 0"),  # a single sample cannot say how sure it is
        ([], [], [[], []], "step 1"),  # nothing to judge by: the last
        ([1, 1], [2, 2], [], "start"),  # no step at all
    ],
)
def test_the_last_weights_are_kept_unless_held_out_samples_agree_that_others_were_better(
    start: list[float], base: list[float] | None, steps: list[list[float]], kept: str
) -> None:
    """By more than one standard error of the difference; a base has no rivals but its own steps."""
    shares = np.full(len(start), 1 / max(1, len(start)))
    keeper = Keeper(weights("start", start), None if base is None else weights("base", base), shares)
    for step, energy in enumerate(steps):
        keeper.look(step, np.array(energy), torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
    best, said = keeper.conclude(len(steps), "")
    assert best.name == kept and f"kept: {kept}" in said


@pytest.mark.parametrize(("spread", "kept"), [(0.3, "start"), (3.0, "step 0"), (None, "step 0")])
def test_a_single_held_out_sample_is_judged_by_the_spread_of_all_classes(spread: float | None, kept: str) -> None:
    """One sample that says that a GAN does worse than nothing counts, if such differences are far from what is usual."""
    keeper = Keeper(weights("start", [1.3]), weights("base", [2.3]), np.ones(1), spread)
    keeper.look(0, np.array([2.2]), torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
    assert keeper.conclude(1, "")[0].name == kept


def test_a_run_that_was_stopped_keeps_the_best_or_what_it_began_with() -> None:
    """The last weights of a stopped run have gone bad; without held-out samples none of its weights is trusted."""
    for energy, kept in (([2.0, 2.5], "step 0"), ([], "base")):
        shares = np.full(len(energy), 0.5)
        keeper = Keeper(weights("start", [9.0] * len(energy)), weights("base", [8.0] * len(energy)), shares)
        for step, more in enumerate((0.0, 0.1)):
            keeper.look(
                step, np.array(energy) + more * np.arange(len(energy)), torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
            )
        assert keeper.conclude(2, "it diverged")[0].name == kept


def test_a_generator_without_change_returns_its_start(trained: GAN) -> None:
    """What is called the start is the start, bit for bit; the generator that it was made from stays as it is."""
    generator = torch.Generator().manual_seed(0)
    start, noise = torch.rand(5, 1, 8, 8, generator=generator), torch.rand(5, 4, generator=generator)
    labels = torch.ones(5, dtype=torch.int64)
    assert torch.equal(without_change(trained.generator)(start, noise, labels), start)
    assert not torch.equal(trained.generator(start, noise, labels), start)


def finite(gan: GAN) -> bool:
    networks = (gan.generator, gan.discriminator)
    return all(weight.isfinite().all() for network in networks for weight in network.parameters())


def test_a_training_that_leaves_the_numbers_is_stopped_and_its_weights_are_not_kept(
    base: GAN, images: np.ndarray, labels: np.ndarray
) -> None:
    """An absurd learning rate ends a run at its first row: the base is kept, or the start where there is no base."""
    rates = {"batch_size": 8, "gamma": 0, "learning_rate": 1e30}
    first = pretrain(images, labels, 4, PretrainSettings(steps=200, noise_dim=2, **rates), "mlp", 4, 0)
    second = specialise(base, images[:10], 0, TrainSettings(steps=200, **rates), 0)
    for gan, kept in ((first, "start"), (second, "base")):
        assert (gan.health.kept, gan.health.stopped) == (kept, 50)
        assert "stopped at step 50: a loss is not a number" in gan.health.outcome
        assert {"diverging losses"} <= {sign.name for sign in gan.health.bad}
        assert finite(gan)


def test_a_training_whose_discriminator_has_won_is_stopped() -> None:
    """Once the generator has lost for 5 rows on end the run is over, long before its last step."""
    noise = np.random.default_rng(0).integers(0, 2, (4, 8, 8, 1)).astype(np.uint8) * 255
    settings = PretrainSettings(steps=2000, batch_size=32, noise_dim=4, gamma=0, learning_rate=0.1)
    lost = pretrain(noise, np.zeros(4, int), 1, settings, "mlp", 4, 0)
    assert lost.health.stopped is not None and lost.health.stopped <= 500
    assert lost.total_steps == lost.health.stopped == lost.history[-1]["step"]


def test_a_specialisation_that_hurts_is_not_kept(base: GAN, images: np.ndarray) -> None:
    """Trained much too fast, a class's GAN does worse on held-out samples than before, and is given up."""
    settings = TrainSettings(steps=100, batch_size=16, learning_rate=0.1)
    gan = specialise(base, images[:6], 0, settings, 0, validation=images[6:10])
    assert gan.health.kept in ("start", "base")
    assert "energy score on held-out samples" in gan.health.outcome
