"""The filter: budgets, thresholds, duplicates."""

import numpy as np
import pytest

from gan.filter import FilterSettings, accept, real_quantile, rejection_bound
from gan.repeats import digests, duplicates, repeated_share

RATIO = np.exp(np.random.default_rng(0).normal(0, 1.5, 4000))
UNIFORMS = np.random.default_rng(1).random(4000)
NO_REALS = np.zeros(0)


def plain_rejection(ratio: np.ndarray, acceptance: float) -> np.ndarray:
    """The obvious and slow twin: a(x) = min(1, c r(x) / M), c raised bit by bit until enough are accepted."""
    c = 0.0
    while np.mean([min(1.0, c * r / ratio.max()) for r in ratio]) < acceptance:
        c += 0.01
    return np.array([min(1.0, c * r / ratio.max()) for r in ratio])


@pytest.mark.parametrize("acceptance", [0.1, 0.5, 0.9, 1.0])
def test_acceptance_is_the_budget(acceptance: float) -> None:
    """The mean probability of being kept is what was asked for, and the share that is kept is near it."""
    bound = rejection_bound(RATIO, acceptance)
    assert np.minimum(1, RATIO / bound).mean() == pytest.approx(acceptance, abs=1e-6)
    keep, threshold = accept(RATIO, UNIFORMS, FilterSettings(acceptance=acceptance), NO_REALS)
    assert threshold.acceptance == keep.mean() == pytest.approx(acceptance, abs=0.02)


@pytest.mark.parametrize("acceptance", [0.2, 0.6])
def test_rejection_equals_its_plain_twin(acceptance: float) -> None:
    """Bisection finds the probabilities that counting up finds."""
    ratio = RATIO[:200]
    fast = np.minimum(1, ratio / rejection_bound(ratio, acceptance))
    assert fast == pytest.approx(plain_rejection(ratio, acceptance), abs=0.01)


def test_rejection_brings_the_kept_nearer_to_the_real() -> None:
    """Fakes from N(-1/2, 1), reals from N(1/2, 1): the less is kept, the nearer is its mean to that of the reals."""
    fakes = np.random.default_rng(2).normal(-0.5, 1, 4000)
    means = [
        fakes[accept(np.exp(fakes), UNIFORMS, FilterSettings(acceptance=share), NO_REALS)[0]].mean()
        for share in (1.0, 0.5, 0.1)
    ]
    assert means[0] < -0.4
    assert means[0] < means[1] < means[2] == pytest.approx(0.5, abs=0.15)


def test_equal_ratios_are_a_plain_draw() -> None:
    """Scores that say nothing keep each candidate with the same probability."""
    keep, _ = accept(np.ones(4000), UNIFORMS, FilterSettings(acceptance=0.5), NO_REALS)
    assert np.array_equal(keep, UNIFORMS < 0.5)


def test_a_fixed_threshold_is_never_undercut() -> None:
    """A kept candidate never scores below the threshold, and a rejected one never reaches it."""
    for settings in (FilterSettings(threshold="quantile"), FilterSettings(threshold="probability", probability=0.5)):
        keep, threshold = accept(RATIO, UNIFORMS, settings, RATIO[:99])
        assert RATIO[keep].min() >= threshold.ratio > RATIO[~keep].max()


def test_quantile_is_one_that_few_samples_can_give() -> None:
    """Nine samples give the quantile 0.1, their minimum; eight cannot, and the note says so."""
    values = np.arange(1.0, 10.0)
    assert real_quantile(values, 0.1) == (1.0, "")
    assert real_quantile(values, 0.2) == (2.0, "")
    bound, note = real_quantile(values[:8], 0.1)
    assert bound == 1.0 and "9 are needed" in note
    with pytest.raises(ValueError, match="held-out"):
        real_quantile(NO_REALS, 0.1)


def test_no_candidates_are_no_trouble() -> None:
    """Nothing in, nothing out."""
    keep, threshold = accept(np.zeros(0), np.zeros(0), FilterSettings(), NO_REALS)
    assert keep.shape == (0,) and threshold.acceptance == 0


def test_duplicates_name_what_they_repeat() -> None:
    """A copy of a training sample and a repeated candidate are found; the first of its kind is no repetition."""
    training = np.array([[1, 1], [2, 2]], np.uint8)
    made = np.array([[3, 3], [2, 2], [3, 3], [3, 3], [4, 4]], np.uint8)
    found = duplicates(digests(made), digests(training))
    assert found.training_index.tolist() == [-1, 1, -1, -1, -1]
    assert found.earlier_index.tolist() == [-1, -1, 0, 0, -1]
    assert found.any.tolist() == [False, True, True, True, False]
    assert duplicates(digests(made), digests(training[:0])).any.tolist() == [False, False, True, True, False]
    assert repeated_share(digests(made)) == 3 / 5 and repeated_share(digests(made[:0])) == 0
