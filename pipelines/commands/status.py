"""`tailweight status`: which stages would run, and why."""

import argparse
from pathlib import Path
from typing import Any

ABOUT = "say which stages would run, and why; exit code 1 where any would"


def add_options(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def execute(options: argparse.Namespace) -> int:
    """Do what the command line asks for."""
    return status(Path(options.project))


def status(project: Path) -> int:
    """Print the stages that would run, each with what changed, and return 1 where there are any."""
    from pipelines.driver import check, lock

    lock.mend_aloud(project)
    check.check(project, [])
    changed = check.Standing(project).changed
    for name, changes in changed.items():
        print(f"{name}: {'; '.join(reasons(changes))}")
    print(f"{len(changed)} stages would run, and those after them: tailweight run" if changed else "all is up to date")
    return 1 if changed else 0


def reasons(changes: list[Any]) -> list[str]:
    """Return what DVC says of one stage as short texts.

    >>> reasons([{"changed deps": {"data/raw": "modified"}}, {"changed deps": {"params.yaml": {"seed": "new"}}}])
    ['deps data/raw modified', 'params.yaml: seed']
    """
    words = []
    for change in changes:
        if isinstance(change, str):
            words.append(change)
            continue
        for kind, found in change.items():
            words += [_reason(kind.removeprefix("changed "), path, what) for path, what in found.items()]
    return words


def _reason(kind: str, path: str, what: Any) -> str:
    return f"{path}: {', '.join(what)}" if isinstance(what, dict) else f"{kind} {path} {what}"
