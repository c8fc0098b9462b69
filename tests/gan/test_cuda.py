"""What runs differently on a GPU: repeats to the byte, too, and gives the values of the CPU where it must."""

import numpy as np
import pytest
import torch

from gan.model import GAN
from gan.sample import generate
from gan.shifts import pick_by_index, pick_by_matrix, random_shift
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
