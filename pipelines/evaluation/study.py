"""One study: every arm with every classifier, trained several times on the same data, and asked about the same rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pipelines.evaluation import intervals, metrics
from pipelines.evaluation.arms import ARMS
from pipelines.evaluation.fitting import Fitter, Key, Outcome, Task
from pipelines.evaluation.folds import Folds, decided
from pipelines.evaluation.inputs import Inputs
from pipelines.likeness.data import Pool


@dataclass
class Study:
    """Trainings on demand on all real samples outside of test, each done once.

    strength: classifier -> how far `tuned_threshold` takes the prior out, chosen before.   folds: what was chosen by; None
    where there was nothing to choose.
    """

    inputs: Inputs
    fitter: Fitter
    strength: dict[str, float] = field(default_factory=dict)
    outcomes: dict[Key, Outcome] = field(default_factory=dict)
    folds: Folds | None = None

    def with_pools(self, pools: tuple[Pool, ...]) -> "Study":
        """Return the study of other candidates, which knows what was trained without any."""
        inputs = replace(self.inputs, pools=pools)
        plain = {key: outcome for key, outcome in self.outcomes.items() if not key.source}
        folds = self.folds.with_pools(inputs) if self.folds else None
        return Study(inputs, self.fitter, self.strength, plain, folds)

    def train(self, keys: Iterable[Key], purpose: str) -> None:
        """Train what is missing among `keys`; each answers for the test rows."""
        missing = [key for key in dict.fromkeys(key.trained for key in keys) if key not in self.outcomes]
        real, ask = self.inputs.real, (self.inputs.test.x,)
        tasks = [Task(key, real, ask, self.inputs.targets, self.inputs.pools) for key in missing]
        self.outcomes.update(zip(missing, self.fitter(tasks, purpose), strict=True))

    def answer(self, key: Key) -> np.ndarray:
        """Return (n, classes) probabilities of the training `key` for the test rows."""
        return decided(self.outcomes[key.trained], key, self.strength.get(key.classifier, 0.0))

    def predictions(self, key: Key, precision: float) -> metrics.Predictions:
        """Return what the metrics need of the training `key`. What sets thresholds was said out of fold, in the folds that were
        trained with the arm and its samples.
        """
        prior = self.outcomes[key.trained].prior
        if ARMS[key.arm].tuned:
            prior = np.where(prior > 0, prior, 1) ** (1 - self.strength[key.classifier]) * (prior > 0)
            prior /= prior.sum()
        test, classes = self.inputs.test, len(self.inputs.names)
        natural = test.counts(classes) / len(test)
        out = (np.zeros((0, classes)), np.zeros(0, int))
        if self.folds is not None:
            out = self.folds.answers(key, self.strength.get(key.classifier, 0.0))
        return metrics.Predictions(*out, self.answer(key), test.y, prior, natural, precision)


@dataclass
class Resampling:
    """Average precision of trainings under many resamplings of test rows and repeats; pairs share the resampling.

    weights: (draws, rows).   shares: (draws, repeats).   rows: (n_test,) bool, of which test rows; None for all.
    """

    study: Study
    weights: np.ndarray
    shares: np.ndarray
    cache: dict[tuple[Key, int], np.ndarray] = field(default_factory=dict)
    rows: np.ndarray | None = None

    def average_precision(self, keys: Sequence[Key], labels: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return mean average precision over `labels`: (repeats,) on the test rows as they are, (draws, repeats) resampled.

        keys: one training a repeat.
        """
        columns = [np.mean([self._one(key, label) for label in labels], axis=0) for key in keys]
        table = np.stack(columns, axis=1)
        return table[0], table[1:]

    def gain(
        self, arm: Sequence[Key], other: Sequence[Key], labels: Sequence[int], confidence: float
    ) -> intervals.Interval:
        """Return the interval of the mean average precision of `arm` minus that of `other`, repeat by repeat."""
        (point, drawn), (other_point, other_drawn) = (self.average_precision(keys, labels) for keys in (arm, other))
        return intervals.nested_bootstrap(point - other_point, drawn - other_drawn, self.shares, confidence)

    def within(self, rows: np.ndarray, rng: np.random.Generator) -> "Resampling":
        """Return as many resamplings of the test rows `rows`, (n_test,) bool, alone; the repeats are drawn as they are here."""
        inputs = self.study.inputs
        groups = None if inputs.test_groups is None else inputs.test_groups[rows]
        weights = _drawn(inputs.test.y[rows], groups, len(self.weights) - 1, rng)
        return replace(self, weights=_by_row(weights), cache={}, rows=rows)

    def _one(self, key: Key, label: int) -> np.ndarray:
        if (key, label) not in self.cache:
            rows = slice(None) if self.rows is None else self.rows
            positive = self.study.inputs.test.y[rows] == label
            score = self.study.answer(key)[rows, label]
            self.cache[key, label] = metrics.weighted_average_precision(positive, score, self.weights)
        return self.cache[key, label]


def resampling(study: Study, repeats: int, draws: int, rng: np.random.Generator) -> Resampling:
    """Return the resamplings of the study's test rows; the first row of weights is the test split as it is."""
    weights = _by_row(_drawn(study.inputs.test.y, study.inputs.test_groups, draws, rng))
    return Resampling(study, weights, intervals.repeat_weights(repeats, draws, rng))


def _drawn(y: np.ndarray, groups: np.ndarray | None, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return (1 + draws, n) weights of rows: as they are, and under bootstrap draws of each class."""
    return np.concatenate([np.ones((1, len(y))), intervals.stratified_weights(y, draws, rng, groups)])


def _by_row(weights: np.ndarray) -> np.ndarray:
    """Return `weights`, (draws, n), laid out so that rows are gathered fast."""
    return np.ascontiguousarray(weights.T, dtype=np.float32).T
