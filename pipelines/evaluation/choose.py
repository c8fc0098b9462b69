"""What is chosen before the test split is looked at: the deciding classifier, each one's best arm, and how samples are used.

No function here takes test data. The validation split has two or three samples of a minority class; an average precision on
those is mostly noise. So everything is chosen by stratified cross-validation over train and validation together, from pooled
out-of-fold probabilities, by the mean over the minority classes: every real sample counts.

The generator has seen all of train, so synthetic samples would tell a fold what it is asked. Therefore a fold gets only
those whose two parents lie in its training part: what is left of a held-out sample is what the generator's weights learnt of
it, which is little, as outputs are held near their starts. A poor choice costs the gain, never the honesty of the claim: the
claim is measured on test, where nothing was chosen. What is measured there has been trained on train and validation together
again, as anybody would who has chosen by cross-validation: of ten samples of a class, two are worth much.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, f1_score

from pipelines.evaluation import metrics
from pipelines.evaluation.arms import ARMS, baselines
from pipelines.evaluation.fitting import Key
from pipelines.evaluation.folds import DRAWS, Folds, Scored
from pipelines.evaluation.settings import NETWORKS, Settings
from pipelines.evaluation.synthetic import FILTERED, uses

RULED_OUT = 2.0  # standard errors below the best at which an arm, or a way to use samples, is tried no further
CLEARLY = 1.0  # standard errors by which another dose or use must beat the one that stands under doubt, with a network
CLEARLY_AT_ONCE = 0.5  # the same with a classifier fitted at once: a small dose can bring little, so half is enough
MOST_RIVALS = 4  # arms of a network that a class has to beat on test: the best out of fold, which differ by little then
FIRST_FOLDS = 2  # after which arms that are ruled out, or not among the best, are not trained any more
MOST_LEFT = 5  # arms that are trained on all folds
MOST_LEFT_OF_NETWORK = 3  # the same, where a training takes long
HARMFUL = 2.0  # standard errors below the arm alone at which samples are not even measured
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Choice:
    """What cross-validation on real samples chose.

    classifier: the one that decides, best with its best arm.   arm: classifier -> its best arm.
    scores: (classifier, arm) -> out of fold.   rivals: classifier -> the arms to beat on test, best first: of a network those
    that are not ruled out, and no more than four; of a classifier fitted at once, which takes little time, all.
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
    """A way to use synthetic samples, and how it did out of fold.

    folds: in which it was tried, the first ones; those of two options are compared only where they are the same.
    """

    dose: float
    use: str
    scored: Scored
    folds: int


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

    def of(self, source: str) -> tuple[str, float, str]:
        """Return what the key of a training says where samples of `source` are used this way."""
        return source, self.dose, self.use


def mean_average_precision(y: np.ndarray, probabilities: np.ndarray, labels: Iterable[int]) -> float:
    """Return the mean one-vs-rest average precision over `labels` that occur in `y`; NaN when none does."""
    values = [average_precision_score(y == label, probabilities[:, label]) for label in labels if (y == label).any()]
    return float(np.mean(values)) if values else float("nan")


def choose_arms(folds: Folds, classifiers: Sequence[str]) -> Choice:
    """Choose the classifier that decides and each classifier's best arm. Equal scores go to what is listed first.

    After the first folds the best few go on, without those that are ruled out; the others keep the score of the first folds.
    """
    if not folds.splits:
        return _unchosen(classifiers, folds.inputs.train.kind)
    chosen = {name: _choose_arm(folds, name) for name in classifiers}
    scores = {(c, arm): scored for c, one in chosen.items() for arm, scored in one.scores.items()}
    best = {c: one.best for c, one in chosen.items()}
    decides = max(classifiers, key=lambda c: scores[c, best[c]].value)
    rivals, strength = ({c: getattr(one, name) for c, one in chosen.items()} for name in ("rivals", "strength"))
    return Choice(decides, best, scores, rivals, strength)


