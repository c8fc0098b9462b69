"""How samples of one class differ, learnt from pairs of all classes, and applied to the few samples of a poor class.

After DAGAN (Antoniou et al. 2017, arXiv 1711.04340), which learns to make one sample of a class from another: an encoder sees
two samples of a class and says in a small, noisy code (Kingma and Welling 2014, arXiv 1312.6114) how the second differs
from the first; the generator is given the first and the code. Here it does not paint, it moves: it says where each pixel comes
from, and how much bolder or thinner the strokes become, so what it makes of a glyph with four samples is still that glyph.
A sample of a poor class is one of its samples, changed by the code of a pair of a rich class. An adversary that is told
the class (projection, Miyato and Koyama 2018, arXiv 1802.05637; hinge loss) can look at such samples.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from gan import seeds

CODE, BATCH, FARTHEST = 16, 64, 0.5  # numbers of a code, pairs of a step, how far a pixel moves: 1 is half a side
PLAIN = (
    8.0,
    0.0,
    0.0,
    -4.0,
)  # logits of a sample that stays as it is: of itself, of it blurred, more blurred, and a constant


@dataclass(frozen=True)
class Told:
    """seconds: of training.   beta, rough, adversary: weights of the code's cost, of what is not smooth, of the adversary."""

    seconds: float = 150.0
    beta: float = 1.0
    rough: float = 20.0
    adversary: float = 0.0


def trunk(inputs: int, outputs: int) -> nn.Sequential:
    """Return what turns images of 28 pixels into `outputs` numbers."""
    return nn.Sequential(
        nn.Conv2d(inputs, 16, 4, 2, 1), nn.SiLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.GroupNorm(4, 32), nn.SiLU(), nn.Flatten(),
        nn.Linear(32 * 49, outputs), nn.SiLU(),
    )  # fmt: skip


