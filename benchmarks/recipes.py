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

from gan.modalities.images import ImageCodec
from gan.starts import Drawn, Starters
from gan.training import adversary
from gan.training.adversary import Adversary
from pipelines.evaluation import arms as classic
from pipelines.likeness.data import Data

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


def between_codes() -> AbstractContextManager[Any]:
    """Start between neighbours in the codes of an autoencoder of all samples: 128 and 16 tanh units (Hinton and
    Salakhutdinov 2006, doi 10.1126/science.1127647), 2,000 steps of Adam.
    """

    def starts(self: Starters, drawn: Drawn) -> torch.Tensor:
        if not hasattr(self, "autoencoder"):
            with torch.inference_mode(False), torch.enable_grad():  # candidates are made without gradients
                self.autoencoder = autoencoder(self.codec.encode(self.samples))
        encoder, decoder = self.autoencoder
        first, second = (self.codec.encode(self.samples[rows]) for rows in (drawn.reference, drawn.neighbour))
        with torch.no_grad():
            here, there = encoder(first), encoder(second)
            made = decoder(here + torch.from_numpy(drawn.weight.astype(np.float32))[:, None] * (there - here))
        start = self.codec.settle(made.view_as(first))
        if (lent := np.flatnonzero(drawn.here >= 0)).size:
            here, there = (self.codec.encode(self.samples[rows[lent]]) for rows in (drawn.here, drawn.there))
            step = torch.from_numpy(drawn.step[lent].astype(np.float32))[:, None, None, None]
            start[lent] = self.codec.displace(start[lent], step * (there - here))
        return start

    return patch.object(Starters, "starts", starts)


def autoencoder(x: torch.Tensor) -> tuple[nn.Module, nn.Module]:
    """Return the encoder and the decoder of `x`, (n, c, s, s)."""
    pixels, rng = x[0].numel(), torch.Generator().manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 128), nn.Tanh(), nn.Linear(128, 16), nn.Tanh())
    decoder = nn.Sequential(nn.Linear(16, 128), nn.Tanh(), nn.Linear(128, pixels))
    both = nn.Sequential(encoder, decoder)
    for weight in both.parameters():
        nn.init.normal_(weight, 0, weight.shape[-1] ** -0.5 if weight.dim() > 1 else 0.0, generator=rng)
    steps = torch.optim.Adam(both.parameters(), lr=2e-3)
    for _ in range(2000):
        batch = x[torch.randint(len(x), (64,), generator=rng)]
        steps.zero_grad()
        F.mse_loss(both(batch), batch.flatten(1)).backward()
        steps.step()
    return encoder, decoder


@contextmanager
def adaptive_shifts() -> Iterator[None]:
    """Shift a share p of the samples; p follows how sure the discriminator is (Karras et al. 2020, arXiv 2006.06676).

    r = E[sign(score of a real one - score of its fake)], target 0.6; p moves from 0 to 1 in 500 steps at the most.
    """
    share = [0.0]
    shift, loss = adversary.random_shift, adversary.discriminator_loss

    def some(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        own = torch.rand(len(x), generator=generator) < share[0]
        return torch.where(own.to(x.device)[:, None, None, None], shift(x, generator), x)

    def watched(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        sure = torch.sign(real - fake).mean().item()
        share[0] = min(max(share[0] + np.sign(sure - 0.6) / 500, 0.0), 1.0)
        return loss(real, fake)

    with patch.object(adversary, "random_shift", some), patch.object(adversary, "discriminator_loss", watched):
        yield


@contextmanager
def ramp() -> Iterator[None]:
    """Let the class into both networks by and by, from not at all to wholly over the first 600 steps of the base
    (after Shahbazi et al. 2022, arXiv 2201.06578).
    """
    steps = [0]
    embed, step = nn.Embedding.forward, Adversary.discriminator_step

    def counted(self: Adversary, *given: Any, **named: Any) -> dict[str, torch.Tensor]:
        steps[0] += 1
        return step(self, *given, **named)

    def faded(self: nn.Embedding, labels: torch.Tensor) -> torch.Tensor:
        return min(steps[0] / 600, 1.0) * embed(self, labels)

    with patch.object(Adversary, "discriminator_step", counted), patch.object(nn.Embedding, "forward", faded):
        yield


def augmented_on_top() -> AbstractContextManager[Any]:
    """Shift, turn and dim every sample of the GAN as classic augmentation does real ones, once it is in the training set."""
    drawn = classic._drawn

    def moved_too(data: Data, recipe: classic.Recipe, seed: int, parts: list[np.ndarray]) -> classic.Training:
        made, rng = drawn(data, recipe, seed, parts), np.random.default_rng(seed)
        for row in range(len(data), len(made.data)):
            made.data.x[row] = classic.moved(made.data.x[row].reshape(data.image_shape), rng).ravel()
        return made

    return patch.object(classic, "_drawn", moved_too)


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
    "between_codes": Recipe("start between the codes of an autoencoder", {"pretrain": {"starts": "neighbours"}}, between_codes),
    "codes_and_borrow": Recipe("start between codes, and borrow", {"pretrain": {"starts": "borrowed"}}, between_codes),
    "adaptive_shifts": Recipe("as many shifts as the discriminator needs", {}, adaptive_shifts),
    "ramp": Recipe("the class fades in", {}, ramp),
    "augmented_on_top": Recipe("classic augmentation of the GAN's samples", {}, augmented_on_top),
    "dose_half": Recipe("half as many samples", {"plan": {"sampling_strategy": 0.5}}),
    "dose_quarter": Recipe("a quarter as many samples", {"plan": {"sampling_strategy": 0.25}}),
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
    "resnet": Recipe("residual networks", {"pretrain": {"network": "resnet"}}),
    "laplacian": Recipe("a pyramid of networks", {"pretrain": {"network": "laplacian"}}),
    "upscaled_2": Recipe("made at half the size and upscaled", {"upscale": {"factor": 2}}),
}  # fmt: skip
