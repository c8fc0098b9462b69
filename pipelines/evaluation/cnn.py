"""The small convolutional classifier. The only module of the evaluation that imports torch."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from gan import seeds
from pipelines.evaluation.arms import Training

STEPS, BATCH, LEARNING_RATE = 200, 64, 4e-3


@dataclass
class SmallCnn:
    """Two convolutions and a linear layer; trained on the CPU for 200 steps of 64 images with Adam and a cosine decay."""

    network: nn.Module
    classes_: np.ndarray
    image_shape: tuple[int, int, int]

    @classmethod
    def fit(cls, training: Training, seed: int) -> "SmallCnn":
        """Train on flattened images, weights included. The same seed gives the same network on one thread."""
        torch.set_num_threads(1)
        data, shape = training.data, training.data.image_shape
        assert shape is not None, "the small CNN is for images"
        classes, labels = np.unique(data.y, return_inverse=True)
        weight = torch.ones(len(data)) if training.weight is None else torch.from_numpy(training.weight).float()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds.derive(seed, "network"))
            network = build(shape, len(classes))
        _train(network, as_images(data.x, shape), torch.from_numpy(labels), weight / weight.mean(), seed)
        return cls(network.eval(), classes, shape)

    @torch.no_grad()
    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (n, len(classes_)) probabilities of flattened images `x`, (n, d) in [0, 1]."""
        parts = as_images(x, self.image_shape).split(1024)
        logits = torch.cat([self.network(part) for part in parts]).double()
        return functional.softmax(logits, 1).numpy()


def build(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Return the network for (height, width, channels) images; large images are first averaged down to 32 or less."""
    height, width, channels = shape
    shrink = max(1, -(-max(height, width) // 32))
    return nn.Sequential(
        nn.AvgPool2d(shrink) if shrink > 1 else nn.Identity(),
        nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4),
        nn.Flatten(), nn.Linear(32 * 16, classes),
    )  # fmt: skip


def as_images(x: np.ndarray, shape: tuple[int, int, int]) -> torch.Tensor:
    """Turn (n, d) rows in [0, 1] into (n, channels, height, width) in [-1, 1]."""
    return torch.from_numpy(x.reshape(-1, *shape)).float().permute(0, 3, 1, 2).contiguous() * 2 - 1


def _train(network: nn.Module, images: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor, seed: int) -> None:
    generator = seeds.torch_generator(seed, "batches")
    optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        rows = torch.randint(len(images), (min(BATCH, len(images)),), generator=generator)
        loss = (functional.cross_entropy(network(images[rows]), labels[rows], reduction="none") * weight[rows]).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
