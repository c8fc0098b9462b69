"""Progress of long work: a bar on a terminal, a line now and then in a log, records for a parent that draws its own."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from gan.progress import Progress

PIPE = "TAILWEIGHT_PROGRESS"  # set to "records" by a parent that reads our output
MARK = "\x1etailweight "  # starts a record; a control character that no ordinary line starts with
LOG_EVERY_SECONDS = 15.0


def emit(**record: Any) -> bool:
    """Send a record to the parent that reads our output; say whether there is one."""
    if os.environ.get(PIPE) != "records":
        return False
    print(MARK + json.dumps(record), flush=True)
    return True


def parse(line: str) -> dict[str, Any] | None:
    """Return the record in a line of a child's output, or None where it is an ordinary line."""
    return json.loads(line.removeprefix(MARK)) if line.startswith(MARK) else None


@contextmanager
def shown(name: str, stream: TextIO | None = None) -> Iterator[Progress]:
    """Yield a `progress(done, total, figures)` for one stage, shown as fits where the output goes."""
    stream = stream or sys.stderr
    if os.environ.get(PIPE) == "records":
        yield _throttled(
            0.5, lambda done, total, figures: emit(stage=name, done=done, total=total, figures=dict(figures))
        )
    elif stream.isatty():
        with _bar(name) as progress:
            yield progress
    else:
        yield _throttled(LOG_EVERY_SECONDS, lambda *step: print(f"{name}: {describe(*step)}", file=stream, flush=True))


def describe(done: int, total: int, figures: Mapping[str, float]) -> str:
    """Return `300/2000  loss 0.69`."""
    return "  ".join(filter(None, [f"{done}/{total}", figures_text(figures)]))


def figures_text(figures: Mapping[str, float]) -> str:
    """Return `loss 0.69  steps 3`."""
    return "  ".join(f"{key} {value:.3g}" for key, value in figures.items())


def _throttled(seconds: float, show: Callable[[int, int, Mapping[str, float]], object]) -> Progress:
    last = time.monotonic()

    def progress(done: int, total: int, figures: Mapping[str, float]) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds or (done == total and seconds < 1):
            last = time.monotonic()
            show(done, total, figures)

    return progress


@contextmanager
def _bar(name: str) -> Iterator[Progress]:
    with columns() as bars:
        task = bars.add_task(name, total=None, figures="")

        def progress(done: int, total: int, figures: Mapping[str, float]) -> None:
            bars.update(task, completed=done, total=total, figures=figures_text(figures))

        yield progress


def columns() -> Any:
    """Return rich's progress display with the columns that every bar of Tailweight has; a task takes `figures`, a text."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
        console=Console(stderr=True),
        transient=True,
    )
