"""The release gate: ship, hold, solved or underpowered, with reasons in words and figures.

The deciding figure is average precision of the class, under the classifier that cross-validation on real samples chose.
The gain is what synthetic samples add to the best arm without them. An arm that was chosen badly would make any decent
sample look like a gain, so a class ships only when the gain is above zero against *every* rival (see `Choice.rivals` and
`Measured`): the p value of a class is its largest (an intersection-union test, Berger 1982: no correction over arms is needed).
Over the classes, Holm's correction holds the chance of shipping anything useless, in all, at (1 - confidence) / 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.evaluation import intervals
from pipelines.evaluation.arms import ARMS
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.synthetic import called
from pipelines.wording import chance, figure, signed

SHIP, HOLD, SOLVED, UNDERPOWERED = "ship", "hold", "solved", "underpowered"
MIN_REPEATS = 5


@dataclass(frozen=True)
class Evidence:
    """All that the gate knows of one class.

    gains: arm -> interval of the gain in average precision, for every arm that has to be beaten.   baseline: the best of them
    by cross-validation, which the samples were added to.
    rest: the change of the mean average precision of the classes that got no samples; None when there is none.
    test_samples, real_samples (trained on), collected (in all splits), repeats, added: counts.
    test_groups: of how many groups the test samples are, and `collected` counts, None where each sample is by itself.
    harm: what cross-validation says against the samples, empty if nothing.   solved: average precision out of fold without
    synthetic samples where that leaves no room, else None.   worth: the gain in real samples, None where it has no measure.
    losses: subgroups in which the class surely loses too much, in words.
    copies: (flagged, checked).   agreement: (recognised, checked) of the label check.
    reference_agreement: share of held-out real samples that the same label check recognises; NaN when it had none.
    advised: the arm to take without synthetic samples.   instead: what that is to do, with its evidence.
    """

    name: str
    baseline: str
    gains: Mapping[str, intervals.Interval]
    rest: intervals.Interval | None
    test_samples: int
    repeats: int
    added: int
    test_groups: int | None = None
    real_samples: int = 0
    collected: int = 0
    harm: str = ""
    solved: float | None = None
    worth: float | None = None
    losses: Sequence[str] = ()
    copies: tuple[int, int] = (0, 0)
    agreement: tuple[int, int] = (0, 0)
    reference_agreement: float = float("nan")
    advised: str = ""
    instead: str = ""

    @property
    def independent(self) -> int:
        """How many independent test samples there are."""
        return self.test_samples if self.test_groups is None else self.test_groups

    def counted(self, count: int) -> str:
        """Return so many independent test samples, in words."""
        return f"{count} test samples" if self.test_groups is None else f"{count} groups of test samples"


@dataclass(frozen=True)
class Verdict:
    """ship, hold, solved or underpowered, and why.

    gain: against the chosen baseline.   p: the largest over baselines, after Holm over classes.   worth: see `Evidence`.
    hardest: the baseline that the class is least sure to beat.   detectable: smallest gain over it that this test set
    shows in 80 of 100 cases.
    sufficient_test_samples: what the class would need in test to show a relevant gain.   action, instead: what to do when
    it does not ship, without and with its evidence.   advised: the arm that this is.
    """

    name: str
    verdict: str
    reasons: list[str]
    baseline: str
    hardest: str
    gain: intervals.Interval
    p: float
    detectable: float
    sufficient_test_samples: int
    instead: str
    worth: float | None = None
    action: str = ""
    advised: str = ""


def judge(evidence: Sequence[Evidence], settings: Settings) -> list[Verdict]:
    """Return the verdict of each class, in order."""
    hardest = [min(e.gains, key=lambda name: (-e.gains[name].p, e.gains[name].value)) for e in evidence]
    p = intervals.holm(np.array([e.gains[name].p for e, name in zip(evidence, hardest, strict=True)]))
    return [_judge(e, h, float(q), len(evidence), settings) for e, h, q in zip(evidence, hardest, p, strict=True)]


def may_ship(gain: intervals.Interval, settings: Settings) -> bool:
    """Say whether a class with this gain over its best arm can still ship; the other rivals can only speak against it."""
    return gain.p <= _level(settings) and gain.value >= settings.min_gain


def _level(settings: Settings) -> float:
    """Return the chance of shipping anything useless that is accepted."""
    return (1 - settings.confidence) / 2


def _judge(e: Evidence, hardest: str, p: float, classes: int, settings: Settings) -> Verdict:
    level = _level(settings)
    gain = e.gains[e.baseline]
    detectable = intervals.detectable_effect(e.gains[hardest].error, level / classes)
    enough = (
        intervals.sufficient_size(e.independent, detectable, settings.relevant_gain) if np.isfinite(detectable) else 0
    )
    enough = max(enough, settings.min_test_samples)
    verdict, reasons = _decide(e, hardest, p, detectable, enough, settings)
    advised, instead = ("", "") if verdict == SHIP else (e.advised, e.instead)
    action = ARMS[advised].advice if advised else ""
    if instead:
        reasons.append(f"instead: {instead}")
    return Verdict(
        e.name, verdict, reasons, e.baseline, hardest, gain, p, detectable, enough, instead, e.worth, action, advised
    )


def _decide(
    e: Evidence, hardest: str, p: float, detectable: float, enough: int, settings: Settings
) -> tuple[str, list[str]]:
    """The first rule that applies decides."""
    if e.solved is not None:
        return SOLVED, [
            f"average precision {figure(e.solved)} out of fold without synthetic samples: there is nothing to gain"
        ]
    said = _gain_in_words(e)
    barred = _barred(e, settings)
    if barred:
        return HOLD, [*barred, *said]
    if e.independent < settings.min_test_samples:
        needed = f"{e.counted(e.independent)} are too few to judge; {enough} would do{_out_of_reach(e, enough)}"
        return UNDERPOWERED, [needed, *said]
    if e.repeats < MIN_REPEATS:
        few = f"{e.repeats} repeats are too few to judge; set evaluate.repeats to {MIN_REPEATS}"
        return UNDERPOWERED, [few, *said]
    if not all(interval.error > 1e-12 for interval in e.gains.values()):
        return HOLD, ["an arm gave exactly the figures of the GAN in every draw: nothing was measured", *said]
    doubts = _doubts(e, hardest, p, settings)
    if not doubts:
        return SHIP, [f"{said[0]}; above zero against every rival (p {chance(p)} after Holm's correction)", *said[1:]]
    against = e.gains[hardest]
    unsettled = p > _level(settings) and against.high >= settings.relevant_gain
    if not unsettled or detectable <= settings.relevant_gain or (e.rest is not None and e.rest.high < 0):
        return HOLD, [*said, *doubts]
    relevant = f"{e.counted(enough)} would show {settings.relevant_gain:g}"
    size = f"this test set shows only gains above {figure(detectable)}; {relevant}"
    return UNDERPOWERED, [*said, *doubts, size + _out_of_reach(e, enough)]


def _gain_in_words(e: Evidence) -> list[str]:
    """Return what was gained over the best arm, and where that differs over which least was gained; nothing unmeasured."""
    gain = e.gains[e.baseline]
    if not np.isfinite(gain.error):
        return []
    label = called(e.baseline)
    said = f"gain {gain} in average precision over {label} without them"
    if gain.low > 0 and e.worth is not None:
        said += f", worth about {max(round(e.worth), 1)} more real samples, of {e.real_samples}"
    if (name := _least(e)) != e.baseline:
        least = e.gains[name]
        return [said, f"least over {called(name)}: {least}"]
    return [said]


def _out_of_reach(e: Evidence, enough: int) -> str:
    """Return that no split of this data set has so many samples, where that is so."""
    return f" (the data set has {e.collected} of this class in all: collect more)" if enough > e.collected > 0 else ""


def _least(e: Evidence) -> str:
    """Return the baseline over which there is least to gain, in hindsight; the chosen one where it is as hard."""
    return min(e.gains, key=lambda name: (e.gains[name].value, name != e.baseline))


def _barred(e: Evidence, settings: Settings) -> list[str]:
    """What no gain outweighs."""
    reasons = []
    if e.harm:
        reasons.append(e.harm)
    if e.added == 0:
        reasons.append("no candidate passed the filter")
    reasons += e.losses
    low, high = intervals.wilson(*e.copies, settings.confidence)
    if e.copies[1] and low > settings.max_copies:
        reasons.append(
            f"{e.copies[0]} of {e.copies[1]} samples are copies of training samples "
            f"({low:.1%} to {high:.1%}; the limit is {settings.max_copies:.1%})"
        )
    low, high = intervals.wilson(*e.agreement, settings.confidence)
    if e.agreement[1] and high < settings.min_label_agreement * e.reference_agreement:
        reasons.append(
            f"a classifier that never saw them recognises {e.agreement[0]} of {e.agreement[1]} as this class, "
            f"but {e.reference_agreement:.0%} of held-out real samples"
        )
    return reasons


def _doubts(e: Evidence, hardest: str, p: float, settings: Settings) -> list[str]:
    """What stands between a class and shipping."""
    doubts = []
    level = _level(settings)
    if p > level:
        label = called(hardest)
        doubts.append(
            f"not surely above zero over {label}: p {chance(p)} after Holm's correction, at most {level:g} is asked for"
        )
    smallest = e.gains[_least(e)].value
    if smallest < settings.min_gain:
        doubts.append(f"the smallest gain is {signed(smallest)}, at least {settings.min_gain:g} is asked for")
    if e.rest is not None and e.rest.low < -settings.max_loss:
        doubts.append(
            f"the other classes may lose {figure(-e.rest.low)} in average precision, {settings.max_loss:g} is allowed"
        )
    return doubts


def overall(verdicts: Sequence[Verdict]) -> tuple[str, str]:
    """Return the verdict on the run and one line that says why: ship when any class ships."""
    if not verdicts:
        return HOLD, "no class is a minority class: there is nothing to ship"
    by_kind = {kind: [v.name for v in verdicts if v.verdict == kind] for kind in (SHIP, UNDERPOWERED, HOLD, SOLVED)}
    line = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in by_kind.items() if names)
    return next(kind for kind, names in by_kind.items() if names), line
