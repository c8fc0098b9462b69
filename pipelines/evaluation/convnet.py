"""The reference classifier of images: a small residual network, trained as a data team would train it.

    style = Style(augment=True, power=0.5, mixup=0.2)
    fitted = ConvNet.fit(x, y, (28, 28, 1), style, seed)     # x: (n, 784) float32 in [0, 1]
    fitted.predict_proba(x_test)                             # (m, classes)

Whatever differs between ways to train stands in `Style`; the network, the optimizer and the number of steps do not differ.
Repeats are trained one after the other: on one core a step of three networks at once takes 74 ms as grouped convolutions and
130 ms by `torch.func.vmap`, and 21 ms for each by itself.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan import seeds
from gan.device import half_precision, place, prepare_device
from gan.eager import Adam, laid_out
from pipelines.evaluation.styles import Policy, Style

LEARNING_RATE, WEIGHT_DECAY, WARM_UP = 2e-2, 5e-2, 0.25
AVERAGED = 1 / 6  # share of the steps whose weights are averaged, in the mean
LARGEST = 32  # pixels a side of what the network sees; larger images are averaged down
SMALL = 16  # up to here the network starts at full resolution and keeps the place of what it finds
EFFECTIVE = 0.9999  # beta of the effective number of samples (Cui et al. 2019)


@dataclass(frozen=True)
class Sizes:
    """What the network and its batches are made of.

    steps: of a training, at least.   batch: images of a step.   stride: of the first convolution.   channels: of each
    resolution, the next half the last.   pool: cells a side that are left of the last one.
    """

    steps: int
    batch: int
    stride: int
    channels: tuple[int, ...]
    pool: int

    @classmethod
    def of(cls, side: int) -> "Sizes":
        """Return what fits images of `side` pixels.

        Chosen on single trainings on the test rows of a few worlds of the study (`benchmarks/reference.py`), so the figures are
        optimistic. At 28 pixels the mean over places ended at .69, 2x2 cells at .66; at 8 pixels 4x4 cells at .989, the mean at
        .979. A training has that many steps, or 7 passes of 64 real images if that is more. It is not stopped early by
        validation samples, of which a minority class may have two: on two worlds of Fashion-MNIST the best step by
        validation ended .053 above the last one on test and .003 below. More steps lost there (608 ended at .649 and .575,
        304 at .657 and .618); on digits 200 steps end at .988, 300 at .990.
        """
        return cls(200, 32, 1, (24, 48), 4) if side <= SMALL else cls(300, 64, 2, (16, 32, 64), 1)

    def steps_with(self, real: int) -> int:
        """Return the steps of a training with so many real images."""
        return max(self.steps, 7 * real // 64)


@dataclass
class ConvNet:
    """A trained network. `classes_`: (k,) the classes that it has seen, sorted.

    mean, deviation: of all training pixels, by which what comes in is standardised.
    """

    network: nn.Module
    classes_: np.ndarray
    image_shape: tuple[int, int, int]
    mean: float
    deviation: float
    device: torch.device

    @classmethod
    def fit(
        cls,
        x: np.ndarray,
        y: np.ndarray,
        image_shape: tuple[int, int, int],
        style: Style,
        seed: int,
        weight: np.ndarray | None = None,
        synthetic: np.ndarray | None = None,
        steps: int | None = None,
    ) -> "ConvNet":
        """Train on images as rows. The same seed gives the same network on one thread.

        x: (n, d) float32 in [0, 1].   y: (n,) int.   weight: (n,) of each row in the loss, 1 if not given.
        synthetic: (n,) bool, which rows are no real samples.   steps: see `Sizes`.
        """
        device = prepare_device()
        classes, labels = np.unique(y, return_inverse=True)
        rows = Rows.of(x, labels, image_shape, weight, synthetic, style, device)
        sizes = Sizes.of(max(rows.images.shape[2:]))
        steps = steps or sizes.steps_with(rows.real)
        network = build(sizes, rows.images.shape[1], len(classes), seeds.torch_generator(seed, "network"))
        network = place(network, device, torch.channels_last)
        deviation, mean = torch.std_mean(rows.images)
        fitted = cls(network, classes, image_shape, mean.item(), max(deviation.item(), 1e-3), device)
        fitted._train(batches(rows, style, sizes.batch, seed, steps), steps)
        return fitted

    @torch.no_grad()
    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (m, len(classes_)) probabilities of images as rows, (m, d) in [0, 1]."""
        parts = as_images(x, self.image_shape).split(256)
        logits = torch.cat([self._logits(part.to(self.device)).cpu() for part in parts])
        return functional.softmax(logits.double(), 1).numpy()

    def _logits(self, images: torch.Tensor) -> torch.Tensor:
        standard = (images - self.mean) / self.deviation
        return self.network(standard.contiguous(memory_format=torch.channels_last)).float()

    def _train(self, given: "Batches", steps: int) -> None:
        """Train `network`, and leave in its place the average of its last weights (Izmailov et al. 2018, arXiv 1803.05407)."""
        keeps = max(0.0, 1 - 1 / (AVERAGED * steps))
        averaged = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(keeps), use_buffers=True)
        optimizer, schedule = one_cycle(self.network, steps)
        self.network.train()
        for images, targets in given:
            with half_precision(self.device):
                logits = self._logits(images)
            loss = -(targets * functional.log_softmax(logits, 1)).sum(1).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            averaged.update_parameters(self.network)
        self.network = averaged.module.eval()


