"""What is chosen before the test split is looked at: the deciding classifier, each one's best arm, and how samples are used.

No function here takes test data. The validation split has two or three samples of a minority class; an average precision on
those is mostly noise. So everything is chosen by stratified cross-validation over train and validation together, from pooled
out-of-fold probabilities, by the mean over the minority classes: every real sample counts.

The generator has seen all of train, so synthetic samples would tell a fold what it is asked. Therefore a fold gets only
those whose two parents lie in its training part: what is left of a held-out sample is what the generator's weights learnt of
it, which is little, as outputs are held near their starts. A poor choice costs the gain, never the honesty of the claim: the
claim is measured on test, where nothing was chosen.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import StratifiedKFold

from gan import seeds
from pipelines.evaluation import intervals, metrics
from pipelines.evaluation.arms import ARMS, baselines
from pipelines.evaluation.classifiers import NETWORKS
from pipelines.evaluation.fitting import Fitter, Key, Outcome, Task
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.study import Inputs
from pipelines.evaluation.synthetic import FILTERED, uses
from pipelines.likeness.data import Data

RULED_OUT = 2.0  # standard errors below the best arm at which an arm is no rival any more
CLEARLY = 1.0  # standard errors by which another dose or use must beat the smallest dose, mixed in
MOST_RIVALS = 4  # arms that a class has to beat on test: the best out of fold, which differ by little then
FIRST_FOLDS = 2  # after which arms that are ruled out are not trained any more
HARMFUL = 2.0  # standard errors below the arm alone at which samples are not even measured
DRAWS = 200  # bootstrap draws of the rows out of fold
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)

Split = tuple[np.ndarray, np.ndarray]  # rows to train with, rows to ask about


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
class Choice:
    """What cross-validation on real samples chose.

    classifier: the one that decides, best with its best arm.   arm: classifier -> its best arm.
    scores: (classifier, arm) -> out of fold.   rivals: classifier -> the best arms, best first: those that are not ruled out,
    and no more than four.
    strength: classifier -> how far the tuned threshold takes the prior out (see `metrics.tempered`).
    """

    classifier: str
    arm: dict[str, str]
    scores: dict[tuple[str, str], Scored]
    rivals: dict[str, list[str]]
    strength: dict[str, float]

    @property
    def best(self) -> Scored:
        """The deciding classifier with its best arm."""
        return self.scores[self.classifier, self.arm[self.classifier]]


@dataclass(frozen=True)
class Option:
    """A way to use synthetic samples, and how it did out of fold; None where it could not be tried."""

    dose: float
    use: str
    scored: Scored | None


@dataclass(frozen=True)
class Way:
    """The dose and use that cross-validation chose, why, and all that were tried.

    worthwhile: False where adding samples was worse out of fold than not to, beyond doubt.
    """

    dose: float
    use: str
    reason: str
    options: tuple[Option, ...]
    worthwhile: bool = True


def mean_average_precision(y: np.ndarray, probabilities: np.ndarray, labels: Iterable[int]) -> float:
    """Return the mean one-vs-rest average precision over `labels` that occur in `y`; NaN when none does."""
    values = [average_precision_score(y == label, probabilities[:, label]) for label in labels if (y == label).any()]
    return float(np.mean(values)) if values else float("nan")


@dataclass(frozen=True)
class Folds:
    """Cross-validation over the real samples of `inputs` outside of test.

    fitter: trains.   splits: `count` folds of each repetition, one repetition after the other.
    """

    inputs: Inputs
    fitter: Fitter
    splits: list[Split]
    count: int

    @classmethod
    def of(cls, inputs: Inputs, fitter: Fitter, settings: Settings) -> "Folds":
        """Return as many folds as are asked for, or as the smallest minority class has samples; none with fewer than two."""
        real = inputs.real
        smallest = int(real.counts(len(inputs.names))[inputs.minority].min())
        count = min(settings.folds, smallest)
        found = splits(real, count, settings.fold_repeats, fitter.seed) if count > 1 else []
        return cls(inputs, fitter, found, count)

    def train(
        self, keys: Sequence[Key], purpose: str, first: int = 0, last: int | None = None
    ) -> dict[Key, list[Outcome]]:
        """Return for each of `keys` what it gives in the folds from `first` up to `last`, asked about the fold's own rows."""
        real, places = self.inputs.real, range(len(self.splits))[first:last]
        tasks = []
        for key in keys:
            for place in places:
                rows, out = self.splits[place]
                pools = tuple(pool.within(rows) for pool in self.inputs.pools) if key.source else ()
                own = key._replace(repeat=place)
                tasks.append(Task(own, real.take(rows), (real.x[out],), self.inputs.targets, pools))
        outcomes = iter(self.fitter(tasks, purpose))
        return {key: [next(outcomes) for _ in places] for key in keys}

    def score(self, parts: Sequence[np.ndarray]) -> Scored:
        """Return what the answers are worth in the first folds, as many as there are `parts`.

        The folds of one repetition are pooled, repetitions averaged.
        """
        real, minority = self.inputs.real, sorted(self.inputs.targets)
        rng = seeds.numpy_generator(self.fitter.seed, "evaluate", "folds drawn")
        drawn = intervals.stratified_weights(real.y, DRAWS, rng)
        weights = np.concatenate([np.ones((1, len(real))), drawn]).astype(np.float32)
        tables = []  # (1 + draws, minority classes) of each repetition
        for first in range(0, len(parts), self.count):
            places = range(first, min(first + self.count, len(parts)))
            rows = np.concatenate([self.splits[place][1] for place in places])
            said, y = np.concatenate([parts[place] for place in places]), real.y[rows]
            precisions = [metrics.weighted_average_precision(y == c, said[:, c], weights[:, rows]) for c in minority]
            tables.append(np.nan_to_num(np.stack(precisions, axis=1)))
        table = np.mean(tables, axis=0)
        by_class = dict(zip(minority, table[0].tolist(), strict=True))
        return Scored(float(table[0].mean()), table[1:].mean(1), by_class)


