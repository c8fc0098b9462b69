"""The optimiser of every network that is trained, the learning rates of adversaries, and weights at rest."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from gan.device import place
from gan.eager import Adam


def falling_rates(first: float, steps: int, last: float = 0.1) -> Iterator[float]:
    """Yield one learning rate per step: half a cosine from `first` to the share `last` of it.

    A GAN ends at a tenth, since its two sides never come to rest; the upscaler, which has a pixel loss, ends at zero.
    """
    for angle in np.linspace(0, np.pi, steps):
        yield float(first * ((1 + last) / 2 + (1 - last) / 2 * np.cos(angle)))


def optimiser(network: nn.Module, rate: float) -> torch.optim.Optimizer:
    """Return Adam without momentum, as adversaries need it."""
    return Adam(network.parameters(), lr=rate, betas=(0.0, 0.99), fused=True)


def gradient_norm(network: nn.Module) -> float:
    """Return the Euclidean norm of all gradients that lie in `network`."""
    return torch.nn.utils.get_total_norm(
        [weight.grad for weight in network.parameters() if weight.grad is not None]
    ).item()


@torch.no_grad()
def average_into(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the averaged weights 1 - decay of the way to those of the network."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)


def at_rest(network: nn.Module) -> nn.Module:
    """Return the network as a checkpoint holds it: on the CPU, in the plain order, without gradients."""
    return place(network, torch.device("cpu"), torch.contiguous_format).requires_grad_(False).eval()
