"""Tables and drawings of what was measured stand also where something could not be."""

import numpy as np
import pandas as pd

from pipelines.evaluation import inspection, tables
from pipelines.report import charts, measured
from pipelines.report.figures import Figures
from tests.pipelines.evaluation.worlds import digits


def test_checks_of_a_class_of_which_nothing_was_kept() -> None:
    """A dash stands where a side has no samples, and the other sides are shown."""
    world = digits((1, 2), classes=4)
    world.pools[0].kept[:] = False
    for found in inspection.inspect(world, 0, tells=False).values():
        told = tables.plain(found.figures)
        table = measured.checks(told, "digit", Figures())
        assert table is not None and len(table.rows) > 3
    cells = {row[0].text: [cell.text for cell in row[1:]] for row in measured.checks(
        tables.plain(inspection.inspect(world, 0, tells=False)[1].figures), "digit 1", Figures()
    ).rows}  # type: ignore[union-attr]  # fmt: skip
    assert cells["precision"][0] == "–"


def test_gains_of_a_single_training_are_drawn_without_intervals() -> None:
    """Their ends are infinite."""
    rows = pd.DataFrame({"baseline": ["nothing", "smote"], "gain": [0.1, 0.05], "low": -np.inf, "high": np.inf})
    assert "<svg" in charts.gains(rows.assign(chosen=[True, False]), {"smote": "SMOTE"}, "digit 1")


def test_a_training_that_has_diverged_is_said_to_have() -> None:
    """It has no figure, and is no dash, which would say that nothing could be measured."""
    signs = [
        {"name": "diverging", "value": None, "limit": 10.0, "bad": True, "said": "largest loss", "done": "stopped"},
        {"name": "mode collapse", "value": None, "limit": 0.1, "bad": False, "said": "spread", "done": ""},
    ]
    (row,) = measured.health({"base": {"signs": signs}}, Figures()).rows
    assert [cell.text for cell in row[1:]] == ["✗ not finite", "–"]
