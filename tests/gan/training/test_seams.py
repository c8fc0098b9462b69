"""What a study may put in place of the product's loss, augmentation, starts and networks is what is trained with."""

import numpy as np
import pytest
import torch
from torch import nn

from gan.model import GAN, starters
from gan.networks import FAMILIES, Family
from gan.sample import generate
from gan.shifts import random_shift
from gan.starts import Drawn, Policy, Starters
from gan.training.losses import RELATIVISTIC, Loss
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise


def same(left: GAN, right: GAN) -> bool:
    pairs = zip(left.generator.parameters(), right.generator.parameters(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


def test_defaults_written_out_change_nothing(
    quick: PretrainSettings, images: np.ndarray, labels: np.ndarray, base: GAN
) -> None:
    """The values that the seams stand at are those of the product."""
    told = {"loss": RELATIVISTIC, "augmentation": random_shift}
    again = pretrain(images, labels, 4, quick, "mlp", 4, 0, policy=Policy, families=FAMILIES, **told)
    assert same(again, base)


def test_each_step_asks_the_loss_and_the_augmentation(base: GAN, images: np.ndarray) -> None:
    """Each side once a step asks its own loss; the penalties are asked for in every second step, real and fake."""
    asked = {"discriminator": 0, "generator": 0, "penalty": 0, "seen": 0}

    def counted(name: str):
        def call(*given: torch.Tensor) -> torch.Tensor:
            asked[name] += 1
            return getattr(RELATIVISTIC, name)(*given)

        return call

    def plain(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        asked["seen"] += 1
        return x

    loss = Loss(counted("discriminator"), counted("generator"), counted("penalty"))
    settings = TrainSettings(steps=4, batch_size=4, penalty_every=2)
    trained = specialise(base, images[:10], 0, settings, seed=0, loss=loss, augmentation=plain)
    assert asked == {"discriminator": 4, "generator": 4, "penalty": 4, "seen": 16}
    assert not same(trained, specialise(base, images[:10], 0, settings, seed=0))


class Grey(Policy):
    """Starts at mid-grey, whatever the parents."""

    def start(self, starters: Starters, drawn: Drawn) -> torch.Tensor:
        return torch.zeros_like(super().start(starters, drawn))


def test_a_policy_goes_wherever_the_gan_goes(images: np.ndarray, labels: np.ndarray) -> None:
    """Training, specialising and sampling start where the policy says."""
    settings = PretrainSettings(steps=2, batch_size=4, noise_dim=2, starts="neighbours", learning_rate=1e-12)
    gan = pretrain(images, labels, 4, settings, "mlp", 4, seed=0, policy=Grey)
    trained = specialise(gan, images[:10], 0, TrainSettings(steps=1, batch_size=4, learning_rate=1e-12), seed=0)
    assert isinstance(trained.policy, Grey) and trained.policy.borrow == 0
    made = starters(trained, images[:10], np.zeros(10, int), None)
    assert (made.starts(made.draw(0, 3, np.random.default_rng(0))) == 0).all()
    samples = generate(trained, images[:10], 0, np.arange(3)).samples
    assert len(np.unique(samples)) == 1


def test_networks_are_taken_from_the_families_given(
    quick: PretrainSettings, images: np.ndarray, labels: np.ndarray
) -> None:
    """A family under the name of another is trained in its place."""

    class Marked(FAMILIES["mlp"].generator):  # type: ignore[misc, name-defined]
        pass

    gan = pretrain(
        images, labels, 4, quick, "mlp", 4, 0, families={"mlp": Family(Marked, FAMILIES["mlp"].discriminator)}
    )
    assert isinstance(gan.generator, Marked) and isinstance(gan.generator, nn.Module)


@pytest.mark.parametrize("label", [0, 3])
def test_batches_of_a_class_hold_no_other(base: GAN, images: np.ndarray, labels: np.ndarray, label: int) -> None:
    """`of_class` leaves the batches that it is asked of as they are."""
    from gan.training.batches import Batches

    batches = Batches(starters(base, images, labels, None), np.arange(4), torch.device("cpu"), 2, power=0.5)
    before = batches.shares.copy()
    assert (batches.of_class(label).draw(20, np.random.default_rng(0)).labels == label).all()
    assert np.array_equal(batches.shares, before)
