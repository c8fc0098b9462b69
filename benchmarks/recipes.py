"""What the study of the generator changes of the defaults, one thing at a time; `generator_study.py` runs it.

What lost is no longer in the product. Here it is stated as values that the product's own functions take: another loss or
augmentation, another policy of starts, other networks, another codec, other arms.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import nn

from gan import modalities
from gan.modalities import Codec, ImageCodec
from gan.networks import FAMILIES, Family, Sizes
from gan.shifts import Augmentation, random_shift
from gan.starts import Drawn, Policy, Starters
from gan.training.losses import RELATIVISTIC, Loss, gradient_penalty
from pipelines.likeness.data import Data

Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Changes:
    """What is handed to `pretrain` and `specialise`, where a setting cannot say it. fit: what makes the codec."""

    loss: Loss = RELATIVISTIC
    augmentation: Augmentation = random_shift
    policy: type[Policy] = Policy
    families: Mapping[str, Family] = field(default_factory=lambda: FAMILIES)
    fit: Callable[[np.ndarray], Codec] = modalities.fit


@dataclass(frozen=True)
class Recipe:
    """What is changed of the defaults: in words, as groups of parameters, as values for the functions.

    changes: makes the values anew for each run, as some of them remember its steps; None runs the product's stages.
    after: what is done to synthetic rows once they have joined the training set, (data, seed) -> data.
    """

    about: str
    settings: Settings = field(default_factory=dict)
    changes: Callable[[], Changes] | None = None
    after: Callable[[Data, int], Data] | None = None


def hinge() -> Changes:
    """Lim and Ye 2017 (arXiv 1705.02894), here with the gradient penalties in place of spectral normalisation."""
    return Changes(
        Loss(
            lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(),
            lambda real, fake: -fake.mean(),
            gradient_penalty,
        )
    )


def non_saturating() -> Changes:
    """Goodfellow et al. 2014 (arXiv 1406.2661, section 3) with R1 and R2."""
    return Changes(
        Loss(
            lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(),
            lambda real, fake: F.softplus(-fake).mean(),
            gradient_penalty,
        )
    )


def wasserstein() -> Changes:
    """Gulrajani et al. 2017 (arXiv 1704.00028), the penalty on real and fake samples, weighted 10 by `gamma`."""

    def penalty(scores: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
        return (slope.flatten(1).norm(dim=1) - 1).square().mean()

    return Changes(Loss(lambda real, fake: fake.mean() - real.mean(), lambda real, fake: -fake.mean(), penalty))


class FromNoise(Policy):
    """Start from noise instead of real samples, as the textbook has it."""

    def start(self, starters: Starters, drawn: Drawn) -> torch.Tensor:
        """Return uniform noise for each, the same for the same parent and weight."""
        shape = starters.codec.encode(starters.samples[:1]).shape[1:]
        rows = [
            np.random.default_rng([row, int(1e6 * weight)])
            for row, weight in zip(drawn.reference, drawn.weight, strict=True)
        ]
        return torch.stack([torch.from_numpy(rng.uniform(-1, 1, shape).astype(np.float32)) for rng in rows])


class FromASample(Policy):
    """Start from one real sample, between no two."""

    def start(self, starters: Starters, drawn: Drawn) -> torch.Tensor:
        """Return the references, displaced where the policy borrows."""
        return super().start(starters, drawn._replace(weights=np.zeros_like(drawn.weights)))


class Moved(Policy):
    """Start half of the time from a real sample, turned by up to 10 degrees and shifted by up to an eighth of the side."""

    def start(self, starters: Starters, drawn: Drawn) -> torch.Tensor:
        """Return the plain starts, half of them replaced."""
        made = super().start(starters, drawn)
        rng = np.random.default_rng(drawn.reference)
        own = np.flatnonzero(rng.random(len(made)) < 0.5)
        pictures = starters.samples[drawn.reference[own]].astype(np.float32) / 255
        if len(own):
            turned = np.stack([moved(picture, rng) for picture in pictures])
            made[own] = starters.codec.settle(starters.codec.encode((turned * 255).round().astype(np.uint8)))
        return made


class BetweenCodes(Policy):
    """Start between neighbours in the codes of an autoencoder of all samples: 128 and 16 tanh units (Hinton and
    Salakhutdinov 2006, doi 10.1126/science.1127647), 2,000 steps of Adam.
    """

    def start(self, starters: Starters, drawn: Drawn) -> torch.Tensor:
        """Return what is decoded from between the codes of both parents, displaced where the policy borrows."""
        encoder, decoder = codes_of(starters)
        first, second = (starters.codec.encode(starters.samples[rows]) for rows in (drawn.reference, drawn.neighbour))
        with torch.no_grad():
            here, there = encoder(first), encoder(second)
            made = decoder(here + torch.from_numpy(drawn.weight.astype(np.float32))[:, None] * (there - here))
        return starters.displaced(starters.codec.settle(made.view_as(first)), drawn)


@lru_cache(maxsize=8)
def codes_of(starters: Starters) -> tuple[nn.Module, nn.Module]:
    """Return the autoencoder of the samples that starts are drawn from."""
    with torch.inference_mode(False), torch.enable_grad():  # candidates are made without gradients
        return autoencoder(starters.codec.encode(starters.samples))


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


def adaptive_shifts() -> Changes:
    """Shift a share p of the samples; p follows how sure the discriminator is (Karras et al. 2020, arXiv 2006.06676).

    r = E[sign(score of a real one - score of its fake)], target 0.6; p moves from 0 to 1 in 500 steps at the most.
    """
    share = 0.0

    def some(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        own = torch.rand(len(x), generator=generator, device=generator.device) < share
        return torch.where(own.to(x.device)[:, None, None, None], random_shift(x, generator), x)

    def watched(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        nonlocal share
        sure = torch.sign(real - fake).mean().item()
        share = min(max(share + np.sign(sure - 0.6) / 500, 0.0), 1.0)
        return RELATIVISTIC.discriminator(real, fake)

    return Changes(RELATIVISTIC._replace(discriminator=watched), some)


def without_shifts() -> Changes:
    """Show the discriminator every sample in its place."""
    return Changes(augmentation=lambda x, generator: x)


def with_embedding(embedding: type[nn.Embedding]) -> dict[str, Family]:
    """Return all families with another way to tell a network the class."""

    def told(network: type[nn.Module]) -> type[nn.Module]:
        class Told(network):  # type: ignore[misc, valid-type]
            def __init__(self, sizes: Sizes):
                super().__init__(sizes)
                for part in list(self.modules()):
                    for name, child in part.named_children():
                        if isinstance(child, nn.Embedding):
                            setattr(part, name, embedding(child.num_embeddings, child.embedding_dim))

        return Told

    return {name: Family(*map(told, family)) for name, family in FAMILIES.items()}


class Silent(nn.Embedding):
    """Says the same of every class."""

    def forward(self, labels: torch.Tensor) -> torch.Tensor:
        """Return zeros, (n, d)."""
        return torch.zeros(*labels.shape, self.embedding_dim, device=labels.device)


def without_class() -> Changes:
    """Tell neither network the class."""
    return Changes(families=with_embedding(Silent))


def ramp() -> Changes:
    """Let the class into both networks by and by, from not at all to wholly over the first 600 steps of the base
    (after Shahbazi et al. 2022, arXiv 2201.06578).
    """
    step = 1

    def counted(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        nonlocal step
        step += 1
        return RELATIVISTIC.discriminator(real, fake)

    class Fading(nn.Embedding):
        def forward(self, labels: torch.Tensor) -> torch.Tensor:
            return min(step / 600, 1.0) * super().forward(labels)

    return Changes(RELATIVISTIC._replace(discriminator=counted), families=with_embedding(Fading))


def without_grid() -> Changes:
    """Let outputs take any of 256 values, the background too."""
    return Changes(fit=lambda samples: ImageCodec(tuple(range(256)), None))


def augmented(data: Data, seed: int) -> Data:
    """Shift, turn and dim every synthetic sample as classic augmentation does real ones."""
    assert data.image_shape is not None
    rng, x = np.random.default_rng(seed), data.x.copy()
    for row in np.flatnonzero(data.made):
        x[row] = moved(x[row].reshape(data.image_shape), rng).ravel()
    return replace(data, x=x)


def moved(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return `image`, (h, w, c) in [0, 1], shifted by up to 1/8, turned by up to 10 degrees and up to 10% brighter or
    darker, rounded to 1/255; what comes in from outside repeats the edge.
    """
    angle = np.deg2rad(rng.uniform(-10, 10))
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    centre = (np.array(image.shape) - 1) / 2
    reach = np.array(image.shape[:2]) / 8
    shift = np.append(np.round(rng.uniform(-reach, reach)), 0)
    turned = ndimage.affine_transform(image, turn, centre - turn @ (centre + shift), order=1, mode="nearest")
    return np.round(np.clip(turned * rng.uniform(0.9, 1.1), 0, 1) * 255) / 255


