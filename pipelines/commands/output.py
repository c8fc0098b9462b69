"""What commands print: a table of the verdicts for people, one JSON document for programs."""

import argparse
import contextlib
import json
import sys
from collections.abc import Collection, Iterable
from typing import Any

from pipelines.driver.summary import Finding, Summary

WIDTH_OF_LOGS = 120  # columns of a table that no terminal shows


def add_json(parser: argparse.ArgumentParser) -> None:
    """Declare `--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def document(value: Any) -> None:
    """Print plain values as a JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def nothing_but_a_document(wanted: bool) -> contextlib.AbstractContextManager[object]:
    """Return a context in which, where a document is `wanted`, all that is printed goes to stderr."""
    return contextlib.redirect_stdout(sys.stderr) if wanted else contextlib.nullcontext()


def console() -> Any:
    """Return rich's console for tables: as wide as the terminal, or as a log is."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else WIDTH_OF_LOGS, highlight=False, markup=False, emoji=False)


def table(*columns: str, right: Collection[str] = ()) -> Any:
    """Return one of rich's tables without lines, its head as given. right: the columns of numbers."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=None)
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left")
    return made


def verdicts(found: Summary) -> None:
    """Print what was decided: a headline, a line a class, what to do instead."""
    from rich.text import Text

    on = console()
    used = f"test split used {found.judged}x"
    room = max(min(on.width, 80) - len(used), len(found.headline) + 3)
    on.print(f"{found.headline:<{room}}{used}", soft_wrap=True)
    if found.classes:
        names = ("class", "verdict", "real", "added", "gain over the best alternative", "alternative")
        rows = table(*names, right=("real", "added"))
        for one in found.classes:
            rows.add_row(*map(Text, _cells(one)))
        on.print(rows)
    for line in _instead(found.classes):
        on.print(line, soft_wrap=not sys.stdout.isatty())


def _cells(one: Finding) -> list[str]:
    """Return a class's line. The networks' arms all augment, so that is left out where more is said."""
    other = (one.alternative or "-").removeprefix("augmentation, ").removesuffix(" sampling")
    return [one.name, one.verdict, str(one.real), str(one.added), one.interval, other]


def _instead(classes: Iterable[Finding]) -> list[str]:
    """Return what to do for the classes that do not ship: a line for all that share it, the evidence left out."""
    lines: dict[str, list[str]] = {}
    for one in classes:
        if one.verdict != "ship":
            said = (one.instead or "; ".join(one.why)).partition("; on the test split")[0]
            lines.setdefault(said, []).append(one.name)
    if len(lines) == 1:
        return [f"instead: {said}" for said in lines]
    return [f"instead, {', '.join(names)}: {said}" for said, names in lines.items()]
