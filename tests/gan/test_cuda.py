"""What runs differently on a GPU: repeats to the byte, too, and gives the values of the CPU where it must."""

import numpy as np
import pandas as pd
import pytest
import torch

from gan.device import prepare_device
from gan.modalities import Codec, fit
from gan.model import GAN
from gan.networks import FAMILIES, Sizes
from gan.networks.parts import build
from gan.sample import generate
from gan.seeds import numpy_generator, torch_generator
from gan.shifts import pick_by_index, pick_by_matrix, random_shift
from gan.starts import Policy, Starters
from gan.training.adversary import Adversary
from gan.training.batches import Batches
from gan.training.optim import optimiser
from gan.training.recorded import Recorded, steps_of
from gan.training.train import PretrainSettings, pretrain

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


def weights(gan: GAN) -> list[np.ndarray]:
    return [weight.numpy() for network in (gan.generator, gan.discriminator) for weight in network.parameters()]


@pytest.mark.parametrize("network", ["mlp", "dcgan", "conv1d"])
def test_same_seed_same_bytes(quick: PretrainSettings, images: np.ndarray, labels: np.ndarray, network: str) -> None:
    """Training on CUDA twice with one seed gives the same weights, and sampling the same images."""
    first, again = (pretrain(images, labels, 4, quick, network, 4, seed=0) for _ in range(2))
    assert all(np.array_equal(left, right) for left, right in zip(weights(first), weights(again), strict=True))
    made = [generate(gan, images[:10], 0, np.arange(5)).samples for gan in (first, again)]
    assert np.array_equal(*made)


def test_shifts_by_matrix_are_those_by_index() -> None:
    """The way that repeats on a GPU gives the values of the fast one on the CPU, to the bit."""
    x = torch.randn(6, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    picked = torch.randint(8, (6, 8, 2), generator=torch.Generator().manual_seed(1))
    assert torch.equal(pick_by_matrix(x.cuda(), picked.cuda()).cpu(), pick_by_index(x, picked))
    seen = [random_shift(part, torch.Generator().manual_seed(2)).cpu() for part in (x, x.cuda())]
    assert torch.equal(*seen)


def opponents(images: np.ndarray, codec: Codec, network: str) -> Adversary:
    """New networks of a family for 4 classes, on the device."""
    sizes = Sizes(*codec.shape(images), 4, 4, 4)
    generator, discriminator = (build(side, sizes, torch_generator(0, "first")).cuda() for side in FAMILIES[network])
    return Adversary(generator, discriminator, codec, gamma=2.0, faithful=0.07)


@pytest.mark.parametrize("network", ["mlp", "dcgan", "resnet", "laplacian"])
def test_recorded_steps_are_those_that_they_record(images: np.ndarray, labels: np.ndarray, network: str) -> None:
    """Weights after steps with and without penalties, and what the steps say, are the same to the byte."""
    codec, device = fit(images), prepare_device()
    ends = []
    for recorded in (False, True):
        adversary = opponents(images, codec, network)
        drawn_from = Starters(codec.pack(images), labels, codec, Policy())
        batches = Batches(drawn_from, np.arange(4), device, 4, 0.5)
        steps: Adversary | Recorded = steps_of(adversary, device) if recorded else adversary
        assert isinstance(steps, Recorded) == recorded
        optimisers = [optimiser(side, 1e-3) for side in (adversary.discriminator, adversary.generator)]
        rng, shifts = numpy_generator(0, "batches"), torch_generator(0, "shifts", device=device)
        said = []
        for step in range(12):
            figures = steps.discriminator_step(batches.draw(16, rng), shifts, penalised=step % 4 == 0)
            optimisers[0].step()
            figures["generator_loss"] = steps.generator_step(batches.draw(16, rng), shifts)
            optimisers[1].step()
            said.append({name: value.item() for name, value in figures.items()})
        sides = (adversary.generator, adversary.discriminator)
        ends.append((said, [weight.detach().cpu() for side in sides for weight in side.parameters()]))
    (plain, expected), (played, found) = ends
    assert plain == played and len({figures["generator_loss"] for figures in plain}) > 6
    assert all(torch.equal(*pair) for pair in zip(expected, found, strict=True))


def test_rows_of_a_table_are_recorded_too() -> None:
    """Numbers with levels, gaps and categories: what puts them onto the data asks the device for nothing."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "whole": rng.integers(0, 9, 80), "half": rng.integers(0, 9, 80) / 2, "real": rng.normal(size=80),
        "gap": np.where(rng.random(80) < 0.2, np.nan, rng.normal(size=80)), "kind": rng.choice(["a", "b", "c"], 80),
    })  # fmt: skip
    labels, settings = np.arange(80) % 2, PretrainSettings(steps=30, batch_size=16, noise_dim=4, starts="neighbours")
    first, again = (pretrain(frame, labels, 2, settings, "mlp", 4, seed=0) for _ in range(2))
    assert all(np.array_equal(*pair) for pair in zip(weights(first), weights(again), strict=True))