def splits(real: Data, folds: int, repeats: int, seed: int) -> list[Split]:
    """Return the folds of each repetition one after the other, stratified by class."""
    result: list[Split] = []
    for repeat in range(repeats):
        state = seeds.derive(seed, "evaluate", "folds", repeat) % 2**32
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a class outside the plan may have fewer rows than folds
            result += StratifiedKFold(folds, shuffle=True, random_state=state).split(real.x, real.y)
    return result


def choose_arms(folds: Folds, classifiers: Sequence[str]) -> Choice:
    """Choose the classifier that decides and each classifier's best arm. Equal scores go to what is listed first.

    An arm that the first folds rule out is not trained on the others; its score is that of the first folds.
    """
    if not folds.splits:
        return _unchosen(classifiers)
    chosen = {name: _choose_arm(folds, name) for name in classifiers}
    scores = {(c, arm): scored for c, one in chosen.items() for arm, scored in one.scores.items()}
    best = {c: one.best for c, one in chosen.items()}
    decides = max(classifiers, key=lambda c: scores[c, best[c]].value)
    rivals, strength = ({c: getattr(one, name) for c, one in chosen.items()} for name in ("rivals", "strength"))
    return Choice(decides, best, scores, rivals, strength)


@dataclass(frozen=True)
class _Chosen:
    """What was chosen for one classifier, see `Choice`."""

    best: str
    scores: dict[str, Scored]
    rivals: list[str]
    strength: float


def _choose_arm(folds: Folds, classifier: str) -> _Chosen:
    arms = baselines(classifier in NETWORKS)
    trained = [Key(classifier, arm, 0) for arm in arms if not ARMS[arm].tuned]
    answers = folds.train(trained, "cross-validation", last=FIRST_FOLDS)
    early = {key: folds.score(_decided(answers, key, 0.0)) for key in trained}
    top = max(early.values(), key=lambda scored: scored.value)
    left = [key for key in trained if key.arm == "nothing" or not _ruled_out(early[key], top)]
    more = folds.train(left, "cross-validation", first=FIRST_FOLDS)
    answers = {key: [*answers[key], *more[key]] for key in left}
    strength = _best_strength(folds, answers[Key(classifier, "nothing", 0)])
    whole = [arm for arm in arms if Key(classifier, arm, 0).trained in left]
    scores = {arm: folds.score(_decided(answers, Key(classifier, arm, 0), strength)) for arm in whole}
    best = max(whole, key=lambda arm: scores[arm].value)
    level = [arm for arm in whole if not _ruled_out(scores[arm], scores[best])]
    rivals = sorted(level, key=lambda arm: -scores[arm].value)[:MOST_RIVALS]
    dropped = {key.arm: scored for key, scored in early.items() if key not in left}
    return _Chosen(best, {arm: (scores | dropped)[arm] for arm in arms}, rivals, strength)


