"""Cross-validation over the real samples outside of test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gan import seeds
from pipelines.evaluation import dealing, intervals, metrics
from pipelines.evaluation.arms import ARMS
from pipelines.evaluation.dealing import Split
from pipelines.evaluation.fitting import Fitter, Key, Outcome, Task
from pipelines.evaluation.inputs import Inputs, independent
from pipelines.evaluation.settings import Settings

DRAWS = 200  # bootstrap draws of the rows out of fold


@dataclass(frozen=True)
class Scored:
    """Average precision out of fold, the mean over the minority classes.

    value: of all rows.   drawn: (draws,) under bootstrap draws of the rows, the same draws for all that are compared.
    by_class: class index -> its own.
    """

    value: float
    drawn: np.ndarray
    by_class: Mapping[int, float]

    def lead(self, other: "Scored") -> tuple[float, float]:
        """Return how far this one is ahead of `other`, and the standard error of that."""
        return self.value - other.value, float(np.std(self.drawn - other.drawn, ddof=1))


@dataclass(frozen=True)
class Folds:
    """Cross-validation over the real samples of `inputs` outside of test. What was trained is kept.

    fitter: trains.   splits: `count` folds of each repetition, one repetition after the other.
    weights: (1 + draws, n) of the rows: as they are, and under bootstrap draws.   known: what was trained, by fold.
    """

    inputs: Inputs
    fitter: Fitter
    splits: list[Split]
    count: int
    weights: np.ndarray
    known: dict[tuple[Key, int], Outcome] = field(default_factory=dict)

    @classmethod
    def of(
        cls, inputs: Inputs, fitter: Fitter, settings: Settings, known: dict[tuple[Key, int], Outcome] | None = None
    ) -> "Folds":
        """Return as many folds as are asked for, or as the smallest minority class has samples, or groups of them; none with
        fewer than two.

        known: what was trained in them before; the rest is added to it.
        """
        real = inputs.real
        count, found = splits(inputs, settings.folds, settings.fold_repeats, fitter.seed)
        rng = seeds.numpy_generator(fitter.seed, "evaluate", "folds drawn")
        drawn = intervals.stratified_weights(real.y, DRAWS, rng)
        weights = np.concatenate([np.ones((1, len(real))), drawn]).astype(np.float32)
        return cls(inputs, fitter, found, count, weights, {} if known is None else known)

    def with_pools(self, inputs: Inputs) -> "Folds":
        """Return the folds of the same real samples with other candidates; what was trained without any is known."""
        return replace(self, inputs=inputs, known={one: out for one, out in self.known.items() if not one[0].source})

    def train(self, keys: Sequence[Key], purpose: str, last: int | None = None) -> dict[Key, list[Outcome]]:
        """Return for each of `keys` what it gives in the folds up to `last`, asked about the fold's own rows."""
        wanted = [(key, place) for key in keys for place in range(len(self.splits))[:last]]
        missing = [one for one in wanted if one not in self.known]
        made = dict(zip(missing, self.fitter([self._task(*one) for one in missing], purpose), strict=True))
        self.known.update(made)
        return {key: [self.known[one] for one in wanted if one[0] == key] for key in keys}

    def _task(self, key: Key, place: int) -> Task:
        real, (rows, out) = self.inputs.real, self.splits[place]
        pools = tuple(pool.within(rows) for pool in self.inputs.pools) if key.source else ()
        return Task(key._replace(repeat=place), real.take(rows), (real.x[out],), self.inputs.targets, pools)

    def scores(self, keys: Sequence[Key], purpose: str, strength: float, last: int | None = None) -> dict[Key, Scored]:
        """Return what each of `keys` is worth in the folds up to `last`. strength: of the tuned threshold."""
        found = self.train(list(dict.fromkeys(key.trained for key in keys)), purpose, last)
        return {key: self._score([decided(one, key, strength) for one in found[key.trained]]) for key in keys}

    def answers(self, key: Key, strength: float) -> tuple[np.ndarray, np.ndarray]:
        """Return what `key`, whichever its repeat, said in the folds that it was trained for: (n, classes) and the rows' (n,)
        classes. strength: of the tuned threshold.
        """
        trained, classes = key._replace(repeat=0).trained, len(self.inputs.names)
        places = [place for place in range(len(self.splits)) if (trained, place) in self.known]
        said = [decided(self.known[trained, place], key, strength) for place in places]
        rows = np.concatenate([np.zeros(0, int), *(self.splits[place][1] for place in places)])
        return np.concatenate([np.zeros((0, classes)), *said]), self.inputs.real.y[rows]

    def _score(self, parts: Sequence[np.ndarray]) -> Scored:
        """Return what the answers in the first folds are worth.

        The folds of one repetition are pooled, repetitions averaged.
        """
        real, minority = self.inputs.real, sorted(self.inputs.targets)
        tables = []  # (1 + draws, minority classes) of each repetition
        for first in range(0, len(parts), self.count):
            places = range(first, min(first + self.count, len(parts)))
            rows = np.concatenate([self.splits[place][1] for place in places])
            said, y = np.concatenate([parts[place] for place in places]), real.y[rows]
            weights = self.weights[:, rows]
            precisions = [metrics.weighted_average_precision(y == c, said[:, c], weights) for c in minority]
            tables.append(np.nan_to_num(np.stack(precisions, axis=1)))
        table = np.mean(tables, axis=0)
        by_class = dict(zip(minority, table[0].tolist(), strict=True))
        return Scored(float(table[0].mean()), table[1:].mean(1), by_class)


def decided(outcome: Outcome, key: Key, strength: float) -> np.ndarray:
    """Return what an outcome says, (n, classes), its prior taken out as far as a tuned threshold of `strength` does."""
    if not ARMS[key.arm].tuned:
        return outcome.probabilities[0]
    return metrics.tempered(outcome.probabilities[0], outcome.prior, strength)


def splits(inputs: Inputs, folds: int, repeats: int, seed: int) -> tuple[int, list[Split]]:
    """Return how many folds a repetition has, at most `folds`, and the folds of each repetition one after the other.

    As many as there can be, so that each minority class is trained on and asked about in each; 0 where there can be none.
    """
    y = inputs.real.y
    most = min(folds, *(independent(y == label, inputs.groups) for label in inputs.minority))
    for count in range(most, 1, -1):
        found: list[Split] = []
        for repeat in range(repeats):
            found += dealing.folds(y, inputs.groups, count, seeds.derive(seed, "evaluate", "folds", repeat))
        if all(np.isin(inputs.minority, y[rows]).all() for split in found for rows in split):
            return count, found
    return 0, []
