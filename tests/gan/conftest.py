"""Small data and a GAN trained on it for a few steps."""

import numpy as np
import pytest

from gan.model import GAN
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise


@pytest.fixture(scope="session")
def quick() -> PretrainSettings:
    """Just enough training to move every weight."""
    return PretrainSettings(steps=30, batch_size=16, noise_dim=4)


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """(40, 8, 8, 1) uint8: a bright patch on black, of 9 grey levels, at 4 places that are 10 images each."""
    rng = np.random.default_rng(0)
    samples = np.zeros((40, 8, 8, 1), np.uint8)
    for row, label in enumerate(np.arange(40) // 10):
        top, left = divmod(int(label), 2)
        samples[row, 1 + 3 * top : 4 + 3 * top, 1 + 3 * left : 4 + 3 * left] = rng.integers(1, 9, (3, 3, 1)) * 31
    return samples


@pytest.fixture(scope="session")
def labels() -> np.ndarray:
    """(40,) class of each of `images`, 0..3."""
    return np.arange(40) // 10


@pytest.fixture(scope="session")
def base(quick: PretrainSettings, images: np.ndarray, labels: np.ndarray) -> GAN:
    """A GAN of all classes."""
    return pretrain(images, labels, 4, quick, "mlp", 4, seed=0)


@pytest.fixture(scope="session")
def trained(base: GAN, images: np.ndarray, labels: np.ndarray) -> GAN:
    """The same, specialised for class 1."""
    return specialise(base, images[labels == 1], 1, TrainSettings(steps=20, batch_size=16), seed=0)
