"""Intervals and tests equal published or closed-form values."""

import numpy as np
import pytest
from scipy import stats

from pipelines.evaluation import intervals


def test_holm_by_hand() -> None:
    """Sorted .005 .01 .03 .04 times 4 3 2 1, never falling: .02 .03 .06 .06 (as statsmodels' multipletests gives)."""
    assert intervals.holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert intervals.holm(np.array([0.6, 0.9])) == pytest.approx([1, 1])
    assert len(intervals.holm(np.array([]))) == 0


@pytest.mark.parametrize(("hits", "total"), [(10, 100), (0, 20), (7, 7)])
def test_wilson_is_its_closed_form(hits: int, total: int) -> None:
    """(p + z2/2n -+ z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n)."""
    z, p = stats.norm.ppf(0.975), hits / total
    middle, reach = p + z**2 / (2 * total), z * np.sqrt(p * (1 - p) / total + z**2 / (4 * total**2))
    expected = (middle - reach) / (1 + z**2 / total), (middle + reach) / (1 + z**2 / total)
    assert intervals.wilson(hits, total) == pytest.approx(expected, abs=1e-9)
    assert intervals.wilson(0, 0) == (0, 1)


def test_nadeau_bengio_is_the_formula_of_baycomp() -> None:
    """Baycomp's two_on_single: var *= 1/n + 1/(folds - 1), Student's t with n - 1 degrees of freedom."""
    gaps, folds = np.random.default_rng(0).normal(0.02, 0.05, 10), 5
    scale = np.sqrt(np.var(gaps, ddof=1) * (1 / 10 + 1 / (folds - 1)))
    law = stats.t(9, loc=gaps.mean(), scale=scale)
    found = intervals.nadeau_bengio(gaps, 1 / folds)
    assert (found.low, found.high) == pytest.approx(law.interval(0.95))
    assert found.p == pytest.approx(law.cdf(0))
    assert found.error == pytest.approx(scale)


def test_nested_bootstrap_has_the_error_of_both_sources() -> None:
    """For a mean of a[repeat] + b[row] the variance is s2_a / repeats + s2_b / rows."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(0, 0.3, 40), rng.normal(0, 2.0, 300)
    weights = intervals.stratified_weights(np.zeros(300, int), 4000, rng)
    drawn = a[None, :] + (weights @ b / 300)[:, None]
    found = intervals.nested_bootstrap(a + b.mean(), drawn, intervals.repeat_weights(40, 4000, rng))
    expected = np.sqrt(a.var() / 40 + b.var() / 300)
    assert found.error == pytest.approx(expected, rel=0.06)
    assert found.high - found.low == pytest.approx(2 * 1.96 * expected, rel=0.08)


def test_one_repeat_says_nothing() -> None:
    """Its interval is infinite and its p value 1."""
    found = intervals.nested_bootstrap(np.array([0.3]), np.full((200, 1), 0.3), np.ones((200, 1)))
    assert (found.low, found.high, found.p) == (-np.inf, np.inf, 1.0)


def test_stratified_draws_keep_the_size_of_each_class() -> None:
    """However often a row is drawn."""
    y = np.array([0] * 3 + [1] * 17)
    weights = intervals.stratified_weights(y, 50, np.random.default_rng(0))
    assert (weights[:, y == 0].sum(1) == 3).all() and (weights[:, y == 1].sum(1) == 17).all()


def test_groups_are_drawn_as_wholes() -> None:
    """Each row of a group as often as any other of it; a mean of what groups share errs as that of so few independent rows."""
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(40), 10)
    y, shared = (groups >= 30).astype(int), rng.normal(size=40)[groups]
    weights = intervals.stratified_weights(y, 4000, rng, groups)
    assert all((weights[:, groups == one] == weights[:, groups == one][:, :1]).all() for one in range(40))
    assert (weights[:, y == 1].sum(1) == 100).all()
    own = y == 1
    assert (weights[:, own] @ shared[own] / 100).std() == pytest.approx(shared[own].std() / np.sqrt(10), rel=0.06)


@pytest.mark.parametrize("mixed", [0, 6])
def test_the_error_of_few_groups_is_not_too_small(mixed: int) -> None:
    """A mean over twelve groups of a class; of `mixed` of them each also holds a sample of a rarer class of its own."""
    rng = np.random.default_rng(0)
    groups = np.concatenate([np.repeat(np.arange(12), 5), np.arange(mixed), np.repeat(np.arange(12, 60), 5)])
    y = np.concatenate([np.ones(60, int), 2 + np.arange(mixed), np.zeros(240, int)])
    value = rng.normal(size=60)[groups]
    weights = intervals.stratified_weights(y, 4000, rng, groups)[:, y == 1]
    means = (weights @ value[y == 1]) / weights.sum(1)
    assert means.std() == pytest.approx(value[y == 1].std() / np.sqrt(12), rel=0.12)


def test_two_groups_of_a_class_are_not_always_drawn_once_each() -> None:
    """A draw that misses a class says nothing, and is left out of the interval."""
    groups, y = np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    weights = intervals.stratified_weights(y, 400, np.random.default_rng(0), groups)[:, y == 1].sum(1)
    assert set(weights) >= {0, 2, 4}
    drawn = np.where(weights > 0, 0.1 + 0.01 * np.arange(400) % 0.05, np.nan)[:, None].repeat(5, 1)
    found = intervals.nested_bootstrap(
        np.full(5, 0.1), drawn, intervals.repeat_weights(5, 400, np.random.default_rng(1))
    )
    assert np.isfinite([found.low, found.high, found.error, found.p]).all()


def test_detectable_effect_and_sufficient_size() -> None:
    """(1.96 + .84) standard errors at 2.5% one-sided and 80% power; half the effect asks for four times the samples."""
    assert intervals.detectable_effect(0.01, 0.025) == pytest.approx(0.028016, abs=1e-6)
    assert intervals.sufficient_size(20, 0.1, 0.05) == 80
    assert intervals.sufficient_size(20, 0.01, 0.05) == 20
