"""Strided convolutional networks after DCGAN (Radford et al. 2016, arXiv 1511.06434), without normalisation.

Every convolution is 4x4 with stride 2, so that hardly any work is done at full resolution: on a CPU that is worth more
than ten times the speed of a residual network of the same width. Pictures are padded with zeros to 4 * 2**k pixels.
"""

import torch
import torch.nn.functional as F
from torch import nn

from gan.networks.parts import SLOPE, Projection, Residual, Sizes

SMALLEST = 4  # pixels a side of the innermost feature map


class Generator(Residual):
    """An encoder of the start and a decoder, with skips between the two; noise and class enter in the middle."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.edge = _edge(sizes.size)
        widths = _widths(sizes)
        inner = widths[-1] * SMALLEST**2
        self.classes = nn.Embedding(sizes.classes, sizes.noise_dim)
        self.down = _down(sizes.channels, widths)
        self.middle = nn.Linear(2 * sizes.noise_dim, inner)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(wide, narrow, 4, 2, 1)
            for wide, narrow in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.last = nn.ConvTranspose2d(widths[0], sizes.channels, 4, 2, 1)

    def change(self, start: torch.Tensor, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return what is added to the start, (n, c, s, s)."""
        size = start.shape[-1]
        x = F.pad(start, self.edge)  # (n, c, 4 * 2**k, 4 * 2**k)
        maps = []
        for layer in self.down:
            x = F.leaky_relu(layer(x), SLOPE)
            maps.append(x)
        style = self.middle(torch.cat([noise, self.classes(labels)], 1))  # (n, inner)
        x = F.leaky_relu(x + style.view_as(x), SLOPE)
        for layer, skip in zip(self.up, maps[-2::-1], strict=True):
            x = F.leaky_relu(layer(x) + skip, SLOPE)
        low = self.edge[0]
        change: torch.Tensor = self.last(x).float()
        return change[..., low : low + size, low : low + size]


class Discriminator(nn.Module):
    """Strided convolutions, one fully connected layer, and a projection onto the class."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.edge = _edge(sizes.size)
        widths = _widths(sizes)
        self.down = _down(sizes.channels, widths)
        self.flat = nn.Linear(widths[-1] * SMALLEST**2, 4 * sizes.width)
        self.head = Projection(4 * sizes.width, sizes.classes)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return (n,) logits of `x`, (n, c, s, s), for `labels`, (n,)."""
        x = F.pad(x, self.edge)
        for layer in self.down:
            x = F.leaky_relu(layer(x), SLOPE)
        logits: torch.Tensor = self.head(F.leaky_relu(self.flat(x.flatten(1)), SLOPE), labels)
        return logits


def _levels(size: int) -> int:
    """How often a picture is halved: the smallest k >= 1 with 4 * 2**k >= size."""
    return max(1, (-(-size // SMALLEST) - 1).bit_length())


def _edge(size: int) -> tuple[int, int, int, int]:
    """Pixels to add at the left, right, top and bottom."""
    missing = SMALLEST * 2 ** _levels(size) - size
    low, high = missing // 2, missing - missing // 2
    return low, high, low, high


def _widths(sizes: Sizes) -> list[int]:
    """Channels after each halving: doubled each time, up to 4 times the first."""
    return [sizes.width * min(4, 2**level) for level in range(_levels(sizes.size))]


def _down(channels: int, widths: list[int]) -> nn.ModuleList:
    return nn.ModuleList(
        nn.Conv2d(narrow, wide, 4, 2, 1) for narrow, wide in zip([channels, *widths[:-1]], widths, strict=True)
    )
