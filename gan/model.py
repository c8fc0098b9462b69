"""A trained GAN with everything that is needed to sample from it, score with it and train it further."""

from dataclasses import dataclass, field

import numpy as np
from torch import nn

from gan.health import Health
from gan.modalities import Codec, Samples
from gan.networks import Sizes
from gan.starts import Policy, Starters

Row = dict[str, float]
Labelled = tuple[Samples, np.ndarray]  # samples and (n,) labels
Subgroups = tuple[np.ndarray, np.ndarray]  # of which subgroup samples are, (n,) int, and lenders, (m,)


@dataclass(frozen=True)
class GAN:
    """A generator, the discriminator that it was trained against, and how they were made.

    network: the family. generator: with averaged weights. policy: how starts are drawn.
    total_steps: training steps that were run, those of the base included; `health` says whose weights were kept.
    class_index: the class it was specialised for, or None for a base of all classes.
    history: a row every 50 steps: `step`, `discriminator_loss`, `generator_loss`, `penalty`, mean logits `score_real`,
    `score_fake`, `generator_gradient` (its norm), `diversity` (see `health.Drawn`; of the averaged generator), and
    where held-out samples were given `score_held_out` and `energy`, their mean energy score. health: what the last run showed.
    """

    network: str
    sizes: Sizes
    generator: nn.Module
    discriminator: nn.Module
    codec: Codec
    policy: Policy = field(default_factory=Policy)
    total_steps: int = 0
    class_index: int | None = None
    history: list[Row] = field(default_factory=list)
    health: Health = field(default_factory=Health)


def starters(
    gan: GAN, samples: Samples, labels: np.ndarray, lenders: Labelled | None, subgroups: Subgroups | None = None
) -> Starters:
    """Return what draws starts from `samples` with `labels`, (n,), as `gan` does, borrowing from those and `lenders`.

    lenders: samples and labels; those of classes that `labels` has are left out. Their rows come after those of `samples`.
    subgroups: (n,) int of the samples, and (m,) of the lenders, for draws from one of them.
    """
    packed, own = gan.codec.pack(samples), None if subgroups is None else subgroups[0]
    if lenders is not None:
        others = ~np.isin(lenders[1], labels)
        packed = np.concatenate([packed, gan.codec.pack(lenders[0][others])])
        labels = np.concatenate([labels, lenders[1][others]])
        own = None if subgroups is None else np.concatenate([subgroups[0], subgroups[1][others]])
    return Starters(packed, labels, gan.codec, gan.policy, own)
