"""Intervals and tests: what can be said of a gain, given few repeats and few test rows."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pipelines.wording import signed

LEAST_GROUPS = 5  # with samples of the same classes, to be drawn among themselves


@dataclass(frozen=True)
class Interval:
    """A gain with its interval.

    value, low, high: in units of the metric.   error: standard error.   p: chance, were the true gain zero or less, of
    draws this far above zero (one-sided).
    """

    value: float
    low: float
    high: float
    error: float
    p: float

    def __str__(self) -> str:
        """The gain and, where it has one, its interval, as they are said to a user."""
        if not np.isfinite(self.error):
            return signed(self.value)
        return f"{signed(self.value)} [{signed(self.low)}, {signed(self.high)}]"


def stratified_weights(
    y: np.ndarray, draws: int, rng: np.random.Generator, groups: np.ndarray | None = None
) -> np.ndarray:
    """Return how often each of n rows is drawn in each bootstrap draw, (draws, n) float64.

    Each class is resampled within itself, so that its size stays. groups: (n,), rows with the same one are no independent
    samples, and are drawn together (the cluster bootstrap: Davison and Hinkley 1997, section 3.8), each group among those that
    have samples of the same classes. Where these are few they are drawn among all such, and a draw may miss a class.
    """
    if groups is None:
        return _drawn_within(y, draws, rng)
    row_of = np.unique(groups, return_inverse=True)[1]
    has = np.zeros((row_of.max() + 1, int(y.max()) + 1), bool)
    has[row_of, y] = True
    _, stratum, sizes = np.unique(has, axis=0, return_inverse=True, return_counts=True)
    stratum = np.where(sizes[stratum.ravel()] < LEAST_GROUPS, -1, stratum.ravel())
    return _drawn_within(stratum, draws, rng)[:, row_of]


def _drawn_within(stratum: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return how often each of m things is drawn, (draws, m) float64, with those of the same `stratum`, (m,) int."""
    drawn = np.zeros((draws, len(stratum)))
    for one in np.unique(stratum):
        own = np.flatnonzero(stratum == one)
        drawn[:, own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=draws)
    return drawn


def repeat_weights(repeats: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return the share that each training repeat has in each bootstrap draw, (draws, repeats), rows summing to 1."""
    return rng.multinomial(repeats, np.full(repeats, 1 / repeats), size=draws) / repeats


def nested_bootstrap(point: np.ndarray, drawn: np.ndarray, shares: np.ndarray, confidence: float = 0.95) -> Interval:
    """Return the percentile interval of a paired difference over training repeats and test rows drawn together.

    point: (repeats,) difference of each repeat on the test rows as they are.
    drawn: (draws, repeats) the same difference on each resampling of the test rows, both arms on the same rows.
    shares: (draws, repeats) from `repeat_weights`.
    The spread about the value is widened by sqrt(r / (r - 1)), since r repeats drawn from r vary too little by that
    much; one repeat has no spread to speak of and gets an infinite interval.
    """
    value, repeats = float(point.mean()), len(point)
    if repeats < 2:
        return Interval(value, float("-inf"), float("inf"), float("inf"), 1.0)
    widened = value + np.sqrt(repeats / (repeats - 1)) * ((drawn * shares).sum(1) - value)
    widened = widened[np.isfinite(widened)]  # a draw of groups may have missed all of a class
    tail = (1 - confidence) / 2
    low, high = np.quantile(widened, [tail, 1 - tail])
    p = (1 + np.count_nonzero(widened <= 0)) / (1 + len(widened))
    return Interval(value, float(low), float(high), float(widened.std(ddof=1)), float(p))


def nadeau_bengio(differences: np.ndarray, test_share: float, confidence: float = 0.95) -> Interval:
    """Return the corrected interval of the mean of `differences`, (j,), over repeated splits of the same rows.

    test_share: test rows as a share of all, so that test / train = test_share / (1 - test_share).
    Var = s^2 (1/j + test/train), Student's t with j - 1 degrees of freedom (Nadeau and Bengio 2003, section 6).
    """
    count, value = len(differences), float(np.mean(differences))
    spread = float(np.std(differences, ddof=1)) if count > 1 else float("inf")
    error = spread * np.sqrt(1 / count + test_share / (1 - test_share))
    if not np.isfinite(error):
        return Interval(value, float("-inf"), float("inf"), float("inf"), 1.0)
    reach = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * error
    p = float(stats.t.sf(value / error, count - 1)) if error > 0 else float(value <= 0)
    return Interval(value, value - reach, value + reach, float(error), p)


def holm(p: np.ndarray) -> np.ndarray:
    """Return the p values adjusted for all of them being tested, (m,) (Holm 1979): step down, never falling, at most 1."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def wilson(hits: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval (low, high) of a share of `hits` in `total`; (0, 1) when there is nothing."""
    if total == 0:
        return 0.0, 1.0
    interval = stats.binomtest(hits, total).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def detectable_effect(error: float, level: float, power: float = 0.8) -> float:
    """Return the smallest true gain that a one-sided test at `level` finds with chance `power`: (z_level + z_power) x error.

    error: standard error of the gain.
    """
    return float((stats.norm.isf(level) + stats.norm.ppf(power)) * error)


def sufficient_size(size: int, detectable: float, relevant: float) -> int:
    """Return how many test samples would show a gain of `relevant`, when `size` of them show `detectable`.

    The error falls with the square root of the size, so size x (detectable / relevant)^2; never below `size`.
    """
    return max(size, int(np.ceil(size * (detectable / relevant) ** 2)))
