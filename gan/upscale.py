"""An upscaler, trained adversarially on the data set's own images, so that the GAN need only make small ones.

The idea is SRGAN's (Ledig et al. 2017, arXiv 1609.04802, section 2.2): a pixel loss, a loss in the features of a network,
and an adversarial one. Here the features are those of the discriminator itself (Larsen et al. 2016, arXiv 1512.09300), so
that nothing has to be downloaded. The network adds to the bicubic enlargement, and begins by adding nothing.
"""

from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F

from gan import checkpoint
from gan.device import place, prepare_device
from gan.modalities.images import ImageCodec, side
from gan.model import GAN
from gan.networks import Sizes, dcgan
from gan.networks.parts import build
from gan.progress import Progress
from gan.reduce import reduce
from gan.seeds import numpy_generator, torch_generator
from gan.shifts import reach, shift
from gan.states import State, States
from gan.training.adversary import Adversary
from gan.training.batches import Batch
from gan.training.moving import Moving
from gan.training.optim import at_rest, falling_rates, optimiser
from gan.training.settings import UpscaleSettings

REPORT_EVERY = 50  # steps
PENALTY_EVERY = 4  # steps


def enlarge(images: np.ndarray, factor: int) -> np.ndarray:
    """Return `images`, (n, h, w, c) uint8, larger by `factor`, by bicubic interpolation (Keys 1981, a = -0.75)."""
    x = torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32))
    large = F.interpolate(x, scale_factor=factor, mode="bicubic").round_().clamp_(0, 255).to(torch.uint8)
    return np.ascontiguousarray(large.numpy().transpose(0, 2, 3, 1))