class Changer(nn.Module):
    """The encoder of pairs, and the generator, which changes a sample by a code."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.pair, self.code = trunk(2, 256), nn.Linear(256, 2 * CODE)
        self.seen, self.asked = trunk(1, 256), nn.Linear(CODE, 256)
        self.joined = nn.Sequential(nn.Linear(512, 512), nn.SiLU(), nn.Linear(512, 6 * 49))
        nn.init.normal_(self.joined[2].weight, std=0.01, generator=generator)
        nn.init.zeros_(self.joined[2].bias)

    def encode(self, first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and log variance of the codes of pairs, (n, CODE) each."""
        mean, spread = self.code(self.pair(torch.cat([first, second], 1))).chunk(2, 1)
        return mean, spread.clamp(-8, 4)

    def forward(self, images: torch.Tensor, code: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits of the changed images, (n, 1, 28, 28), and what changes them, (n, 6, 7, 7)."""
        said = self.joined(torch.cat([self.seen(images), functional.silu(self.asked(code))], 1)).unflatten(1, (6, 7, 7))
        field = FARTHEST * torch.tanh(said[:, :2])
        finer = functional.interpolate(
            torch.cat([field, said[:, 2:]], 1), size=28, mode="bilinear", align_corners=False
        )
        still = functional.affine_grid(
            torch.eye(2, 3).expand(len(images), 2, 3), list(images.shape), align_corners=False
        )
        moved = functional.grid_sample(images, still + finer[:, :2].permute(0, 2, 3, 1), align_corners=False)
        blurred = functional.avg_pool2d(moved, 3, 1, 1)
        layers = torch.cat([moved, blurred, functional.avg_pool2d(blurred, 3, 1, 1), torch.ones_like(moved)], 1)
        weights = torch.tensor(PLAIN)[:, None, None] + 8 * finer[:, 2:]
        return (layers * weights).sum(1, keepdim=True), torch.cat([field, said[:, 2:]], 1)


class Adversary(nn.Module):
    """Images and classes to scores, (n,)."""

    def __init__(self, classes: int):
        super().__init__()
        norm = nn.utils.parametrizations.spectral_norm
        first, second = norm(nn.Conv2d(1, 16, 4, 2, 1)), norm(nn.Conv2d(16, 48, 4, 2, 1))
        layers = first, nn.LeakyReLU(0.1), second, nn.LeakyReLU(0.1)
        self.body = nn.Sequential(*layers, nn.Flatten(), norm(nn.Linear(48 * 49, 128)), nn.LeakyReLU(0.1))
        self.score, self.label = norm(nn.Linear(128, 1)), norm(nn.Embedding(classes, 128))

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the scores."""
        hidden = self.body(images)
        return self.score(hidden)[:, 0] + (hidden * self.label(labels)).sum(1)


class Translator:
    """Trained on all samples of `images`, (n, 28, 28, 1) uint8, with `labels`, (n,); makes samples of any class."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, told: Told, seed: int):
        self.images = torch.from_numpy(images).float().permute(0, 3, 1, 2) / 255
        self.told, self.rng = told, seeds.numpy_generator(seed, "translator")
        self.rows = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
        with torch.random.fork_rng(devices=[]):  # for the weights that PyTorch draws by itself
            torch.manual_seed(seeds.derive(seed, "translator"))
            self.changer = Changer(seeds.torch_generator(seed, "changer"))
            self.adversary = Adversary(len(self.rows))

    def pairs(self, classes: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Return two samples of each of `classes`, (n,)."""
        rows = np.stack([self.rng.choice(self.rows[one], 2, replace=False) for one in classes])
        return self.images[rows[:, 0]], self.images[rows[:, 1]]

    def drawn(self, mean: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
        """Return codes drawn around `mean` with the log variance `spread`, (n, CODE) each."""
        noise = self.rng.standard_normal(tuple(mean.shape), dtype=np.float32)
        return mean + torch.from_numpy(noise) * torch.exp(0.5 * spread)

    def train(self) -> "Translator":
        """Train for the seconds told, all classes alike."""
        told, began, step = self.told, time.process_time(), 0
        optimizer = torch.optim.AdamW(self.changer.parameters(), 1e-3, betas=(0.5, 0.99))
        against = torch.optim.AdamW(self.adversary.parameters(), 4e-4, betas=(0.0, 0.99))
        while (spent := (time.process_time() - began) / told.seconds) < 1:
            for group, rate in ((optimizer, 1e-3), (against, 4e-4)):
                group.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / 100, 0.02 + 2 * (1 - spent))
            loss, shown = self.step(against)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            step += 1
            if step % 500 == 0:
                print(f"{step} {spent:.2f} {shown}", flush=True)
        return self

    def step(self, against: torch.optim.Optimizer) -> tuple[torch.Tensor, str]:
        """Return the loss of some pairs, the adversary having made a step of its own, and the parts of the loss in words."""
        told, classes = self.told, self.rng.integers(len(self.rows), size=BATCH)
        first, second = self.pairs(classes)
        mean, spread = self.changer.encode(first, second)
        code = self.drawn(mean, spread)
        logits, field = self.changer(first, code)
        drawn = functional.binary_cross_entropy_with_logits(logits, second, reduction="sum") / BATCH
        cost = 0.5 * (mean.square() + spread.exp() - spread - 1).sum() / BATCH
        rough = sum(field.diff(dim=side).square().sum() for side in (2, 3)) / BATCH
        loss = drawn + told.beta * cost + told.rough * rough
        shown = f"drawn {drawn:.1f} code {cost:.1f} rough {rough:.2f}"
        if told.adversary:
            other = torch.from_numpy(self.rng.permutation(BATCH))
            made, labels = torch.sigmoid(self.changer(first, code[other])[0]), torch.from_numpy(classes)
            real, fake = self.adversary(second, labels), self.adversary(made.detach(), labels)
            against.zero_grad(set_to_none=True)
            (functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()).backward()
            against.step()
            loss = loss - told.adversary * self.adversary(made, labels).mean()
            shown += f" real {real.mean():.2f} fake {fake.mean():.2f}"
        return loss, shown

    @torch.no_grad()
    def make(self, label: int, lenders: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (count, 28, 28, 1) uint8, samples of `label` changed by codes of pairs of `lenders`, and their rows."""
        mean, spread = self.changer.encode(*self.pairs(self.rng.choice(lenders, count)))
        code = self.drawn(mean, spread)
        rows = self.rng.choice(self.rows[label], count)
        made = torch.sigmoid(self.changer(self.images[rows], code)[0])
        return (made * 255).round().byte().permute(0, 2, 3, 1).numpy(), rows
