"""Damaged images made whole: a generator fills what is missing of an image, told what is there and which class it is.

A context encoder (Pathak et al. 2016, arXiv 1604.07379, section 3): a U-Net (Ronneberger et al. 2015, arXiv 1505.04597) sees
the image without the missing pixels, and which these are; its loss is the mean squared error of the pixels that it fills, plus
a little of an adversarial loss, relativistic as the GAN's (`training.losses`). It learns on whole images of all classes, from
which pixels are taken away by the masks of the damaged ones, so that a class of which hardly an image is whole has the others
to learn from. Pixels that are there stay as they are.

Beside it, what one would do without a network: the missing pixels of the most similar image of the class, or the smoothest
surface through what lies around the hole.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from scipy.sparse.linalg import spsolve
from torch import nn

from gan.device import half_precision, onto, place, prepare_device
from gan.eager import Adam
from gan.modalities.images import ImageCodec, side
from gan.networks import FAMILIES, Sizes, choose
from gan.networks.parts import SLOPE, Codes, build, crop, frame
from gan.progress import Progress
from gan.seeds import numpy_generator, torch_generator
from gan.training.losses import RELATIVISTIC
from gan.training.optim import at_rest, falling_rates, optimiser

STEPS, BATCH = 1000, 64
WIDTH, CODE, INNER = 16, 16, 128  # channels of the first convolution; numbers of a class's code, and between the halves
DEEPEST = 8  # pixels a side of the innermost map, at most
RATE, LAST_RATE = 1e-3, 0.05  # of the generator; the share of it at the end
DISCRIMINATOR_RATE = 5e-4
ADVERSARIAL = 0.003  # weight of the adversarial loss beside a squared error of images in [0, 1]
GAMMA, PENALTY_EVERY = 0.5, 4
POWER = 0.5  # a class of n images is drawn ~ n^power
REPORT_EVERY = 50  # steps


@dataclass(frozen=True)
class Images:
    """Images, (n, s, s, c) uint8, with their labels, (n,) int, and which pixels of each are missing, (n, s, s) bool."""

    values: np.ndarray
    labels: np.ndarray
    missing: np.ndarray

    def __post_init__(self) -> None:
        if self.missing.shape != self.values.shape[:3] or len(self.labels) != len(self.values):
            raise ValueError(f"repair: masks {self.missing.shape} and {len(self.labels)} labels of {self.values.shape}")

    def with_pixels(self, fill: np.ndarray) -> np.ndarray:
        """Return the images with the missing pixels of `fill`, (n, s, s, c) uint8."""
        return np.where(self.missing[..., None], fill, self.values)


class UNet(nn.Module):
    """Convolutions that halve the image until it is small, a layer that sees all of it and the class, and back, with skips."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        halvings = 1
        while sizes.size > DEEPEST * 2**halvings:
            halvings += 1
        self.edge = frame(sizes.size, 2**halvings)
        wide = [sizes.width * (level + 1) for level in range(halvings + 1)]
        self.first = nn.Conv2d(sizes.channels, wide[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in pairwise(wide))
        inside = wide[-1] * ((sizes.size + self.edge[0] + self.edge[1]) // 2**halvings) ** 2
        self.classes = Codes(sizes.classes, CODE)
        self.middle = nn.Sequential(nn.Linear(inside + CODE, INNER), nn.LeakyReLU(SLOPE), nn.Linear(INNER, inside))
        self.up = nn.ModuleList(nn.Conv2d(2 * a, b, 3, padding=1) for b, a in reversed(list(pairwise(wide))))
        self.last = nn.Conv2d(2 * wide[0], sizes.channels - 1, 3, padding=1)

    def forward(self, seen: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return (n, c, s, s) in [-1, 1] for images with their mask as one channel more, (n, c + 1, s, s)."""
        x = F.leaky_relu(self.first(F.pad(seen, self.edge)), SLOPE)
        maps = [x]
        for layer in self.down:
            x = F.leaky_relu(layer(x), SLOPE)
            maps.append(x)
        x = self.middle(torch.cat([x.flatten(1), self.classes(labels)], 1)).view_as(x)
        for layer, skip in zip(self.up, maps[:0:-1], strict=True):
            x = F.leaky_relu(layer(F.interpolate(torch.cat([x, skip], 1), scale_factor=2.0)), SLOPE)
        return crop(torch.tanh(self.last(torch.cat([x, maps[0]], 1)).float()), self.edge)


@dataclass(frozen=True)
class Filler:
    """A trained generator that fills images of the shape it has learnt on."""

    generator: nn.Module
    codec: ImageCodec

    @classmethod
    def train(
        cls,
        known: tuple[np.ndarray, np.ndarray],
        masks: np.ndarray,
        seed: int,
        steps: int = STEPS,
        progress: Progress | None = None,
        adversarial: float = ADVERSARIAL,
    ) -> Self:
        """Learn to fill on whole images of all classes.

        known: images, (n, s, s, c) uint8, and their labels, (n,) int.   masks: (m, s, s) bool, of the images to be filled.
        adversarial: weight of the adversarial loss, 0 for none.
        Raises ValueError where the images are not square or no mask has a missing pixel.
        """
        images, labels = known
        masks = masks[masks.any((1, 2))]
        if not len(masks):
            raise ValueError("repair: no mask has a missing pixel")
        device, codec = prepare_device(), ImageCodec.fit(images)
        sizes = Sizes(images.shape[3] + 1, side(images), int(labels.max()) + 1, WIDTH)
        networks = (UNet, "generator"), (FAMILIES[choose("auto", sizes.size)].discriminator, "discriminator")
        generator, discriminator = (
            place(build(network, sizes, torch_generator(seed, "repair", name)), device, torch.channels_last)
            for network, name in networks
        )
        filling = Adam(generator.parameters(), lr=RATE, betas=(0.9, 0.99), fused=True)
        judging = optimiser(discriminator, DISCRIMINATOR_RATE)
        rng, shares = numpy_generator(seed, "repair", "batches"), _shares(labels)
        for step, share in enumerate(falling_rates(1.0, steps, LAST_RATE), start=1):
            filling.param_groups[0]["lr"], judging.param_groups[0]["lr"] = RATE * share, DISCRIMINATOR_RATE * share
            rows = rng.choice(len(images), BATCH, p=shares)
            holes = torch.from_numpy(masks[rng.integers(len(masks), size=BATCH)])[:, None].float()
            x, y, hole = (
                onto(part, device) for part in (codec.encode(images[rows]), torch.from_numpy(labels[rows]), holes)
            )
            made = _filled(generator, x, y, hole)
            _judge_step(discriminator, (_seen(x, hole), _seen(made.detach(), hole)), y, step % PENALTY_EVERY == 0)
            judging.step()
            error = (made - x).square().sum() / hole.sum() / x.shape[1] / 4  # of values in [-1, 1], in those of [0, 1]
            discriminator.requires_grad_(False)
            with torch.no_grad(), half_precision(device):
                real = discriminator(_seen(x, hole), y)
            with half_precision(device):
                fake = discriminator(_seen(made, hole), y)
            generator.zero_grad(set_to_none=True)
            (error + adversarial * RELATIVISTIC.generator(real.float(), fake.float())).backward()
            discriminator.requires_grad_(True)
            filling.step()
            if progress is not None and (step % REPORT_EVERY == 0 or step == steps):
                progress(step, steps, {"squared_error": error.item()})
        return cls(at_rest(generator), codec)

    @torch.inference_mode()
    def fill(self, damaged: Images) -> np.ndarray:
        """Return the images with their missing pixels filled, (n, s, s, c) uint8, on the levels of the data.

        What an image becomes does not depend on the others: each goes through the network by itself.
        """
        filled = damaged.values.copy()
        for row in range(len(filled)):
            x = self.codec.encode(damaged.values[row : row + 1])
            hole = torch.from_numpy(damaged.missing[row : row + 1])[:, None].float()
            label = torch.from_numpy(damaged.labels[row : row + 1].astype(np.int64))
            filled[row] = self.codec.decode(_filled(self.generator, x, label, hole))[0]
        return damaged.with_pixels(filled)


def from_neighbours(damaged: Images, known: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the images filled with the pixels of the image of the class that is nearest in what is there.

    known: images and labels, as for `Filler.train`; of each class that `damaged` has at least one.
    """
    images, labels = known
    fill = damaged.values.copy()
    for row, (image, missing) in enumerate(zip(damaged.values, damaged.missing, strict=True)):
        own = images[labels == damaged.labels[row]]
        difference = np.where(missing[..., None], 0, own.astype(float) - image)
        fill[row] = own[int(np.square(difference).sum((1, 2, 3)).argmin())]
    return damaged.with_pixels(fill)


def smooth(damaged: Images) -> np.ndarray:
    """Return the images with each missing pixel the mean of the four around it: plain inpainting by Laplace's equation.

    An image of which nothing is there comes back as it is.
    """
    fill = damaged.values.copy()
    for row, (image, missing) in enumerate(zip(damaged.values, damaged.missing, strict=True)):
        if missing.any() and not missing.all():
            fill[row][missing] = np.clip(np.round(_harmonic(image.astype(float), missing)), 0, 255).astype(np.uint8)
    return fill


def _harmonic(image: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return the values, (k, c), of the k missing pixels of `image`, (s, s, c)."""
    number = np.full(missing.shape, -1)
    number[missing] = np.arange(missing.sum())
    equations = sparse.lil_matrix((missing.sum(), missing.sum()))
    known = np.zeros((missing.sum(), image.shape[2]))
    for own, (down, right) in enumerate(np.argwhere(missing)):
        for there in ((down - 1, right), (down + 1, right), (down, right - 1), (down, right + 1)):
            if min(there) < 0 or max(there) >= len(image):
                continue
            equations[own, own] += 1
            if missing[there]:
                equations[own, number[there]] -= 1
            else:
                known[own] += image[there]
    return np.asarray(spsolve(equations.tocsr(), known)).reshape(known.shape)


def _shares(labels: np.ndarray) -> np.ndarray:
    """Return how often each image is drawn, (n,), 1 in all."""
    weights = np.bincount(labels).astype(float)[labels] ** (POWER - 1)
    return weights / weights.sum()


def _seen(x: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Return images with the mask as one channel more, (n, c + 1, s, s), -1 where a pixel is there."""
    return torch.cat([x, 2 * hole - 1], 1)


def _filled(generator: nn.Module, x: torch.Tensor, labels: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Return `x`, (n, c, s, s) in [-1, 1], with what the generator makes of the pixels where `hole`, (n, 1, s, s), is 1."""
    with half_precision(x.device):
        made = generator(_seen(x * (1 - hole), hole), labels)
    return x * (1 - hole) + made.float() * hole


def _judge_step(
    discriminator: nn.Module, seen: tuple[torch.Tensor, torch.Tensor], labels: torch.Tensor, penalised: bool
) -> None:
    """Set the discriminator's gradients. seen: real images and filled ones, with their masks."""
    real, fake = (part.requires_grad_(penalised) for part in seen)
    with half_precision(real.device):
        score_real, score_fake = discriminator(real, labels).float(), discriminator(fake, labels).float()
    loss = RELATIVISTIC.discriminator(score_real, score_fake)
    if penalised:
        penalty = RELATIVISTIC.penalty(score_real, real) + RELATIVISTIC.penalty(score_fake, fake)
        loss = loss + GAMMA / 2 * PENALTY_EVERY * penalty
    discriminator.zero_grad(set_to_none=True)
    loss.backward()
