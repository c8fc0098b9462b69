"""Calibration against known ratios."""

import numpy as np
import pytest

from gan.score import Calibration, calibrate, cross_validated, log_loss, reliability, z_statistic


def gaussians(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose true log ratio is known: x ~ N(+-1/2, 1) has log N(x; 1/2) / N(x; -1/2) = x; scores are 2 x + 7."""
    rng = np.random.default_rng(seed)
    return 2 * rng.normal(0.5, 1, count) + 7, 2 * rng.normal(-0.5, 1, 10 * count) + 7


def test_calibration_recovers_a_known_ratio() -> None:
    """With many scores the log ratio (score - 7) / 2 is found, although ten times as many are generated."""
    calibration = calibrate(*gaussians(5000))
    scores = np.array([4.0, 7.0, 10.0])
    assert calibration.log_ratio(scores) == pytest.approx((scores - 7) / 2, abs=0.1)
    assert (calibration.real_count, calibration.fake_count) == (5000, 50000)


def test_two_held_out_samples_hardly_move_the_slope() -> None:
    """With two real scores the slope stays near its prior, 1, and the intercept finds the level of the scores."""
    calibration = calibrate(np.array([101.0, 100.0]), np.random.default_rng(0).normal(100, 0.5, 200))
    assert 0.5 < calibration.slope < 1.7
    assert abs(calibration.log_ratio(np.array([100.2]))[0]) < 1


def test_shifting_all_scores_changes_nothing() -> None:
    """Relativistic logits have no zero point; the ratio does not depend on it."""
    real, fake = gaussians(100)
    near, far = calibrate(real, fake), calibrate(real + 1000, fake + 1000)
    assert near.log_ratio(fake) == pytest.approx(far.log_ratio(fake + 1000), abs=1e-3)


def test_slope_is_never_negative() -> None:
    """Scores that rank held-out samples the wrong way round say nothing: every ratio is the same."""
    fake, real = gaussians(500)
    calibration = calibrate(real, fake)
    assert calibration.slope == 0
    assert np.ptp(calibration.log_ratio(fake)) == 0


def test_probability_follows_the_share_of_real_samples() -> None:
    """At ratio 1, the probability of being real is the share of real samples."""
    calibration = Calibration(1, 0, 5, 5)
    assert calibration.probability(np.zeros(1))[0] == pytest.approx(0.5)
    assert calibration.probability(np.zeros(1), 0.1)[0] == pytest.approx(0.1)
    assert Calibration(**calibration.to_dict()) == calibration


def test_calibrated_probabilities_pass_the_z_test_and_others_do_not() -> None:
    """Z is small for a calibration on fresh scores and large once the probabilities are pushed up."""
    calibration = calibrate(*gaussians(2000))
    real, fake = gaussians(500, seed=1)
    truth = np.repeat([True, False], [500, 5000])
    probabilities = calibration.probability(np.concatenate([real, fake]), 1 / 11)
    assert abs(z_statistic(probabilities, truth)) < 3
    assert abs(z_statistic(probabilities**0.7, truth)) > 5
    table = reliability(probabilities, truth)
    assert sum(row.samples for row in table) == 5500
    assert all(abs(row.predicted - row.observed) < 0.1 for row in table if row.samples > 100)


def test_a_calibration_is_judged_by_scores_that_it_was_not_fitted_to() -> None:
    """Leaving a score out changes its own ratio and that of no score of another fold; ratios stay near the true ones."""
    real, fake = gaussians(1000)
    found = cross_validated(real, fake)
    assert found == pytest.approx((np.concatenate([real, fake]) - 7) / 2, abs=0.5)
    moved = real.copy()
    moved[0] += 50  # an outlier, in the first of five folds
    again = cross_validated(moved, fake)
    first = np.concatenate([np.arange(1000) % 5 == 0, np.arange(10000) % 5 == 0])
    first[0] = False
    assert np.array_equal(again[first], found[first])
    assert not np.array_equal(again[~first], found[~first])
    with pytest.raises(ValueError, match="two scores"):
        cross_validated(real[:1], fake)


def test_log_loss_tells_what_ratios_are_worth() -> None:
    """Ratios that say nothing cost log 2 whatever the shares, true ones less, reversed ones more."""
    real, fake = gaussians(1000)
    is_real, log_ratio = np.repeat([True, False], [1000, 10000]), (np.concatenate([real, fake]) - 7) / 2
    assert log_loss(0 * log_ratio, is_real) == pytest.approx(np.log(2))
    assert log_loss(log_ratio, is_real) < 0.62 < np.log(2) < log_loss(-log_ratio, is_real)


def test_weights_make_up_for_unequal_shares() -> None:
    """With ten times as many generated scores, weighted bins show calibrated probabilities on the diagonal."""
    real, fake = gaussians(2000)
    is_real = np.repeat([True, False], [len(real), len(fake)])
    probabilities = calibrate(real, fake).probability(np.concatenate([real, fake]))
    weights = np.repeat([1 / len(real), 1 / len(fake)], [len(real), len(fake)])
    table = reliability(probabilities, is_real, weights=weights)
    assert all(abs(row.predicted - row.observed) < 0.1 for row in table if row.samples > 100)


@pytest.mark.parametrize(("real", "fake"), [([], [1.0]), ([1.0], []), ([np.nan], [1.0])])
def test_refuses_what_cannot_be_calibrated(real: list[float], fake: list[float]) -> None:
    """An empty side or a score that is not finite is an error with a reason."""
    with pytest.raises(ValueError, match="calibration"):
        calibrate(np.array(real), np.array(fake))
