"""No sentence of the page contradicts a figure on it, whatever was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import combinations
from typing import Any

import pandas as pd
import pytest

from pipelines.evaluation import gate, tables
from pipelines.evaluation.evaluate import labels
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.settings import Settings
from pipelines.report import decision
from pipelines.samples import IMAGES
from tests.pipelines.report.world import FOUND, NULL, evidence

LABELS = labels(IMAGES)

LEVELS = {"nothing": 0.90, "deferred": 0.91, "balanced": 0.903}
RELEASE = {"kind": "images", "samples": 100, "synthetic": 40}


def measured(told: Sequence[gate.Evidence]) -> dict[str, Any]:
    judged = {verdict.name: asdict(verdict) for verdict in gate.judge(told, Settings())}
    counts = {one.name: {"train": 12, "needed": 60, "kept": 80} for one in told} | {"big": {"train": 72}}
    return tables.plain({"classes": judged, "labels": LABELS, "rivals": ["deferred", "balanced"], "counts": counts})


def gains(told: Sequence[gate.Evidence]) -> pd.DataFrame:
    rows = [(one.name, arm, True, gain.value) for one in told for arm, gain in one.gains.items()]
    return pd.DataFrame(rows, columns=["class", "baseline", "decides", "gain"])


def overview(told: Sequence[gate.Evidence], levels: Mapping[str, float] = LEVELS) -> pd.DataFrame:
    return decision.overview(measured(told), gains(told), {one.name: levels for one in told}, {})


def kinds(*names: str) -> list[gate.Evidence]:
    return [evidence(f"{kind}-class", **FOUND[kind]) for kind in names]


EVERY = [some for size in range(1, 5) for some in combinations(FOUND, size)]


@pytest.mark.parametrize("some", EVERY, ids="+".join)
def test_headline_table_and_steps_agree(some: tuple[str, ...]) -> None:
    """Samples are to be added for the classes that ship and for no other, in each of the three."""
    found, table = measured(kinds(*some)), overview(kinds(*some))
    headline, steps = decision.headline(found["classes"]), decision.next_steps(found, RELEASE)
    text = " ".join(said for said, _ in steps)
    assert headline.startswith("Add the synthetic") == ("ship" in some)
    assert any(command.startswith("tailweight export") for _, command in steps) == ("ship" in some)
    for _, row in table.iterrows():
        assert row["do"].startswith("add the released") == (row["verdict"] == "ship")
        assert (f"“{row['class']}”" in headline) == (row["verdict"] == "ship")
        assert row["do"] in text
    assert ("is not judged yet" in text) == ("underpowered" in some)


def test_where_all_is_solved_nothing_else_is_asked_for() -> None:
    """The headline says that there is nothing to gain, and no step asks to collect, to add or to judge again."""
    found = measured(kinds("solved"))
    text = " ".join([decision.headline(found["classes"]), *(said for said, _ in decision.next_steps(found, RELEASE))])
    assert "nothing to gain" in text and not any(word in text for word in ("collect", "add the", "judged", "doubt"))


def test_what_many_classes_lack_is_one_step() -> None:
    """Up to six are told one by one; of more, how many test samples the least and the most demanding of them would take."""
    wide = [Interval(0.03, -0.1 - number / 100, 0.2, 0.07 + number / 100, 0.3) for number in range(7)]
    told = [evidence(f"class {number}", gains={"deferred": gain}, test_samples=60) for number, gain in enumerate(wide)]
    assert {one["verdict"] for one in measured(told)["classes"].values()} == {"underpowered"}
    few, many = (decision.next_steps(measured(some), RELEASE) for some in (told[:6], told))
    assert sum("is not judged yet" in said for said, _ in few) == 6
    (said,) = [said for said, _ in many if "not judged yet" in said]
    needed = {one["sufficient_test_samples"] for one in measured(told)["classes"].values()}
    assert "and 2 more are not judged yet" in said and f"{min(needed):,} to {max(needed):,} of a class in test" in said
    brief = decision.next_steps(measured([replace(one, repeats=2) for one in told]), RELEASE)
    (said,) = [said for said, _ in brief if "not judged yet" in said]
    assert "and 2 more are not judged yet: 2 repeats are too few to judge; set evaluate.repeats to 5" in said


def test_where_nothing_gains_it_is_said_of_every_class_and_no_worth_is_told() -> None:
    """The gain of the table is that of the reasons, to the last digit."""
    told = [replace(one, worth=3.0) for one in kinds("hold")]
    row, verdict = overview(told).iloc[0], measured(told)["classes"]["hold-class"]
    assert decision.headline({"a": verdict}) == "Add no synthetic samples: no class gains beyond doubt"
    assert pd.isna(row["worth"]) and row["low"] < 0 < row["high"]
    assert (
        f"gain {decision.signed(row['gain'])} [{decision.signed(row['low'])}, {decision.signed(row['high'])}]"
        in (verdict["reasons"][0])
    )


def test_where_the_chosen_alternative_was_not_the_best_both_are_named() -> None:
    """The gain over the chosen one stands beside the least one, and the advice beside what did better on test."""
    against = {"deferred": Interval(0.02, -0.01, 0.05, 0.02, 0.1), "balanced": Interval(-0.01, -0.03, 0.01, 0.01, 0.7)}
    row = overview([evidence("a", gains=against)]).iloc[0].to_dict()
    assert row["over"] == LABELS["deferred"]
    assert decision.in_words(row) == f"-0.010 over {LABELS['balanced']}"
    assert decision.beside(row).startswith(f"0.900 on test; {LABELS['deferred']} 0.910")


def test_where_the_advised_alternative_was_as_good_as_the_best_no_other_is_named() -> None:
    """A difference of a hair is not spoken of, and neither is a least gain over the same alternative."""
    against = {"deferred": NULL, "balanced": replace(NULL, value=0.01)}
    row = overview([evidence("a", gains=against)], {"nothing": 0.909, "deferred": 0.910}).iloc[0].to_dict()
    assert decision.in_words(row) == "" and decision.beside(row) == "0.909 on test"


def test_many_classes_are_counted_not_listed() -> None:
    """A sentence names the first few."""
    assert decision.listed("abc") == "“a”, “b” and “c”" and decision.listed("abcdefghij").endswith("“e” and 5 more")
