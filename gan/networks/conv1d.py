"""Networks of 1-D convolutions along time, for series; of an image they take the pixels one after the other.

An encoder that halves the steps again and again and a decoder with skips, after the U-Net (Ronneberger et al. 2015, arXiv
1505.04597), as `dcgan` has them in two dimensions; wider kernels, since one in a single dimension costs little (WaveGAN:
Donahue et al. 2019, arXiv 1802.04208, section 2.4). Series are padded with zeros to a multiple of 2**k steps.
"""

import torch
import torch.nn.functional as F
from torch import nn

from gan.networks.parts import SLOPE, SMALLEST, Codes, Projection, Residual, Sizes

KERNEL = 8  # steps that a convolution that halves them sees
WIDE = 5  # steps that a convolution that has doubled them sees


class Generator(Residual):
    """An encoder of the start and a decoder, with skips between the two; noise and class enter in the middle."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.time = Time(sizes)
        wide = self.time.widths
        self.classes = Codes(sizes.classes, sizes.noise_dim)
        self.down = strided(self.time.channels, wide)
        self.middle = nn.Linear(2 * sizes.noise_dim, wide[-1] * self.time.inner)
        self.up = nn.ModuleList(Doubled(a, b) for a, b in zip(wide[:0:-1], wide[-2::-1], strict=True))
        self.last = Doubled(wide[0], self.time.channels)

    def change(self, start: torch.Tensor, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return what is added to the start, shaped as it is."""
        x = self.time.padded(start)  # (n, c, inner * 2**k)
        maps: list[torch.Tensor] = []
        for layer in self.down:
            x = F.leaky_relu(layer(x), SLOPE)
            maps.append(x)
        style = self.middle(torch.cat([noise, self.classes(labels)], 1))  # (n, wide * inner)
        x = F.leaky_relu(x + style.view_as(x), SLOPE)
        for layer, skip in zip(self.up, maps[-2::-1], strict=True):
            x = F.leaky_relu(layer(x) + skip, SLOPE)
        return self.time.cropped(self.last(x).float()).reshape(start.shape)


class Discriminator(nn.Module):
    """Strided convolutions, one fully connected layer, and a projection onto the class."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.time = Time(sizes)
        wide = self.time.widths
        self.down = strided(self.time.channels, wide)
        self.flat = nn.Linear(wide[-1] * self.time.inner, 4 * sizes.width)
        self.head = Projection(4 * sizes.width, sizes.classes)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return (n,) logits of `x`, (n, t * c, 1, 1) or (n, c, s, s), for `labels`, (n,)."""
        x = self.time.padded(x)
        for layer in self.down:
            x = F.leaky_relu(layer(x), SLOPE)
        logits: torch.Tensor = self.head(F.leaky_relu(self.flat(x.flatten(1)), SLOPE), labels)
        return logits


class Time:
    """How samples lie along time: of (n, t * c, 1, 1) the t `steps` of c `channels`, of (n, c, s, s) the s * s pixels.

    widths: channels after each halving, doubled each time, up to 4 times the first. inner: steps of the innermost map, up to
    `SMALLEST` twice.
    """

    def __init__(self, sizes: Sizes):
        numbers = sizes.channels * sizes.size**2
        self.steps = sizes.steps or sizes.size**2
        self.channels = numbers // self.steps
        halvings = max(1, (self.steps // SMALLEST).bit_length() - 1)
        self.inner = -(-self.steps // 2**halvings)
        self.widths = [sizes.width * min(4, 2**level) for level in range(halvings)]
        missing = self.inner * 2**halvings - self.steps
        self.edge = missing // 2, missing - missing // 2  # at the beginning and at the end

    def padded(self, x: torch.Tensor) -> torch.Tensor:
        """Return samples as (n, c, inner * 2**k)."""
        return F.pad(x.reshape(len(x), self.channels, self.steps), self.edge)

    def cropped(self, x: torch.Tensor) -> torch.Tensor:
        """Turn (n, c, inner * 2**k) into (n, c, t)."""
        return x[:, :, self.edge[0] : x.shape[2] - self.edge[1]]


class Doubled(nn.Conv1d):
    """Twice as many steps: each one twice, then a convolution, as an even map stays even so (see `parts.Enlarge`)."""

    def __init__(self, wide: int, narrow: int):
        super().__init__(wide, narrow, WIDE, padding=WIDE // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Turn (n, wide, t) into (n, narrow, 2 t)."""
        return super().forward(x[..., None].expand(*x.shape, 2).flatten(2))


def strided(channels: int, wide: list[int]) -> nn.ModuleList:
    """Return convolutions with stride 2 from `channels` through the widths `wide`; each halves the steps."""
    pairs = zip([channels, *wide[:-1]], wide, strict=True)
    return nn.ModuleList(nn.Conv1d(a, b, KERNEL, 2, KERNEL // 2 - 1) for a, b in pairs)
