"""Translation of samples of rich classes into a poor one: an autoencoder whose code says how a sample is drawn, not what it shows.

The decoder is told the class, so the code, which is small and noisy (Kingma and Welling 2014, arXiv 1312.6114; conditional as
in Kingma et al. 2014, arXiv 1406.5298, section 2.2), need only hold what varies within classes, the same for all of them: here
width, weight, slant, serifs. No label of a style is used. A sample of a poor class is the code of a rich class's sample,
decoded as that class. The class is told by samples of it, a few at a time, whose features are mixed with random weights
(learnt fusion: Antoniou et al. 2017, arXiv 1711.04340; Hong et al. 2020, arXiv 2008.01999), or by a learnt table. In an episode
a rich class is told by as few samples as a poor one, and never by the sample that is to be drawn. An adversary that is
told the class (projection, Miyato and Koyama 2018, arXiv 1802.05637; hinge loss) looks at translated samples.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from gan import seeds

CODE, WIDE = 32, 64  # numbers of a code, channels
CLASSES, EACH, SHOWN = 16, 4, 4  # of an episode: classes, samples to draw of each, samples that tell the class


@dataclass(frozen=True)
class Told:
    """seconds: of training.   shown: whether samples tell the class, or a learnt table.   beta: weight of the code's cost.

    adversary: weight of the adversary, 0 for none.   again: weight of the code being found again in what was translated.
    """

    seconds: float = 300.0
    shown: bool = True
    beta: float = 1.0
    adversary: float = 0.0
    again: float = 0.0


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Return a convolution that may halve the resolution."""
    kernel = 4 if stride == 2 else 3
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, 1), nn.GroupNorm(8, outputs), nn.SiLU())


class Encoder(nn.Module):
    """Images and classes to the mean and log variance of their codes, (n, CODE) each."""

    def __init__(self, classes: int):
        super().__init__()
        self.body = nn.Sequential(block(1, 32, 2), block(32, WIDE, 2), nn.Flatten())
        self.label = nn.Embedding(classes, 256)
        self.first, self.last = nn.Linear(WIDE * 49, 256), nn.Linear(256, 2 * CODE)

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = functional.silu(self.first(self.body(images)) + self.label(labels))
        mean, spread = self.last(hidden).chunk(2, 1)
        return mean, spread.clamp(-8, 4)


