"""Fully connected networks, for images of a few pixels."""

import torch
from torch import nn

from gan.networks.parts import SLOPE, Codes, Projection, Residual, Sizes


class Generator(Residual):
    """Start, noise and class side by side, two hidden layers, and a change for each pixel."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        pixels, units = sizes.channels * sizes.size**2, 16 * sizes.width
        self.classes = Codes(sizes.classes, sizes.noise_dim)
        self.body = nn.Sequential(
            nn.Linear(pixels + 2 * sizes.noise_dim, units), nn.LeakyReLU(SLOPE),
            nn.Linear(units, units), nn.LeakyReLU(SLOPE),
        )  # fmt: skip
        self.last = nn.Linear(units, pixels)

    def change(self, start: torch.Tensor, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return what is added to the start, (n, c, s, s)."""
        inputs = torch.cat([start.flatten(1), noise, self.classes(labels)], 1)  # (n, pixels + 2 z)
        change: torch.Tensor = self.last(self.body(inputs))
        return change.float().view_as(start)


class Discriminator(nn.Module):
    """Two hidden layers and a projection onto the class."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        pixels, units = sizes.channels * sizes.size**2, 16 * sizes.width
        self.body = nn.Sequential(
            nn.Linear(pixels, units), nn.LeakyReLU(SLOPE),
            nn.Linear(units, units), nn.LeakyReLU(SLOPE),
        )  # fmt: skip
        self.head = Projection(units, sizes.classes)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return (n,) logits of `x`, (n, c, s, s), for `labels`, (n,)."""
        logits: torch.Tensor = self.head(self.body(x.flatten(1)), labels)
        return logits
