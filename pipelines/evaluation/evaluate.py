"""The evaluation told in order: choose on train and validation, measure on test, inspect the samples, judge.

The question is what synthetic samples add to what a team would do anyway: for each classifier the best arm without them is
chosen, and what is measured is that very arm with and without them.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from gan import seeds
from gan.progress import Progress
from gan.states import States
from pipelines.evaluation import (
    advice,
    choose,
    curves,
    gate,
    inspection,
    intervals,
    subgroups,
    tables,
    tuning,
    yardstick,
)
from pipelines.evaluation.arms import ARMS
from pipelines.evaluation.baseline import Baseline
from pipelines.evaluation.choose import Choice, Way
from pipelines.evaluation.classifiers import chosen
from pipelines.evaluation.confirm import confirm
from pipelines.evaluation.fitting import Fitter, Key, Spread, repeats
from pipelines.evaluation.folds import Folds
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.inspection import Inspected
from pipelines.evaluation.settings import NETWORKS, Settings
from pipelines.evaluation.study import Resampling, Study, resampling
from pipelines.evaluation.subgroups import Subgroup
from pipelines.evaluation.synthetic import FILTERED, INTERPOLATED, LABELS, RANDOM, REPLAY, UNFILTERED

MOSTLY_KEPT = 0.9  # share of the candidates from which a filter cannot be told from none


@dataclass(frozen=True)
class Result:
    """What an evaluation gives.

    metrics: everything the verdict says, plain values.   verdicts: the same verdicts, in short.
    frames: tidy tables by name.   costs: seconds by purpose, arm and classifier, apart from the rest since times differ
    from run to run.
    """

    metrics: dict[str, Any]
    verdicts: dict[str, Any]
    frames: dict[str, pd.DataFrame]
    costs: pd.DataFrame


@dataclass(frozen=True)
class Measured:
    """What was measured on test.

    way: the dose and use that were chosen.   keys: every training behind the scores.   gains: of the filtered GAN.
    rivals: what has to be beaten with the deciding classifier as far as that is known: its best arm and, where that was beaten,
    its other arms and, of a classifier fitted at once, SMOTE in the samples' place, used as they are.
    precisions: (arm or source, class index) -> average precision on test of the deciding classifier, the mean over repeats.
    curves: class index -> learning curve over real samples, where some class has a gain to compare with it.
    subgroups: the best arm without and with samples, in each subgroup that has an attribute's value.
    """

    way: Way
    keys: list[Key]
    rivals: list[str]
    precisions: dict[tuple[str, int], float]
    gains: tables.Gains = field(default_factory=dict)
    curves: dict[int, yardstick.Curve] = field(default_factory=dict)
    subgroups: list[Subgroup] = field(default_factory=list)


def labels(kind: str) -> dict[str, str]:
    """Return what to call the ways to train on a kind of data."""
    return {arm.name: arm.label for arm in ARMS.values() if arm.suits(kind)} | LABELS


def evaluate(
    inputs: Inputs,
    settings: Settings,
    seed: int,
    progress: Progress | None = None,
    workers: int = 1,
    states: States | None = None,
    elsewhere: Spread | None = None,
    baseline: Baseline | None = None,
) -> Result:
    """Measure what the candidates are worth and judge each class.

    The same input and seed give the same result, for any number of `workers` (processes, one thread each).
    states: where fits are kept, of this very evaluation.   elsewhere: what runs the fits on other machines.
    baseline: the cross-validation without synthetic samples, where that was done before.
    Raises UserError when a classifier's name is unknown.
    """
    if not inputs.targets:
        fitter = Fitter(
            chosen(settings.classifiers, settings.estimators, inputs.train.kind), len(inputs.names), seed, workers,
            progress=progress, states=states, elsewhere=elsewhere,
        )  # fmt: skip
        return _no_minority(inputs, fitter, settings)
    study, choice = prepare(inputs, settings, seed, progress, workers, states, elsewhere, baseline)
    measured = measure(study, choice, settings, seed)
    inspected = inspection.inspect(inputs, seed, workers)
    verdicts = judge(study, choice, measured, inspected, settings)
    verdicts = confirm(study, choice, measured.way, verdicts, settings, seed)
    frames = {
        **tables.scores(study, measured.keys, settings.precision),
        "gains": tables.gains(measured.gains, inputs, choice, settings),
        "subgroups": subgroups.table(measured.subgroups, inputs),
        "selection": tables.selection(choice, inputs),
        "ways": tables.ways(measured.way),
        "acceptance": curves.acceptance_curve(study, choice, measured.way, settings),
        **inspection.frames(inspected),
    }
    said = _verdicts(verdicts)
    figures = _metrics(study, choice, measured, said, inspected, frames)
    return Result(figures, said, frames, tables.costs(study.fitter))


def prepare(
    inputs: Inputs,
    settings: Settings,
    seed: int,
    progress: Progress | None = None,
    workers: int = 1,
    states: States | None = None,
    elsewhere: Spread | None = None,
    baseline: Baseline | None = None,
) -> tuple[Study, Choice]:
    """Choose the deciding classifier and each one's best arm on train and validation; return a study to go on with, too.

    baseline: what is known of these samples with these settings; what is trained is added to it.
    """
    before = baseline or Baseline.begun(inputs, settings, seed)
    table = tuning.tuned(chosen(settings.classifiers, settings.estimators, inputs.train.kind), before.searched)
    expected = choose.expected_fits(
        list(table), inputs.train.kind, settings, baseline=not before.known, samples=bool(inputs.pools)
    )
    fitter = Fitter(table, len(inputs.names), seed, workers, expected, progress, states, elsewhere)
    folds = Folds.of(inputs, fitter, settings, before.known)
    choice = choose.choose_arms(folds, list(table))
    return Study(inputs, fitter, choice.strength, folds=folds), choice


def measure(
    study: Study, choice: Choice, settings: Settings, seed: int, brief: bool = False, way: Way | None = None
) -> Measured:
    """Choose how samples are used, train what the verdicts need, and measure the gains on test.

    What cannot change a verdict any more is not trained: samples that do not beat the best arm cannot ship, so the other
    rivals, and the controls that show what is behind a gain, are trained only where a class does beat it.
    brief: leave out the other classifiers, the controls and the learning curve, which no verdict depends on.
    way: to use the samples in, where it is not to be chosen.
    """
    inputs, name = study.inputs, choice.classifier
    arm = choice.arm[name]
    rivals = [arm]
    keys = [key for own in dict.fromkeys(("nothing", arm)) for key in repeats(name, own, settings.repeats)]
    study.train(keys, "arms")
    rng = seeds.numpy_generator(seed, "evaluate", "test")
    draws = resampling(study, settings.repeats, enough_draws(inputs, settings), rng)
    plain, best = _precisions(draws, name, keys), repeats(name, arm, settings.repeats)
    if all(_solved(choice, label, plain, settings) for label in inputs.minority):
        unused = Way(*choose.ways(name in NETWORKS, settings.doses)[0], "every class is solved without them", ())
        return Measured(unused, keys, rivals, plain, subgroups=subgroups.measured(draws, best, [], settings))
    assert study.folds is not None, "a study of minority classes has folds"
    way = way or choose.choose_way(study.folds, choice, settings.doses)
    if not brief:
        keys += _other_classifiers(study, choice, way, settings)
    if not way.worthwhile:
        study.train(keys, "arms")
        return Measured(way, keys, rivals, plain, subgroups=subgroups.measured(draws, best, [], settings))
    added = repeats(name, arm, settings.repeats, *way.of(FILTERED))
    keys += added
    study.train(keys, "arms")
    gains = _gains(draws, choice, keys, settings)
    over_best = [gains[name, arm, label] for label in inputs.minority if (name, arm, label) in gains]
    if any(gate.may_ship(gain, settings) for gain in over_best):
        rivals = choice.rivals[name]
        keys += [key for rival in rivals for key in repeats(name, rival, settings.repeats) if key not in keys]
        others = [] if name in NETWORKS else [INTERPOLATED]
        sources = [*others, *_controls(inputs, brief)]
        keys += [key for source in sources for key in repeats(name, arm, settings.repeats, *way.of(source))]
        rivals = [*rivals, *others]
        study.train(keys, "arms")
        gains = _gains(draws, choice, keys, settings)
    sure = any(gain.low > 0 for gain in over_best)
    learnt = yardstick.learning_curves(study, choice, settings.repeats) if sure and not brief else {}
    found = subgroups.measured(draws, best, added, settings)
    return Measured(way, keys, rivals, _precisions(draws, name, keys), gains, learnt, found)


def judge(
    study: Study, choice: Choice, measured: Measured, inspected: dict[int, Inspected], settings: Settings
) -> list[gate.Verdict]:
    """Return the verdict on each minority class, in order."""
    evidence = [_evidence(study.inputs, c, choice, measured, inspected[c], settings) for c in study.inputs.minority]
    return gate.judge(evidence, settings)


def _solved(choice: Choice, label: int, on_test: dict[tuple[str, int], float], settings: Settings) -> bool:
    """Say whether a class is found so surely without synthetic samples that the least gain has no room left.

    Out of fold, and on test where there are samples of it: ten samples out of fold may all be found by luck.
    """
    level = 1 - settings.min_gain
    tested = on_test.get((choice.arm[choice.classifier], label), 1.0)
    return choice.best.by_class.get(label, 0.0) >= level and tested >= level


def _other_classifiers(study: Study, choice: Choice, way: Way, settings: Settings) -> list[Key]:
    """Return the trainings of the classifiers that do not decide: their best arms, and those with samples where worthwhile."""
    keys = []
    for other in [other for other in study.fitter.table if other != choice.classifier]:
        named = other, choice.arm[other], settings.repeats
        keys += repeats(*named)
        keys += repeats(*named, *way.of(FILTERED)) if way.worthwhile else []
    return keys


def _controls(inputs: Inputs, brief: bool) -> list[str]:
    """Return the sources that show what is behind a gain; those of the filter only where it dropped more than a few."""
    if brief:
        return []
    kept = sum(int(pool.kept.sum()) for pool in inputs.pools)
    strict = kept < MOSTLY_KEPT * sum(len(pool.kept) for pool in inputs.pools)
    parents = any((pool.parents >= 0).any() for pool in inputs.pools)
    return [*([REPLAY] if parents else []), *([RANDOM, UNFILTERED] if strict else [])]


def enough_draws(inputs: Inputs, settings: Settings) -> int:
    """Return how many bootstrap draws to make: so many that the smallest p value can pass Holm with many classes."""
    return max(settings.draws, round(8 * len(inputs.targets) / (1 - settings.confidence)))


def _groups(keys: list[Key]) -> dict[tuple[str, str], list[Key]]:
    """Return the trainings by classifier and what they are shown as, one list of repeats each."""
    groups: dict[tuple[str, str], list[Key]] = {}
    for key in keys:
        groups.setdefault((key.classifier, key.shown), []).append(key)
    return groups


def _gains(draws: Resampling, choice: Choice, keys: list[Key], settings: Settings) -> tables.Gains:
    """Gains of the filtered GAN: for the deciding classifier against everything else, else against its own best arm.

    For each minority class; for the mean of all of them, under MEAN; and, over the best arm of the deciding classifier, for
    the mean of the classes that got no samples, under REST.
    """
    inputs, result, groups = draws.study.inputs, {}, _groups(keys)
    present = [label for label in inputs.minority if (inputs.test.y == label).any()]
    rest = [c for c in range(len(inputs.names)) if c not in inputs.targets and (inputs.test.y == c).any()]
    labels = {label: [label] for label in present} | ({tables.MEAN: present} if present else {})
    for (classifier, other), theirs in groups.items():
        if other == FILTERED:
            continue
        ours = groups[classifier, FILTERED]
        best = classifier == choice.classifier and other == choice.arm[classifier]
        for label, of in (labels | ({tables.REST: rest} if best and rest else {})).items():
            result[classifier, other, label] = draws.gain(ours, theirs, of, settings.confidence)
    return result


def _precisions(draws: Resampling, classifier: str, keys: list[Key]) -> dict[tuple[str, int], float]:
    inputs = draws.study.inputs
    present = [label for label in inputs.minority if (inputs.test.y == label).any()]
    return {
        (shown, label): float(draws.average_precision(own, [label])[0].mean())
        for (of, shown), own in _groups(keys).items()
        if of == classifier
        for label in present
    }


def _evidence(
    inputs: Inputs, label: int, choice: Choice, measured: Measured, inspected: Inspected, settings: Settings
) -> gate.Evidence:
    unknown = intervals.Interval(float("nan"), float("-inf"), float("inf"), float("inf"), 1.0)
    name = choice.classifier
    arm = choice.arm[name]
    against = {rival: measured.gains.get((name, rival, label), unknown) for rival in measured.rivals}
    pool = next(pool for pool in inputs.pools if pool.label == label)
    worth = measured.curves[label].worth(against[arm].value) if label in measured.curves else None
    return gate.Evidence(
        name=inputs.names[label],
        baseline=arm,
        gains=against,
        rest=measured.gains.get((name, arm, tables.REST)),
        test_samples=int((inputs.test.y == label).sum()),
        test_groups=None if inputs.test_groups is None else inputs.tested(label),
        collected=inputs.collected(label),
        real_samples=int((inputs.real.y == label).sum()),
        repeats=settings.repeats,
        harm="" if measured.way.worthwhile else measured.way.reason,
        solved=choice.best.by_class[label] if _solved(choice, label, measured.precisions, settings) else None,
        added=pool.wanted(measured.way.dose, int(pool.kept.sum())),
        copies=inspected.copies,
        agreement=inspected.agreement,
        reference_agreement=inspected.reference_agreement,
        worth=worth,
        losses=subgroups.losses(measured.subgroups, label),
        advised=advice.advised(choice),
        instead=advice.instead(choice, _on_test(measured, ["nothing", *against], label)),
    )


def _on_test(measured: Measured, arms: list[str], label: int) -> dict[str, float]:
    """Return the average precision on test of the arms that were measured there."""
    known = measured.precisions
    return {arm: known[arm, label] for arm in arms if (arm, label) in known}


def _verdicts(verdicts: list[gate.Verdict]) -> dict[str, Any]:
    verdict, line = gate.overall(verdicts)
    return {"verdict": verdict, "reason": line, "classes": {v.name: asdict(v) for v in verdicts}}


def _metrics(
    study: Study,
    choice: Choice,
    measured: Measured,
    verdicts: dict[str, Any],
    inspected: dict[int, Inspected],
    frames: dict[str, pd.DataFrame],
) -> dict[str, Any]:
    inputs, way = study.inputs, measured.way
    return {
        **verdicts,
        "deciding_classifier": choice.classifier,
        "deciding_metric": "average_precision",
        "best_arm": choice.arm,
        "rivals": measured.rivals,
        "selection": {
            "average_precision": tables.nested({key: scored.value for key, scored in choice.scores.items()}),
            "tuned_threshold_strength": choice.strength,
        },
        "way": {"dose": way.dose, "use": way.use, "reason": way.reason, "worthwhile": way.worthwhile},
        "counts": tables.counts(inputs),
        "arms": tables.brief(frames["scores"], inputs),
        "labels": labels(inputs.train.kind),
        "samples": {inputs.names[label]: one.figures for label, one in inspected.items()},
    }


def _no_minority(inputs: Inputs, fitter: Fitter, settings: Settings) -> Result:
    """No class is a minority class: how the classifiers do, and that there is nothing to ship."""
    study = Study(inputs, fitter)
    keys = [key for name in fitter.table for key in repeats(name, "nothing", settings.repeats)]
    study.train(keys, "arms")
    frames = tables.empty() | tables.scores(study, keys, settings.precision)
    said = _verdicts([])
    arms = tables.brief(frames["scores"], study.inputs)
    figures = said | {"counts": tables.counts(study.inputs), "arms": arms, "labels": labels(inputs.train.kind)}
    return Result(figures, said, frames, tables.costs(study.fitter))