class Shown(nn.Module):
    """What samples of a class say of it, at 14 and at 7 pixels: the features of a few, mixed by weights."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse = nn.Sequential(block(1, 32, 2), block(32, 32)), block(32, WIDE, 2)

    def forward(self, images: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """images: (classes, k, 1, 28, 28). weights: (classes, k)."""
        classes, count = weights.shape
        fine = self.fine(images.flatten(0, 1))
        both = (fine, self.coarse(fine))
        return tuple((one.unflatten(0, (classes, count)) * weights[..., None, None, None]).sum(1) for one in both)  # type: ignore[return-value]


class Table(nn.Module):
    """The same as a learnt table."""

    def __init__(self, classes: int):
        super().__init__()
        self.fine = nn.Parameter(0.3 * torch.randn(classes, 32, 14, 14))
        self.coarse = nn.Parameter(0.3 * torch.randn(classes, WIDE, 7, 7))

    def forward(self, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.fine[labels], self.coarse[labels]


class Styled(nn.Module):
    """A convolution whose channels are scaled and shifted by the code."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(inputs, outputs, 3, 1, 1), nn.GroupNorm(8, outputs)
        self.style = nn.Linear(CODE, 2 * outputs)

    def forward(self, x: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        scale, shift = self.style(code)[..., None, None].chunk(2, 1)
        return functional.silu(self.norm(self.convolution(x)) * (1 + scale) + shift)


class Decoder(nn.Module):
    """Codes and what is said of their classes to logits of images."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(CODE, WIDE * 49)
        self.coarse, self.middle = Styled(2 * WIDE, 128), Styled(128, 128)
        self.fine, self.finer = Styled(64, 64), Styled(64, 64)
        self.join, self.last = nn.Conv2d(32 + 32, 64, 1), nn.Conv2d(64, 4, 3, 1, 1)

    def forward(self, code: torch.Tensor, fine: torch.Tensor, coarse: torch.Tensor) -> torch.Tensor:
        x = self.coarse(torch.cat([self.first(code).unflatten(1, (WIDE, 7, 7)), coarse], 1), code)
        x = functional.pixel_shuffle(self.middle(x, code), 2)
        x = self.fine(self.join(torch.cat([x, fine], 1)), code)
        return functional.pixel_shuffle(self.last(self.finer(x, code)), 2)


class Adversary(nn.Module):
    """Images and classes to scores, (n,)."""

    def __init__(self, classes: int):
        super().__init__()
        norm = nn.utils.parametrizations.spectral_norm
        layers = [nn.Conv2d(1, 32, 4, 2, 1), nn.Conv2d(32, 64, 4, 2, 1), nn.Conv2d(64, 128, 4, 2, 1)]
        self.body = nn.Sequential(*(part for one in layers for part in (norm(one), nn.LeakyReLU(0.1))), nn.Flatten())
        self.score, self.label = norm(nn.Linear(128 * 9, 1)), norm(nn.Embedding(classes, 128 * 9))

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        hidden = self.body(images)
        return self.score(hidden)[:, 0] + (hidden * self.label(labels)).sum(1)


class Translator:
    """Trained on all samples of `images`, (n, 28, 28, 1) uint8, with `labels`, (n,); makes samples of any class."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, told: Told, seed: int):
        self.images = torch.from_numpy(images).float().permute(0, 3, 1, 2) / 255
        self.labels, self.told, self.rng = torch.from_numpy(labels), told, seeds.numpy_generator(seed, "translator")
        self.rows = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
        torch.manual_seed(seeds.derive(seed, "translator"))
        classes = len(self.rows)
        self.encoder, self.decoder, self.adversary = Encoder(classes), Decoder(), Adversary(classes)
        self.shown: Shown | Table = Shown() if told.shown else Table(classes)
        self.maker = nn.ModuleList([self.encoder, self.decoder, self.shown])

    def episode(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return rows to draw, (CLASSES * EACH,), classes, (CLASSES,), and rows that tell them, (CLASSES, SHOWN)."""
        classes = self.rng.permutation(len(self.rows))[:CLASSES]
        drawn = np.stack([self.rng.permutation(self.rows[one])[: EACH + SHOWN] for one in classes])
        return torch.from_numpy(drawn[:, :EACH].ravel()), torch.from_numpy(classes), torch.from_numpy(drawn[:, EACH:])

    def weights(self, classes: int) -> torch.Tensor:
        """Return mixing weights, (classes, SHOWN), which sum to 1."""
        return torch.from_numpy(self.rng.dirichlet(np.ones(SHOWN), classes)).float()

    def said(self, classes: torch.Tensor, rows: torch.Tensor, each: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what tells each class, repeated `each` times."""
        if isinstance(self.shown, Table):
            fine, coarse = self.shown(classes)
        else:
            fine, coarse = self.shown(self.images[rows], self.weights(len(classes)))
        return fine.repeat_interleave(each, 0), coarse.repeat_interleave(each, 0)

    def train(self) -> "Translator":
        """Train for the seconds told."""
        told, began, step = self.told, time.process_time(), 0
        optimizer = torch.optim.AdamW(self.maker.parameters(), 1e-3, betas=(0.5, 0.99), weight_decay=1e-4)
        against = torch.optim.AdamW(self.adversary.parameters(), 4e-4, betas=(0.0, 0.99))
        while (spent := (time.process_time() - began) / told.seconds) < 1:
            for group, rate in ((optimizer, 1e-3), (against, 4e-4)):
                group.param_groups[0]["lr"] = rate * min(1.0, step / 100, 0.02 + 2 * (1 - spent))
            optimizer.zero_grad(set_to_none=True)
            loss, shown = self.step(against)
            loss.backward()
            optimizer.step()
            step += 1
            if step % 200 == 0:
                print(f"{step} {spent:.2f} {shown}", flush=True)
        self.maker.eval()
        return self

    def step(self, against: torch.optim.Optimizer) -> tuple[torch.Tensor, str]:
        """Return the loss of an episode, the adversary having made a step of its own, and the parts of the loss in words."""
        told = self.told
        rows, classes, telling = self.episode()
        images, labels = self.images[rows], self.labels[rows]
        fine, coarse = self.said(classes, telling, EACH)
        mean, spread = self.encoder(images, labels)
        code = mean + torch.randn_like(mean) * torch.exp(0.5 * spread)
        drawn = functional.binary_cross_entropy_with_logits(self.decoder(code, fine, coarse), images, reduction="sum")
        cost = 0.5 * (mean.square() + spread.exp() - spread - 1).sum()
        loss, shown = (drawn + told.beta * cost) / len(rows), f"drawn {drawn / len(rows):.1f} code {cost / len(rows):.1f}"
        if told.adversary or told.again:
            other = torch.from_numpy(self.rng.permutation(len(rows)))
            made = torch.sigmoid(self.decoder(code[other], fine, coarse))
            if told.again:
                found = self.encoder(made, labels)[0]
                again = (found - code[other].detach()).square().sum(1).mean()
                loss, shown = loss + told.again * again, f"{shown} again {again:.2f}"
            if told.adversary:
                real, fake = self.adversary(images, labels), self.adversary(made.detach(), labels)
                hinge = functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()
                against.zero_grad(set_to_none=True)
                hinge.backward()
                against.step()
                loss = loss - told.adversary * self.adversary(made, labels).mean()
                shown += f" real {real.mean():.2f} fake {fake.mean():.2f}"
        return loss, shown

    @torch.no_grad()
    def make(self, label: int, lenders: np.ndarray, count: int, noise: float = 1.0) -> np.ndarray:
        """Return (count, 28, 28, 1) uint8: codes of random samples of the classes `lenders`, decoded as `label`."""
        parts = []
        for first in range(0, count, 100):
            n = min(100, count - first)
            rows = torch.from_numpy(self.rng.choice(np.concatenate([self.rows[one] for one in lenders]), n))
            mean, spread = self.encoder(self.images[rows], self.labels[rows])
            code = mean + noise * torch.randn_like(mean) * torch.exp(0.5 * spread)
            telling = torch.from_numpy(np.stack([self.rng.permutation(self.rows[label])[:SHOWN] for _ in range(n)]))
            made = torch.sigmoid(self.decoder(code, *self.said(torch.full((n,), label), telling, 1)))
            parts.append((made * 255).round().byte().permute(0, 2, 3, 1).numpy())
        return np.concatenate(parts)
