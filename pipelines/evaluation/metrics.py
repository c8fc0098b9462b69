"""Metrics of one fitted classifier, and average precision over many weightings of the test rows at once.

Average precision decides: it needs no threshold, so it cannot be bought by shifting one. A metric of a class is
one-vs-rest. To add one, write the function and list it in `CLASS_METRICS` or `OVERALL_METRICS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import f1_score, precision_recall_curve

TINY = 1e-12


@dataclass(frozen=True)
class Predictions:
    """What one fitted classifier says of the test rows, and what such classifiers have said of other rows out of fold.

    out, test: (n, classes) probabilities; no row of `out` where there was no cross-validation.   out_y, test_y: (n,) int.
    prior: (classes,) class shares that the training set taught.   natural: (classes,) class shares where the classifier will
    be used.   precision: the precision at which recall is asked for.
    """

    out: np.ndarray
    out_y: np.ndarray
    test: np.ndarray
    test_y: np.ndarray
    prior: np.ndarray
    natural: np.ndarray
    precision: float = 0.8

    @cached_property
    def corrected(self) -> np.ndarray:
        """Test probabilities after the prior correction, (n, classes)."""
        return prior_corrected(self.test, self.prior, self.natural)


def prior_corrected(probabilities: np.ndarray, trained: np.ndarray, natural: np.ndarray) -> np.ndarray:
    """Return p' proportional to p x natural / trained, rows summing to 1 (Saerens, Latinne and Decaestecker 2002, eq. 4).

    probabilities: (n, classes).   trained, natural: (classes,) shares; a class never trained on keeps p = 0.
    """
    ratio = np.divide(natural, trained, out=np.zeros(len(trained)), where=trained > 0)
    raised = np.clip(probabilities, TINY, None) * ratio
    total = raised.sum(1, keepdims=True)
    return np.divide(raised, total, out=np.full_like(raised, 1 / raised.shape[1]), where=total > 0)


def tempered(probabilities: np.ndarray, trained: np.ndarray, strength: float) -> np.ndarray:
    """Return p' proportional to p / trained ** strength: 0 leaves the decision as it is, 1 takes the prior out of it.

    Taking the class with the largest p' equals a decision threshold a class, all set by the one number `strength`.
    """
    return prior_corrected(probabilities, trained, np.where(trained > 0, trained, 1) ** (1 - strength))


def best_threshold(y: np.ndarray, score: np.ndarray) -> float:
    """Return the threshold with the highest F1 of `y`, (n,) bool with a True, by `score`, (n,) >= threshold."""
    precision, recall, thresholds = precision_recall_curve(y, score)
    f1 = 2 * precision * recall / np.maximum(precision + recall, TINY)
    return float(thresholds[np.argmax(f1[:-1])])


def threshold_at_precision(y: np.ndarray, score: np.ndarray, precision: float) -> float:
    """Return the lowest threshold whose precision is at least `precision`; inf when there is none. `y`: as above."""
    values, _, thresholds = precision_recall_curve(y, score)
    enough = np.flatnonzero(values[:-1] >= precision)
    return float(thresholds[enough[0]]) if len(enough) else float("inf")


def average_precision(p: Predictions, label: int) -> float:
    """Average precision of the class against the rest, as scikit-learn defines it; NaN without test samples."""
    positive = p.test_y == label
    return float(weighted_average_precision(positive, p.test[:, label], np.ones((1, len(positive))))[0])


def roc_auc(p: Predictions, label: int) -> float:
    """Area under the ROC curve of the class against the rest; NaN when the test rows are all of one kind."""
    positive = p.test_y == label
    hits, rest = int(positive.sum()), int((~positive).sum())
    if not hits or not rest:
        return float("nan")
    ranks = rankdata(p.test[:, label])[positive].sum()  # the Mann-Whitney form
    return float((ranks - hits * (hits + 1) / 2) / (hits * rest))


def class_log_loss(p: Predictions, label: int) -> float:
    """Log loss (nats) of class against rest, after the prior correction."""
    chance = np.clip(p.corrected[:, label], TINY, 1 - TINY)
    return float(-np.log(np.where(p.test_y == label, chance, 1 - chance)).mean())


def class_brier(p: Predictions, label: int) -> float:
    """Brier score of class against rest, after the prior correction."""
    return float(np.mean((p.corrected[:, label] - (p.test_y == label)) ** 2))


def recall(p: Predictions, label: int) -> float:
    """Share of the class's test rows whose most probable class is this one; NaN without test samples."""
    positive = p.test_y == label
    return float(np.mean(p.test[positive].argmax(1) == label)) if positive.any() else float("nan")