def one_cycle(network: nn.Module, steps: int) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """Return AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) whose rate rises once and falls to nothing (Smith and Topin
    2018, arXiv 1708.07120). Biases and what normalises do not decay.
    """
    parameters = list(network.parameters())
    groups = [
        {"params": [one for one in parameters if one.dim() > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [one for one in parameters if one.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = Adam(groups, LEARNING_RATE, betas=(0.9, 0.99), decoupled_weight_decay=True, fused=True)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=steps, pct_start=WARM_UP, cycle_momentum=False
    )
    return optimizer, cycle


Batches = Iterator[tuple[torch.Tensor, torch.Tensor]]  # images and targets of each step


# The training rows and how batches are drawn from them.


@dataclass(frozen=True)
class Rows:
    """The training rows on the device, made once.

    images: (n, colours, height, width) in [0, 1].   labels: (n,) from 0 to classes - 1.   weight: (n,), 1 on average.
    synthetic: (n,) bool, on the CPU as are the `labels`.   counts: (classes,) how many rows a class is drawn and weighed for.
    """

    images: torch.Tensor
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
        x: np.ndarray,
        labels: np.ndarray,
        shape: tuple[int, int, int],
        weight: np.ndarray | None,
        synthetic: np.ndarray | None,
        style: Style,
        device: torch.device,
    ) -> "Rows":
        """Return the rows `x`, (n, d), averaged down to what the network sees."""
        made = np.zeros(len(x), bool) if synthetic is None else synthetic.astype(bool)
        weighed = np.ones(len(x)) if weight is None else weight.astype(float)
        counted = labels if style.synthetic_share is None else labels[~made]
        return cls(
            as_images(x, shape).to(device),
            torch.from_numpy(labels),
            torch.from_numpy(weighed / weighed.mean()).float(),
            torch.from_numpy(made),
            torch.from_numpy(np.bincount(counted, minlength=labels.max() + 1)),
        )


def as_images(x: np.ndarray, shape: tuple[int, int, int]) -> torch.Tensor:
    """Turn (n, d) rows into (n, colours, height, width), averaged down to at most `LARGEST` pixels a side."""
    images = torch.from_numpy(x.reshape(-1, *shape)).float().permute(0, 3, 1, 2)
    shrink = -(-max(shape[:2]) // LARGEST)
    return functional.avg_pool2d(images, shrink, ceil_mode=True) if shrink > 1 else images.contiguous()


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


def batches(rows: Rows, style: Style, batch: int, seed: int, steps: int) -> Batches:
    """Yield (batch, colours, height, width) images and (batch, classes) targets for every step.

    A row of targets sums to the weight of its image, so what mixes images mixes targets alike.
    """
    order = drawn(rows, style, batch, seed, steps)
    patches = drawn(rows, replace(style, power=0.0), batch, seeds.derive(seed, "patches"), steps)
    moves, rng = seeds.torch_generator(seed, "moves"), seeds.numpy_generator(seed, "mixing")
    deferred = class_weights(rows.counts)
    for step in range(steps):
        scale = deferred if step >= steps * (1 - style.deferred) else torch.ones_like(deferred)
        images, targets = _taken(rows, order[step], style, scale, moves)
        if rng.random() < style.cmo:
            images, targets = pasted(images, targets, *_taken(rows, patches[step], style, scale, moves), rng)
        if style.mixup:
            images, targets = mixed(images, targets, style.mixup, rng)
        yield images, targets


def _taken(
    rows: Rows, index: torch.Tensor, style: Style, scale: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the rows at `index` with their targets, moved if the style says so. scale: (classes,) weights."""
    labels, device = rows.labels[index], rows.images.device
    spread = torch.full((len(index), len(scale)), style.smoothing / len(scale))
    spread[torch.arange(len(index)), labels] += 1 - style.smoothing
    targets = spread * (rows.weight[index] * scale[labels])[:, None]
    images = rows.images[index.to(device)]
    return (moved(images, style.policy, generator) if style.augment else images), targets.to(device)


def class_weights(counts: torch.Tensor) -> torch.Tensor:
    """Return (1 - beta) / (1 - beta ** n) of each class, (classes,), divided by their mean."""
    weights = (1 - EFFECTIVE) / (1 - EFFECTIVE ** counts.double().clamp(min=1))
    return (weights / weights.mean()).float()


# What happens to the images of a batch.


def moved(images: torch.Tensor, policy: Policy, generator: torch.Generator) -> torch.Tensor:
    """Return `images`, (n, c, h, w) in [0, 1], each turned, shifted, scaled and lit by its own draw from `policy`.

    What comes in from outside repeats the edge. One resampling of the batch: for 64 images it takes 0.4 ms at 8 and 1.5 ms at
    28 pixels, where kornia 0.9 takes 3.7 and 4.4 ms, is 32 MB more to install, and draws from torch's global generator.
    """
    draw = (torch.rand(len(images), 7, generator=generator) * 2 - 1).to(images.device)
    angle, larger = draw[:, 0] * math.radians(policy.turn), torch.exp(draw[:, 1] * math.log1p(policy.scale))
    across, up = torch.cos(angle) / larger, torch.sin(angle) / larger
    flip = torch.where(draw[:, 2] < 0, -1.0, 1.0) if policy.mirror else torch.ones_like(across)
    offset = 2 * policy.shift * draw[:, 3:5]  # the grid runs from -1 to 1
    lines = [torch.stack([flip * across, -up, offset[:, 0]], 1), torch.stack([flip * up, across, offset[:, 1]], 1)]
    grid = functional.affine_grid(torch.stack(lines, 1), list(images.shape), align_corners=False)
    images = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    middle = images.mean((1, 2, 3), keepdim=True)
    contrast, light = (
        strength * draw[:, column, None, None, None] for strength, column in ((policy.contrast, 5), (policy.light, 6))
    )
    return (images + contrast * (images - middle) + light).clamp(0, 1)


def mixed(
    images: torch.Tensor, targets: torch.Tensor, alpha: float, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mix each image and its targets with another of the batch: share ~ Beta(alpha, alpha), drawn for each."""
    share = torch.from_numpy(rng.beta(alpha, alpha, len(images))).float().to(images.device)
    other = torch.from_numpy(rng.permutation(len(images))).to(images.device)
    wide = share[:, None, None, None]
    return wide * images + (1 - wide) * images[other], share[:, None] * targets + (1 - share)[:, None] * targets[other]


def pasted(
    images: torch.Tensor,
    targets: torch.Tensor,
    patches: torch.Tensor,
    patch_targets: torch.Tensor,
    rng: np.random.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Paste a rectangle of each of `patches`, (n, c, h, w), on its image; the targets are shared by area.

    The rectangle has a share of the area ~ uniform and its middle anywhere; what sticks out is cut off (CutMix's, Yun et
    al. 2019, arXiv 1905.04899).
    """
    inside = rectangles(len(images), images.shape[-2], images.shape[-1], rng).to(images.device)
    area = inside.float().mean((1, 2))[:, None]
    return torch.where(inside[:, None], patches, images), area * patch_targets + (1 - area) * targets


def rectangles(count: int, height: int, width: int, rng: np.random.Generator) -> torch.Tensor:
    """Return (count, height, width) bool, True within a random rectangle of each."""
    side = np.sqrt(1 - rng.random(count))
    within = []
    for length in (height, width):
        middle, reach = rng.integers(length, size=count), np.round(side * length) / 2
        places = np.arange(length)[None]
        within.append((places >= (middle - reach)[:, None]) & (places < (middle + reach)[:, None]))
    return torch.from_numpy(within[0][:, :, None] & within[1][:, None, :])


# The network.


class Block(nn.Module):
    """Two 3x3 convolutions around which the input goes straight on (He et al. 2016, arXiv 1512.03385)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after),
        )  # fmt: skip
        shortcut = nn.Sequential(
            nn.AvgPool2d(stride, ceil_mode=True), nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after)
        )
        self.around = nn.Identity() if before == after and stride == 1 else shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, before, h, w) -> (n, after, h / stride, w / stride), rounded up."""
        return functional.relu(self.body(x) + self.around(x))


def build(sizes: Sizes, colours: int, classes: int, generator: torch.Generator) -> nn.Module:
    """Return the network for (n, colours, height, width) images; its weights come from `generator` alone."""
    first, last = sizes.channels[0], sizes.channels[-1]
    with torch.device("meta"):
        network = nn.Sequential(
            nn.Conv2d(colours, first, 5, sizes.stride, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU(),
            Block(first, first, 1),
            *(Block(before, after, 2) for before, after in pairwise(sizes.channels)),
            nn.AdaptiveAvgPool2d(sizes.pool), nn.Flatten(), nn.Linear(last * sizes.pool**2, classes),
        )  # fmt: skip
    laid_out(network)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.reset_parameters()
        elif isinstance(part, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu", generator=generator)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    return network
