"""Subgroups: what the samples do to those of one site, one camera, one sex, where the mean over all hides it.

A subgroup is all test samples with one value of an attribute (`prepare.attributes`). In each, a class is told from the other
classes of that subgroup alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from gan import seeds
from pipelines.evaluation import tables
from pipelines.evaluation.fitting import Key
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.study import Resampling
from pipelines.wording import UNNAMED, figure

FEWEST = 5  # independent test samples of a class, and as many of others, below which a subgroup says nothing of it


@dataclass(frozen=True)
class Subgroup:
    """A minority class in one subgroup, under the deciding classifier with its best arm.

    samples: of the class in test there.   without, with_samples: average precision there without synthetic samples and with
    them, NaN where that was not measured.   gain: what they add, None where that was not measured.
    lost: whether more is lost than the settings allow, beyond doubt: at the confidence of the gate over all subgroups and
    classes together (Bonferroni), so that a class without any harm is rarely held for it.
    """

    attribute: str
    value: str
    label: int
    samples: int
    without: float
    with_samples: float = float("nan")
    gain: Interval | None = None
    lost: bool = False


def measured(draws: Resampling, without: Sequence[Key], added: Sequence[Key], settings: Settings) -> list[Subgroup]:
    """Return every minority class in every subgroup that has enough of it.

    without, added: the repeats of the best arm, without synthetic samples and with them; these may be none.
    """
    inputs = draws.study.inputs
    places = {
        (name, str(value)): [label for label in inputs.minority if _enough(inputs, values == value, label)]
        for name, values in inputs.attributes.items()
        for value in np.unique(values)
    }
    level = (1 - settings.confidence) / 2 / max(sum(map(len, places.values())), 1)
    found = []
    for (name, value), labels in places.items():
        rows = inputs.attributes[name] == value
        inside = draws.within(rows, seeds.numpy_generator(draws.study.fitter.seed, "evaluate", "subgroup", name, value))
        for label in labels:
            samples = int((inputs.test.y[rows] == label).sum())
            alone = float(inside.average_precision(without, [label])[0].mean())
            if not added:
                found.append(Subgroup(name, value, label, samples, alone))
                continue
            together = float(inside.average_precision(added, [label])[0].mean())
            gain = inside.gain(added, without, [label], settings.confidence)
            lost = surely_below(gain, -settings.max_subgroup_loss, inputs.tested(label, rows), level)
            found.append(Subgroup(name, value, label, samples, alone, together, gain, lost))
    return found


def surely_below(gain: Interval, limit: float, samples: int, level: float) -> bool:
    """Say whether a gain lies below `limit` with an error of `level`, one-sided.

    samples: independent ones. By its standard error and Student's t with as many degrees of freedom as there are samples of the
    class, less one: with five samples the percentiles of a bootstrap are too narrow, and far out there are none.
    """
    return bool(gain.value + stats.t.isf(level, samples - 1) * gain.error < limit)


def losses(found: Sequence[Subgroup], label: int) -> list[str]:
    """Return in which subgroups a class surely loses too much, in words."""
    return [
        f"average precision falls where {one.attribute} is {one.value or UNNAMED}: {one.gain}, "
        f"from {figure(one.without)} on {one.samples} test samples"
        for one in found
        if one.label == label and one.lost and one.gain is not None
    ]


def table(found: Sequence[Subgroup], inputs: Inputs) -> pd.DataFrame:
    """Return one row per subgroup and class."""
    none = float("nan")
    rows = [
        (
            one.attribute, one.value or UNNAMED, inputs.names[one.label], one.samples, one.without, one.with_samples,
            *((one.gain.value, one.gain.low, one.gain.high) if one.gain else (none, none, none)), one.lost,
        )
        for one in found
    ]  # fmt: skip
    return tables.frame("subgroups", rows)


def _enough(inputs: Inputs, rows: np.ndarray, label: int) -> bool:
    others = int((inputs.test.y[rows] != label).sum())
    return inputs.tested(label, rows) >= FEWEST and others >= FEWEST
