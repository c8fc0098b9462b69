"""One adversarial step of each side. Knows nothing of optimisers, data or reports."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from gan.device import half_precision
from gan.modalities import Codec
from gan.seeds import numpy_generator, torch_generator
from gan.shifts import Augmentation, random_shift
from gan.training.batches import Batch, Batches
from gan.training.losses import RELATIVISTIC, Loss


@dataclass
class Adversary:
    """A generator against a discriminator; each step leaves gradients in one of them and returns plain values.

    gamma: weight of the penalties in a step that has them. faithful: weight of how far outputs lie from their starts,
    which keeps what made a start of its class (self-regularisation, Shrivastava et al. 2017, arXiv 1612.07828, eq. 4): the
    mean absolute change of the d values of a sample, times sqrt(d), as a discriminator's slope is a length in all of them.
    loss: what either side minimises. augmentation: what the discriminator sees of samples, real and fake alike.
    """

    generator: nn.Module
    discriminator: nn.Module
    codec: Codec
    gamma: float
    faithful: float = 0.0
    loss: Loss = RELATIVISTIC
    augmentation: Augmentation = random_shift

    def discriminator_step(self, batch: Batch, shifts: torch.Generator, penalised: bool) -> dict[str, torch.Tensor]:
        """Set the discriminator's gradients; return its loss, both mean scores and, where it has one, the penalty."""
        self.discriminator.zero_grad(set_to_none=True)
        with torch.no_grad():
            fake = self.augmentation(self._fakes(batch), shifts)
        real = self.augmentation(batch.real, shifts)
        real.requires_grad_(penalised)
        fake.requires_grad_(penalised)
        score_real, score_fake = self._score(real, batch.labels), self._score(fake, batch.labels)
        loss = self.loss.discriminator(score_real, score_fake)
        figures = {"discriminator_loss": loss, "score_real": score_real.mean(), "score_fake": score_fake.mean()}
        total = loss
        if penalised:
            figures["penalty"] = self.loss.penalty(score_real, real) + self.loss.penalty(score_fake, fake)
            total = loss + self.gamma / 2 * figures["penalty"]
        total.backward()
        return {name: value.detach() for name, value in figures.items()}

    def generator_step(self, batch: Batch, shifts: torch.Generator) -> torch.Tensor:
        """Set the generator's gradients; return its adversarial loss."""
        self.generator.zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(False)
        with torch.no_grad():
            score_real = self._score(self.augmentation(batch.real, shifts), batch.labels)
        fake = self._fakes(batch)
        loss = self.loss.generator(score_real, self._score(self.augmentation(fake, shifts), batch.labels))
        change = (fake - batch.start).abs().mean() * math.sqrt(batch.start[0].numel())
        (loss + self.faithful * change).backward()
        self.discriminator.requires_grad_(True)
        return loss.detach()

    @torch.no_grad()
    def mean_score(self, batches: Batches, count: int, seed: int) -> float:
        """Return the mean logit of `count` real samples of `batches`, augmented as in training."""
        batch = batches.draw(count, numpy_generator(seed, "batch"))
        seen = self.augmentation(batch.real, torch_generator(seed, "shifts"))
        return self._score(seen, batch.labels).mean().item()

    def _fakes(self, batch: Batch) -> torch.Tensor:
        with half_precision(batch.start.device):
            fake = self.generator(batch.start, batch.noise, batch.labels)
        return self.codec.settle(fake, batch.start)

    def _score(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        with half_precision(x.device):
            logits: torch.Tensor = self.discriminator(x, labels)
        return logits.float()
