"""A Laplacian pyramid of networks after LAPGAN (Denton et al. 2015, arXiv 1506.05751), for images of 64 and 128 pixels.

An image is halved until 8 to 15 pixels a side are left. From coarse to fine, a generator of its own refines each level:
the `mlp` the coarsest, and above it a `dcgan` the level's start with the change of the coarser one, enlarged. A
discriminator a level judges what the level adds to the coarser one, given that one; as in the paper, the density of a
image is the product over its levels, so the logit, a log ratio of densities, is the sum. Unlike the paper's, the
levels are trained together.
"""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn

from gan.networks import dcgan, mlp
from gan.networks.parts import Sizes, crop, frame

COARSEST = 8  # pixels a side of the coarsest level, at least


class Generator(nn.Module):
    """A residual generator a level, coarsest first, each with the image as the coarser ones left it for its start."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        sides, self.edge = _sides(sizes.size)
        self.levels = nn.ModuleList(
            (dcgan if level else mlp).Generator(replace(sizes, size=side)) for level, side in enumerate(sides)
        )

    def forward(self, start: torch.Tensor, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Refine `start`, (n, c, s, s) in [-1, 1], with `noise`, (n, z), for `labels`, (n,); return (n, c, s, s)."""
        starts = _pyramid(F.pad(start, self.edge), len(self.levels))
        x = self.levels[0](starts[0], noise, labels)
        for level, coarse, fine in zip(self.levels[1:], starts[:-1], starts[1:], strict=True):
            x = level(fine + _enlarge(x - coarse), noise, labels)
        return crop(x, self.edge)


class Discriminator(nn.Module):
    """A discriminator a level, coarsest first: of the coarsest image, then of each detail beside what it adds to."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        sides, self.edge = _sides(sizes.size)
        detailed = replace(sizes, channels=2 * sizes.channels)
        self.levels = nn.ModuleList(
            dcgan.Discriminator(replace(detailed, size=side)) if level else mlp.Discriminator(replace(sizes, size=side))
            for level, side in enumerate(sides)
        )

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return (n,) logits of `x`, (n, c, s, s), for `labels`, (n,)."""
        images = _pyramid(F.pad(x, self.edge), len(self.levels))
        logits: torch.Tensor = self.levels[0](images[0], labels)
        for level, coarse, fine in zip(self.levels[1:], images[:-1], images[1:], strict=True):
            blurred = _enlarge(coarse)
            logits = logits + level(torch.cat([fine - blurred, blurred], 1), labels)
        return logits


def _sides(size: int) -> tuple[list[int], tuple[int, int, int, int]]:
    """Return the side of each level, coarsest first, and the frame that makes `size` divisible."""
    halved = max(0, (size // COARSEST).bit_length() - 1)
    edge = frame(size, 2**halved)
    whole = size + edge[0] + edge[1]
    return [whole >> level for level in range(halved, -1, -1)], edge


def _pyramid(x: torch.Tensor, levels: int) -> list[torch.Tensor]:
    """Return `x`, (n, c, s, s), at `levels` sizes, coarsest first, each half of the next: means of 2x2 pixels."""
    images = [x]
    for _ in range(levels - 1):
        images.insert(0, F.avg_pool2d(images[0], 2))
    return images


def _enlarge(x: torch.Tensor) -> torch.Tensor:
    """Double the side of `x`, (n, c, h, w), smoothly: each pixel four times, then means of 3x3.

    PyTorch's own bilinear enlargement has no gradient on a GPU that repeats to the bit.
    """
    return F.avg_pool2d(F.interpolate(x, scale_factor=2, mode="nearest"), 3, 1, 1, count_include_pad=False)
