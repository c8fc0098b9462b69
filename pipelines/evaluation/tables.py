"""Tidy tables of an evaluation, and plain values for its JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipelines.evaluation import metrics
from pipelines.evaluation.choose import Choice, Way
from pipelines.evaluation.fitting import Fitter, Key
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.intervals import Interval, detectable_effect
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.study import Study

MEAN, REST = -1, -2  # in place of a class: the mean of the minority classes, and the mean of all others
DIGITS = 4  # after the point of every figure that is written: further ones may differ between processors
ALL = ""  # the class of a metric of all classes together

Gains = dict[
    tuple[str, str, int], Interval
]  # (classifier, other arm, class or MEAN or REST) -> gain of the filtered GAN

COLUMNS = {
    "scores": ["arm", "classifier", "repeat", "class", "metric", "value"],
    "summary": ["arm", "classifier", "class", "metric", "mean", "sd"],
    "gains": [
        "classifier",
        "baseline",
        "class",
        "decides",
        "chosen",
        "gain",
        "low",
        "high",
        "error",
        "p",
        "detectable",
    ],
    "selection": ["classifier", "arm", "class", "average_precision", "chosen", "rival"],
    "ways": ["dose", "use", "average_precision", "error", "folds", "chosen"],
    "acceptance": ["class", "acceptance", "by", "repeat", "average_precision", "added"],
    "subgroups": ["attribute", "subgroup", "class", "test_samples", "without", "with", "gain", "low", "high", "lost"],
    "copies": ["class", "id", "flag", "nearest_id", "distance_ratio", "exact"],
    "tell": ["class", "kind", "classifier", "auc", "low", "high", "uses", "remedy"],
}


def empty() -> dict[str, pd.DataFrame]:
    """Return every table without rows."""
    return {name: pd.DataFrame(columns=columns) for name, columns in COLUMNS.items()}


def frame(name: str, rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Return the table `name` with `rows`."""
    return pd.DataFrame(rows, columns=COLUMNS[name])


def scores(study: Study, keys: Sequence[Key], precision: float) -> dict[str, pd.DataFrame]:
    """Return the table `scores`, every metric of every training (of each minority class, of all classes together, and average
    precision and recall of the other classes too), and `summary`, mean and standard deviation over the repeats.
    """
    inputs, rows = study.inputs, []
    present = [label for label in range(len(inputs.names)) if (inputs.test.y == label).any()]
    for key in keys:
        said = study.predictions(key, precision)
        head = (key.shown, key.classifier, key.repeat)
        for label in present:
            names = metrics.CLASS_METRICS if label in inputs.targets else ("average_precision", "recall")
            rows += [(*head, inputs.names[label], name, metrics.CLASS_METRICS[name](said, label)) for name in names]
        rows += [(*head, ALL, name, measure(said)) for name, measure in metrics.OVERALL_METRICS.items()]
    table = frame("scores", rows)
    groups = table.groupby(["arm", "classifier", "class", "metric"], sort=False)["value"]
    return {"scores": table, "summary": groups.agg(mean="mean", sd="std").reset_index()}


def gains(found: Gains, inputs: Inputs, choice: Choice, settings: Settings) -> pd.DataFrame:
    """Return one row per gain; `decides` marks the deciding classifier, `chosen` each one's best arm."""
    names = {MEAN: "mean of minority classes", REST: "mean of other classes"} | dict(enumerate(inputs.names))
    level = (1 - settings.confidence) / 2 / len(inputs.targets)
    rows = [
        (
            classifier, other, names[label], classifier == choice.classifier, choice.arm[classifier] == other,
            gain.value, gain.low, gain.high, gain.error, gain.p, detectable_effect(gain.error, level),
        )
        for (classifier, other, label), gain in found.items()
    ]  # fmt: skip
    return frame("gains", rows)


def selection(choice: Choice, inputs: Inputs) -> pd.DataFrame:
    """Return how every arm did out of fold: one row per classifier, arm and minority class, and one for their mean."""
    names = {label: inputs.names[label] for label in inputs.minority}
    rows = []
    for (classifier, arm), scored in choice.scores.items():
        marks = arm == choice.arm[classifier], arm in choice.rivals[classifier]
        values = {"mean of minority classes": scored.value} | {names[c]: value for c, value in scored.by_class.items()}
        rows += [(classifier, arm, name, value, *marks) for name, value in values.items()]
    return frame("selection", rows)


def ways(way: Way) -> pd.DataFrame:
    """Return how every dose and use of the samples did out of fold; `error` is that of the lead over the first, NaN where the
    two were not tried in the same `folds`.
    """
    rows = []
    for one in way.options:
        first = way.options[0]
        error = one.scored.lead(first.scored)[1] if one.folds == first.folds else float("nan")
        chosen = (one.dose, one.use) == (way.dose, way.use)
        rows.append((one.dose, one.use, one.scored.value, error, one.folds, chosen))
    return frame("ways", rows)


def brief(table: pd.DataFrame, inputs: Inputs) -> dict[str, dict[str, dict[str, float]]]:
    """Return {classifier: {arm: {metric: mean over repeats}}}: average precision and recall as means over the minority classes
    (over all, when there is none), and the metrics of all classes together.
    """
    minority = [inputs.names[label] for label in inputs.targets] or list(inputs.names)
    ours = table["class"].isin(minority) & table["metric"].isin(["average_precision", "recall"])
    means = table[ours | (table["class"] == ALL)].groupby(["classifier", "arm", "metric"], sort=False)["value"].mean()
    result: dict[str, dict[str, dict[str, float]]] = {}
    for (classifier, arm, metric), value in means.items():
        result.setdefault(classifier, {}).setdefault(arm, {})[metric] = float(value)
    return result


def counts(inputs: Inputs) -> dict[str, dict[str, int]]:
    """Return the samples of each class in train, validation and test, and the candidates made and kept."""
    number = len(inputs.names)
    result = {
        name: {"train": int(a), "validation": int(b), "test": int(c)}
        for name, a, b, c in zip(
            inputs.names,
            inputs.train.counts(number),
            inputs.validation.counts(number),
            inputs.test.counts(number),
            strict=True,
        )
    }
    for pool in inputs.pools:
        result[inputs.names[pool.label]] |= {
            "needed": pool.needed, "candidates": len(pool.x), "kept": int(pool.kept.sum())
        }  # fmt: skip
    return result


def nested(values: Mapping[tuple[str, str], float]) -> dict[str, dict[str, float]]:
    """Return {a: {b: value}} for {(a, b): value}."""
    result: dict[str, dict[str, float]] = {}
    for (outer, inner), value in values.items():
        result.setdefault(outer, {})[inner] = value
    return result


def costs(fitter: Fitter) -> pd.DataFrame:
    """Return fits and seconds by purpose, classifier and arm."""
    table = pd.DataFrame(fitter.costs, columns=["purpose", "arm", "classifier", "seconds"])
    grouped = table.groupby(["purpose", "classifier", "arm"], sort=False)["seconds"]
    return grouped.agg(fits="count", seconds="sum").reset_index()


def plain(value: Any) -> Any:
    """Return `value` made of what JSON knows, floats rounded to `DIGITS`, NaN and infinities as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return round(float(value), DIGITS) + 0.0 if np.isfinite(value) else None
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    return value
