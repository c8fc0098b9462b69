"""What the families share: their sizes, their first weights, how an image is halved, the head of a discriminator."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from gan.eager import laid_out

SLOPE = 0.2  # of the leaky rectifier, in all networks
SMALLEST = 4  # pixels a side of the innermost feature map of a convolutional network


@dataclass(frozen=True)
class Sizes:
    """Every size that a network is built from.

    channels, size: of the square images, (channels, size, size). classes: labels are 0..classes-1.
    steps: of series, whose `channels` are their values channel by channel, and their size 1; 0 for what has no steps.
    width: channels of the first convolution; a fully connected layer has 16 times as many units.
    noise_dim: numbers of noise a sample.
    """

    channels: int
    size: int
    classes: int
    width: int = 16
    noise_dim: int = 32
    steps: int = 0


def build(network: type[nn.Module], sizes: Sizes, generator: torch.Generator) -> nn.Module:
    """Make a network on the CPU with weights drawn from `generator` alone; torch's global generator is not touched.

    Weights are normal with the variance of He et al. 2015 (arXiv 1502.01852, section 2.2), biases zero, and so is the last
    layer of each `Residual`.
    """
    with torch.device("meta"):
        module = laid_out(network(sizes))
    gain = math.sqrt(2 / (1 + SLOPE**2))
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Embedding):
                part.weight.normal_(generator=generator)
            elif isinstance(part, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d)):
                part.weight.normal_(0, gain / math.sqrt(_inputs(part)), generator=generator)
                if part.bias is not None:
                    part.bias.zero_()
        for part in module.modules():
            if isinstance(part, Residual):
                part.last.weight.zero_()
    return module


def _inputs(part: nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d) -> float:
    """How many numbers are summed up in one output of the layer."""
    if isinstance(part, nn.Linear):
        return part.in_features
    area = math.prod(part.kernel_size)
    if isinstance(part, nn.ConvTranspose2d):
        return part.in_channels * area / (part.stride[0] * part.stride[1])
    return part.in_channels * area


def halvings(size: int) -> int:
    """How often an image of `size` pixels a side is halved: the smallest k >= 1 with 4 * 2**k >= size."""
    return max(1, (-(-size // SMALLEST) - 1).bit_length())


def frame(size: int, unit: int) -> tuple[int, int, int, int]:
    """Pixels to add at the left, right, top and bottom to make the side a multiple of `unit`; for `F.pad` and `crop`."""
    missing = -size % unit
    low, high = missing // 2, missing - missing // 2
    return low, high, low, high


def crop(x: torch.Tensor, edge: tuple[int, int, int, int]) -> torch.Tensor:
    """Take the frame `edge` off again: (n, c, h, w) to (n, c, h - top - bottom, w - left - right)."""
    left, right, top, bottom = edge
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


def widths(sizes: Sizes) -> list[int]:
    """Channels after each halving: doubled each time, up to 4 times the first."""
    return [sizes.width * min(4, 2**level) for level in range(halvings(sizes.size))]


def strided(channels: int, wide: list[int]) -> nn.ModuleList:
    """Return 4x4 convolutions with stride 2 from `channels` through the widths `wide`; each halves the side."""
    return nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in zip([channels, *wide[:-1]], wide, strict=True))


class Enlarge(nn.ConvTranspose2d):
    """Double the side: repeat each pixel 2x2 times, then a 3x3 convolution, both in one transposed convolution.

    Its 4x4 kernel is the 3x3 one spread over 2x2 pixels, so all pixels of the output are sums of the same weights, and an
    even map stays even. A free 4x4 kernel weighs them in turn, and leaves a checkered texture (Odena et al. 2016,
    doi 10.23915/distill.00003).
    """

    def __init__(self, wide: int, narrow: int):
        super().__init__(wide, narrow, 3, 2, 1)

    def forward(self, x: torch.Tensor, output_size: list[int] | None = None) -> torch.Tensor:
        """Turn (n, wide, h, w) into (n, narrow, 2 h, 2 w)."""
        kernel = F.pad(self.weight, (0, 1)) + F.pad(self.weight, (1, 0))
        kernel = F.pad(kernel, (0, 0, 0, 1)) + F.pad(kernel, (0, 0, 1, 0))  # (wide, narrow, 4, 4)
        return F.conv_transpose2d(x, kernel / 2, self.bias, 2, 1)  # / 2: the variance that `build` plans for


class Residual(nn.Module):
    """A generator that returns its start plus a change, the change being zero until it is trained.

    A family says in `change` how the change is computed; `last` is its last layer, which begins at zero.
    """

    last: nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d

    def change(self, start: torch.Tensor, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return what is added to the start, (n, c, s, s)."""
        raise NotImplementedError

    def forward(self, start: torch.Tensor, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Refine `start`, (n, c, s, s) in [-1, 1], with `noise`, (n, z), for `labels`, (n,); return (n, c, s, s)."""
        return start + self.change(start, noise, labels)


class Codes(nn.Embedding):
    """A code for each class, drawn by `build`: drawing it before, on no device, would load torch's compiler for seconds."""

    def reset_parameters(self) -> None:
        """Leave the weights as they are."""


class Projection(nn.Module):
    """The head of a class-conditional discriminator (Miyato & Koyama 2018, arXiv 1802.05637).

    logit(x, y) = psi . f(x) + v_y . f(x) / sqrt(d), with f(x) of d numbers.
    """

    def __init__(self, features: int, classes: int):
        super().__init__()
        self.psi = nn.Linear(features, 1)
        self.classes = Codes(classes, features)

    def forward(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return (n,) float32 logits of `features`, (n, d), for `labels`, (n,)."""
        with torch.autocast(features.device.type, enabled=False):  # a logit rounded to bfloat16 would blur the loss
            features = features.float()
            match = (features * self.classes(labels)).sum(1) / math.sqrt(features.shape[1])
            logits: torch.Tensor = self.psi(features).squeeze(1) + match
        return logits
