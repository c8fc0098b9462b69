"""Every metric equals what scikit-learn or a closed form says."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as sk

from pipelines.evaluation import metrics


@pytest.fixture
def said() -> metrics.Predictions:
    rng = np.random.default_rng(0)
    out_y, test_y = rng.integers(0, 3, 80), rng.integers(0, 3, 120)
    out = rng.dirichlet(np.ones(3), 80) + np.eye(3)[out_y] * 0.4
    test = np.round(rng.dirichlet(np.ones(3), 120) + np.eye(3)[test_y] * 0.4, 2)
    prior = np.array([0.5, 0.3, 0.2])
    out, test = (one / one.sum(1, keepdims=True) for one in (out, test))
    return metrics.Predictions(out, out_y, test, test_y, prior, prior)


@pytest.mark.parametrize("digits", [1, 2, 8])
def test_weighted_average_precision_is_that_of_scikit_learn(digits: int) -> None:
    """Under any weights, with ties and with rows of weight zero."""
    rng = np.random.default_rng(digits)
    for size in (2, 7, 60):
        positive, score = rng.random(size) < 0.3, np.round(rng.random(size), digits)
        positive[0] = True
        weights = rng.integers(0, 4, (6, size)).astype(float)
        weights[:, 0] += 1
        expected = [sk.average_precision_score(positive, score, sample_weight=w) for w in weights]
        assert metrics.weighted_average_precision(positive, score, weights) == pytest.approx(expected)
        single = weights.astype(np.float32)
        assert metrics.weighted_average_precision(positive, score, single) == pytest.approx(expected, rel=1e-5)


def test_average_precision_without_positives_is_nan() -> None:
    """Neither without a positive row nor when no positive row has weight."""
    score, weights = np.array([0.1, 0.2]), np.array([[0.0, 1.0]])
    assert np.isnan(metrics.weighted_average_precision(np.array([False, False]), score, weights)).all()
    assert np.isnan(metrics.weighted_average_precision(np.array([True, False]), score, weights)).all()


@pytest.mark.parametrize("label", [0, 1, 2])
def test_class_metrics_are_those_of_scikit_learn(said: metrics.Predictions, label: int) -> None:
    """One class against the rest."""
    y, p = said.test_y == label, said.test[:, label]
    assert metrics.average_precision(said, label) == pytest.approx(sk.average_precision_score(y, p))
    assert metrics.roc_auc(said, label) == pytest.approx(sk.roc_auc_score(y, p))
    assert metrics.class_log_loss(said, label) == pytest.approx(sk.log_loss(y, np.clip(p, 1e-12, 1 - 1e-12)))
    assert metrics.class_brier(said, label) == pytest.approx(sk.brier_score_loss(y, p))
    assert metrics.recall(said, label) == pytest.approx(sk.recall_score(y, said.test.argmax(1) == label))
    threshold = metrics.best_threshold(said.out_y == label, said.out[:, label])
    assert metrics.f1_at_threshold(said, label) == pytest.approx(sk.f1_score(y, p >= threshold))


def test_without_answers_out_of_fold_there_is_no_threshold(said: metrics.Predictions) -> None:
    """What needs one is NaN then, the rest stays."""
    alone = replace(said, out=said.out[:0], out_y=said.out_y[:0])
    assert np.isnan([metrics.f1_at_threshold(alone, 1), metrics.recall_at_precision(alone, 1)]).all()
    assert metrics.recall(alone, 1) == metrics.recall(said, 1)


def test_overall_metrics_are_those_of_scikit_learn(said: metrics.Predictions) -> None:
    """Macro F1, balanced accuracy and log loss over all classes."""
    y, guess = said.test_y, said.test.argmax(1)
    assert metrics.macro_f1(said) == pytest.approx(sk.f1_score(y, guess, average="macro"))
    assert metrics.balanced_accuracy(said) == pytest.approx(sk.balanced_accuracy_score(y, guess))
    assert metrics.worst_recall(said) == pytest.approx(min(sk.recall_score(y, guess, average=None)))
    assert metrics.multiclass_log_loss(said) == pytest.approx(sk.log_loss(y, said.test))


def test_prior_correction_returns_the_posterior_of_the_other_prior() -> None:
    """Two unit normals at -1 and 1: the posterior under prior q follows from the one under prior p by Bayes."""
    x = np.linspace(-3, 3, 7)
    likelihood = np.exp(-((x[:, None] - np.array([-1, 1])) ** 2) / 2)
    trained, natural = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    posterior = {
        name: likelihood * q / (likelihood * q).sum(1, keepdims=True) for name, q in (("t", trained), ("n", natural))
    }
    assert metrics.prior_corrected(posterior["t"], trained, natural) == pytest.approx(posterior["n"])
    assert metrics.tempered(posterior["n"], natural, 1.0) == pytest.approx(posterior["t"])
    assert metrics.tempered(posterior["n"], natural, 0.0) == pytest.approx(posterior["n"])


def test_the_threshold_at_a_precision_is_the_lowest_that_reaches_it() -> None:
    """By hand: thresholds .2 .4 .6 .8 have precision 2/4, 2/3, 1/2 and 1; none reaches more than 1."""
    y, score = np.array([False, True, False, True]), np.array([0.2, 0.4, 0.6, 0.8])
    assert metrics.threshold_at_precision(y, score, 0.6) == 0.4
    assert metrics.threshold_at_precision(y, score, 0.9) == 0.8
    assert metrics.threshold_at_precision(y, -score, 0.9) == np.inf
    assert metrics.best_threshold(y, score) == 0.4
