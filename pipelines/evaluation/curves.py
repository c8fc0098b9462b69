"""What a stricter or laxer filter would have done. Shown; nothing is chosen by it."""

import pandas as pd
from sklearn.metrics import average_precision_score

from pipelines.evaluation import tables
from pipelines.evaluation.choose import Choice, Way
from pipelines.evaluation.fitting import Key, repeats
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.study import Study
from pipelines.evaluation.synthetic import FILTERED, RANDOM, accepted


def acceptance_curve(study: Study, choice: Choice, way: Way, settings: Settings) -> pd.DataFrame:
    """Return average precision on test of each minority class with a share of the candidates: by score, or at random.

    As many samples are added as at the chosen dose, fewer when fewer are accepted.
    """
    if not (way.worthwhile and way.options):
        return tables.frame("acceptance", [])
    name, arm = choice.classifier, choice.arm[choice.classifier]
    groups = {
        (acceptance, by): repeats(name, arm, settings.curve_repeats, *way.of(source), acceptance)
        for acceptance in [*settings.acceptances, 1.0]
        for by, source in (("score", FILTERED), ("random", RANDOM))
        if acceptance < 1 or by == "random"
    }
    study.train([key for keys in groups.values() for key in keys], "acceptance")
    rows = []
    for (acceptance, by), keys in groups.items():
        added = {pool.label: pool.wanted(way.dose, len(accepted(pool, acceptance))) for pool in study.inputs.pools}
        rows += [
            (study.inputs.names[label], acceptance, by, key.repeat, precision, added[label])
            for key in keys
            for label, precision in _by_class(study, key)
        ]
    return tables.frame("acceptance", rows)


def _by_class(study: Study, key: Key) -> list[tuple[int, float]]:
    y, said = study.inputs.test.y, study.answer(key)
    present = [label for label in study.inputs.minority if (y == label).any()]
    return [(label, float(average_precision_score(y == label, said[:, label]))) for label in present]
