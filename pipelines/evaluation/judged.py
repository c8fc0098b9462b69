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


def remember(judged: Path, test_digest: str, result_digest: str) -> int:
    """Note in `judged` that this test split gave this result; return how many other results it had given before.

    The split that judged last stands last.
    """
    before = read(judged)
    after = {split: results for split, results in before.items() if split != test_digest}
    seen = before.get(test_digest, [])
    after[test_digest] = seen if result_digest in seen else [*seen, result_digest]
    if list(after.items()) != list(before.items()):
        files.write_json(judged, after)
    return len(after[test_digest]) - 1