def starting(policy: type[Policy]) -> Callable[[], Changes]:
    """Return what changes the starts alone."""
    return lambda: Changes(policy=policy)


NEIGHBOURS, BORROWED = ({"pretrain": {"starts": starts}} for starts in ("neighbours", "borrowed"))

RECIPES = {
    "default": Recipe("as the product does it"),
    "borrow_nothing": Recipe("start between neighbours, as SMOTE", NEIGHBOURS),
    "untrained": Recipe("the start as it is", {"pretrain": {"steps": 1, "learning_rate": 1e-12}, "train": {"steps": 0}}),
    "borrowed": Recipe("borrow always", BORROWED),
    "moved": Recipe("half of the starts are a real sample, turned and shifted", {}, starting(Moved)),
    "from_noise": Recipe("start from noise", NEIGHBOURS, starting(FromNoise)),
    "from_a_sample": Recipe("start from one sample, borrow nothing", NEIGHBOURS, starting(FromASample)),
    "sample_and_borrow": Recipe("start from one sample, borrow", {}, starting(FromASample)),
    "between_codes": Recipe("start between the codes of an autoencoder", NEIGHBOURS, starting(BetweenCodes)),
    "codes_and_borrow": Recipe("start between codes, and borrow", BORROWED, starting(BetweenCodes)),
    "adaptive_shifts": Recipe("as many shifts as the discriminator needs", {}, adaptive_shifts),
    "ramp": Recipe("the class fades in", {}, ramp),
    "augmented_on_top": Recipe("classic augmentation of the GAN's samples", after=augmented),
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
    "keep_half": Recipe("keep half, by score", {"filter": {"acceptance": 0.5}, "generate": {"candidates_per_sample": 3.0}}),
    "keep_quarter": Recipe(
        "keep a quarter, by score", {"filter": {"acceptance": 0.25}, "generate": {"candidates_per_sample": 6.0}}
    ),
    "resnet": Recipe("residual networks", {"pretrain": {"network": "resnet"}}),
    "laplacian": Recipe("a pyramid of networks", {"pretrain": {"network": "laplacian"}}),
    "upscaled_2": Recipe("made at half the size and upscaled", {"upscale": {"factor": 2}}),
}  # fmt: skip
