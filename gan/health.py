"""The health of a training run: the troubles that adversarial training is known for, each with a measured sign.

Pure functions of figures and arrays. A value that cannot be measured (too few rows or samples) is NaN, and a sign without
a value is never bad.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
from scipy.spatial.distance import cdist, pdist

START = "start"  # the weights of a generator that changes nothing: points between real neighbours
BASE = "base"  # the weights that a class is trained on from

Row = Mapping[str, float]  # of a history, see `GAN`
FIGURES = ("value", "limit")
DIGITS = 6  # after the point; further ones differ between BLAS kernels
FEW = 5  # held-out samples below which their mean says little

LARGEST_LOSS = 10.0  # softplus(10): one side takes all pairs for right with odds of 22,000 : 1
SWING = 0.5  # standard deviation of a loss that rests at log 2 = 0.69
GRADIENT_SHARE = 0.01
LOST = 3.0  # softplus(3): the discriminator is right with odds of 19 : 1 in a pair
MEMORY_SHARE, CLEAR_GAP = 0.8, 0.5
DIVERSITY = 0.5  # points between neighbours alone have 0.7 to 0.9
COPY_SHARE = 0.5
REACTION = 0.01
SPREAD = 0.01  # of values in [-1, 1]: about one grey level of 256
PATIENCE = 5  # rows in a row after which a loss does not come back

ADVICE = {
    "diverging losses": "lower learning_rate",
    "oscillating losses": "lower learning_rate or raise gamma",
    "vanishing gradient": "raise gamma or lower learning_rate",
    "discriminator wins": "raise gamma or lower learning_rate",
    "discriminator memorises": "raise gamma or train for fewer steps",
    "mode collapse": "raise gamma or train for fewer steps",
    "copying": "train for fewer steps",
    "dead generator": "raise learning_rate or steps, or take it as SMOTE",
    "identical samples": "collect samples of the class that differ",
}


@dataclass(frozen=True)
class Sign:
    """One trouble and the figure that shows it.

    value: NaN where it could not be measured. limit: what `value` has to stay below or above, as it is `bad` beyond.
    said: what the figure is. done: what came of it, empty where it is not bad.
    """

    name: str
    value: float
    limit: float
    bad: bool
    said: str
    done: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.said} {self.value:.3g}, limit {self.limit:.3g}; {self.done}"


@dataclass(frozen=True)
class Health:
    """What a training run showed.

    kept: whose weights were kept: those of the "start" (nothing changed), of the "base" or of a step. stopped: the step at
    which the run was ended early, None where it ran through. outcome: both in words. spread: see `Keeper.spread`.
    """

    kept: str = START
    stopped: int | None = None
    outcome: str = "not trained"
    signs: list[Sign] = field(default_factory=list)
    spread: float | None = None

    @property
    def bad(self) -> list[Sign]:
        """The signs that are bad."""
        return [sign for sign in self.signs if sign.bad]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, fit for JSON: a figure that is not finite is None."""
        plain = asdict(self)
        for sign in plain["signs"]:
            sign |= {key: sign[key] if np.isfinite(sign[key]) else None for key in FIGURES}
        return plain

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `to_dict` returned."""
        signs = [
            Sign(**sign | {key: np.nan if sign[key] is None else sign[key] for key in FIGURES})
            for sign in values["signs"]
        ]
        return cls(**{**values, "signs": signs})


def gone_bad(history: Sequence[Row]) -> str:
    """Return why a run is not worth going on with, from its rows; empty while it is."""
    losses = np.array([[row["discriminator_loss"], row["generator_loss"]] for row in history[-PATIENCE:]])
    if not np.isfinite(losses[-1]).all():
        return "a loss is not a number"
    if len(losses) == PATIENCE and (losses.max(1) > LARGEST_LOSS).all():
        return "the losses left all bounds"
    if len(losses) == PATIENCE and (losses[:, 1] > LOST).all():
        return "the discriminator has won"
    return ""


def concluded(signs: Sequence[Sign], outcome: str) -> list[Sign]:
    """Return `signs`, the bad ones with the outcome of the run and with what can be tried next."""
    return [replace(sign, done=f"{outcome}; {ADVICE[sign.name]}") if sign.bad else sign for sign in signs]


def signs_of_losses(history: Sequence[Row], held_out: int) -> list[Sign]:
    """Return what the figures of a run show. history: its rows, as in `GAN`. held_out: how many such samples it had."""
    return [diverging(history), swinging(history), vanishing(history), winning(history), memorising(history, held_out)]


def diverging(history: Sequence[Row]) -> Sign:
    """Losses that leave all bounds; infinite when one is not a number."""
    losses = np.concatenate([_column(history, name) for name in ("discriminator_loss", "generator_loss")])
    value = np.nan if not len(losses) else losses.max() if np.isfinite(losses).all() else np.inf
    return _above("diverging losses", value, LARGEST_LOSS, "largest loss of either side")


def swinging(history: Sequence[Row]) -> Sign:
    """Losses that do not settle: how much that of the generator varies in the second half of a run, from 8 rows on."""
    losses = _column(history, "generator_loss")
    late = losses[len(losses) // 2 :]
    value = np.std(late) if len(losses) >= 8 and np.isfinite(late).all() else np.nan
    return _above("oscillating losses", value, SWING, "standard deviation of the generator's loss in the second half")


def vanishing(history: Sequence[Row]) -> Sign:
    """A generator that is told nothing: its gradient late in the run against that at the beginning.

    (Arjovsky and Bottou 2017, arXiv 1701.04862, section 2.2.)
    """
    norms = _column(history, "generator_gradient")
    early = np.median(norms[: _quarter(norms)]) if len(norms) else np.nan
    value = _late(norms) / early if early > 0 else early
    return _below("vanishing gradient", value, GRADIENT_SHARE, "generator's gradient, last quarter over first quarter")


def winning(history: Sequence[Row]) -> Sign:
    """A discriminator that has won: in each pair it knows the real sample, and the generator has nothing to go by."""
    value = _late(_column(history, "generator_loss"))
    return _above("discriminator wins", value, LOST, "generator's loss in the last quarter (a draw is 0.69)")


def memorising(history: Sequence[Row], held_out: int) -> Sign:
    """A discriminator that knows its training samples by heart: held-out real samples score as generated ones do.

    (real - held out) / (real - generated), from mean scores: r_v of Karras et al. 2020 (arXiv 2006.06676, eq. 1). Judged from 5
    held-out samples and a clear gap on.
    """
    real, fake, other = (_late(_column(history, f"score_{name}")) for name in ("real", "fake", "held_out"))
    judged = held_out >= FEW and real - fake > CLEAR_GAP
    value = (real - other) / (real - fake) if judged else np.nan
    return _above(
        "discriminator memorises",
        value,
        MEMORY_SHARE,
        "how far held-out samples score on the way from real to generated",
    )


@dataclass(frozen=True)
class Drawn:
    """Encoded samples of one class: generated ones, what they started from, and real ones.

    fakes, starts: (n, d), row by row. real: (m, d), trained on. held_out: (h, d), h may be 0.
    """

    fakes: np.ndarray
    starts: np.ndarray
    real: np.ndarray
    held_out: np.ndarray

    def diversity(self) -> float:
        """Mean distance between two generated samples over that between two real ones."""
        return _ratio(apart(self.fakes), apart(self.real))

    def change(self) -> float:
        """Mean absolute difference between a generated sample and its start."""
        return float(np.abs(self.fakes - self.starts).mean())

    def reaction(self) -> float:
        """Mean distance between two generated samples over that between their starts: 0 when one comes out for all."""
        return _ratio(apart(self.fakes), apart(self.starts))

    def nearness(self, x: np.ndarray) -> float:
        """Median distance of rows of `x` to their nearest training sample, over that of fresh real samples to theirs."""
        return _ratio(float(np.median(cdist(x, self.real).min(1))), self._usual())

    def _usual(self) -> float:
        if len(self.held_out) >= FEW:
            return float(np.median(cdist(self.held_out, self.real).min(1)))
        between = cdist(self.real, self.real)
        np.fill_diagonal(between, np.inf)
        return float(np.median(between.min(1)))


def apart(x: np.ndarray) -> float:
    """Return the mean distance between two rows of `x`, (n, d); NaN for a single one."""
    return float(np.mean(pdist(x))) if len(x) > 1 else np.nan


def spread(real: np.ndarray) -> float:
    """Return the root mean square difference between two rows of `real`, (m, d); NaN for a single one."""
    return float(np.sqrt(np.mean(pdist(real, "sqeuclidean")) / real.shape[1])) if len(real) > 1 else np.nan


def signs_of_samples(classes: Sequence[Drawn]) -> list[Sign]:
    """Return what the samples of a generator show, the mean over the classes where it can be measured.

    Where the training samples are all alike, a generator that changes nothing is right, and not dead.
    """
    same = alike([spread(drawn.real) for drawn in classes])
    still = dead([drawn.change() for drawn in classes], [drawn.reaction() for drawn in classes])
    return [
        collapsing([drawn.diversity() for drawn in classes]),
        copying(
            [drawn.nearness(drawn.fakes) for drawn in classes], [drawn.nearness(drawn.starts) for drawn in classes]
        ),
        replace(still, bad=still.bad and not same.bad),
        same,
    ]


def collapsing(diversity: Sequence[float]) -> Sign:
    """A generator that makes the same few samples over and over."""
    return _below(
        "mode collapse", _mean(diversity), DIVERSITY, "distance between generated samples over that of real ones"
    )


def copying(fakes: Sequence[float], starts: Sequence[float]) -> Sign:
    """A generator that goes back to its training samples: nearer to them than half of what its starts are.

    A start lies between two training samples, so it is near to both and yet no copy.
    """
    return _below(
        "copying",
        _mean(fakes),
        COPY_SHARE * _mean(starts),
        "distance to the nearest training sample over that of fresh ones",
    )


def dead(change: Sequence[float], reaction: Sequence[float]) -> Sign:
    """A generator that changes nothing, or makes one and the same of all its starts."""
    moved = round(_mean(change), DIGITS)
    if moved == 0:
        return _sign("dead generator", moved, 0.0, True, "mean change of a start")
    return _below(
        "dead generator", _mean(reaction), REACTION, "distance between generated samples over that between their starts"
    )


def alike(spreads: Sequence[float]) -> Sign:
    """Training samples of a class that are one and the same, so that there is nothing to learn how they vary."""
    return _below("identical samples", _mean(spreads), SPREAD, "root mean square difference between training samples")


def _above(name: str, value: float, limit: float, said: str) -> Sign:
    return _sign(name, value, limit, bool(value > limit), said)


def _below(name: str, value: float, limit: float, said: str) -> Sign:
    return _sign(name, value, limit, bool(value < limit), said)


def _sign(name: str, value: float, limit: float, bad: bool, said: str) -> Sign:
    return Sign(name, round(float(value), DIGITS), round(float(limit), DIGITS), bad, said)


def _column(history: Sequence[Row], name: str) -> np.ndarray:
    return np.array([row[name] for row in history if name in row])


def _quarter(values: np.ndarray) -> int:
    return max(1, len(values) // 4)


def _late(values: np.ndarray) -> float:
    return float(np.mean(values[-_quarter(values) :])) if len(values) else np.nan


def _ratio(value: float, unit: float) -> float:
    return value / unit if 0 < unit < np.inf else np.nan


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else np.nan
