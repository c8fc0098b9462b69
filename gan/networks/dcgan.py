"""Strided convolutional networks after DCGAN (Radford et al. 2016, arXiv 1511.06434), without normalisation.

Every convolution is 4x4 with stride 2, so that hardly any work is done at full resolution: on a CPU that is worth more
than ten times the speed of a residual network of the same width. Images are padded with zeros to 4 * 2**k pixels.
"""

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


class Generator(Residual):
    """An encoder of the start and a decoder, with skips between the two; noise and class enter in the middle."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.edge = frame(sizes.size, SMALLEST * 2 ** halvings(sizes.size))
        wide = widths(sizes)
        inner = wide[-1] * SMALLEST**2
        self.classes = Codes(sizes.classes, sizes.noise_dim)
        self.down = strided(sizes.channels, wide)
        self.middle = nn.Linear(2 * sizes.noise_dim, inner)
        self.up = nn.ModuleList(Enlarge(a, b) for a, b in zip(wide[:0:-1], wide[-2::-1], strict=True))
        self.last = Enlarge(wide[0], sizes.channels)

    def change(self, start: torch.Tensor, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return what is added to the start, (n, c, s, s)."""
        x = F.pad(start, self.edge)  # (n, c, 4 * 2**k, 4 * 2**k)
        maps: list[torch.Tensor] = []
        for layer in self.down:
            x = F.leaky_relu(layer(x), SLOPE, inplace=True)
            maps.append(x)
        style = self.middle(torch.cat([noise, self.classes(labels)], 1))  # (n, inner)
        x = F.leaky_relu(x + style.view_as(x), SLOPE, inplace=True)
        for layer, skip in zip(self.up, maps[-2::-1], strict=True):
            x = F.leaky_relu(layer(x).add_(skip), SLOPE, inplace=True)
        return crop(self.last(x).float(), self.edge)


class Discriminator(nn.Module):
    """Strided convolutions, one fully connected layer, and a projection onto the class."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.edge = frame(sizes.size, SMALLEST * 2 ** halvings(sizes.size))
        wide = widths(sizes)
        self.down = strided(sizes.channels, wide)
        self.flat = nn.Linear(wide[-1] * SMALLEST**2, 4 * sizes.width)
        self.head = Projection(4 * sizes.width, sizes.classes)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return (n,) logits of `x`, (n, c, s, s), for `labels`, (n,)."""
        return self.judge(self.features(x)[-1], labels)

    def features(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return what each convolution makes of `x`, (n, c, s, s): maps (n, channels, h, w), h halved each time."""
        x = F.pad(x, self.edge)
        maps: list[torch.Tensor] = []
        for layer in self.down:
            x = F.leaky_relu(layer(x), SLOPE, inplace=True)
            maps.append(x)
        return maps

    def judge(self, last: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return (n,) logits of the last of the maps for `labels`, (n,)."""
        logits: torch.Tensor = self.head(F.leaky_relu(self.flat(last.flatten(1)), SLOPE), labels)
        return logits
