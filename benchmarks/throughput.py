"""How many pictures a second one core trains on: our `dcgan` against the networks of the plain DCGAN.

    python benchmarks/throughput.py --widths 16 64 --rounds 5

Both at 64x64 pixels in three channels, with the same width (channels of the layer next to the picture), the same batch, the
same Adam. The plain DCGAN is that of Radford et al. 2016 (arXiv 1511.06434) as PyTorch's example lays it out: 4x4
convolutions, batch normalisation, rectifiers, noise in and no start, weights in PyTorch's default order. Each pair is
trained in two ways:

- relativistic: a whole step of `gan.training.adversary` on each side: its loss, R1 and R2 every 4th step, shifts, levels.
- BCE: the step of the example: one batch of fakes for both sides, binary cross-entropy, no penalties, no shifts.

A picture is a real one of a batch that both sides have been trained on. Time is the processor time of the one thread, so
that other work on the machine counts little; all pairs and ways take turns in every round, and the median is shown.
"""

import argparse
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from torch import nn

from gan.device import place, prepare_device
from gan.modalities.images import ImageCodec
from gan.networks import FAMILIES, Sizes
from gan.networks.parts import build
from gan.seeds import torch_generator
from gan.training.adversary import Adversary
from gan.training.batches import Batch

SIZE, CHANNELS, CLASSES, NOISE = 64, 3, 10, 100
PENALTY_EVERY = 4
CPU = torch.device("cpu")


