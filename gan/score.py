"""Scores of a discriminator, and what makes them comparable: a calibration against held-out real samples."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import expit

from gan.blocks import BLOCK, blockwise
from gan.device import prepare_device
from gan.modalities import Samples
from gan.model import GAN
from gan.shifts import fixed_shifts, shift

SLOPE_SPREAD = 0.5  # standard deviation of the prior of the slope around 1
DIGITS = 9  # after the point; further ones differ between BLAS kernels, and with them the bytes of what is kept
SHIFTED = 16  # samples in a block where each comes with its nine shifts; with seven, 63 rows, their place would show
ENCODED = 4096  # samples that are held as tensors at once
INTERCEPT_SPREAD = 10.0  # that of the intercept around the middle of the scores: nearly free


@torch.inference_mode()
def score(gan: GAN, samples: Samples, class_index: int) -> np.ndarray:
    """Return the mean logit of each of `samples`, images or rows, over a fixed set of shifts: (n,) float64.

    The discriminator was trained on shifted samples only, so it is asked about shifted ones. A score does not depend on
    what else is scored, see `blockwise`.
    """
    device = prepare_device()
    discriminator = gan.discriminator.to(device)
    shifts = fixed_shifts(gan.sizes.size).to(device)
    at_once = BLOCK if len(shifts) == 1 else SHIFTED

    def mean_logit(x: torch.Tensor) -> torch.Tensor:
        every = x.repeat_interleave(len(shifts), 0)
        every = shift(every, shifts.repeat(len(x), 1)) if len(shifts) > 1 else every
        labels = torch.full((len(every),), class_index, device=device)
        return discriminator(every, labels).double().view(len(x), len(shifts)).mean(1)

    packed = gan.codec.pack(samples)
    parts = [np.zeros(0)]
    for first in range(0, len(packed), ENCODED):
        x = gan.codec.encode(packed[first : first + ENCODED]).to(device)
        parts.append(blockwise(mean_logit, [x], at_once).cpu().numpy())
    return np.concatenate(parts)


@dataclass(frozen=True)
class Calibration:
    """How a score becomes an estimate of the density ratio real : generated; log ratio = slope * score + intercept.

    real_count, fake_count: scores that it was fitted to.
    """

    slope: float
    intercept: float
    real_count: int
    fake_count: int

    def log_ratio(self, scores: np.ndarray) -> np.ndarray:
        """Return the logarithm of the density ratio real : generated at `scores`, (n,) -> (n,)."""
        return self.slope * np.asarray(scores, np.float64) + self.intercept

    def ratio(self, scores: np.ndarray) -> np.ndarray:
        """Return the density ratio real : generated at `scores`, (n,) -> (n,), to 9 digits after the point."""
        return np.exp(self.log_ratio(scores)).round(DIGITS)

    def probability(self, scores: np.ndarray, real_share: float = 0.5) -> np.ndarray:
        """Return the probability of being real among a `real_share` of real samples, (n,) -> (n,)."""
        return np.asarray(expit(self.log_ratio(scores) + np.log(real_share / (1 - real_share))))

    def to_dict(self) -> dict[str, Any]:
        """Return the calibration as plain values, fit for JSON."""
        return asdict(self)

    @classmethod
    def by_theory(cls, scores: np.ndarray) -> Self:
        """Return slope 1, which the optimal discriminator has, with ratio 1 at the mean of generated `scores`, (n,)."""
        return cls(slope=1.0, intercept=-round(float(scores.mean()), DIGITS), real_count=0, fake_count=len(scores))


def calibrate(real_scores: np.ndarray, fake_scores: np.ndarray) -> Calibration:
    """Fit a logistic curve to the scores of held-out real samples, (n,), and of generated ones, (m,).

    Maximum a posteriori, slope ~ N(1, 0.5^2): the optimal logit of a logistic discriminator, the relativistic one
    included, is the log density ratio up to a constant (Goodfellow et al. 2014, arXiv 1406.2661, prop. 1). So two
    held-out samples shift the intercept and hardly the slope, two hundred fit both. The slope is never negative: a
    discriminator that ranks held-out samples the wrong way round has nothing to say, and slope 0 says so.

    Raises ValueError when either side is empty or a score is not finite.
    """
    real, fake = (np.asarray(scores, np.float64).reshape(-1) for scores in (real_scores, fake_scores))
    if not len(real) or not len(fake):
        raise ValueError(f"calibration: needs real and generated scores, got {len(real)} and {len(fake)}")
    scores = np.concatenate([real, fake])
    if not np.isfinite(scores).all():
        raise ValueError("calibration: a score is not finite; the discriminator has diverged")
    centre = (real.mean() + fake.mean()) / 2
    is_real = np.repeat([1.0, 0.0], [len(real), len(fake)])
    offset = np.log(len(real) / len(fake))  # so that the ratio does not depend on how many were scored

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        slope, middle = at
        logits = slope * (scores - centre) + middle + offset
        error = expit(logits) - is_real
        value = np.logaddexp(0, logits).sum() - logits @ is_real
        value += ((slope - 1) / SLOPE_SPREAD) ** 2 / 2 + (middle / INTERCEPT_SPREAD) ** 2 / 2
        slopes = error @ (scores - centre) + (slope - 1) / SLOPE_SPREAD**2
        return value, np.array([slopes, error.sum() + middle / INTERCEPT_SPREAD**2])

    found = minimize(loss, [1.0, 0.0], jac=True, method="L-BFGS-B", bounds=[(0, None), (None, None)])
    slope, middle = map(float, found.x)
    intercept = middle - slope * float(centre)
    return Calibration(round(slope, DIGITS), round(intercept, DIGITS), len(real), len(fake))


def cross_validated(real_scores: np.ndarray, fake_scores: np.ndarray, folds: int = 5) -> np.ndarray:
    """Return the log density ratio of each score, real ones first, (n + m,), by a calibration that was fitted without it.

    Every `folds`-th score of either side is left out at a time. Raises ValueError with less than two scores on a side.
    """
    real, fake = np.asarray(real_scores, np.float64), np.asarray(fake_scores, np.float64)
    folds = min(folds, len(real), len(fake))
    if folds < 2:
        raise ValueError(
            f"calibration: two scores of either side are needed to leave one out, got {len(real)} and {len(fake)}"
        )
    left = np.arange(len(real)) % folds, np.arange(len(fake)) % folds
    result = [np.empty(len(real)), np.empty(len(fake))]
    for fold in range(folds):
        calibration = calibrate(real[left[0] != fold], fake[left[1] != fold])
        for side, scores in enumerate((real, fake)):
            result[side][left[side] == fold] = calibration.log_ratio(scores[left[side] == fold])
    return np.concatenate(result)


class ReliabilityBin(NamedTuple):
    """One bin of predicted probabilities: how many, what was predicted on average, and how many were real."""

    low: float
    high: float
    samples: int
    predicted: float
    observed: float


def reliability(
    probabilities: np.ndarray, is_real: np.ndarray, bins: int = 10, weights: np.ndarray | None = None
) -> list[ReliabilityBin]:
    """Return the occupied bins of equal width of `probabilities`, (n,), against `is_real`, (n,) bool.

    weights: (n,) that make up for other shares of real and generated samples than the probabilities were made for.
    """
    weights = np.ones(len(probabilities)) if weights is None else weights
    edges = np.linspace(0, 1, bins + 1)
    index = np.clip(np.searchsorted(edges, probabilities, side="right") - 1, 0, bins - 1)
    return [
        ReliabilityBin(
            float(edges[b]),
            float(edges[b + 1]),
            int((index == b).sum()),
            float(np.average(probabilities[index == b], weights=weights[index == b])),
            float(np.average(is_real[index == b], weights=weights[index == b])),
        )
        for b in np.unique(index)
    ]


def log_loss(log_ratio: np.ndarray, is_real: np.ndarray) -> float:
    """Return the mean log loss of `log_ratio`, (n,), real and generated samples counting alike.

    It is log 2 = 0.693 for ratios that say nothing, and more for those that mislead. is_real: (n,) bool, both kinds present.
    """
    loss = np.logaddexp(0, np.where(is_real, -log_ratio, log_ratio))
    return float((loss[is_real].mean() + loss[~is_real].mean()) / 2)


def z_statistic(probabilities: np.ndarray, is_real: np.ndarray) -> float:
    """Return Z = sum(y - p) / sqrt(sum(p (1 - p))): standard normal when `probabilities`, (n,), are calibrated.

    Turner et al. 2019 (arXiv 1811.11357), after Dawid. Beyond +-2 the probabilities are off. is_real: (n,) bool,
    in the shares that the probabilities were made for.
    """
    variance = float((probabilities * (1 - probabilities)).sum())
    return float((is_real - probabilities).sum() / np.sqrt(max(variance, 1e-12)))
