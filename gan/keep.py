"""Which weights of a training to keep: those that do best on held-out samples."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial.distance import cdist, pdist
from torch import nn

from gan.networks.parts import Residual

START = "start"  # points between real neighbours, nothing changed
BASE = "base"  # what is trained on


def energy_score(fakes: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Return E|G - y| - E|G - G'| / 2 for each held-out y, (h,), G and G' being rows of `fakes`, (n, d), n >= 2.

    Gneiting and Raftery 2007 (JASA 102:359, eq. 21), with the opposite sign. It is strictly proper: in expectation the law
    of the held-out samples has the least, and any number of them will do, even one. held_out: (h, d).
    """
    return np.asarray(cdist(held_out, fakes).mean(1) - pdist(fakes).mean() / 2)


@dataclass(frozen=True)
class Weights:
    """Weights that may be kept.

    name: "start", "base" or "step 150". energy: the mean energy score of held-out samples, less is better; NaN without any.
    """

    name: str
    energy: float
    generator: nn.Module
    discriminator: nn.Module


class Keeper:
    """Keeps the weights with the least energy score, or the latest where no held-out sample tells.

    A base is there to be trained on, so its rivals are its own steps. What is trained on from a base competes with the base,
    and with the start, so that no GAN is kept that does worse than nothing.
    """

    def __init__(self, start: Weights, base: Weights | None):
        """start: a generator that changes nothing. base: what is trained on, None in the training of a base."""
        self.before = [start] if base is None else [start, base]
        self.best = None if base is None else start if start.energy < base.energy else base

    def look(self, step: int, energy: float, generator: nn.Module, discriminator: nn.Module) -> None:
        """Copy the weights of `step` if none is better so far."""
        if self.best is None or not energy >= self.best.energy:
            self.best = Weights(f"step {step}", energy, copy.deepcopy(generator), copy.deepcopy(discriminator))

    def conclude(self, step: int, trouble: str) -> tuple[Weights, str]:
        """Return the weights to keep after `step` steps, and why in words. trouble: why the run was stopped, if it was."""
        best = self.best
        if best is None or (trouble and np.isnan(best.energy)):
            best = self.before[-1]
        said = f"stopped at step {step}: {trouble}; " if trouble else ""
        if np.isnan(best.energy):
            return best, f"{said}kept: {best.name}, without held-out samples to judge by"
        rivals = ", ".join(f"{one.name} {one.energy:.4g}" for one in self.before if one is not best)
        return best, f"{said}kept: {best.name}, energy score on held-out samples {best.energy:.4g} ({rivals})"


def without_change(generator: nn.Module) -> Residual:
    """Return a copy of `generator` that returns its start as it is."""
    assert isinstance(generator, Residual)
    silent = copy.deepcopy(generator)
    with torch.no_grad():
        for weight in silent.last.parameters():
            weight.zero_()
    return silent
