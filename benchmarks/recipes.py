"""What the study of the generator changes of the defaults, one thing at a time; `generator_study.py` runs it.

What lost is no longer in the product. A patch puts it back for the time of a run, so that the comparison can be repeated.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan import adversary
from gan.modalities.images import ImageCodec
from gan.starts import Drawn, Starters
from pipelines.evaluation import arms as classic

Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Recipe:
    """What is changed of the defaults, in words, as groups of parameters, and as a patch of the code."""

    about: str
    settings: Settings = field(default_factory=dict)
    patched: Callable[[], AbstractContextManager[Any]] = nullcontext


@contextmanager
def losses(discriminator: Callable, generator: Callable, penalty: Callable | None = None) -> Iterator[None]:
    """Train with other losses of (n,) scores of real and fake."""
    kept = penalty or adversary.gradient_penalty
    with (
        patch.object(adversary, "discriminator_loss", discriminator),
        patch.object(adversary, "generator_loss", generator),
        patch.object(adversary, "gradient_penalty", kept),
    ):
        yield


def hinge() -> AbstractContextManager[None]:
    """Lim and Ye 2017 (arXiv 1705.02894), here with the gradient penalties in place of spectral normalisation."""
    return losses(lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(), lambda real, fake: -fake.mean())


def non_saturating() -> AbstractContextManager[None]:
    """Goodfellow et al. 2014 (arXiv 1406.2661, section 3) with R1 and R2."""
    return losses(
        lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(),
        lambda real, fake: F.softplus(-fake).mean(),
    )


def wasserstein() -> AbstractContextManager[None]:
    """Gulrajani et al. 2017 (arXiv 1704.00028), the penalty on real and fake samples, weighted 10 by `gamma`."""

    def penalty(scores: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
        return (slope.flatten(1).norm(dim=1) - 1).square().mean()

    return losses(lambda real, fake: fake.mean() - real.mean(), lambda real, fake: -fake.mean(), penalty)


def from_noise() -> AbstractContextManager[Any]:
    """Start from noise instead of real samples, as the textbook has it."""

    def starts(self: Starters, drawn: Drawn) -> torch.Tensor:
        shape = self.codec.encode(self.samples[:1]).shape[1:]
        rows = [
            np.random.default_rng([row, int(1e6 * weight)])
            for row, weight in zip(drawn.reference, drawn.weight, strict=True)
        ]
        return torch.stack([torch.from_numpy(rng.uniform(-1, 1, shape).astype(np.float32)) for rng in rows])

    return patch.object(Starters, "starts", starts)


def from_a_sample() -> AbstractContextManager[Any]:
    """Start from one real sample, between no two."""
    draw = Starters.draw

    def alone(self: Starters, *given: Any) -> Drawn:
        drawn = draw(self, *given)
        return drawn._replace(weight=np.zeros_like(drawn.weight), weights=np.zeros_like(drawn.weights))

    return patch.object(Starters, "draw", alone)


def moved() -> AbstractContextManager[Any]:
    """Start half of the time from a real sample, turned by up to 10 degrees and shifted by up to an eighth of the side."""
    starts = Starters.starts

    def turned(self: Starters, drawn: Drawn) -> torch.Tensor:
        made = starts(self, drawn)
        rng = np.random.default_rng(drawn.reference)
        own = np.flatnonzero(rng.random(len(made)) < 0.5)
        pictures = self.samples[drawn.reference[own]].astype(np.float32) / 255
        if len(own):
            moved = np.stack([classic.moved(picture, rng) for picture in pictures])
            made[own] = self.codec.settle(self.codec.encode((moved * 255).round().astype(np.uint8)))
        return made

    return patch.object(Starters, "starts", turned)


def without_class() -> AbstractContextManager[Any]:
    """Tell neither network the class."""
    return patch.object(nn.Embedding, "forward", lambda self, labels: torch.zeros(*labels.shape, self.embedding_dim))


def without_shifts() -> AbstractContextManager[Any]:
    """Show the discriminator every sample in its place."""
    return patch.object(adversary, "random_shift", lambda x, generator: x)


def without_grid() -> AbstractContextManager[Any]:
    """Let outputs take any of 256 values, the background too."""
    return patch.object(ImageCodec, "fit", classmethod(lambda cls, samples: cls(tuple(range(256)), None)))


RECIPES = {
    "default": Recipe("as the product does it"),
    "borrow_nothing": Recipe("start between neighbours, as SMOTE", {"pretrain": {"starts": "neighbours"}}),
    "untrained": Recipe("the start as it is", {"pretrain": {"steps": 1, "learning_rate": 1e-12}, "train": {"steps": 0}}),
    "borrowed": Recipe("borrow always", {"pretrain": {"starts": "borrowed"}}),
    "moved": Recipe("half of the starts are a real sample, turned and shifted", {}, moved),
    "from_noise": Recipe("start from noise", {"pretrain": {"starts": "neighbours"}}, from_noise),
    "from_a_sample": Recipe("start from one sample, borrow nothing", {"pretrain": {"starts": "neighbours"}}, from_a_sample),
    "sample_and_borrow": Recipe("start from one sample, borrow", {}, from_a_sample),
    "without_class": Recipe("neither network knows the class", {}, without_class),
    "hinge": Recipe("hinge loss", {}, hinge),
    "wasserstein": Recipe("Wasserstein loss", {"pretrain": {"gamma": 20.0}, "train": {"gamma": 20.0}}, wasserstein),
    "non_saturating": Recipe("non-saturating loss", {}, non_saturating),
    "without_shifts": Recipe("discriminator sees no shifts", {}, without_shifts),
    "without_grid": Recipe("outputs off the data's grid", {}, without_grid),
    "gamma_5": Recipe("penalties 10 times as heavy", {"pretrain": {"gamma": 5.0}, "train": {"gamma": 5.0}}),
    "gamma_005": Recipe("penalties a tenth as heavy", {"pretrain": {"gamma": 0.05}, "train": {"gamma": 0.05}}),
    "faithful_0": Recipe("outputs may move freely", {"pretrain": {"faithful": 0.0}, "train": {"faithful": 0.0}}),
    "faithful_10": Recipe("outputs held closer", {"pretrain": {"faithful": 0.35}, "train": {"faithful": 0.35}}),
    "power_0": Recipe("all classes drawn alike", {"pretrain": {"sampling_power": 0.0}}),
    "power_1": Recipe("classes drawn as they occur", {"pretrain": {"sampling_power": 1.0}}),
    "base_only": Recipe("not specialised", {"train": {"steps": 0}}),
    "specialised_long": Recipe("specialised 5 times as long", {"train": {"steps": 1000}}),
    "steps_300": Recipe("a quarter of the steps", {"pretrain": {"steps": 300}}),
    "steps_4800": Recipe("4 times the steps", {"pretrain": {"steps": 4800}}),
    "ema_long": Recipe("averaged over a third of the steps", {"pretrain": {"ema": 0.3}}),
    "neighbours_2": Recipe("2 neighbours", {"pretrain": {"neighbours": 2}}),
    "keep_half": Recipe("keep half, by score", {"filter": {"acceptance": 0.5}, "generate": {"oversampling": 3.0}}),
    "keep_quarter": Recipe("keep a quarter, by score", {"filter": {"acceptance": 0.25}, "generate": {"oversampling": 6.0}}),
    "resnet": Recipe("residual networks", {"train": {"network": "resnet"}}),
}  # fmt: skip
