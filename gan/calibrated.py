"""The scores of a class's candidates, and the real samples that calibrate them: ones their judge has not trained on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gan.critics import cross_fit
from gan.modalities import Samples
from gan.model import GAN, Labelled
from gan.score import Calibration, calibrate, cross_validated, log_loss, reliability, score, z_statistic
from gan.states import States

DIGITS = 6  # of a figure in `reliability`


@dataclass(frozen=True)
class Scores:
    """Scores of the candidates, (n,), and of real samples that `scored_by` has not trained on, (m,)."""

    scored_by: str
    candidates: np.ndarray
    real: np.ndarray

    def calibration(self) -> Calibration:
        """Return what turns a score into a density ratio; without a real sample what the theory alone says of it."""
        return calibrate(self.real, self.candidates) if len(self.real) else Calibration.by_theory(self.candidates)

    def reliability(self) -> dict[str, Any]:
        """Return `z`, `log_loss` and `reliability`, cross-validated; the last two with equal shares of both kinds."""
        counts = len(self.real), len(self.candidates)
        if min(counts) < 2:
            return {"z": None, "log_loss": None, "reliability": []}
        log_ratio, plain = cross_validated(self.real, self.candidates), Calibration(1.0, 0.0, *counts)
        is_real = np.repeat([True, False], counts)
        bins = reliability(plain.probability(log_ratio), is_real, weights=np.repeat(1 / np.array(counts), counts))
        z = z_statistic(plain.probability(log_ratio, counts[0] / sum(counts)), is_real)
        return {
            "z": round(z, DIGITS),
            "log_loss": round(log_loss(log_ratio, is_real), DIGITS),
            "reliability": [{name: round(value, DIGITS) for name, value in row._asdict().items()} for row in bins],
        }


def score_candidates(
    gan: GAN,
    made: Iterable[Samples],
    raw: np.ndarray,
    real: Labelled,
    held_out: Samples,
    cross_fit_below: int,
    seed: int,
    states: States | None = None,
) -> Scores:
    """Return the scores of the discriminator, or of critics where too few samples are held out to judge it by.

    gan: specialised for a class. made: its n candidates, some at a time, as large as it makes them. raw: the
    discriminator's scores of them, (n,). real: what it was trained on, all classes. held_out: samples of the class.
    cross_fit_below: with fewer of these critics give the scores, if the class has the two training samples that takes.
    """
    label = gan.class_index
    assert label is not None, "the GAN of a class, not the base"
    own = real[0][real[1] == label]
    if len(held_out) >= cross_fit_below or len(own) < 2:
        return Scores("discriminator", raw, score(gan, held_out, label))
    critics = cross_fit(gan, own, label, seed, real, states)
    scored = np.concatenate([critics.score(part) for part in made])
    return Scores("critics", scored, np.concatenate([critics.real, critics.score(held_out)]))
