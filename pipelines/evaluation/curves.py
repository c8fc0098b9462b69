"""What more or fewer samples, and a stricter or laxer filter, would have done. Shown; only the dose is chosen by it."""

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from pipelines.evaluation import tables
from pipelines.evaluation.arms import accepted
from pipelines.evaluation.choose import Choice, Dose
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.study import GAN, TEST, VALIDATION, Key, Study


def at_dose(classifier: str, repeat: int, dose: float) -> Key:
    """Return the training of the filtered GAN at `dose`; at dose 0 it is the training set as it is."""
    return Key(GAN, classifier, repeat, dose) if dose > 0 else Key("nothing", classifier, repeat)


def dose_curve(study: Study, choice: Choice, dose: Dose, settings: Settings) -> pd.DataFrame:
    """Return average precision of each rare class by dose, on validation (where it was chosen) and on test."""
    rows = []
    for value in sorted({0.0, *settings.doses}):
        added = {pool.label: pool.wanted(value, int(pool.kept.sum())) for pool in study.inputs.pools}
        for repeat in range(settings.repeats):
            key = at_dose(choice.classifier, repeat, value)
            rows += [
                (study.inputs.names[label], value, repeat, split, ap, added[label], value == dose.value)
                for label, split, ap in _by_class(study, key)
            ]
    return tables.frame("dose", rows)


def acceptance_curve(study: Study, choice: Choice, dose: Dose, settings: Settings) -> pd.DataFrame:
    """Return average precision of each rare class when only a share of the candidates is accepted: by score, or at random.

    As many samples are added as at the measured dose, fewer when fewer are accepted.
    """
    groups: dict[tuple[float, str], list[Key]] = {
        (acceptance, by): [
            Key(arm, choice.classifier, repeat, dose.measured, acceptance) for repeat in range(settings.curve_repeats)
        ]
        for acceptance in [*settings.acceptances, 1.0]
        for by, arm in (("score", GAN), ("random", "gan_random_filter"))
        if acceptance < 1 or by == "random"
    }
    study.train([key for keys in groups.values() for key in keys], "acceptance")
    rows = []
    for (acceptance, by), keys in groups.items():
        added = {pool.label: pool.wanted(dose.measured, len(accepted(pool, acceptance))) for pool in study.inputs.pools}
        rows += [
            (study.inputs.names[label], acceptance, by, key.repeat, split, ap, added[label])
            for key in keys
            for label, split, ap in _by_class(study, key)
        ]
    return tables.frame("acceptance", rows)


def _by_class(study: Study, key: Key) -> list[tuple[int, str, float]]:
    splits = (("validation", VALIDATION, study.inputs.validation.y), ("test", TEST, study.inputs.test.y))
    return [
        (label, name, float(average_precision_score(y == label, study.answer(key, split)[:, label])))
        for name, split, y in splits
        for label in study.inputs.rare
        if np.any(y == label)
    ]
