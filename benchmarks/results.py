"""Results of a benchmark in a JSON Lines file, which a run that is started again goes on with, and how they are shown."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats


def load(store: Path) -> list[dict[str, Any]]:
    """Return the rows that are there, none where there is no file yet."""
    return [json.loads(line) for line in store.read_text().splitlines()] if store.exists() else []


def add(store: Path, rows: list[dict[str, Any]]) -> None:
    """Append rows."""
    with store.open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def interval(gains: Sequence[float] | np.ndarray) -> str:
    """Return the mean of one gain per world with its 95 % interval by Student's t."""
    found = np.asarray(gains, float)
    found = found[np.isfinite(found)]
    if len(found) < 2:
        return f"{found.mean():+.3f}"
    reach = stats.t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found))
    return f"{found.mean():+.3f} [{found.mean() - reach:+.3f}, {found.mean() + reach:+.3f}]"


def lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), *rows])