class PlainGenerator(nn.Module):
    """Noise to picture: five transposed convolutions, batch normalisation and a rectifier after each but the last."""

    def __init__(self, width: int):
        super().__init__()
        layers: list[nn.Module] = [nn.ConvTranspose2d(NOISE, 8 * width, 4, 1, 0, bias=False)]
        for channels in (8 * width, 4 * width, 2 * width):
            layers += [nn.BatchNorm2d(channels), nn.ReLU(True)]
            layers += [nn.ConvTranspose2d(channels, channels // 2, 4, 2, 1, bias=False)]
        layers += [nn.BatchNorm2d(width), nn.ReLU(True), nn.ConvTranspose2d(width, CHANNELS, 4, 2, 1, bias=False)]
        self.layers = nn.Sequential(*layers, nn.Tanh())

    def forward(self, start: torch.Tensor, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return (n, 3, 64, 64) of `noise`, (n, 100); start and class are not asked."""
        made: torch.Tensor = self.layers(noise[:, :, None, None])
        return made


class PlainDiscriminator(nn.Module):
    """Picture to logit: five convolutions, batch normalisation after the second to the fourth."""

    def __init__(self, width: int):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(CHANNELS, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
        for channels in (width, 2 * width, 4 * width):
            layers += [nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False)]
            layers += [nn.BatchNorm2d(2 * channels), nn.LeakyReLU(0.2, True)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 0, bias=False))

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return (n,) logits of `x`, (n, 3, 64, 64); the class is not asked."""
        logits: torch.Tensor = self.layers(x)
        return logits.flatten()


@dataclass
class Contestant:
    """A pair of networks with its optimisers."""

    name: str
    generator: nn.Module
    discriminator: nn.Module

    def __post_init__(self) -> None:
        self.generator_steps, self.discriminator_steps = (
            torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.0, 0.99), fused=True)
            for network in (self.generator, self.discriminator)
        )

    def weights(self) -> str:
        """Say how many weights the generator and the discriminator have, in millions."""
        counts = (sum(part.numel() for part in net.parameters()) for net in (self.generator, self.discriminator))
        return " + ".join(f"{count / 1e6:.2f}" for count in counts)


def ours(width: int) -> Contestant:
    """Return our `dcgan` at `width`."""
    sizes, family = Sizes(CHANNELS, SIZE, CLASSES, width, NOISE), FAMILIES["dcgan"]
    first = torch_generator(0, "throughput")
    networks = (build(network, sizes, first) for network in family)
    generator, discriminator = (
        place(network, CPU, torch.channels_last) for network in networks
    )  # as in gan.training.train
    return Contestant("ours", generator, discriminator)


def plain(width: int) -> Contestant:
    """Return the plain DCGAN at `width`, with weights from N(0, 0.02) as in the paper."""
    pair = Contestant("plain DCGAN", PlainGenerator(width), PlainDiscriminator(width))
    first = torch_generator(0, "throughput")
    for network in (pair.generator, pair.discriminator):
        for part in network.modules():
            if isinstance(part, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(part.weight, 0, 0.02, generator=first)
    return pair


def relativistic(pair: Contestant, batches: list[Batch]) -> None:
    """Train both sides once on each of `batches`, as `gan.training.train` does."""
    codec = ImageCodec(tuple(range(256)), background=None)
    adversary = Adversary(pair.generator, pair.discriminator, codec, gamma=0.5 * PENALTY_EVERY)
    shifts = torch_generator(0, "shifts")
    for step, batch in enumerate(batches):
        adversary.discriminator_step(batch, shifts, penalised=step % PENALTY_EVERY == 0)
        pair.discriminator_steps.step()
        adversary.generator_step(batch, shifts)
        pair.generator_steps.step()


def cross_entropy(pair: Contestant, batches: list[Batch]) -> None:
    """Train both sides once on each of `batches`, as PyTorch's example does."""
    ones, zeros = torch.ones(len(batches[0].real)), torch.zeros(len(batches[0].real))
    for batch in batches:
        pair.discriminator.zero_grad(set_to_none=True)
        F.binary_cross_entropy_with_logits(pair.discriminator(batch.real, batch.labels), ones).backward()
        fake = pair.generator(batch.start, batch.noise, batch.labels)
        F.binary_cross_entropy_with_logits(pair.discriminator(fake.detach(), batch.labels), zeros).backward()
        pair.discriminator_steps.step()
        pair.generator.zero_grad(set_to_none=True)
        F.binary_cross_entropy_with_logits(pair.discriminator(fake, batch.labels), ones).backward()
        pair.generator_steps.step()


WAYS: dict[str, Callable[[Contestant, list[Batch]], None]] = {"relativistic": relativistic, "BCE": cross_entropy}


def measure(width: int, batch_size: int, rounds: int) -> list[str]:
    """Return a row of the table for each pair and way at `width`."""
    rng = torch_generator(0, "batches")
    shape = (batch_size, CHANNELS, SIZE, SIZE)
    batches = [
        Batch(
            real=torch.empty(shape).uniform_(-1, 1, generator=rng),
            start=torch.empty(shape).uniform_(-1, 1, generator=rng),
            noise=torch.empty(batch_size, NOISE).normal_(generator=rng),
            labels=torch.randint(CLASSES, (batch_size,), generator=rng),
        )
        for _ in range(PENALTY_EVERY)
    ]
    turns = [(way, make(width)) for way in WAYS for make in (ours, plain)]
    seconds: list[list[float]] = [[] for _ in turns]
    for lap in range(rounds + 1):
        for (way, pair), taken in zip(turns, seconds, strict=True):
            begin = time.process_time()
            WAYS[way](pair, batches)
            if lap:  # the first one warms up
                taken.append(time.process_time() - begin)
    rates = [PENALTY_EVERY * batch_size / median(taken) for taken in seconds]
    rows = []
    for number, (way, pair) in enumerate(turns):
        ratio = rates[number] / rates[number | 1]  # the plain one comes second
        rows.append(f"| {width} | {way} | {pair.name} | {pair.weights()} | {rates[number]:.1f} | {ratio:.2f} |")
    return rows


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 64], help="channels of the first convolution")
    parser.add_argument("--batch", type=int, default=64, help="pictures a batch")
    parser.add_argument("--rounds", type=int, default=5, help="times that each pair takes its turn of 4 steps")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"), help="where the table goes")
    options = parser.parse_args()
    assert prepare_device().type == "cpu", "this benchmark is about one core"
    rows = [row for width in options.widths for row in measure(width, options.batch, options.rounds)]
    widths = " ".join(map(str, options.widths))
    head = (
        "# Training throughput on one core\n\n"
        f"    python benchmarks/throughput.py --widths {widths} --batch {options.batch} --rounds {options.rounds}\n\n"
        f"Machine: {processor()}, one thread, Python {platform.python_version()}, torch {torch.__version__}.\n\n"
        + "\n".join((__doc__ or "").strip().splitlines()[4:])
        + "\n\n| width | step | networks | weights, millions (G + D) | pictures/s | to plain |\n|---|---|---|---|---|---|\n"
    )
    options.out.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    print("\n".join(rows))


def processor() -> str:
    """Return the name of the processor where the system tells it."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
