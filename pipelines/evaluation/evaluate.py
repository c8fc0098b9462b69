"""The evaluation told in order: choose on train and validation, measure on test, inspect the samples, judge."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from gan import seeds
from gan.progress import Progress
from pipelines.evaluation import choose, curves, gate, inspection, intervals, tables
from pipelines.evaluation.arms import ARMS, baselines
from pipelines.evaluation.choose import Choice, Dose
from pipelines.evaluation.classifiers import chosen
from pipelines.evaluation.confirm import confirm
from pipelines.evaluation.fitting import Fitter
from pipelines.evaluation.inspection import Inspected
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.study import GAN, GAN_ARMS, VALIDATION, Inputs, Key, Resampling, Study, resampling


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
class Ending:
    """What a user ends with who is free in the choice of a classifier: the best pair without the GAN, the best with it.

    without, with_it: (arm, classifier) and the average precision on test, the mean over the rare classes. gain: of the one
    over the other. Both are chosen by this very test split, in hindsight, so no verdict uses it.
    """

    without: tuple[str, str, float]
    with_it: tuple[str, str, float]
    gain: intervals.Interval

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        names = ("arm", "classifier", "average_precision")
        sides = {"without": self.without, "with": self.with_it}
        said: dict[str, Any] = {side: dict(zip(names, values, strict=True)) for side, values in sides.items()}
        return said | {"gain": asdict(self.gain)}


@dataclass(frozen=True)
class Measured:
    """The dose that validation chose, every training behind the scores, and the gains of the filtered GAN on test.

    ending: None where no rare class is in the test split, or only the deciding classifier was trained.
    """

    dose: Dose
    keys: list[Key]
    gains: tables.Gains
    ending: Ending | None = None


def evaluate(
    inputs: Inputs, settings: Settings, seed: int, progress: Progress | None = None, workers: int = 1
) -> Result:
    """Measure what the candidates are worth and judge each class.

    The same input and seed give the same result, for any number of `workers` (processes, one thread each).
    Raises ValueError with a line for the user when a classifier's name is unknown.
    """
    if not inputs.targets:
        return _nothing_rare(inputs, settings, seed, progress, workers)
    study, choice = prepare(inputs, settings, seed, progress, workers)
    measured = measure(study, choice, settings, seed)
    inspected = inspection.inspect(inputs, seed, workers)
    verdicts = judge(study, choice, measured, inspected, settings)
    verdicts = confirm(study, choice, measured.dose, verdicts, settings, seed)
    frames = {
        **tables.scores(study, measured.keys, settings.precision),
        "gains": tables.gains(measured.gains, inputs, choice, settings),
        "dose": curves.dose_curve(study, choice, measured.dose, settings),
        "acceptance": curves.acceptance_curve(study, choice, measured.dose, settings),
        **inspection.frames(inspected),
    }
    said = _verdicts(verdicts)
    figures = _metrics(study, choice, measured, said, inspected, frames)
    return Result(figures, said, frames, tables.costs(study.fitter))


def prepare(
    inputs: Inputs, settings: Settings, seed: int, progress: Progress | None = None, workers: int = 1
) -> tuple[Study, Choice]:
    """Choose the deciding classifier and the baselines on train and validation; return them with a study to go on with."""
    kind = inputs.train.kind
    table, arms = chosen(settings.classifiers, settings.estimators, kind), baselines(kind)
    fitter = Fitter(table, len(inputs.names), seed, workers, _expected_fits(len(table), arms, settings), progress)
    choice = choose.choose_baselines(
        inputs.train.join(inputs.validation), inputs.recipe, arms, list(table), fitter, settings.folds, settings.fold_repeats
    )  # fmt: skip
    return Study(inputs, fitter, choice.strength), choice


def measure(study: Study, choice: Choice, settings: Settings, seed: int, brief: bool = False) -> Measured:
    """Choose the dose on validation, train every arm with every classifier, and measure the gains on test.

    brief: train only what the verdict needs, which is the deciding classifier, without the arms that show what the
    filter is worth.
    """
    arms = [*baselines(study.inputs.train.kind), *([GAN] if brief else GAN_ARMS)]
    dose = _choose_dose(study, choice, settings, seed)
    names = [choice.classifier] if brief else list(study.fitter.table)
    keys = _train_all(study, arms, names, dose, settings)
    rng = seeds.numpy_generator(seed, "evaluate", "test")
    draws = resampling(study, settings.repeats, _enough_draws(study.inputs, settings), rng)
    ending = None if brief else _ending(draws, arms, names, dose, settings)
    return Measured(dose, keys, _gains(draws, choice, dose, arms, names, settings), ending)


def judge(
    study: Study, choice: Choice, measured: Measured, inspected: dict[int, Inspected], settings: Settings
) -> list[gate.Verdict]:
    """Return the verdict on each under-represented class, in order."""
    evidence = [_evidence(study.inputs, c, choice, measured, inspected[c], settings) for c in study.inputs.rare]
    return gate.judge(evidence, settings)


def _expected_fits(classifiers: int, arms: list[str], settings: Settings) -> int:
    plain = sum(not ARMS[arm].tuned for arm in arms)
    both = plain * settings.folds * settings.fold_repeats + (plain + len(GAN_ARMS)) * settings.repeats
    doses = sum(0 < dose < max(settings.doses) for dose in settings.doses) * settings.repeats
    return classifiers * both + doses + (2 * len(settings.acceptances) + 1) * settings.curve_repeats


def _enough_draws(inputs: Inputs, settings: Settings) -> int:
    """Return how many bootstrap draws to make: so many that the smallest p value can pass Holm with many classes."""
    return max(settings.draws, round(8 * len(inputs.targets) / (1 - settings.confidence)))


def _choose_dose(study: Study, choice: Choice, settings: Settings, seed: int) -> Dose:
    doses = sorted({0.0, *settings.doses})
    keys = {dose: [curves.at_dose(choice.classifier, r, dose) for r in range(settings.repeats)] for dose in doses}
    study.train([key for group in keys.values() for key in group], "dose")
    answers = {dose: [study.answer(key, VALIDATION) for key in group] for dose, group in keys.items()}
    return choose.choose_dose(study.inputs.validation.y, answers, study.inputs.rare, settings.draws, seed)


def _train_all(study: Study, arms: list[str], names: list[str], dose: Dose, settings: Settings) -> list[Key]:
    """Train every arm with the classifiers `names`, `repeats` times; return the keys, arms in order."""
    keys = [key for arm in arms for classifier in names for key in _repeats(arm, classifier, dose, settings)]
    study.train(keys, "arms")
    return keys


def _repeats(arm: str, classifier: str, dose: Dose, settings: Settings) -> list[Key]:
    """Return the trainings of an arm with a classifier."""
    own = dose.measured if ARMS[arm].uses_gan else 1.0
    return [Key(arm, classifier, repeat, own) for repeat in range(settings.repeats)]


def _ending(draws: Resampling, arms: list[str], names: list[str], dose: Dose, settings: Settings) -> Ending | None:
    inputs = draws.study.inputs
    present = [label for label in inputs.rare if (inputs.test.y == label).any()]
    if not present:
        return None

    def best(of: list[str]) -> tuple[str, str, float]:
        pairs = [(arm, name, _repeats(arm, name, dose, settings)) for arm in of for name in names]
        scored = [(arm, name, float(draws.average_precision(keys, present)[0].mean())) for arm, name, keys in pairs]
        return max(scored, key=lambda pair: pair[2])

    without, with_it = best([arm for arm in arms if not ARMS[arm].uses_gan]), best([GAN])
    ours, theirs = (_repeats(*pair[:2], dose, settings) for pair in (with_it, without))
    return Ending(without, with_it, draws.gain(ours, theirs, present, settings.confidence))


def _gains(
    draws: Resampling, choice: Choice, dose: Dose, arms: list[str], names: list[str], settings: Settings
) -> tables.Gains:
    """Gains of the filtered GAN: against every other arm for the deciding classifier, else against its best baseline.

    For each rare class; for the mean of all rare classes, under MEAN; and for the deciding classifier and its
    best baseline the mean of the classes that got no samples, under REST.
    """
    inputs, result = draws.study.inputs, {}
    others = [arm for arm in arms if arm != GAN]
    present = [label for label in inputs.rare if (inputs.test.y == label).any()]
    rest = [c for c in range(len(inputs.names)) if c not in inputs.targets and (inputs.test.y == c).any()]
    for classifier in names:
        best = choice.baseline[classifier]
        deciding = classifier == choice.classifier
        groups = {label: [label] for label in present} | ({tables.MEAN: present} if present else {})
        for other in others if deciding else [best]:
            for label, labels in (
                groups | ({tables.REST: rest} if deciding and other == best and rest else {})
            ).items():
                ours, theirs = (_repeats(arm, classifier, dose, settings) for arm in (GAN, other))
                result[classifier, other, label] = draws.gain(ours, theirs, labels, settings.confidence)
    return result


def _evidence(
    inputs: Inputs, label: int, choice: Choice, measured: Measured, inspected: Inspected, settings: Settings
) -> gate.Evidence:
    unknown = intervals.Interval(float("nan"), float("-inf"), float("inf"), float("inf"), 1.0)
    baseline = choice.baseline[choice.classifier]
    against = {
        other: interval
        for (classifier, other, of), interval in measured.gains.items()
        if classifier == choice.classifier and of == label and not ARMS[other].uses_gan
    }
    pool = next(pool for pool in inputs.pools if pool.label == label)
    return gate.Evidence(
        name=inputs.names[label],
        baseline=baseline,
        gains=against or {baseline: unknown},
        rest=measured.gains.get((choice.classifier, baseline, tables.REST)),
        test_samples=int((inputs.test.y == label).sum()),
        repeats=settings.repeats,
        dose=measured.dose.value,
        added=pool.wanted(measured.dose.value, int(pool.kept.sum())),
        copies=inspected.copies,
        agreement=inspected.agreement,
        reference_agreement=inspected.reference_agreement,
    )


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
    inputs = study.inputs
    return {
        **verdicts,
        "deciding_classifier": choice.classifier,
        "deciding_metric": "average_precision",
        "best_baseline": choice.baseline,
        "selection": {
            "average_precision": tables.nested(choice.scores),
            "best_minus_nothing": {name: asdict(margin) for name, margin in choice.margins.items()},
            "tuned_threshold_strength": choice.strength,
        },
        "dose": {"value": measured.dose.value, "reason": measured.dose.reason, "validation": measured.dose.scores},
        "ending": measured.ending and measured.ending.to_dict(),
        "counts": tables.counts(inputs),
        "arms": tables.brief(frames["scores"], inputs),
        "samples": {inputs.names[label]: one.figures for label, one in inspected.items()},
    }


def _nothing_rare(inputs: Inputs, settings: Settings, seed: int, progress: Progress | None, workers: int) -> Result:
    """No class is under-represented: how the classifiers do, and that there is nothing to ship."""
    table, arms = (
        chosen(settings.classifiers, settings.estimators, inputs.train.kind),
        ["nothing", "class_weights"],
    )
    fits = len(arms) * len(table) * settings.repeats
    study = Study(inputs, Fitter(table, len(inputs.names), seed, workers, fits, progress))
    keys = [Key(arm, name, r) for arm in arms for name in table for r in range(settings.repeats)]
    study.train(keys, "arms")
    frames = tables.empty() | tables.scores(study, keys, settings.precision)
    said = _verdicts([])
    figures = said | {"counts": tables.counts(study.inputs), "arms": tables.brief(frames["scores"], study.inputs)}
    return Result(figures, said, frames, tables.costs(study.fitter))
