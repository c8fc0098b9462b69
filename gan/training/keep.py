"""Which weights of a training to keep: those that do best on held-out samples."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.spatial.distance import cdist, pdist
from torch import nn

from gan.networks.parts import Residual
from gan.training.moving import put_into, weights_of

PRIOR = 4  # held-out samples that the spread of the base counts as


def energy_score(fakes: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Return E|G - y| - E|G - G'| / 2 for each held-out y, (h,), G and G' being rows of `fakes`, (n, d), n >= 2.

    Gneiting and Raftery 2007 (JASA 102:359, eq. 21), with the opposite sign. It is strictly proper: in expectation the law
    of the held-out samples has the least, and any number of them will do, even one. held_out: (h, d).
    """
    return np.asarray(cdist(held_out, fakes).mean(1) - pdist(fakes).mean() / 2)


@dataclass(frozen=True)
class Weights:
    """Weights that may be kept.

    name: "start", "base" or "step 150". energy: (h,) energy scores of the held-out samples, less is better.
    """

    name: str
    energy: np.ndarray
    generator: nn.Module
    discriminator: nn.Module


class Keeper:
    """Keeps the last weights, unless held-out samples tell them from better ones that were there before.

    Better is what has the least mean energy score, by more than one standard error of the difference to the last (after the
    rule of Breiman et al. 1984, section 3.4.3): few samples overrule a training only when they agree. How much they differ
    is told for a class by its own held-out samples together with what those of all classes told of the base.

    A base is there to be trained on, so its rivals are its own steps. What is trained on from a base competes with the base,
    and with the start, so that no GAN is kept that does worse than nothing.
    """

    def __init__(self, start: Weights, base: Weights | None, shares: np.ndarray, spread: float | None = None):
        """start: a generator that changes nothing. base: what is trained on, None in the training of a base.

        shares: (h,) of each held-out sample in the mean, their sum is 1. spread: what `spread` returned of the base.
        """
        self.before, self.shares = [start] if base is None else [start, base], shares
        self.base_spread = spread
        self.last = base
        self.best = None if base is None else start if self._gain(base, start) > 0 else base

    def look(self, step: int, energy: np.ndarray, generator: nn.Module, discriminator: nn.Module) -> None:
        """Copy the weights of `step`, whose held-out samples have `energy`, (h,)."""
        self.last = Weights(f"step {step}", energy, copy.deepcopy(generator), copy.deepcopy(discriminator))
        if self.best is None or self._gain(self.best, self.last) > 0:
            self.best = self.last

    def conclude(self, step: int, trouble: str) -> tuple[Weights, str]:
        """Return the weights to keep after `step` steps, and why in words. trouble: why the run was stopped, if it was."""
        said = f"stopped at step {step}: {trouble}; " if trouble else ""
        kept = self._choose(bool(trouble))
        if not len(self.shares):
            return kept, f"{said}kept: {kept.name}, without held-out samples to judge by"
        rivals = {one.name: one for one in (*self.before, self.last) if one and one is not kept}
        others = ", ".join(f"{name} {self.shares @ one.energy:.4g}" for name, one in rivals.items())
        return (
            kept,
            f"{said}kept: {kept.name}, energy score on held-out samples {self.shares @ kept.energy:.4g} ({others})",
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the weights of the steps that may still be kept."""
        known = {one.name for one in self.before}
        held = {one.name: one for one in (self.last, self.best) if one and one.name not in known}
        arrays = {f"{name}.energy": one.energy for name, one in held.items()}
        for name, one in held.items():
            arrays |= weights_of(one.generator, f"{name}.generator")
            arrays |= weights_of(one.discriminator, f"{name}.discriminator")
        return arrays

    def notes(self) -> dict[str, Any]:
        """Return which weights are the last and the best so far."""
        return {"last": self.last.name if self.last else None, "best": self.best.name if self.best else None}

    def restore(self, arrays: Mapping[str, np.ndarray], notes: Mapping[str, Any]) -> None:
        """Put back what `arrays` and `notes` have returned."""
        known = {one.name: one for one in self.before}
        for name in {*notes.values()} - {None, *known}:
            generator, discriminator = (
                copy.deepcopy(network) for network in (self.before[0].generator, self.before[0].discriminator)
            )
            put_into(generator, f"{name}.generator", arrays)
            put_into(discriminator, f"{name}.discriminator", arrays)
            known[name] = Weights(name, arrays[f"{name}.energy"], generator, discriminator)
        self.last, self.best = (known.get(notes[which]) for which in ("last", "best"))

    def _choose(self, stopped: bool) -> Weights:
        if self.best is None or self.last is None or (stopped and not len(self.shares)):
            return self.before[-1]
        clear = self._gain(self.last, self.best) > self._standard_error(self.last, self.best)
        return self.best if stopped or clear else self.last

    def _gain(self, one: Weights, other: Weights) -> float:
        """How much less energy `other` has."""
        return float(self.shares @ (one.energy - other.energy))

    def spread(self, kept: Weights) -> float | None:
        """Return the standard deviation over held-out samples of how far `kept` is from the start, None below two."""
        found = self._own_error(self.before[0], kept)
        return float(found * np.sqrt(len(self.shares))) if np.isfinite(found) else None

    def _standard_error(self, one: Weights, other: Weights) -> float:
        """The standard error of `_gain`; infinite where nothing tells."""
        count, own = len(self.shares), self._own_error(one, other)
        if self.base_spread is None or not count:
            return own
        pooled = PRIOR * self.base_spread**2 / count
        if count > 1:
            pooled += (count - 1) * own**2
        return float(np.sqrt(pooled / (count - 1 + PRIOR)))

    def _own_error(self, one: Weights, other: Weights) -> float:
        count, off = len(self.shares), one.energy - other.energy - self._gain(one, other)
        return float(np.sqrt(((self.shares * off) ** 2).sum() * count / (count - 1))) if count > 1 else np.inf


def without_change(generator: nn.Module) -> nn.Module:
    """Return a copy of `generator` that returns its start as it is."""
    silent = copy.deepcopy(generator)
    with torch.no_grad():
        for part in silent.modules():
            if isinstance(part, Residual):
                for weight in part.last.parameters():
                    weight.zero_()
    return silent
