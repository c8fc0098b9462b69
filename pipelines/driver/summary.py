"""A run in a few lines: for the end of `tailweight run` and for the artifacts on Prefect's page of the run."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import files, judged

METRICS = "data/evaluation/metrics.json"
JUDGED = "data/judged.json"
PICTURE = "data/report/samples.png"


@dataclass(frozen=True)
class Summary:
    """What a run found.

    rows: one a class: `class`, `verdict`, `gain`, `detectable` (the smallest gain that the test set shows), `why`.
    judged: how many results the test split has given so far. image: a `data:` URL of real samples above synthetic
    ones, or None.
    """

    verdict: str
    reason: str
    rows: list[dict[str, Any]]
    judged: int
    image: str | None

    @property
    def markdown(self) -> str:
        """The summary as a text with a heading and a list."""
        rows = [f"- **{row['class']}**: {row['verdict']}: {row['why']}; {self._power(row)}" for row in self.rows]
        return "\n".join([f"# {self.verdict}", "", self.reason, "", *rows, "", self.wear])

    @property
    def lines(self) -> list[str]:
        """The summary as lines for a terminal."""
        rows = [f"class {row['class']!r}: {row['verdict']}: {row['why']}; {self._power(row)}" for row in self.rows]
        return [*(rows or [self.reason]), self.wear]

    @property
    def wear(self) -> str:
        """How often the test split was used: look often enough, and there is a gain by chance."""
        return f"this test split has given {self.judged} different result(s) so far; a test set wears out"

    @staticmethod
    def _power(row: dict[str, Any]) -> str:
        """The smallest gain that could have been seen, without which the gain that was seen says little."""
        detectable = row["detectable"]
        return (
            f"smallest gain that this test set shows: {detectable:.3f}"
            if detectable is not None
            else "no gain could be seen"
        )


def of(project: Path) -> Summary | None:
    """Return the summary of the last evaluation of a project; None where there is none yet."""
    if not (project / METRICS).is_file():
        return None
    found = files.read_json(project / METRICS)
    rows = [
        {
            "class": name,
            "verdict": entry["verdict"],
            "gain": entry["gain"]["value"],
            "detectable": entry["detectable"],
            "why": "; ".join(entry["reasons"]),
        }
        for name, entry in found["classes"].items()
    ]
    image = project / PICTURE
    url = f"data:image/png;base64,{base64.b64encode(image.read_bytes()).decode()}" if image.is_file() else None
    ledger = judged.read(project / JUDGED)
    looks = len([*ledger.values()][-1]) if ledger else 0
    return Summary(found["verdict"], found["reason"], rows, looks, url)
