"""When a class ships, and when not."""

from dataclasses import replace

import pytest

from pipelines.evaluation import gate
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.settings import Settings

RULES = Settings()
CLEAR = Interval(0.10, 0.06, 0.14, 0.02, 0.001)
NULL = Interval(0.0, -0.02, 0.02, 0.01, 0.5)
SAME = Interval(0.0, 0.0, 0.0, 0.0, 1.0)
GOOD = gate.Evidence(
    name="boot", baseline="smote", gains={"smote": CLEAR, "nothing": CLEAR}, rest=NULL, test_samples=60, repeats=5,
    added=70, real_samples=10, collected=130, instead="interpolate between neighbours (SMOTE)",
    copies=(1, 70), agreement=(60, 70), reference_agreement=0.9,
)  # fmt: skip


def verdict(**changes: object) -> gate.Verdict:
    return gate.judge([replace(GOOD, **changes)], RULES)[0]


def test_a_clear_gain_over_every_baseline_ships() -> None:
    """With its figures in the reason."""
    found = verdict()
    assert found.verdict == gate.SHIP and found.instead == ""
    assert "+0.100 [+0.060, +0.140]" in found.reasons[0] and "SMOTE" in found.reasons[0]


def test_a_verdict_names_the_rival_with_least_to_gain_over_and_what_the_gain_is_worth() -> None:
    """The arm that cross-validation took may have been a poor choice, and the gain over it is no gain over the best."""
    reasons = verdict(gains={"smote": CLEAR, "nothing": Interval(0.04, 0.02, 0.06, 0.01, 0.001)}, worth=6.2).reasons
    assert "+0.100 [+0.060, +0.140] in average precision over SMOTE without them, worth about 6 more real" in reasons[0]
    assert reasons[1].startswith("least over as is: +0.040 [+0.020")


def test_a_solved_class_is_neither_held_nor_underpowered() -> None:
    """However few test samples there are, and whatever the samples are."""
    found = verdict(solved=0.996, test_samples=3, added=0)
    assert found.verdict == gate.SOLVED and "0.996" in found.reasons[0] and found.reasons[-1].startswith("instead: ")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"harm": "out of fold they lower average precision by 0.050"}, "out of fold they lower"),
        ({"added": 0}, "no candidate"),
        ({"copies": (10, 100)}, "copies of training samples"),
        ({"agreement": (5, 70)}, "never saw them"),
        ({"gains": {"smote": CLEAR, "nothing": NULL}}, "not surely above zero over as is"),
        ({"gains": {"smote": NULL, "nothing": CLEAR}}, "not surely above zero over SMOTE"),
        ({"gains": {"smote": CLEAR, "smote_in_place": NULL}}, "not surely above zero over SMOTE in place of"),
        ({"gains": {"smote": CLEAR, "nothing": SAME}}, "nothing was measured"),
        ({"gains": {"smote": Interval(0.006, 0.002, 0.01, 0.002, 0.001)}}, "the smallest gain"),
        ({"rest": Interval(-0.05, -0.07, -0.03, 0.01, 0.99)}, "other classes"),
    ],
)
def test_what_holds_a_class(changes: dict, word: str) -> None:
    """Each on its own, said in words, with the baseline to use instead."""
    found = verdict(**changes)
    assert found.verdict == gate.HOLD and any(word in reason for reason in found.reasons)
    assert found.instead.startswith("interpolate") and found.reasons[-1].startswith("instead: ")


def test_five_test_samples_are_underpowered_and_the_size_that_would_do_is_named() -> None:
    """However large the gain looks. Error .05 with 5 samples: detectable (1.96 + .84) x .05 = .14, 5 x (.14 / .05)^2 = 40."""
    found = verdict(test_samples=5, gains={"smote": replace(CLEAR, error=0.05)})
    assert found.verdict == gate.UNDERPOWERED
    assert found.sufficient_test_samples == 40 and "40 would do" in found.reasons[0]
    assert "130 of this class" not in found.reasons[0]
    few = verdict(test_samples=5, collected=12, gains={"smote": replace(CLEAR, error=0.05)})
    assert "the data set has 12 of this class in all: collect more" in few.reasons[0]
    assert found.detectable == pytest.approx(0.1401, abs=1e-4)


def test_test_samples_of_a_group_count_once() -> None:
    """Forty frames of four patients are four; no number of samples says what would do."""
    found = verdict(test_samples=40, test_groups=4)
    assert found.verdict == gate.UNDERPOWERED
    assert found.reasons[0] == "4 groups of test samples are too few to judge; 10 would do"
    assert verdict(test_groups=12).verdict == gate.SHIP


@pytest.mark.parametrize("repeats", [1, 2, 3, 4])
def test_fewer_than_five_repeats_never_ship(repeats: int) -> None:
    """The reason says what to set."""
    found = verdict(repeats=repeats)
    assert found.verdict == gate.UNDERPOWERED and "evaluate.repeats" in found.reasons[0]


def test_a_wide_interval_is_underpowered_and_a_narrow_one_held() -> None:
    """The gain may be there, or it is known not to be."""
    wide = Interval(0.03, -0.09, 0.15, 0.06, 0.3)
    assert verdict(gains={"smote": wide}).verdict == gate.UNDERPOWERED
    assert verdict(gains={"smote": NULL}).verdict == gate.HOLD


def test_holm_asks_more_of_many_classes() -> None:
    """P = .01 passes alone and fails among four."""
    borderline = replace(GOOD, gains={"smote": replace(CLEAR, p=0.01)})
    assert [v.verdict for v in gate.judge([borderline], RULES)] == [gate.SHIP]
    assert gate.SHIP not in {v.verdict for v in gate.judge([borderline] * 4, RULES)}


def test_overall_ships_when_any_class_ships() -> None:
    """And a run without minority classes has nothing to ship."""
    ship, hold = verdict(), verdict(harm="harm")
    few = verdict(test_samples=5)
    assert gate.overall([hold, ship, few]) == (gate.SHIP, "ship: boot; underpowered: boot; hold: boot")
    assert gate.overall([hold, few])[0] == gate.UNDERPOWERED
    solved = verdict(solved=1.0)
    assert gate.overall([solved, hold])[0] == gate.HOLD and gate.overall([solved])[0] == gate.SOLVED
    assert gate.overall([hold])[0] == gate.HOLD and gate.overall([])[0] == gate.HOLD
