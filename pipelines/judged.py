"""`data/judged.json`: which results each test split has given. A test set wears out with every look."""

import json
from pathlib import Path

from pipelines import files


def read(path: Path) -> dict[str, list[str]]:
    """Return digest of a test split -> digests of its results, the split that judged last stands last; UserError if damaged."""
    if not path.exists():
        return {}
    with files.undamaged(path, f"it is kept in git, bring it back with: git checkout {path.name}"):
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not all(isinstance(results, list) for results in found.values()):
            raise ValueError("expected a list of results for each test split")
        return found