def expected_fits(classifiers: Sequence[str], kind: str, settings: Settings, baseline: bool, samples: bool) -> int:
    """Return about how many trainings are to come, to show how far they are: nothing depends on it.

    kind: of the data.   baseline: without synthetic samples, by cross-validation.
    samples: what an evaluation of samples takes beyond that.
    """
    folds = settings.folds * settings.fold_repeats
    first = min(FIRST_FOLDS, folds)
    count = 0
    for name in classifiers if baseline else ():
        arms = sum(not ARMS[arm].tuned for arm in baselines(name in NETWORKS, kind))
        count += arms * first + min(arms, _most_left(name) + 1) * (folds - first)
    if samples:
        network = classifiers[0] in NETWORKS
        tried = len(ways(network, settings.doses))
        count += tried * first + (2 if network else tried) * (folds - first)
        count += settings.repeats * (1 + 2 * len(classifiers))
    return count


@dataclass(frozen=True)
class _Chosen:
    """What was chosen for one classifier, see `Choice`."""

    best: str
    scores: dict[str, Scored]
    rivals: list[str]
    strength: float


def _choose_arm(folds: Folds, classifier: str) -> _Chosen:
    keys = {arm: Key(classifier, arm, 0) for arm in baselines(classifier in NETWORKS, folds.inputs.train.kind)}
    trained = list(dict.fromkeys(key.trained for key in keys.values()))
    early = folds.scores(trained, "cross-validation", 0.0, last=FIRST_FOLDS)
    left = [*_left(early)[: _most_left(classifier)], keys["nothing"]]
    strength = _best_strength(folds, keys["nothing"])
    whole = [key for key in keys.values() if key.trained in left]
    scores = {key.arm: scored for key, scored in folds.scores(whole, "cross-validation", strength).items()}
    best = max(scores, key=lambda arm: scores[arm].value)
    level = [arm for arm in scores if not _ruled_out(scores[arm], scores[best])]
    rivals = sorted(level, key=lambda arm: -scores[arm].value)
    others = [arm for arm in keys if arm not in rivals]
    rivals = rivals[:MOST_RIVALS] if classifier in NETWORKS else [*rivals, *others]
    return _Chosen(best, {arm: scores.get(arm) or early[key] for arm, key in keys.items()}, rivals, strength)


def _most_left(classifier: str) -> int:
    return MOST_LEFT_OF_NETWORK if classifier in NETWORKS else MOST_LEFT


def _left(early: Mapping[Key, Scored]) -> list[Key]:
    """Return what is not ruled out by the best, best first."""
    best_first = sorted(early, key=lambda key: -early[key].value)
    return [key for key in best_first if not _ruled_out(early[key], early[best_first[0]])]


def _unchosen(classifiers: Sequence[str], kind: str) -> Choice:
    arm = {c: "square_root" if c in NETWORKS else "class_weights" for c in classifiers}
    nan = Scored(float("nan"), np.full(DRAWS, np.nan), {})
    scores = {(c, a): nan for c in classifiers for a in baselines(c in NETWORKS, kind)}
    rivals = {c: baselines(c in NETWORKS, kind) for c in classifiers}
    return Choice(classifiers[0], arm, scores, rivals, dict.fromkeys(classifiers, 1.0))


def _ruled_out(arm: Scored, best: Scored) -> bool:
    ahead, error = best.lead(arm)
    return ahead > 0 and ahead > RULED_OUT * error


def _best_strength(folds: Folds, key: Key) -> float:
    """The strength with the best macro F1 out of fold; the weaker of two equal ones."""
    outcomes = folds.train([key], "cross-validation")[key]
    y = np.concatenate([folds.inputs.real.y[out] for _, out in folds.splits])

    def score(strength: float) -> float:
        said = [metrics.tempered(one.probabilities[0], one.prior, strength).argmax(1) for one in outcomes]
        return float(f1_score(y, np.concatenate(said), average="macro"))

    return max(STRENGTHS, key=score)


