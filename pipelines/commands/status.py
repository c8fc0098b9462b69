"""`tailweight status`: which stages would run, and why."""

import argparse
from pathlib import Path
from typing import Any

from pipelines.commands import output

ABOUT = "say which stages would run, and why; exit code 1 where any would"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    output.add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Do what the command line asks for."""
    return status(Path(options.project), options.json)


def status(project: Path, as_json: bool = False) -> int:
    """Print the stages that would run, each with what changed, and return 1 where there are any."""
    from pipelines.driver import check, lock, names

    lock.mend_aloud(project)
    check.check(project, [])
    never = not (project / lock.FILE).is_file()
    changed = {} if never else check.Standing(project).changed
    if as_json:
        stages = [
            {"stage": name.partition("@")[0], "class": names.class_of(name, project), "why": reasons(changes)}
            for name, changes in changed.items()
        ]
        output.document({"up_to_date": not (changed or never), "never_run": never, "stages": stages})
    elif never:
        print("this project has never run, so every stage would: tailweight run")
    elif changed:
        for name, changes in changed.items():
            print(f"{names.shown(name, project)}: {'; '.join(reasons(changes))}")
        print(f"{len(changed)} stages would run, and those after them: tailweight run")
    else:
        print("all is up to date")
    return 1 if changed or never else 0


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
