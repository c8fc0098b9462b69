"""The adversarial loss: relativistic pairing with gradient penalties on real and fake samples.

R3GAN, Huang et al. 2024 (arXiv 2501.05441), section 2. Pairs share their label, so that no sample is judged by how
often its class occurs. Another loss is another `Loss`; `benchmarks/recipes.py` has three.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F


def discriminator_loss(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Return the mean of softplus(-(D(real) - D(fake))) over pairs of logits, both (n,)."""
    return F.softplus(fake - real).mean()


def generator_loss(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Return the mean of softplus(-(D(fake) - D(real))) over pairs of logits, both (n,)."""
    return F.softplus(real - fake).mean()


def gradient_penalty(logits: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the mean over samples of the squared norm of the gradient of D at x.

    R1 when `x` is real, R2 when it is fake (Mescheder et al. 2018, arXiv 1801.04406); multiply it by gamma / 2.
    logits: (n,), computed from x sample by sample. x: (n, ...) with requires_grad.
    """
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return slope.float().square().flatten(1).sum(1).mean()


class Loss(NamedTuple):
    """What both sides minimise.

    discriminator, generator: (logits of real, logits of fake), both (n,), to a loss. penalty: (logits (n,), x (n, ...)) to
    what the discriminator's loss grows by, times gamma / 2, for real samples and for fake ones.
    """

    discriminator: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    generator: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    penalty: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


RELATIVISTIC = Loss(discriminator_loss, generator_loss, gradient_penalty)
