"""Residual networks after BigGAN (Brock et al. 2019, arXiv 1809.11096) and R3GAN (Huang et al. 2024, arXiv 2501.05441).

Residual blocks without normalisation at half the resolution and below, between the strided convolutions of `dcgan`; noise
and class scale and shift the features of every block of the generator. Less than half as fast as `dcgan`.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from gan.networks.parts import (
    SLOPE,
    SMALLEST,
    Codes,
    Enlarge,
    Projection,
    Residual,
    Sizes,
    crop,
    frame,
    halvings,
    strided,
    widths,
)


class Block(nn.Module):
    """Two convolutions beside the identity, each after its rectifier; with `style` numbers given, modulated by them.

    The sum is divided by sqrt(2), so that its variance does not grow with the depth.
    """

    def __init__(self, width: int, style: int = 0):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, 1, 1)
        self.second = nn.Conv2d(width, width, 3, 1, 1)
        self.modulate = nn.Linear(style, 2 * width) if style else None

    def forward(self, x: torch.Tensor, style: torch.Tensor | None = None) -> torch.Tensor:
        """Return `x`, (n, width, h, w), changed by the block; style: (n, numbers) where the block has one."""
        inner = self.first(F.leaky_relu(x, SLOPE))
        if self.modulate is not None:
            scale, offset = self.modulate(style)[:, :, None, None].chunk(2, 1)  # (n, width, 1, 1) each
            inner = inner * (1 + scale) + offset
        total: torch.Tensor = (x + self.second(F.leaky_relu(inner, SLOPE))) / math.sqrt(2)
        return total


class Generator(Residual):
    """An encoder of the start and a decoder with skips between the two; noise and class modulate the decoder."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.edge = frame(sizes.size, SMALLEST * 2 ** halvings(sizes.size))
        wide = widths(sizes)
        style = 2 * sizes.noise_dim
        self.classes = Codes(sizes.classes, sizes.noise_dim)
        self.down = strided(sizes.channels, wide)
        self.blocks = nn.ModuleList(Block(width, style) for width in wide[::-1])
        self.up = nn.ModuleList(Enlarge(a, b) for a, b in zip(wide[:0:-1], wide[-2::-1], strict=True))
        self.last = Enlarge(wide[0], sizes.channels)

    def change(self, start: torch.Tensor, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return what is added to the start, (n, c, s, s)."""
        style = torch.cat([noise, self.classes(labels)], 1)  # (n, 2 z)
        x = F.pad(start, self.edge)  # (n, c, 4 * 2**k, 4 * 2**k)
        maps: list[torch.Tensor] = []
        for layer in self.down:
            x = layer(F.leaky_relu(x, SLOPE) if maps else x)
            maps.append(x)
        x = self.blocks[0](x, style)
        for block, layer, skip in zip(self.blocks[1:], self.up, maps[-2::-1], strict=True):
            x = (layer(F.leaky_relu(x, SLOPE)) + skip) / math.sqrt(2)
            x = block(x, style)
        return crop(self.last(F.leaky_relu(x, SLOPE)).float(), self.edge)


class Discriminator(nn.Module):
    """A block after each strided convolution, one fully connected layer, and a projection onto the class."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.edge = frame(sizes.size, SMALLEST * 2 ** halvings(sizes.size))
        wide = widths(sizes)
        self.down = strided(sizes.channels, wide)
        self.blocks = nn.ModuleList(Block(width) for width in wide)
        self.flat = nn.Linear(wide[-1] * SMALLEST**2, 4 * sizes.width)
        self.head = Projection(4 * sizes.width, sizes.classes)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return (n,) logits of `x`, (n, c, s, s), for `labels`, (n,)."""
        x = F.pad(x, self.edge)
        for level, (layer, block) in enumerate(zip(self.down, self.blocks, strict=True)):
            x = block(layer(F.leaky_relu(x, SLOPE) if level else x))
        features = F.leaky_relu(self.flat(F.leaky_relu(x, SLOPE).flatten(1)), SLOPE)
        logits: torch.Tensor = self.head(features, labels)
        return logits
