"""What a run found, as it is told."""

from pathlib import Path

import pytest

from pipelines import files
from pipelines.commands import output
from pipelines.driver import dag, summary
from pipelines.driver.summary import NO_GAN, Finding, Summary
from pipelines.plan import Plan


def finding(
    name: str, verdict: str, instead: str | None = "train as is (evidence); on the test split it reaches 1.000"
) -> Finding:
    gain = {"value": -0.062, "low": -0.108, "high": -0.022}
    return Finding(name, verdict, 10, 25, 0, gain, "mixup, balanced sampling", 0.07, ["too little"], instead)


def test_the_headline_counts_the_verdicts() -> None:
    """It says what ships, and what becomes of the rest."""
    held = [finding("a", "hold"), finding("b", "hold"), finding("c", "solved")]
    assert Summary("hold", "", held, 1, None).headline == "nothing ships: 2 classes on hold, 1 solved"
    assert Summary("hold", "", held[:1], 1, None).headline == "nothing ships: 1 class on hold"
    both = [finding("a", "ship"), held[0]]
    assert Summary("ship", "", both, 1, None).headline == "1 of 2 classes ship: 1 on hold"
    assert Summary("ship", "", both[:1], 1, None).headline == "1 of 1 classes ship"
    assert Summary("hold", "no class is a minority class", [], 0, None).headline.endswith(
        "no class is a minority class"
    )


def test_the_table_says_each_class_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Verdict, samples, gain with its interval and over what; what to do instead once for all that share it."""
    lone = Finding("[b]lone", NO_GAN, 3, 0, 0, None, None, None, ["it has 3 samples: use class weights"], None)
    output.verdicts(Summary("hold", "", [finding("1", "hold"), finding("2", "hold"), lone], 3, None))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0].endswith("test split used 3x") and len(lines[0]) == 80
    assert (
        lines[2].split("  ")[0] == "1"
        and "-0.062 [-0.108, -0.022]" in lines[2]
        and lines[2].endswith("mixup, balanced")
    )
    assert lines[4].startswith("[b]lone")
    assert lines[5:] == [
        "instead, 1, 2: train as is (evidence)",
        "instead, [b]lone: it has 3 samples: use class weights",
    ]


def test_the_gain_is_the_least_over_any_rival(tmp_path: Path) -> None:
    """Of the deciding classifier's gains over the rivals the smallest is told, with over what; what was added goes with it."""
    entry = {"verdict": "hold", "reasons": ["little"], "detectable": 0.02, "instead": "train as is"}
    metrics = {
        "verdict": "hold",
        "reason": "hold: 1, 2",
        "classes": {"1": entry, "2": entry},
        "rivals": ["a", "b"],
        "labels": {"a": "arm a", "b": "arm b"},
        "way": {"dose": 0.25},
        "counts": {name: {"train": 8, "needed": 40, "kept": 9} for name in ("1", "2")},
    }
    files.write_json(tmp_path / summary.METRICS, metrics)
    rows = [
        "forest,b,1,False,-0.9",
        "net,a,1,True,0.02",
        "net,b,1,True,-0.01",
        "net,nothing,1,True,-0.5",
        "net,a,2,True,",
    ]
    lines = ["classifier,baseline,class,decides,gain,low,high", *(f"{row},-0.02,0.01" for row in rows)]
    files.write_text(tmp_path / summary.GAINS, "\n".join(lines) + "\n")
    Plan(counts={"3": 2}, skipped={"3": "too few"}).save(tmp_path / dag.PLAN)
    found = summary.of(tmp_path)
    assert found is not None
    first, second, third = found.classes
    assert (first.alternative, first.interval, first.added) == ("arm b", "-0.010 [-0.020, +0.010]", 9)
    assert (second.alternative, second.interval, second.added) == (None, "-", 0)
    assert (third.verdict, third.real, third.why) == (NO_GAN, 2, ["too few"])
