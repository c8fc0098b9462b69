"""How many pictures a second one core, or a GPU, trains on: our `dcgan` against the networks of the plain DCGAN.

    python benchmarks/throughput.py --widths 16 64 --rounds 5
    TAILWEIGHT_DEVICE=cuda python benchmarks/throughput.py --rounds 8 --out benchmarks/throughput_gpu.md

Both at 64x64 pixels in three channels, with the same width (channels of the layer next to the picture), the same batch, the
same Adam. The plain DCGAN is that of Radford et al. 2016 (arXiv 1511.06434) as PyTorch's example lays it out: 4x4
convolutions, batch normalisation, rectifiers, noise in and no start, weights in PyTorch's default order. Each pair is
trained in two ways:

- relativistic: a whole step of `gan.training.adversary` on each side: its loss, R1 and R2 every 4th step, shifts, levels.
- BCE: the step of the example: one batch of fakes for both sides, binary cross-entropy, no penalties, no shifts.

A picture is a real one of a batch that both sides have been trained on. On a core, time is the processor time of the one
thread, so that other work on the machine counts little; on a GPU, that on the clock, with the device at rest before and after.
There our relativistic step is the product's, recorded as a CUDA graph, and `step by step` is the same without. All
pairs and ways take turns in every round, and the median is shown.
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
from gan.training.recorded import Recorded

SIZE, CHANNELS, CLASSES, NOISE = 64, 3, 10, 100
PENALTY_EVERY = 4
WARM_UP = 2  # rounds


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
    """A pair of networks with its optimisers, and the adversary of the relativistic step, recorded or step by step."""

    name: str
    generator: nn.Module
    discriminator: nn.Module
    recorded: bool = False

    def __post_init__(self) -> None:
        device = prepare_device()
        for network in (self.generator, self.discriminator):
            place(network, device, torch.channels_last)  # as in gan.training.train
        codec = ImageCodec(tuple(range(256)), background=None)
        adversary = Adversary(self.generator, self.discriminator, codec, gamma=0.5 * PENALTY_EVERY)
        self.adversary = Recorded(adversary) if self.recorded else adversary
        self.shifts = torch_generator(0, "shifts", device=device)
        self.generator_steps, self.discriminator_steps = (
            torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.0, 0.99), fused=True)
            for network in (self.generator, self.discriminator)
        )

    def weights(self) -> str:
        """Say how many weights the generator and the discriminator have, in millions."""
        counts = (sum(part.numel() for part in net.parameters()) for net in (self.generator, self.discriminator))
        return " + ".join(f"{count / 1e6:.2f}" for count in counts)


def ours(width: int, name: str = "ours", recorded: bool = False) -> Contestant:
    """Return our `dcgan` at `width`."""
    sizes, family = Sizes(CHANNELS, SIZE, CLASSES, width, NOISE), FAMILIES["dcgan"]
    first = torch_generator(0, "throughput")
    generator, discriminator = (build(network, sizes, first) for network in family)
    return Contestant(name, generator, discriminator, recorded)


def plain(width: int) -> Contestant:
    """Return the plain DCGAN at `width`, with weights from N(0, 0.02) as in the paper."""
    generator, discriminator = PlainGenerator(width), PlainDiscriminator(width)
    first = torch_generator(0, "throughput")
    for network in (generator, discriminator):
        for part in network.modules():
            if isinstance(part, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(part.weight, 0, 0.02, generator=first)
    return Contestant("plain DCGAN", generator, discriminator)


def relativistic(pair: Contestant, batches: list[Batch]) -> None:
    """Train both sides once on each of `batches`, as `gan.training.train` does."""
    for step, batch in enumerate(batches):
        pair.adversary.discriminator_step(batch, pair.shifts, penalised=step % PENALTY_EVERY == 0)
        pair.discriminator_steps.step()
        pair.adversary.generator_step(batch, pair.shifts)
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


Way = Callable[[Contestant, list[Batch]], None]


def turns(width: int, device: torch.device) -> list[tuple[str, Way, Contestant]]:
    """Return the name of each way to train, the way and who trains so, the plain one last of its way."""
    if device.type == "cuda":
        pairs = (ours(width, "ours", recorded=True), ours(width, "ours, step by step"), plain(width))
        return [("relativistic", relativistic, pair) for pair in pairs]
    ways = {"relativistic": relativistic, "BCE": cross_entropy}
    return [(name, way, make(width)) for name, way in ways.items() for make in (ours, plain)]


def measure(width: int, batch_size: int, rounds: int, device: torch.device) -> list[str]:
    """Return a row of the table for each pair and way at `width`."""
    rng = torch_generator(0, "batches")
    shape = (batch_size, CHANNELS, SIZE, SIZE)
    drawn = [
        Batch(
            real=torch.empty(shape).uniform_(-1, 1, generator=rng),
            start=torch.empty(shape).uniform_(-1, 1, generator=rng),
            noise=torch.empty(batch_size, NOISE).normal_(generator=rng),
            labels=torch.randint(CLASSES, (batch_size,), generator=rng),
        )
        for _ in range(PENALTY_EVERY)
    ]
    batches = [Batch(*(part.to(device) for part in batch)) for batch in drawn]
    taking = turns(width, device)
    seconds: list[list[float]] = [[] for _ in taking]
    for lap in range(rounds + WARM_UP):
        for (_, way, pair), taken in zip(taking, seconds, strict=True):
            begin = now(device)
            way(pair, batches)
            spent = now(device) - begin
            if lap >= WARM_UP:
                taken.append(spent)
    rates = [PENALTY_EVERY * batch_size / median(taken) for taken in seconds]
    of_plain = {name: rate for (name, _, _), rate in zip(taking, rates, strict=True)}  # the plain one comes last
    return [
        f"| {width} | {name} | {pair.name} | {pair.weights()} | {rate:.1f} | {rate / of_plain[name]:.2f} |"
        for (name, _, pair), rate in zip(taking, rates, strict=True)
    ]


def now(device: torch.device) -> float:
    """Return processor seconds, or on a GPU those on the clock once the device is at rest."""
    if device.type == "cpu":
        return time.process_time()
    torch.cuda.synchronize(device)
    return time.perf_counter()


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 64], help="channels of the first convolution")
    parser.add_argument("--batch", type=int, default=64, help="pictures a batch")
    parser.add_argument("--rounds", type=int, default=5, help="times that each pair takes its turn of 4 steps")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"), help="where the table goes")
    options = parser.parse_args()
    device = prepare_device()
    rows = [row for width in options.widths for row in measure(width, options.batch, options.rounds, device)]
    widths = " ".join(map(str, options.widths))
    where, what = ("one core", processor()) if device.type == "cpu" else ("a GPU", torch.cuda.get_device_name(device))
    head = (
        f"# Training throughput on {where}\n\n"
        f"    python benchmarks/throughput.py --widths {widths} --batch {options.batch} --rounds {options.rounds}\n\n"
        f"Machine: {what}, one thread, Python {platform.python_version()}, torch {torch.__version__}.\n\n"
        + "\n".join((__doc__ or "").strip().splitlines()[5:])
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