@dataclass(frozen=True)
class Upscaler:
    """Makes images larger by a fixed factor.

    gan: its networks; the generator starts from the bicubic enlargement. factor: how much larger.
    """

    gan: GAN
    factor: int

    @torch.inference_mode()
    def apply(self, low: np.ndarray) -> np.ndarray:
        """Return `low`, (n, h, w, c) uint8, larger by the factor, on the levels of the data.

        What an image becomes does not depend on the others: each goes through the network by itself.
        Raises ValueError when the images are not those that the upscaler was made for.
        """
        size, channels = self.gan.sizes.size, self.gan.sizes.channels
        if low.shape[1:] != (size // self.factor, size // self.factor, channels):
            raise ValueError(f"upscaler: makes {size} pixels a side of {size // self.factor}, got {low.shape}")
        device = prepare_device()
        generator, codec = self.gan.generator.to(device), self.gan.codec
        noise, label = (
            torch.zeros(1, self.gan.sizes.noise_dim, device=device),
            torch.zeros(1, dtype=torch.long).to(device),
        )
        high = np.empty((len(low), size, size, channels), np.uint8)
        for row, image in enumerate(low):
            start = codec.encode(enlarge(image[None], self.factor)).to(device)
            high[row] = codec.decode(generator(start, noise, label), start)[0]
        return high

    def save(self, path: Path | str) -> None:
        """Write the upscaler as a checkpoint."""
        checkpoint.save(self.gan, path)

    @classmethod
    def load(cls, path: Path | str, low_size: int) -> Self:
        """Read what `save` wrote, for images of `low_size` pixels a side; errors as of `checkpoint.load`."""
        gan = checkpoint.load(path)
        return cls(gan, gan.sizes.size // low_size)


def train_upscaler(
    images: np.ndarray,
    settings: UpscaleSettings,
    seed: int,
    progress: Progress | None = None,
    states: States | None = None,
) -> Upscaler:
    """Train an upscaler by `settings.factor` on `images`, (n, s, s, c) uint8 of the size that it is to make.

    states: where the state of the training is kept, and goes on from.
    Raises ValueError when the images are not square or cannot be divided by the factor.
    """
    device = prepare_device()
    sizes = Sizes(images.shape[3], side(images), classes=1, width=settings.width, noise_dim=1)
    codec = ImageCodec.fit(images)
    generator, discriminator = (
        place(build(network, sizes, torch_generator(seed, "upscale", name)), device, torch.channels_last)
        for name, network in (("generator", dcgan.Generator), ("discriminator", dcgan.Discriminator))
    )
    assert isinstance(discriminator, dcgan.Discriminator)
    starts = enlarge(reduce(images, settings.factor), settings.factor)
    adversary = Adversary(generator, discriminator, codec, settings.gamma * PENALTY_EVERY)
    optimisers = [optimiser(network, settings.learning_rate) for network in (discriminator, generator)]
    rng, shifts = numpy_generator(seed, "upscale", "batches"), torch_generator(seed, "upscale", "shifts")
    networks = {"generator": generator, "discriminator": discriminator}
    moving = Moving(networks, dict(zip(("of discriminator", "of generator"), optimisers, strict=True)), rng, shifts)

    def draw() -> Batch:
        rows = rng.integers(len(images), size=settings.batch_size)
        real, start = codec.encode(images[rows]), codec.encode(starts[rows])
        nothing = torch.zeros(len(rows), 1), torch.zeros(len(rows), dtype=torch.long)  # no noise, one class
        return Batch(*(part.to(device) for part in (real, start, *nothing)))

    def state(step: int) -> State:
        return State(moving.arrays(), {"step": step, "moving": moving.notes()})

    done = 0
    if states is not None and states.found is not None:
        moving.restore(states.found.arrays, states.found.notes["moving"])
        done = states.found.notes["step"]
    rates = enumerate(falling_rates(settings.learning_rate, settings.steps, last=0.0), start=1)
    for step, rate in islice(rates, done, None):
        if states is not None:
            states.keep_if_due(partial(state, step - 1))
        for either in optimisers:
            either.param_groups[0]["lr"] = rate
        adversary.discriminator_step(draw(), shifts, penalised=step % PENALTY_EVERY == 0)
        optimisers[0].step()
        figures = _generator_step(adversary, discriminator, draw(), shifts, settings)
        optimisers[1].step()
        if progress is not None and (step % REPORT_EVERY == 0 or step == settings.steps):
            progress(step, settings.steps, {name: value.item() for name, value in figures.items()})
    trained = at_rest(generator), at_rest(discriminator)
    return Upscaler(GAN("dcgan", sizes, *trained, codec, total_steps=settings.steps), settings.factor)


def _generator_step(
    adversary: Adversary,
    discriminator: dcgan.Discriminator,
    batch: Batch,
    shifts: torch.Generator,
    settings: UpscaleSettings,
) -> dict[str, torch.Tensor]:
    """Set the generator's gradients; return the three losses. The image and its upscaled self are shifted alike."""
    adversary.generator.zero_grad(set_to_none=True)
    discriminator.requires_grad_(False)
    limit = reach(batch.real.shape[-1])
    offsets = torch.randint(-limit, limit + 1, (len(batch.real), 2), generator=shifts)
    fake = adversary.codec.settle(adversary.generator(batch.start, batch.noise, batch.labels), batch.start)
    with torch.no_grad():
        real_maps = discriminator.features(shift(batch.real, offsets))
        score_real = discriminator.judge(real_maps[-1], batch.labels)
    fake_maps = discriminator.features(shift(fake, offsets))
    score_fake = discriminator.judge(fake_maps[-1], batch.labels)
    distances = [F.l1_loss(made, wanted) for made, wanted in zip(fake_maps, real_maps, strict=True)]
    losses = {
        "pixel_loss": F.l1_loss(fake, batch.real),
        "feature_loss": torch.stack(distances).mean(),
        "generator_loss": adversary.loss.generator(score_real, score_fake),
    }
    total = losses["pixel_loss"] + settings.feature_weight * losses["feature_loss"]
    (total + settings.adversarial_weight * losses["generator_loss"]).backward()
    discriminator.requires_grad_(True)
    return {name: value.detach() for name, value in losses.items()}
