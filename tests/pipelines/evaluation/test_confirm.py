"""What is released is measured as it is released."""

from dataclasses import replace

import pytest

from pipelines.evaluation import advice, gate
from pipelines.evaluation.confirm import confirm
from pipelines.evaluation.evaluate import measure, prepare
from pipelines.evaluation.gate import Verdict
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.settings import Settings
from tests.pipelines.evaluation.worlds import digits

QUICK = Settings(classifiers=["logistic_regression"], folds=3, doses=[1.0], draws=300)
GAIN = Interval(0.1, 0.05, 0.15, 0.02, 0.001)


def said(name: str, verdict: str) -> Verdict:
    return Verdict(name, verdict, ["gain +0.100"], "class_weights", "class_weights", GAIN, 0.001, 0.05, 20, "")


@pytest.mark.parametrize(("kind", "expected"), [("real", gate.SHIP), ("wrong", gate.HOLD)])
def test_a_class_that_gains_nothing_on_its_own_is_held_after_all(kind: str, expected: str) -> None:
    """Digit 1 was to ship and digit 8 not; without the samples of 8 the gain of 1 is measured again."""
    world = digits((1, 8), classes=9)
    world = replace(world, pools=(digits((1, 8), classes=9, kind=kind).pools[0], world.pools[1]))
    study, choice = prepare(world, QUICK, 0)
    measured = measure(study, choice, QUICK, 0, brief=True)
    first, second = confirm(
        study, choice, measured.way, [said("digit 1", gate.SHIP), said("digit 8", gate.HOLD)], QUICK, 0
    )
    assert first.verdict == expected and second == said("digit 8", gate.HOLD)
    assert expected == gate.SHIP or ("no longer above zero" in first.reasons[0] and first.gain.low <= 0)
    if expected == gate.HOLD:  # by the same rule, and with the same words, as any other class
        assert (first.advised, first.instead) == (advice.advised(choice), advice.instead(choice, {}))


def test_when_all_or_none_ship_there_is_nothing_to_measure_again() -> None:
    """The verdicts stay as they are, without a look at the study."""
    for verdict in (gate.SHIP, gate.HOLD):
        both = [said("digit 1", verdict), said("digit 8", verdict)]
        assert confirm(None, None, None, both, QUICK, 0) == both  # type: ignore[arg-type]
