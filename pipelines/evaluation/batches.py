"""How the batches of a network that judges are drawn, weighed and mixed, whatever kind of data it sees."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from gan import seeds
from pipelines.evaluation.styles import Style

EFFECTIVE = 0.9999  # beta of the effective number of samples (Cui et al. 2019)

Batches = Iterator[tuple[torch.Tensor, torch.Tensor]]  # samples and targets of each step
Move = Callable[[torch.Tensor, torch.Generator], torch.Tensor]  # samples -> the same ones, each changed by its own draw
Paste = Callable[
    [torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, np.random.Generator], tuple[torch.Tensor, torch.Tensor]
]  # samples, their targets, patches, theirs -> samples with the patches on them, and targets


@dataclass(frozen=True)
class Rows:
    """The training rows on the device, made once.

    samples: (n, ...) as the network sees them.   labels: (n,) from 0 to classes - 1.   weight: (n,), 1 on average.
    synthetic: (n,) bool, on the CPU as are the `labels`.   counts: (classes,) how many rows a class is drawn and weighed for.
    """

    samples: torch.Tensor
    labels: torch.Tensor
    weight: torch.Tensor
    synthetic: torch.Tensor
    counts: torch.Tensor

    @property
    def real(self) -> int:
        """How many of the rows are real."""
        return int((~self.synthetic).sum())

    @classmethod
    def of(
        cls,
        samples: torch.Tensor,
        labels: np.ndarray,
        weight: np.ndarray | None,
        synthetic: np.ndarray | None,
        style: Style,
    ) -> "Rows":
        """Return the rows; `weight`, (n,), is made 1 on average."""
        made = np.zeros(len(samples), bool) if synthetic is None else synthetic.astype(bool)
        weighed = np.ones(len(samples)) if weight is None else weight.astype(float)
        counted = labels if style.synthetic_share is None else labels[~made]
        return cls(
            samples,
            torch.from_numpy(labels),
            torch.from_numpy(weighed / weighed.mean()).float(),
            torch.from_numpy(made),
            torch.from_numpy(np.bincount(counted, minlength=labels.max() + 1)),
        )


def chances(rows: Rows, style: Style, real_only: bool = False) -> torch.Tensor:
    """Return the chance of each row to be drawn, (n,) float64, which sum to 1.

    A class has a chance proportional to its count ** power, shared evenly by its rows; with `synthetic_share`, that share
    of it goes to the synthetic ones, if there are any. real_only: synthetic rows get none.
    """
    classes, made = len(rows.counts), rows.synthetic
    of_class = rows.counts.double() ** style.power
    share = torch.zeros(classes, dtype=torch.float64) if real_only else _synthetic_share(rows, style)
    real = torch.bincount(rows.labels[~made], minlength=classes).clamp(min=1)
    synthetic = torch.bincount(rows.labels[made], minlength=classes).clamp(min=1)
    each = torch.where(made, (share * of_class / synthetic)[rows.labels], ((1 - share) * of_class / real)[rows.labels])
    return each / each.sum()


def _synthetic_share(rows: Rows, style: Style) -> torch.Tensor:
    """Return the share of the draws of each class that is synthetic, (classes,)."""
    made = torch.bincount(rows.labels[rows.synthetic], minlength=len(rows.counts)).double()
    if style.synthetic_share is None:
        return made / rows.counts
    return torch.where(made > 0, style.synthetic_share, 0.0).double()


def drawn(rows: Rows, style: Style, batch: int, seed: int, steps: int) -> torch.Tensor:
    """Return the rows of each batch, (steps, batch); in the last `real_last` share of the steps real ones alone."""
    generator = seeds.torch_generator(seed, "batches")
    last = round(style.real_last * steps)
    parts = [
        torch.multinomial(chances(rows, style, real_only), count * batch, replacement=True, generator=generator)
        for count, real_only in ((steps - last, False), (last, True))
        if count
    ]
    return torch.cat(parts).view(steps, batch)


def batches(
    rows: Rows, style: Style, batch: int, seed: int, steps: int, move: Move, paste: Paste | None = None
) -> Batches:
    """Yield (batch, ...) samples and (batch, classes) targets for every step.

    A row of targets sums to the weight of its sample, so what mixes samples mixes targets alike.
    move: what happens to samples where the style augments.   paste: see `Style.cmo`; None where that has no meaning.
    """
    order = drawn(rows, style, batch, seed, steps)
    patches = drawn(rows, replace(style, power=0.0), batch, seeds.derive(seed, "patches"), steps)
    moves, rng = seeds.torch_generator(seed, "moves"), seeds.numpy_generator(seed, "mixing")
    deferred = class_weights(rows.counts)
    for step in range(steps):
        scale = deferred if step >= steps * (1 - style.deferred) else torch.ones_like(deferred)
        samples, targets = _taken(rows, order[step], style, scale, move, moves)
        if rng.random() < style.cmo and paste is not None:
            samples, targets = paste(samples, targets, *_taken(rows, patches[step], style, scale, move, moves), rng)
        if style.mixup:
            samples, targets = mixed(samples, targets, style.mixup, rng)
        yield samples, targets


def _taken(
    rows: Rows, index: torch.Tensor, style: Style, scale: torch.Tensor, move: Move, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the rows at `index` with their targets, moved if the style says so. scale: (classes,) weights."""
    labels, device = rows.labels[index], rows.samples.device
    spread = torch.full((len(index), len(scale)), style.smoothing / len(scale))
    spread[torch.arange(len(index)), labels] += 1 - style.smoothing
    targets = spread * (rows.weight[index] * scale[labels])[:, None]
    samples = rows.samples[index.to(device)]
    return (move(samples, generator) if style.augment else samples), targets.to(device)


def class_weights(counts: torch.Tensor) -> torch.Tensor:
    """Return (1 - beta) / (1 - beta ** n) of each class, (classes,), divided by their mean."""
    weights = (1 - EFFECTIVE) / (1 - EFFECTIVE ** counts.double().clamp(min=1))
    return (weights / weights.mean()).float()


def mixed(
    samples: torch.Tensor, targets: torch.Tensor, alpha: float, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mix each sample and its targets with another of the batch: share ~ Beta(alpha, alpha), drawn for each."""
    share = torch.from_numpy(rng.beta(alpha, alpha, len(samples))).float().to(samples.device)
    other = torch.from_numpy(rng.permutation(len(samples))).to(samples.device)
    wide = share.view(-1, *[1] * (samples.dim() - 1))
    return wide * samples + (1 - wide) * samples[other], share[:, None] * targets + (1 - share)[:, None] * targets[
        other
    ]