def recall_at_precision(p: Predictions, label: int) -> float:
    """Recall on test at the threshold that reaches `p.precision` out of fold; NaN without samples there or in test."""
    known, positive = p.out_y == label, p.test_y == label
    if not known.any() or not positive.any():
        return float("nan")
    return float(np.mean(p.test[positive, label] >= threshold_at_precision(known, p.out[:, label], p.precision)))


def f1_at_threshold(p: Predictions, label: int) -> float:
    """F1 of class against rest on test, at the threshold with the best F1 out of fold; NaN without samples there."""
    known = p.out_y == label
    if not known.any():
        return float("nan")
    positive, said = p.test_y == label, p.test[:, label] >= best_threshold(known, p.out[:, label])
    return float(2 * np.sum(positive & said) / max(1, positive.sum() + said.sum()))


def macro_f1(p: Predictions) -> float:
    """Mean over the classes of F1, each row given to its most probable class."""
    return float(f1_score(p.test_y, p.test.argmax(1), labels=_present(p), average="macro", zero_division=0))


def balanced_accuracy(p: Predictions) -> float:
    """Mean over the classes of recall, each row given to its most probable class."""
    return float(np.mean([recall(p, label) for label in _present(p)]))


def worst_recall(p: Predictions) -> float:
    """The lowest recall of any class that has test rows."""
    return min(recall(p, label) for label in _present(p))


def multiclass_log_loss(p: Predictions) -> float:
    """Log loss (nats) over all classes, after the prior correction."""
    chance = np.clip(p.corrected[np.arange(len(p.test_y)), p.test_y], TINY, None)
    return float(-np.log(chance).mean())


def _present(p: Predictions) -> list[int]:
    return [int(label) for label in np.unique(p.test_y)]


CLASS_METRICS: dict[str, Callable[[Predictions, int], float]] = {
    "average_precision": average_precision,
    "roc_auc": roc_auc,
    "log_loss": class_log_loss,
    "brier": class_brier,
    "recall": recall,
    "recall_at_precision": recall_at_precision,
    "f1_at_threshold": f1_at_threshold,
}
OVERALL_METRICS: dict[str, Callable[[Predictions], float]] = {
    "macro_f1": macro_f1,
    "balanced_accuracy": balanced_accuracy,
    "worst_recall": worst_recall,
    "log_loss": multiclass_log_loss,
}


def weighted_average_precision(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the average precision under each of b weightings of the rows, (b,); NaN where no positive has weight.

    positive: (n,) bool.   score: (n,) float.   weights: (b, n), not negative, say how often a bootstrap drew each row.
    Equal to scikit-learn's `average_precision_score(positive, score, sample_weight=weights[i])`: the sum over distinct
    scores, falling, of (rise in recall) x precision. Rows with equal scores count as one step.
    """
    order = np.argsort(-score, kind="stable")
    ordered, hit = score[order], positive[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # where each run of equal scores ends
    steps = np.unique(ends[np.searchsorted(ends, np.flatnonzero(hit))])  # the runs that hold a positive
    if not len(steps):
        return np.full(len(weights), np.nan)
    starts = np.append(0, steps[:-1] + 1)
    taken = weights.T[order[: steps[-1] + 1]]
    seen = np.cumsum(np.add.reduceat(taken, starts), axis=0)
    taken[~hit[: steps[-1] + 1]] = 0
    rise = np.add.reduceat(taken, starts)
    precision = np.divide(np.cumsum(rise, axis=0), seen, out=np.zeros_like(seen), where=seen > 0)
    total = rise.sum(0)
    return np.divide((rise * precision).sum(0), total, out=np.full(len(total), np.nan), where=total > 0)
