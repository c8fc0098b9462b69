"""Results of a benchmark in a JSON Lines file, which a run that is started again goes on with."""

import json
from pathlib import Path
from typing import Any


def load(store: Path) -> list[dict[str, Any]]:
    """Return the rows that are there, none where there is no file yet."""
    return [json.loads(line) for line in store.read_text().splitlines()] if store.exists() else []


def add(store: Path, rows: list[dict[str, Any]]) -> None:
    """Append rows."""
    with store.open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
