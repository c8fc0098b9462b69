"""Steps of an adversary on a CUDA device, recorded once and played back: CUDA graphs.

A step is several hundred small kernels. To launch them one by one takes many times as long as they run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import nn

from gan.shifts import random_shift
from gan.training.adversary import Adversary
from gan.training.batches import Batch
from gan.training.losses import RELATIVISTIC

WARM_UP = 3  # steps before a recording, in which libraries set themselves up


@dataclass
class Recorded:
    """The steps of an adversary, each recorded when it is first taken: the same arithmetic in one launch.

    All batches have as many pairs as the first one. What a step returns is overwritten by the next of its kind.
    """

    adversary: Adversary
    recordings: dict[tuple[str, bool], "_Recording"] = field(default_factory=dict)

    def discriminator_step(self, batch: Batch, shifts: torch.Generator, penalised: bool) -> dict[str, torch.Tensor]:
        """Do what `Adversary.discriminator_step` does. shifts: on the device of the batch."""
        step = partial(self.adversary.discriminator_step, shifts=shifts, penalised=penalised)
        figures: dict[str, torch.Tensor] = self._play(
            ("discriminator", penalised), step, self.adversary.discriminator, batch, shifts
        )
        return figures

    def generator_step(self, batch: Batch, shifts: torch.Generator) -> torch.Tensor:
        """Do what `Adversary.generator_step` does. shifts: on the device of the batch."""
        step = partial(self.adversary.generator_step, shifts=shifts)
        loss: torch.Tensor = self._play(("generator", False), step, self.adversary.generator, batch, shifts)
        return loss

    def _play(
        self,
        key: tuple[str, bool],
        step: Callable[[Batch], Any],
        network: nn.Module,
        batch: Batch,
        shifts: torch.Generator,
    ) -> Any:
        if key not in self.recordings:
            self.recordings[key] = _record(step, network, batch, shifts)
        return self.recordings[key].play(network, batch)


@dataclass(frozen=True)
class _Recording:
    """A step on a batch of its own, into which the others are copied. gradients: of the network's weights, in order."""

    graph: torch.cuda.CUDAGraph
    batch: Batch
    outcome: Any
    gradients: list[torch.Tensor | None]

    def play(self, network: nn.Module, batch: Batch) -> Any:
        """Take the step on `batch`: set the network's gradients and return what the step returns."""
        with torch.no_grad():
            for own, given in zip(self.batch, batch, strict=True):
                own.copy_(given, non_blocking=True)
        self.graph.replay()
        for weight, gradient in zip(network.parameters(), self.gradients, strict=True):
            weight.grad = gradient
        return self.outcome


def _record(step: Callable[[Batch], Any], network: nn.Module, batch: Batch, shifts: torch.Generator) -> _Recording:
    """Record `step`, which leaves `shifts` and the weights of `network` as they were."""
    own, before = Batch(*(part.clone() for part in batch)), shifts.get_state()
    aside = torch.cuda.Stream(batch.real.device)
    aside.wait_stream(torch.cuda.current_stream(batch.real.device))
    with torch.cuda.stream(aside):
        for _ in range(WARM_UP):
            step(own)
    torch.cuda.current_stream(batch.real.device).wait_stream(aside)
    network.zero_grad(set_to_none=True)  # so that the gradients lie in the memory of the graph
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(shifts)
    with torch.cuda.graph(graph):
        outcome = step(own)
    shifts.set_state(before)
    return _Recording(graph, own, outcome, [weight.grad for weight in network.parameters()])


def steps_of(adversary: Adversary, device: torch.device) -> Adversary | Recorded:
    """Return what takes the steps of `adversary`: on a CUDA device they are recorded.

    A study's own loss or augmentation may ask the device for a value, which a recording cannot.
    """
    usual = adversary.loss == RELATIVISTIC and adversary.augmentation is random_shift
    return Recorded(adversary) if device.type == "cuda" and usual else adversary
