"""What a run found: for the end of `tailweight run`, for programs, and for the artifacts on Prefect's page of the run."""

import base64
import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import files
from pipelines.driver import dag
from pipelines.evaluation import judged
from pipelines.plan import Plan, at_dose

METRICS = "data/evaluation/metrics.json"
GAINS = "data/evaluation/gains.csv"
JUDGED = "data/judged.json"
PICTURE = "data/report/samples.png"
NO_GAN = "no GAN"  # in place of a verdict of a class that has too few samples for one
SAID_OF = {"hold": "on hold", NO_GAN: "without a GAN"}


@dataclass(frozen=True)
class Finding:
    """What was found of one class.

    real: samples in the training set. added: synthetic samples beside them when the gain was measured, 0 where none was.
    shipped: synthetic samples in the release. gain: average precision with what was added, less that of the best
    alternative without, as value, low, high. detectable: the smallest gain that the test set shows. why: reasons, a
    sentence each. instead: what to do in place of synthetic samples.
    """

    name: str
    verdict: str
    real: int
    added: int
    shipped: int
    gain: dict[str, float | None] | None
    alternative: str | None
    detectable: float | None
    why: list[str]
    instead: str | None

    @property
    def plain(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        return {"class": self.name} | {key: value for key, value in vars(self).items() if key != "name"}

    @property
    def interval(self) -> str:
        """The gain with its interval, `-0.062 [-0.108, -0.022]`, or a dash."""
        value, low, high = self.gain.values() if self.gain else (None, None, None)
        known = value is not None and low is not None and high is not None
        return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]" if known else "-"


@dataclass(frozen=True)
class Summary:
    """What a run found.

    verdict: ship where any class ships. judged: how many results the test split has given so far. image: a `data:` URL of
    real samples above synthetic ones, or None.
    """

    verdict: str
    reason: str
    classes: list[Finding]
    judged: int
    image: str | None

    @property
    def headline(self) -> str:
        """The verdicts in a line: `nothing ships: 3 classes on hold, 1 solved`."""
        if not self.classes:
            return f"nothing ships: {self.reason}"
        count = Counter(found.verdict for found in self.classes)
        shipped = count.pop("ship", 0)
        first = f"{shipped} of {len(self.classes)} classes ship" if shipped else "nothing ships"
        others = [f"{number} {SAID_OF.get(word, word)}" for word, number in count.items()]
        if others and not shipped:
            noun = " class " if others[0].startswith("1 ") else " classes "
            others[0] = others[0].replace(" ", noun, 1)
        return ": ".join(filter(None, [first, ", ".join(others)]))

    @property
    def markdown(self) -> str:
        """The summary as a text with a heading, a list of the classes, and the reasons of each below it."""
        lines = [f"# {self.headline}", "", self.wear, ""]
        for found in self.classes:
            lines.append(f"- **{found.name}**: {found.verdict}")
            lines += [f"    - {reason}" for reason in found.why]
        return "\n".join(lines)

    @property
    def table(self) -> list[dict[str, Any]]:
        """The summary as a row a class, of texts and numbers that fit a cell."""
        return [
            {
                "class": found.name,
                "verdict": found.verdict,
                "real": found.real,
                "added": found.added,
                "gain over the best alternative": found.interval,
                "alternative": found.alternative or "-",
            }
            for found in self.classes
        ]

    @property
    def wear(self) -> str:
        """How often the test split was used: look often enough, and there is a gain by chance."""
        return (
            f"The test split has given {self.judged} different result(s). After many, a small p-value may be chance: "
            "judge by a new test split then."
        )

    @property
    def plain(self) -> dict[str, Any]:
        """The summary as JSON has it."""
        classes = [found.plain for found in self.classes]
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "test_split_used": self.judged,
            "classes": classes,
        }


def of(project: Path) -> Summary | None:
    """Return the summary of the last evaluation of a project; None where there is none yet."""
    if not (project / METRICS).is_file():
        return None
    found = files.read_json(project / METRICS)
    plan = Plan.load(project / dag.PLAN)
    gains = _least_gains(project, found)
    classes = [_finding(name, entry, found, gains.get(name)) for name, entry in found["classes"].items()]
    classes += [_skipped(name, why, plan.counts.get(name, 0)) for name, why in plan.skipped.items()]
    image = project / PICTURE
    url = f"data:image/png;base64,{base64.b64encode(image.read_bytes()).decode()}" if image.is_file() else None
    ledger = judged.read(project / JUDGED)
    looks = len([*ledger.values()][-1]) if ledger else 0
    return Summary(found["verdict"], found["reason"], classes, looks, url)


def _least_gains(project: Path, found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return for each class, by `gains.csv`, over which rival least was gained with the deciding classifier, and how much."""
    least: dict[str, dict[str, Any]] = {}
    with (project / GAINS).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["decides"] != "True" or row["baseline"] not in found.get("rivals", []) or not row["gain"]:
                continue
            gain = {"value": float(row["gain"]), "low": _number(row["low"]), "high": _number(row["high"])}
            before = least.get(row["class"])
            if before is None or gain["value"] < before["gain"]["value"]:
                least[row["class"]] = {"baseline": row["baseline"], "gain": gain}
    return least


def _number(text: str) -> float | None:
    return float(text) if text else None


def _finding(name: str, entry: Mapping[str, Any], found: Mapping[str, Any], least: Mapping[str, Any] | None) -> Finding:
    count = found["counts"][name]
    dose = (found.get("way") or {}).get("dose", 0) if least else 0
    added = min(count.get("kept", 0), at_dose(count.get("needed", 0), dose))
    return Finding(
        name=name,
        verdict=entry["verdict"],
        real=count["train"],
        added=added,
        shipped=added if entry["verdict"] == "ship" else 0,
        gain=least["gain"] if least else None,
        alternative=found["labels"][least["baseline"]] if least else None,
        detectable=entry["detectable"],
        why=entry["reasons"],
        instead=entry["instead"],
    )


def _skipped(name: str, why: str, real: int) -> Finding:
    return Finding(name, NO_GAN, real, 0, 0, None, None, None, [why], None)