def ways(network: bool, doses: Sequence[float]) -> list[tuple[float, str]]:
    """Return the doses and uses to try; the first stands under doubt.

    With a network that is all samples first and real ones alone last: over balanced batches that was below no samples beyond
    doubt on none of five sets of images, and above on one, while all samples mixed in were below on two, and a tenth of them
    in the one world of 50 images that was tried (`benchmarks/reference.md`). A classifier that is fitted at once has no last:
    there it is the smallest dose, mixed in.
    """
    small, large = min(doses), max(doses)
    others = [(large, use) for use in uses(network) if use != "mixed"]
    if not network:
        return [*((dose, "mixed") for dose in sorted(doses)), *others]
    mixed = [(dose, "mixed") for dose in sorted({small, large})]
    return sorted([*mixed, *others], key=lambda way: way[1] != "first")


def choose_way(folds: Folds, choice: Choice, doses: Sequence[float]) -> Way:
    """Choose how many synthetic samples join the deciding classifier's best arm, and how they are used.

    The first of `ways` stands unless another one is better out of fold by more than a standard error, or half of one where the
    classifier is no network. Nothing goes on that the first folds rule out, against the arm without samples too; with a
    network, whose trainings take long, of the others only the one that did best there, where it did better than the first.
    Where one way is left, nothing more is trained for the choice.
    """
    name, arm = choice.classifier, choice.arm[choice.classifier]
    tried = ways(name in NETWORKS, doses)
    if not folds.splits or not any(pool.kept.any() for pool in folds.inputs.pools):
        return Way(*tried[0], "too few samples to choose by", ())
    alone, strength = Key(name, arm, 0), choice.strength[name]
    keys = [Key(name, arm, 0, FILTERED, dose, use) for dose, use in tried]
    early = folds.scores([alone, *keys], "dose and use", strength, last=FIRST_FOLDS)
    not_worse = [key for key in _left(early) if key in keys]
    going_on = (keys[0], *not_worse[:1]) if name in NETWORKS else keys
    left = [key for key in keys if key in not_worse and key in going_on]
    undecided = len(left) > 1
    scores = folds.scores(left, "dose and use", strength) if undecided else early
    first, whole = min(FIRST_FOLDS, len(folds.splits)), len(folds.splits)
    options = [
        Option(key.dose, key.use, scores[key], whole)
        if undecided and key in scores
        else Option(key.dose, key.use, early[key], first)
        for key in keys
    ]
    if not left:
        return _harmful(max(options, key=lambda one: one.scored.value), early[alone], options)
    best = choice.best if undecided else early[alone]
    needed = CLEARLY if name in NETWORKS else CLEARLY_AT_ONCE
    return _best_way([options[keys.index(key)] for key in left], best, options, needed)


def _harmful(option: Option, alone: Scored, options: Sequence[Option]) -> Way:
    behind, error = alone.lead(option.scored)
    said = f"out of fold they lower average precision by {behind:.3f} (standard error {error:.3f})"
    return Way(option.dose, option.use, said, tuple(options), worthwhile=False)


def _best_way(left: Sequence[Option], alone: Scored, options: Sequence[Option], needed: float) -> Way:
    """Choose among what is `left` of the `options`; nothing where even the best is worse than `alone` beyond doubt.

    needed: standard errors by which another one must beat the first.
    """
    first, taken, most = left[0], left[0], 0.0
    size = "a standard error" if needed == 1 else f"{needed:g} standard errors"
    reason = f"no other way was better out of fold by more than {size}"
    for option in left[1:]:
        ahead, error = option.scored.lead(first.scored)
        if ahead > max(needed * error, most):
            taken, most = option, ahead
            reason = (
                f"better out of fold than dose {first.dose:g}, {first.use}, by {ahead:.3f} (standard error {error:.3f})"
            )
    behind, error = alone.lead(taken.scored)
    if behind > HARMFUL * error:
        return _harmful(taken, alone, options)
    return Way(taken.dose, taken.use, reason, tuple(options))
