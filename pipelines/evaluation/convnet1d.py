"""The reference classifier of series: a small residual network over time, trained as that of images is.

    fitted = ConvNet1d.fit(x, y, (150, 3), Style(augment=True), seed)     # x: (n, 450) float32, step by step
    fitted.predict_proba(x_test)                                          # (m, classes)

Convolutions over time, a mean over all of it, one linear layer: the fully convolutional network of Wang, Yan and Oates 2017
(arXiv 1611.06455) with the shortcuts of their residual one, narrower, and at half the resolution in each block.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from gan import seeds
from gan.device import place, prepare_device
from pipelines.evaluation.batches import Rows, batches
from pipelines.evaluation.network import Network, with_weights
from pipelines.evaluation.styles import Style
from pipelines.evaluation.warps import moved

SHORT = 64  # steps up to which the network starts at full resolution
LONGEST = 256  # steps of what the network sees; longer series are averaged down


@dataclass(frozen=True)
class Sizes:
    """What the network and its batches are made of.

    stride: of the first convolution.   steps: of a training, at least.   batch: series of a step.   channels: of each
    resolution, the next half the last.   kernels: steps that the first and the other convolutions see.
    """

    stride: int = 2
    steps: int = 200
    batch: int = 32
    channels: tuple[int, ...] = (16, 32, 64)
    kernels: tuple[int, int] = (7, 5)

    @classmethod
    def of(cls, length: int) -> "Sizes":
        """Return what fits series of so many steps."""
        return cls(1 if length <= SHORT else 2)

    def steps_with(self, real: int) -> int:
        """Return the steps of a training with so many real series, 7 passes of 64 as for images."""
        return max(self.steps, 7 * real // 64)


class ConvNet1d(Network):
    """A trained network of series; a channel is standardised by its mean and deviation in training."""

    @classmethod
    def fit(
        cls,
        x: np.ndarray,
        y: np.ndarray,
        series_shape: tuple[int, int],
        style: Style,
        seed: int,
        weight: np.ndarray | None = None,
        synthetic: np.ndarray | None = None,
        steps: int | None = None,
        sizes: Sizes | None = None,
    ) -> "ConvNet1d":
        """Train on series as rows. The same seed gives the same network on one thread.

        x: (n, d) float32.   y: (n,) int.   weight: (n,) of each row in the loss, 1 if not given.
        synthetic: (n,) bool, which rows are no real samples.   steps, sizes: what fits, see `Sizes`.
        """
        device = prepare_device()
        classes, labels = np.unique(y, return_inverse=True)
        series = as_series(x, series_shape)
        deviation, mean = torch.std_mean(series, (0, 2), correction=0, keepdim=True)
        deviation = torch.where(deviation > 0, deviation, 1)
        rows = Rows.of(((series - mean) / deviation).to(device), labels, weight, synthetic, style)
        sizes = sizes or Sizes.of(series.shape[2])
        steps = steps or sizes.steps_with(rows.real)
        network = build(sizes, series.shape[1], len(classes), seeds.torch_generator(seed, "network"))
        fitted = cls(place(network, device, torch.contiguous_format), classes, series_shape, mean, deviation, device)
        fitted.train(batches(rows, style, sizes.batch, seed, steps, partial(moved, policy=style.series)), steps)
        return fitted

    def seen(self, x: np.ndarray) -> torch.Tensor:
        """Return rows, (n, d), as standardised series."""
        steps, channels = self.shape
        return (as_series(x, (steps, channels)) - self.mean) / self.deviation

    def logits(self, samples: torch.Tensor) -> torch.Tensor:
        """(m, channels, steps) standardised series -> (m, k)."""
        return self.network(samples).float()


def as_series(x: np.ndarray, shape: tuple[int, int]) -> torch.Tensor:
    """Turn (n, d) rows into (n, channels, steps), averaged down to at most `LONGEST` steps."""
    series = torch.from_numpy(x.reshape(-1, *shape)).float().transpose(1, 2)
    shrink = -(-shape[0] // LONGEST)
    return functional.avg_pool1d(series, shrink, ceil_mode=True) if shrink > 1 else series.contiguous()


class Block(nn.Module):
    """Two convolutions over time around which the input goes straight on, as in `convnet.Block`."""

    def __init__(self, before: int, after: int, stride: int, kernel: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(before, after, kernel, stride, kernel // 2, bias=False), nn.BatchNorm1d(after), nn.ReLU(),
            nn.Conv1d(after, after, kernel, 1, kernel // 2, bias=False), nn.BatchNorm1d(after),
        )  # fmt: skip
        shortcut = nn.Sequential(
            nn.AvgPool1d(stride, ceil_mode=True), nn.Conv1d(before, after, 1, bias=False), nn.BatchNorm1d(after)
        )
        self.around = nn.Identity() if before == after and stride == 1 else shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, before, t) -> (n, after, t / stride), rounded up."""
        return functional.relu(self.body(x) + self.around(x))


def build(sizes: Sizes, channels: int, classes: int, generator: torch.Generator) -> nn.Module:
    """Return the network for (n, channels, steps) series; its weights come from `generator` alone."""
    first, last = sizes.channels[0], sizes.channels[-1]
    wide, kernel = sizes.kernels
    with torch.device("meta"):
        network = nn.Sequential(
            nn.Conv1d(channels, first, wide, sizes.stride, wide // 2, bias=False), nn.BatchNorm1d(first), nn.ReLU(),
            Block(first, first, 1, kernel),
            *(Block(before, after, 2, kernel) for before, after in pairwise(sizes.channels)),
            nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(last, classes),
        )  # fmt: skip
    return with_weights(network, generator)
