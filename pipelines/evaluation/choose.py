"""What is chosen before the test split is looked at: the deciding classifier, the best baseline, and the dose.

No function here takes test data. The validation split has two or three samples of a rare class; an average precision on
those is mostly noise, and the highest of several noisy figures is the luckiest one. Therefore:

- Classifier and baseline are chosen by stratified cross-validation over train and validation together, from pooled
  out-of-fold probabilities, by the mean over the rare classes: every real sample counts, and one choice serves all.
- The dose cannot be chosen that way, since the generator has seen all of train; only validation is clean. So the planned
  dose stands unless validation speaks against it by more than two standard errors.

A poor choice costs the gain, never the honesty of the claim: the claim is measured on test, where nothing was chosen.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import StratifiedKFold

from gan import seeds
from pipelines.evaluation import intervals, metrics
from pipelines.evaluation.arms import ARMS, Recipe
from pipelines.evaluation.fitting import Fitter, Outcome, Task
from pipelines.likeness.data import Data

CLEARLY = 2.0  # standard errors by which validation must speak against the planned dose
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Choice:
    """What cross-validation on real samples chose.

    classifier: the one that decides, best with its best baseline.   baseline: classifier -> its best baseline.
    strength: classifier -> how far the tuned threshold takes the prior out (see `metrics.tempered`).
    scores: (classifier, baseline) -> mean average precision over the rare classes, out of fold.
    margins: classifier -> Nadeau-Bengio interval of best baseline minus nothing, over folds.
    """

    classifier: str
    baseline: dict[str, str]
    strength: dict[str, float]
    scores: dict[tuple[str, str], float]
    margins: dict[str, intervals.Interval]


@dataclass(frozen=True)
class Dose:
    """The dose that validation chose, why, and average precision on validation by dose (mean over rare classes)."""

    value: float
    reason: str
    planned: float
    scores: dict[float, float]

    @property
    def measured(self) -> float:
        """The dose at which the GAN's arms are measured: when validation chose none, the planned one, to show why."""
        return self.value or self.planned


def mean_average_precision(y: np.ndarray, probabilities: np.ndarray, labels: Iterable[int]) -> float:
    """Return the mean one-vs-rest average precision over `labels` that occur in `y`; NaN when none does."""
    values = [average_precision_score(y == label, probabilities[:, label]) for label in labels if (y == label).any()]
    return float(np.mean(values)) if values else float("nan")


def choose_baselines(
    real: Data,
    recipe: Recipe,
    arms: Sequence[str],
    classifiers: Sequence[str],
    fitter: Fitter,
    folds: int,
    repeats: int,
) -> Choice:
    """Choose the classifier and each classifier's best baseline by cross-validation over `real` (train and validation).

    The number of folds is at most the size of the smallest rare class. Equal scores go to the arm listed first.
    """
    rare = sorted(recipe.targets)
    smallest = int(real.counts(fitter.classes)[rare].min())
    if smallest < 2:
        return _unchosen(arms, classifiers)
    splits = _splits(real, min(folds, smallest), repeats, fitter.seed)
    trained = [name for name in arms if not ARMS[name].tuned]
    keys = [(c, a, i) for c in classifiers for a in trained for i in range(len(splits))]
    tasks = [
        Task(arm, classifier, i, real.take(splits[i][0]), (real.x[splits[i][1]],), recipe)
        for classifier, arm, i in keys
    ]
    outcomes = dict(zip(keys, fitter(tasks, "cross-validation"), strict=True))
    strength = {
        c: _best_strength(real.y, splits, [outcomes[c, "nothing", i] for i in range(len(splits))]) for c in classifiers
    }
    answers = {
        (c, a): [_answer(outcomes, c, a, i, strength[c]) for i in range(len(splits))] for c in classifiers for a in arms
    }
    scores = {key: _pooled(real.y, splits, parts, rare, repeats) for key, parts in answers.items()}
    best = {c: max(arms, key=lambda a: scores[c, a]) for c in classifiers}
    margins = {c: _margin(real.y, splits, answers[c, best[c]], answers[c, "nothing"], rare) for c in classifiers}
    return Choice(max(classifiers, key=lambda c: scores[c, best[c]]), best, strength, scores, margins)


def _unchosen(arms: Sequence[str], classifiers: Sequence[str]) -> Choice:
    nan = intervals.Interval(float("nan"), float("-inf"), float("inf"), float("inf"), 1.0)
    scores = {(c, a): float("nan") for c in classifiers for a in arms}
    first = dict.fromkeys(classifiers, "class_weights")
    return Choice(classifiers[0], first, dict.fromkeys(classifiers, 1.0), scores, dict.fromkeys(classifiers, nan))