def _unchosen(classifiers: Sequence[str]) -> Choice:
    arm = {c: "square_root" if c in NETWORKS else "class_weights" for c in classifiers}
    nan = Scored(float("nan"), np.full(DRAWS, np.nan), {})
    scores = {(c, a): nan for c in classifiers for a in baselines(c in NETWORKS)}
    rivals = {c: baselines(c in NETWORKS) for c in classifiers}
    return Choice(classifiers[0], arm, scores, rivals, dict.fromkeys(classifiers, 1.0))


def _ruled_out(arm: Scored, best: Scored) -> bool:
    ahead, error = best.lead(arm)
    return ahead > 0 and ahead > RULED_OUT * error


def _decided(answers: Mapping[Key, list[Outcome]], key: Key, strength: float) -> list[np.ndarray]:
    found = answers[key.trained]
    if not ARMS[key.arm].tuned:
        return [outcome.probabilities[0] for outcome in found]
    return [metrics.tempered(outcome.probabilities[0], outcome.prior, strength) for outcome in found]


def _best_strength(folds: Folds, outcomes: list[Outcome]) -> float:
    """The strength with the best macro F1 out of fold; the weaker of two equal ones."""
    y = np.concatenate([folds.inputs.real.y[out] for _, out in folds.splits])

    def score(strength: float) -> float:
        said = [metrics.tempered(one.probabilities[0], one.prior, strength).argmax(1) for one in outcomes]
        return float(f1_score(y, np.concatenate(said), average="macro"))

    return max(STRENGTHS, key=score)


def choose_way(folds: Folds, choice: Choice, doses: Sequence[float]) -> Way:
    """Choose how many synthetic samples join the deciding classifier's best arm, and how they are used.

    The smallest dose, mixed in, stands unless another way is better out of fold by more than a standard error.
    """
    name, arm = choice.classifier, choice.arm[choice.classifier]
    small, large = min(doses), max(doses)
    tried = [(dose, "mixed") for dose in sorted({small, large} if name in NETWORKS else doses)]
    tried += [(large, use) for use in uses(name in NETWORKS) if use != "mixed"]
    if not folds.splits or not any(pool.kept.any() for pool in folds.inputs.pools):
        untried = tuple(Option(dose, use, None) for dose, use in tried)
        return Way(small, "mixed", "too few samples to choose by: the smallest dose", untried)
    keys = [Key(name, arm, 0, FILTERED, dose, use) for dose, use in tried]
    answers = folds.train([key.trained for key in keys], "dose and use")
    options = [Option(key.dose, key.use, folds.score(_decided(answers, key, choice.strength[name]))) for key in keys]
    return _best_way(options, choice.best)


def _best_way(options: Sequence[Option], alone: Scored) -> Way:
    first, taken, most = options[0], options[0], 0.0
    assert first.scored is not None
    reason = "the smallest dose: no other way was better out of fold by more than a standard error"
    for option in options[1:]:
        assert option.scored is not None
        ahead, error = option.scored.lead(first.scored)
        if ahead > max(CLEARLY * error, most):
            taken, most = option, ahead
            reason = (
                f"better out of fold than dose {first.dose:g}, {first.use}, by {ahead:.3f} (standard error {error:.3f})"
            )
    assert taken.scored is not None
    behind, error = alone.lead(taken.scored)
    if behind > HARMFUL * error:
        said = f"out of fold they lower average precision by {behind:.3f} (standard error {error:.3f})"
        return Way(taken.dose, taken.use, said, tuple(options), worthwhile=False)
    return Way(taken.dose, taken.use, reason, tuple(options))
