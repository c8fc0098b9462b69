"""Training: one conditional GAN on all classes, then a short specialisation for each class that has too few samples."""

import copy
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from gan.device import place, prepare_device
from gan.health import BASE, START, Health, concluded, gone_bad, signs_of_losses, signs_of_samples
from gan.modalities import Codec, Samples, fit
from gan.model import GAN, Labelled, Row, starters
from gan.networks import FAMILIES, Sizes, choose
from gan.networks.parts import build
from gan.progress import Progress
from gan.seeds import derive, numpy_generator, torch_generator
from gan.training.adversary import Adversary
from gan.training.batches import Batches
from gan.training.keep import Keeper, Weights, without_change
from gan.training.optim import at_rest, average_into, falling_rates, gradient_norm, optimiser
from gan.training.rehearse import choose_policy
from gan.training.settings import PretrainSettings, TrainSettings
from gan.training.watch import Watch

__all__ = ["GAN", "PretrainSettings", "TrainSettings", "pretrain", "specialise"]

REPORT_EVERY = 50  # steps


def pretrain(
    samples: Samples,
    labels: np.ndarray,
    class_count: int,
    settings: PretrainSettings,
    network: str,
    width: int,
    seed: int,
    progress: Progress | None = None,
    validation: Labelled | None = None,
    codec: Codec | None = None,
) -> GAN:
    """Train a GAN on all classes.

    samples: (n, s, s, c) uint8, or a data frame of n rows. labels: (n,) in 0..class_count-1. network: a family or
    "auto". validation: held-out samples and labels, by which an earlier step is kept where the last is worse. codec: fitted
    to training samples; by default it is fitted here.
    Raises ValueError when the pictures are not square, a label is out of range, or the network is not known or not made
    for tables.
    """
    codec = fit(samples) if codec is None else codec
    channels, size = codec.shape(samples)
    if len(labels) != len(samples) or labels.min() < 0 or labels.max() >= class_count:
        raise ValueError(f"labels: expected {len(samples)} of 0..{class_count - 1}, got {len(labels)}")
    policy = choose_policy(codec.pack(samples), labels, codec, settings, seed)
    name = choose(network, size)
    if codec.families is not None and name not in codec.families:
        raise ValueError(
            f"network: {network!r} is not made for data of kind {codec.kind}; use auto or {', '.join(codec.families)}"
        )
    sizes = Sizes(channels, size, class_count, width, settings.noise_dim)
    base = GAN(
        network=name,
        sizes=sizes,
        generator=build(FAMILIES[name].generator, sizes, torch_generator(seed, "pretrain", "generator")),
        discriminator=build(FAMILIES[name].discriminator, sizes, torch_generator(seed, "pretrain", "discriminator")),
        codec=codec,
        policy=policy,
    )
    seed = derive(seed, "pretrain")
    return _fit(base, samples, labels, settings, settings.sampling_power, seed, progress, validation)


def specialise(
    base: GAN,
    samples: Samples,
    class_index: int,
    settings: TrainSettings,
    seed: int,
    progress: Progress | None = None,
    validation: Samples | None = None,
    lenders: Labelled | None = None,
) -> GAN:
    """Train `base` on for one class, and leave `base` as it is.

    samples: (n, s, s, c) uint8 or a data frame, all of the class. validation: held-out samples of the class; by them an
    earlier step is kept, or `base`, or a generator that changes nothing, where the last step is worse.
    lenders: the training samples of the other classes, which starts borrow differences from.
    Raises ValueError when the samples are not like those of the base or `class_index` is not one of its classes.
    """
    if base.codec.shape(samples) != (base.sizes.channels, base.sizes.size):
        raise ValueError(f"images: the base was trained on {base.sizes.size} pixels a side, got {samples.shape}")
    if not 0 <= class_index < base.sizes.classes:
        raise ValueError(f"class_index: expected 0..{base.sizes.classes - 1}, got {class_index}")
    held_out = None if validation is None else (validation, np.full(len(validation), class_index))
    labels = np.full(len(samples), class_index)
    own = derive(seed, "train", class_index)
    gan = _fit(base, samples, labels, settings, 0.0, own, progress, held_out, lenders)
    return replace(gan, class_index=class_index)


