"""Critics that have not seen the samples they are asked about, for classes with too few samples to hold many out.

A discriminator knows its training samples by heart, and generated samples lie between these: with eight samples of a class it
takes fresh real ones for generated rather than the other way round, and two held-out samples do not show it. So each
critic leaves a part of the samples out, as a real sample and as an end of a start, and says how those score; a candidate's
score is the mean over all critics (cross-fitting, Chernozhukov et al. 2018, arXiv 1608.00060).
"""

from dataclasses import dataclass, replace

import numpy as np

from gan.device import prepare_device
from gan.modalities import Samples
from gan.model import GAN, Labelled, starters
from gan.networks import FAMILIES
from gan.networks.parts import build
from gan.sample import generate
from gan.score import score
from gan.seeds import derive, numpy_generator, torch_generator
from gan.states import State, States, kept_or_made
from gan.training.adversary import Adversary
from gan.training.batches import Batches
from gan.training.moving import put_into, weights_of
from gan.training.optim import falling_rates, optimiser
from gan.training.recorded import steps_of

FOLDS = 4
STEPS, BATCH, RATE = 100, 64, 5e-4
KEPT_AS = "critic"  # before the names of its weights
GAMMA, PENALTY_EVERY = 0.05, 4
LEVEL = 64  # generated samples that set a critic's zero


@dataclass(frozen=True)
class Critics:
    """critics: a discriminator each, beside the generator that it judges. levels: the mean score of what that makes.

    class_index: of the class. real: (n,) the score of each training sample by the critic that has not seen it.
    """

    critics: tuple[GAN, ...]
    levels: tuple[float, ...]
    class_index: int
    real: np.ndarray

    def score(self, samples: Samples) -> np.ndarray:
        """Return the mean score of fresh `samples`, (m, s, s, c) uint8, above that of generated ones: (m,) float64."""
        pairs = zip(self.critics, self.levels, strict=True)
        scores = [score(critic, samples, self.class_index) - level for critic, level in pairs]
        mean: np.ndarray = np.mean(scores, axis=0)
        return mean


def cross_fit(
    gan: GAN,
    samples: Samples,
    class_index: int,
    seed: int,
    lenders: Labelled | None = None,
    states: States | None = None,
) -> Critics:
    """Train a critic for each of `FOLDS` parts of `samples`, (n, s, s, c) uint8 or rows, n >= 2, that leaves the part out.

    gan: specialised for the class. Its generator has seen all samples; the starts, which decide most of what it makes,
    are drawn without the part. lenders: training samples of other classes, as in `generate`. states: where each
    critic is kept, so that a stopped call with the same arguments goes on from there. Raises ValueError for a single sample.
    """
    if len(samples) < 2:
        raise ValueError(f"critics: need two samples of the class or more, got {len(samples)}")
    folds = min(FOLDS, len(samples))
    fold = numpy_generator(seed, "folds").permutation(len(samples)) % folds
    critics, levels, real = [], [], np.empty(len(samples))
    for number in range(folds):
        seen, own = samples[fold != number], derive(seed, "fold", number)
        critic = _critic(gan, seen, class_index, own, lenders, states, f"{number:06d}")
        marks = np.array([derive(own, "level", row) for row in range(LEVEL)])
        made = generate(gan, seen, class_index, marks, lenders=lenders).samples
        level = float(score(critic, made, class_index).mean())
        real[fold == number] = score(critic, samples[fold == number], class_index) - level
        critics.append(critic)
        levels.append(level)
    return Critics(tuple(critics), tuple(levels), class_index, real)


def _critic(
    gan: GAN,
    samples: Samples,
    class_index: int,
    seed: int,
    lenders: Labelled | None,
    states: States | None,
    part: str,
) -> GAN:
    """Train a new discriminator on `samples` against what the generator of `gan` makes from them, or return the one kept."""
    device = prepare_device()
    network = build(FAMILIES[gan.network].discriminator, gan.sizes, torch_generator(seed, "critic")).to(device)

    def train() -> State:
        adversary = Adversary(gan.generator.to(device), network, gan.codec, GAMMA * PENALTY_EVERY)
        labels = np.full(len(samples), class_index)
        drawn_from = starters(gan, samples, labels, lenders)
        real = Batches(drawn_from, np.array([class_index]), device, gan.sizes.noise_dim, 0.0)
        rng, shifts = numpy_generator(seed, "batches"), torch_generator(seed, "shifts", device=device)
        recorded, steps = steps_of(adversary, device), optimiser(network, RATE)
        for step, rate in enumerate(falling_rates(RATE, STEPS)):
            steps.param_groups[0]["lr"] = rate
            recorded.discriminator_step(real.draw(BATCH, rng), shifts, penalised=step % PENALTY_EVERY == 0)
            steps.step()
        return State(weights_of(network, KEPT_AS), {})

    put_into(network, KEPT_AS, kept_or_made(states, part, train).arrays)
    return replace(gan, discriminator=network.requires_grad_(False).eval())
