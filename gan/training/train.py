"""Training: one conditional GAN on all classes, then a short specialisation for each class that has too few samples."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

import numpy as np
import torch
from torch import nn

from gan.device import place, prepare_device
from gan.health import BASE, START, Health, concluded, gone_bad, signs_of_losses, signs_of_samples
from gan.modalities import Codec, Samples, fit
from gan.model import GAN, Labelled, Row, starters
from gan.networks import FAMILIES, Family, Sizes, choose
from gan.networks.parts import build
from gan.progress import Progress
from gan.seeds import derive, numpy_generator, torch_generator
from gan.shifts import Augmentation, random_shift
from gan.starts import Policy
from gan.states import State, States
from gan.training.adversary import Adversary
from gan.training.batches import Batches
from gan.training.keep import Keeper, Weights, without_change
from gan.training.losses import RELATIVISTIC, Loss
from gan.training.moving import Moving
from gan.training.optim import at_rest, average_into, falling_rates, gradient_norm, optimiser
from gan.training.recorded import Recorded, steps_of
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
    *,
    states: States | None = None,
    policy: type[Policy] = Policy,
    families: Mapping[str, Family] = FAMILIES,
    loss: Loss = RELATIVISTIC,
    augmentation: Augmentation = random_shift,
) -> GAN:
    """Train a GAN on all classes.

    samples: (n, s, s, c) uint8, or a data frame of n rows. labels: (n,) in 0..class_count-1. network: a family or
    "auto". validation: held-out samples and labels, by which an earlier step is kept where the last is worse. codec: fitted
    to training samples; by default it is fitted here. states: where the state of the training is kept, and goes on from.
    policy: what makes the policy of the starts. families: where the networks are found by name. loss, augmentation: see
    `Adversary`. These last are for studies: a checkpoint holds a plain policy and a family's name.
    Raises ValueError when images are not square, a label is out of range, or the network is unknown or not for such data.
    """
    codec = fit(samples) if codec is None else codec
    channels, size = codec.shape(samples)
    if len(labels) != len(samples) or labels.min() < 0 or labels.max() >= class_count:
        raise ValueError(f"labels: expected {len(samples)} of 0..{class_count - 1}, got {len(labels)}")
    if states is not None and states.found is not None:
        chosen = policy(**states.found.notes["policy"])
    else:
        chosen = choose_policy(codec.pack(samples), labels, codec, settings, seed, policy)
    name = choose(network, size, codec.families)
    if codec.families is not None and name not in codec.families:
        raise ValueError(
            f"network: {network!r} is not made for data of kind {codec.kind}; use auto or {', '.join(codec.families)}"
        )
    sizes = Sizes(channels, size, class_count, width, settings.noise_dim, codec.steps)
    generator, discriminator = (
        build(network, sizes, torch_generator(seed, "pretrain", side))
        for side, network in families[name]._asdict().items()
    )
    base = GAN(name, sizes, generator, discriminator, codec, chosen)
    given = _Given(samples, labels, validation, None)
    run = _set_up(base, given, settings, settings.sampling_power, derive(seed, "pretrain"), loss, augmentation)
    return _fit(run, progress, states)


def specialise(
    base: GAN,
    samples: Samples,
    class_index: int,
    settings: TrainSettings,
    seed: int,
    progress: Progress | None = None,
    validation: Samples | None = None,
    lenders: Labelled | None = None,
    *,
    states: States | None = None,
    loss: Loss = RELATIVISTIC,
    augmentation: Augmentation = random_shift,
) -> GAN:
    """Train `base` on for one class, and leave `base` as it is.

    samples: (n, s, s, c) uint8 or a data frame, all of the class. validation: held-out samples of the class; by them an
    earlier step is kept, or `base`, or a generator that changes nothing, where the last step is worse.
    lenders: the training samples of the other classes, which starts borrow differences from.
    states, loss, augmentation: see `pretrain`.
    Raises ValueError when the samples are not like those of the base or `class_index` is not one of its classes.
    """
    if base.codec.shape(samples) != (base.sizes.channels, base.sizes.size):
        raise ValueError(f"images: the base was trained on {base.sizes.size} pixels a side, got {samples.shape}")
    if not 0 <= class_index < base.sizes.classes:
        raise ValueError(f"class_index: expected 0..{base.sizes.classes - 1}, got {class_index}")
    held_out = None if validation is None else (validation, np.full(len(validation), class_index))
    given = _Given(samples, np.full(len(samples), class_index), held_out, lenders)
    run = _set_up(base, given, settings, 0.0, derive(seed, "train", class_index), loss, augmentation)
    return replace(_fit(run, progress, states), class_index=class_index)


@dataclass
class _Given:
    """What a training is given beside its GAN: samples with labels, and held-out and lent ones where there are any."""

    samples: Samples
    labels: np.ndarray
    validation: Labelled | None
    lenders: Labelled | None


def _fit(run: "_Run", progress: Progress | None, states: States | None) -> GAN:
    """Train and return the GAN on the CPU, with the averaged weights that are kept and with its health.

    It goes on from the state that was found, and ends early when it has gone bad; `health` says so.
    """
    settings = run.settings
    done = run.restore(states.found) if states is not None and states.found is not None else 0
    step, trouble = done, ""
    rates = enumerate(falling_rates(settings.learning_rate, settings.steps), start=1)
    for step, rate in islice(rates, done, None):
        if states is not None:
            states.keep_if_due(partial(run.state, step - 1))
        run.step(step, rate)
        if step % REPORT_EVERY == 0 or step == settings.steps:
            row, trouble = run.look(step)
            if trouble:
                break
            if progress is not None:
                progress(step, settings.steps, row)
    return run.outcome(step, trouble)


@dataclass
class _Run:
    """A training under way. gan: what it began with. steps: takes those of the adversary. average: the generator with
    averaged weights.

    real, held_out: batches of training and of held-out samples. rng, shifts: what batches and augmentation are drawn from.
    figures: those of the last steps. history: a row for each look.
    """

    gan: GAN
    settings: PretrainSettings | TrainSettings
    seed: int
    adversary: Adversary
    steps: Adversary | Recorded
    average: nn.Module
    real: Batches
    held_out: Batches | None
    watch: Watch
    keeper: Keeper
    optimisers: tuple[torch.optim.Optimizer, torch.optim.Optimizer]  # of discriminator and generator
    rng: np.random.Generator
    shifts: torch.Generator
    figures: dict[str, torch.Tensor] = field(default_factory=dict)
    history: list[Row] = field(default_factory=list)

    def step(self, step: int, rate: float) -> None:
        """Train both networks for a step, each on a batch of its own, and the average after them."""
        settings = self.settings
        for either in self.optimisers:
            either.param_groups[0]["lr"] = rate
        penalised = step % settings.penalty_every == 0
        batch = self.real.draw(settings.batch_size, self.rng)
        self.figures |= self.steps.discriminator_step(batch, self.shifts, penalised)
        self.optimisers[0].step()
        batch = self.real.draw(settings.batch_size, self.rng)
        self.figures["generator_loss"] = self.steps.generator_step(batch, self.shifts)
        self.optimisers[1].step()
        decay = 0.5 ** (1 / (settings.ema * max(1, settings.steps)))
        average_into(self.average, self.adversary.generator, min(decay, step / (step + 10)))

    def look(self, step: int) -> tuple[Row, str]:
        """Return the figures of a step and what has gone bad, "" for nothing; keep the weights if they are the best."""
        row = {"step": float(self.gan.total_steps + step)}
        row |= {name: value.item() for name, value in self.figures.items()}
        fakes = self.watch.fakes(self.average)
        energy = self.watch.energy(fakes)
        row["generator_gradient"] = gradient_norm(self.adversary.generator)
        row["diversity"] = self.watch.diversity(fakes)
        if self.held_out is not None:
            own = derive(self.seed, "held-out", step)
            row["score_held_out"] = self.adversary.mean_score(self.held_out, self.settings.batch_size, own)
            row["energy"] = float(self.watch.shares @ energy)
        self.history.append(row)
        trouble = gone_bad(self.history)
        if not trouble:
            self.keeper.look(step, energy, self.average, self.adversary.discriminator)
        return row, trouble

    @property
    def moving(self) -> Moving:
        """What a step changes, apart from what is kept."""
        networks = {"generator": self.adversary.generator, "discriminator": self.adversary.discriminator}
        optimisers = dict(zip(("of discriminator", "of generator"), self.optimisers, strict=True))
        return Moving(networks | {"average": self.average}, optimisers, self.rng, self.shifts)

    def state(self, step: int) -> State:
        """Return all that the steps after `step` depend on."""
        notes = {
            "step": step,
            "policy": self.gan.policy._asdict(),
            "moving": self.moving.notes(),
            "keeper": self.keeper.notes(),
            "figures": {name: value.item() for name, value in self.figures.items()},
            "history": self.history,
        }
        return State(self.moving.arrays() | self.keeper.arrays(), notes)

    def restore(self, state: State) -> int:
        """Go back to what `state` has returned; return its step."""
        arrays, notes = state
        self.moving.restore(arrays, notes["moving"])
        self.keeper.restore(arrays, notes["keeper"])
        self.figures = {name: torch.tensor(value) for name, value in notes["figures"].items()}
        self.history = notes["history"]
        return int(notes["step"])

    def outcome(self, step: int, trouble: str) -> GAN:
        """Return the GAN as kept after `step` steps, at rest, with what the training showed."""
        kept, outcome = self.keeper.conclude(step, trouble)
        signs = signs_of_losses(self.history, len(self.watch.shares))
        signs = [*signs, *signs_of_samples(self.watch.drawn(self.average))]
        stopped, spread = step if trouble else None, self.keeper.spread(kept)
        return replace(
            self.gan,
            generator=at_rest(kept.generator),
            discriminator=at_rest(kept.discriminator),
            total_steps=self.gan.total_steps + step,
            history=[*self.gan.history, *self.history],
            health=Health(kept.name, stopped, outcome, concluded(signs, outcome), spread),
        )


def _set_up(
    gan: GAN,
    given: _Given,
    settings: PretrainSettings | TrainSettings,
    power: float,
    seed: int,
    loss: Loss,
    augmentation: Augmentation,
) -> _Run:
    """Return a training of copies of the networks of `gan` that has not taken a step. power: see `Batches`."""
    device = prepare_device()
    generator, discriminator = (
        place(copy.deepcopy(network), device, torch.channels_last).requires_grad_(True)
        for network in (gan.generator, gan.discriminator)
    )
    gamma = settings.gamma * settings.penalty_every
    average = copy.deepcopy(generator).requires_grad_(False)

    def batches(samples: Samples, labels: np.ndarray, lenders: Labelled | None) -> Batches:
        return Batches(starters(gan, samples, labels, lenders), np.unique(labels), device, gan.sizes.noise_dim, power)

    real, held_out = batches(given.samples, given.labels, given.lenders), given.validation
    watch = Watch(real, given.samples, given.labels, held_out, seed)
    adversary = Adversary(generator, discriminator, gan.codec, gamma, settings.faithful, loss, augmentation)
    return _Run(
        gan,
        settings,
        seed,
        adversary,
        steps_of(adversary, device),
        average,
        real,
        batches(*held_out, None) if held_out is not None and len(held_out[0]) else None,
        watch,
        _keeper(gan, average, discriminator, watch),
        (optimiser(discriminator, settings.learning_rate), optimiser(generator, settings.learning_rate)),
        numpy_generator(seed, "batches"),
        torch_generator(seed, "shifts", device=device),
    )


def _keeper(gan: GAN, generator: nn.Module, discriminator: nn.Module, watch: Watch) -> Keeper:
    """Return the keeper of a run that begins with copies of the networks of `gan`."""
    generator, discriminator = copy.deepcopy(generator), copy.deepcopy(discriminator)
    start, base = (
        Weights(name, watch.energy(watch.fakes(network)), network, discriminator)
        for name, network in ((START, without_change(generator)), (BASE, generator))
    )
    return Keeper(start, base if gan.total_steps else None, watch.shares, gan.health.spread)