def _fit(
    gan: GAN,
    samples: Samples,
    labels: np.ndarray,
    settings: PretrainSettings | TrainSettings,
    power: float,
    seed: int,
    progress: Progress | None,
    validation: Labelled | None,
    lenders: Labelled | None = None,
) -> GAN:
    """Train a copy of `gan` and return it on the CPU, with the averaged weights that are kept and with its health."""
    device = prepare_device()
    generator, discriminator = (
        place(copy.deepcopy(network), device, torch.channels_last).requires_grad_(True)
        for network in (gan.generator, gan.discriminator)
    )
    average = copy.deepcopy(generator).requires_grad_(False)
    adversary = Adversary(
        generator, discriminator, gan.codec, settings.gamma * settings.penalty_every, settings.faithful
    )

    def batches(of: Samples, labelled: np.ndarray, lent: Labelled | None) -> Batches:
        return Batches(starters(gan, of, labelled, lent), np.unique(labelled), device, gan.sizes.noise_dim, power)

    real = batches(samples, labels, lenders)
    held_out = batches(*validation, None) if validation is not None and len(validation[0]) else None
    watch = Watch(real, samples, labels, validation, seed)
    keeper = _keeper(gan, average, discriminator, watch)
    rng, shifts = numpy_generator(seed, "batches"), torch_generator(seed, "shifts")
    decay = 0.5 ** (1 / (settings.ema * max(1, settings.steps)))
    generator_steps = optimiser(generator, settings.learning_rate)
    discriminator_steps = optimiser(discriminator, settings.learning_rate)
    figures: dict[str, torch.Tensor] = {}
    history: list[Row] = []
    step, trouble = 0, ""
    for step, rate in enumerate(falling_rates(settings.learning_rate, settings.steps), start=1):
        for either in (generator_steps, discriminator_steps):
            either.param_groups[0]["lr"] = rate

        penalised = step % settings.penalty_every == 0
        figures |= adversary.discriminator_step(real.draw(settings.batch_size, rng), shifts, penalised)
        discriminator_steps.step()
        figures["generator_loss"] = adversary.generator_step(real.draw(settings.batch_size, rng), shifts)
        generator_steps.step()
        average_into(average, generator, min(decay, step / (step + 10)))

        if step % REPORT_EVERY == 0 or step == settings.steps:
            row = {"step": float(gan.total_steps + step)} | {name: value.item() for name, value in figures.items()}
            fakes = watch.fakes(average)
            energy = watch.energy(fakes)
            row |= {"generator_gradient": gradient_norm(generator), "diversity": watch.diversity(fakes)}
            if held_out is not None:
                own = derive(seed, "held-out", step)
                row["score_held_out"] = adversary.mean_score(held_out, settings.batch_size, own)
                row["energy"] = float(watch.shares @ energy)
            history.append(row)
            if trouble := gone_bad(history):
                break
            keeper.look(step, energy, average, discriminator)
            if progress is not None:
                progress(step, settings.steps, row)
    kept, outcome = keeper.conclude(step, trouble)
    signs = [*signs_of_losses(history, len(watch.shares)), *signs_of_samples(watch.drawn(average))]
    return replace(
        gan,
        generator=at_rest(kept.generator),
        discriminator=at_rest(kept.discriminator),
        total_steps=gan.total_steps + step,
        history=[*gan.history, *history],
        health=Health(kept.name, step if trouble else None, outcome, concluded(signs, outcome), keeper.spread(kept)),
    )


def _keeper(gan: GAN, generator: nn.Module, discriminator: nn.Module, watch: Watch) -> Keeper:
    """Return the keeper of a run that begins with copies of the networks of `gan`."""
    generator, discriminator = copy.deepcopy(generator), copy.deepcopy(discriminator)
    start, base = (
        Weights(name, watch.energy(watch.fakes(network)), network, discriminator)
        for name, network in ((START, without_change(generator)), (BASE, generator))
    )
    return Keeper(start, base if gan.total_steps else None, watch.shares, gan.health.spread)