def _splits(real: Data, folds: int, repeats: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    result: list[tuple[np.ndarray, np.ndarray]] = []
    for repeat in range(repeats):
        state = seeds.derive(seed, "evaluate", "folds", repeat) % 2**32
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a class outside the plan may have fewer rows than folds
            result += StratifiedKFold(folds, shuffle=True, random_state=state).split(real.x, real.y)
    return result


def _answer(outcomes: Mapping[tuple[str, str, int], Outcome], c: str, arm: str, i: int, strength: float) -> np.ndarray:
    if not ARMS[arm].tuned:
        return outcomes[c, arm, i].probabilities[0]
    plain = outcomes[c, "nothing", i]
    return metrics.tempered(plain.probabilities[0], plain.prior, strength)


def _best_strength(y: np.ndarray, splits: list, outcomes: list[Outcome]) -> float:
    """The strength with the best macro F1 out of fold; the weaker of two equal ones."""

    def score(strength: float) -> float:
        said = [metrics.tempered(o.probabilities[0], o.prior, strength).argmax(1) for o in outcomes]
        return float(f1_score(np.concatenate([y[out] for _, out in splits]), np.concatenate(said), average="macro"))

    return max(STRENGTHS, key=score)


def _pooled(y: np.ndarray, splits: list, parts: list[np.ndarray], rare: list[int], repeats: int) -> float:
    size = len(splits) // repeats
    values = []
    for start in range(0, len(splits), size):
        rows = np.concatenate([out for _, out in splits[start : start + size]])
        values.append(mean_average_precision(y[rows], np.concatenate(parts[start : start + size]), rare))
    return float(np.mean(values))


def _margin(
    y: np.ndarray, splits: list, best: list[np.ndarray], plain: list[np.ndarray], rare: list[int]
) -> intervals.Interval:
    pairs = zip(splits, best, plain, strict=True)
    gaps = [
        mean_average_precision(y[out], b, rare) - mean_average_precision(y[out], p, rare) for (_, out), b, p in pairs
    ]
    return intervals.nadeau_bengio(np.array(gaps), float(np.mean([len(out) / len(y) for _, out in splits])))


def choose_dose(
    y: np.ndarray, answers: Mapping[float, Sequence[np.ndarray]], rare: Sequence[int], draws: int, seed: int
) -> Dose:
    """Choose the dose from validation alone.

    y: (n,) validation labels.   answers: dose -> one (n, classes) array of validation probabilities a repeat.
    The largest dose is the plan's. Another one replaces it only when its mean average precision over the rare classes is
    higher by more than two standard errors (nested bootstrap over repeats and validation rows).
    """
    planned, present = max(answers), [label for label in rare if (y == label).any()]
    if not present:
        return Dose(planned, "validation has no sample of these classes: the planned dose stands", planned, {})
    rng = seeds.numpy_generator(seed, "evaluate", "dose")
    weights = intervals.stratified_weights(y, draws, rng)
    shares = intervals.repeat_weights(len(answers[planned]), draws, rng)
    drawn = {dose: _drawn_means(y, parts, present, weights) for dose, parts in answers.items()}
    plain = {
        dose: np.array([mean_average_precision(y, part, present) for part in parts]) for dose, parts in answers.items()
    }
    best, lead = planned, 0.0
    reason = "no other dose was better on validation by more than two standard errors"
    for dose in sorted(answers):
        gap = intervals.nested_bootstrap(plain[dose] - plain[planned], drawn[dose] - drawn[planned], shares)
        if dose != planned and gap.value > max(CLEARLY * gap.error, lead):
            best, lead = dose, gap.value
            reason = f"better than dose {planned:g} on validation by {gap.value:.3f} (standard error {gap.error:.3f})"
    return Dose(best, reason, planned, {dose: float(values.mean()) for dose, values in plain.items()})


def _drawn_means(y: np.ndarray, parts: Sequence[np.ndarray], labels: list[int], weights: np.ndarray) -> np.ndarray:
    """(draws, repeats) mean average precision over `labels` under each weighting."""
    columns = [
        np.mean([metrics.weighted_average_precision(y == c, part[:, c], weights) for c in labels], axis=0)
        for part in parts
    ]
    return np.stack(columns, axis=1)
