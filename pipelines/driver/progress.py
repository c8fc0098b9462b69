"""Progress of long work: a bar on a terminal, a line now and then in a log, records for a parent that draws its own."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from gan.progress import Progress

PIPE = "TAILWEIGHT_PROGRESS"  # set by a parent that reads our output, to where it wants records
TO_OUTPUT, TO_ERRORS = "records", "records on stderr"
MARK = "\x1etailweight "  # starts a record; a control character that no ordinary line starts with
LOG_EVERY_SECONDS = 30.0
MAX_FIGURES = 2
NAME_WIDTH = 24  # columns of a terminal that the name beside a bar takes at most
FIGURES = {  # the figures that are shown before any other, by the names that they are shown by
    "score_real": "real",
    "score_fake": "fake",
    "pixel_loss": "pixels",
    "feature_loss": "features",
    "fit_seconds": "seconds a fit",
}


def emit(**record: Any) -> bool:
    """Send a record to the parent that reads our output; say whether there is one."""
    wanted = os.environ.get(PIPE)
    if wanted not in (TO_OUTPUT, TO_ERRORS):
        return False
    print(MARK + json.dumps(record), file=sys.stderr if wanted == TO_ERRORS else sys.stdout, flush=True)
    return True


def parse(line: str) -> dict[str, Any] | None:
    """Return the record in a line of a child's output, or None where it is an ordinary line."""
    return json.loads(line.removeprefix(MARK)) if line.startswith(MARK) else None


@contextmanager
def shown(name: str, stream: TextIO | None = None) -> Iterator[Progress]:
    """Yield a `progress(done, total, figures)` for one stage, shown as fits where the output goes."""
    stream = stream or sys.stderr
    if os.environ.get(PIPE) in (TO_OUTPUT, TO_ERRORS):
        yield _throttled(
            0.5, lambda done, total, figures: emit(stage=name, done=done, total=total, figures=dict(figures))
        )
    elif stream.isatty():
        with _bar(name) as progress:
            yield progress
    else:
        pace = Pace()

        def line(done: int, total: int, figures: Mapping[str, float]) -> None:
            pace.update(done, total)
            print(f"{name}: {pace.describe()}", file=stream, flush=True)

        yield _throttled(LOG_EVERY_SECONDS, line)


class Pace:
    """How fast one stage goes: what it said last of how far it is, and when it began."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.done = self.total = 0

    def update(self, done: int, total: int) -> None:
        """Take in that `done` steps of `total` are done."""
        self.done, self.total = done, total

    def describe(self) -> str:
        """Return `step 300 of 1200, 25 %, about 2:30 left`, or for how long it runs where it has said nothing yet."""
        passed = time.monotonic() - self.began
        if not self.total:
            return f"running for {clock(passed)}"
        if self.done >= self.total:
            return f"step {self.done} of {self.total}, finishing"
        left = f", about {clock(passed / self.done * (self.total - self.done))} left" if self.done else ""
        return f"step {self.done} of {self.total}, {100 * self.done // self.total} %{left}"


def clock(seconds: float) -> str:
    """Return minutes and seconds, with hours where there are any.

    >>> clock(75), clock(3675)
    ('1:15', '1:01:15')
    """
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def figures_text(figures: Mapping[str, float]) -> str:
    """Return the figures that say most, two at most.

    >>> figures_text({"step": 50.0, "discriminator_loss": 0.662, "score_real": 0.176, "score_fake": 0.101})
    'real 0.18  fake 0.10'
    >>> figures_text({"loss": 12.345})
    'loss 12.3'
    """
    told = {name: value for name, value in figures.items() if name in FIGURES}
    chosen = list((told or figures).items())[:MAX_FIGURES]
    return "  ".join(f"{FIGURES.get(name, name.replace('_', ' '))} {_short(value)}" for name, value in chosen)


def _short(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.3g}"


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
    with Bars() as bars:
        yield lambda done, total, figures: bars.update(name, done, total, figures)


class Bars:
    """Bars on a terminal, one below the other, each with a name, the share done, the time left and up to two figures.

    Used by many threads at once. Everything but the bar keeps its width, and the bar takes what the terminal has left.
    """

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.table import Column

        self._shown = Progress(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=10)),
            TaskProgressColumn(table_column=Column(no_wrap=True, min_width=4)),
            TimeRemainingColumn(table_column=Column(no_wrap=True, min_width=7)),
            TextColumn("{task.fields[figures]}", markup=False, table_column=Column(no_wrap=True)),
            console=Console(stderr=True),
            transient=True,
            expand=True,
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "Bars":
        self._shown.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._shown.stop()

    def start(self, name: str) -> None:
        """Show a bar that says only that something goes on."""
        self._tasks[name] = self._shown.add_task(_fitted(name), total=None, figures="")

    def update(self, name: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        """Show how far it is."""
        if name not in self._tasks:
            self.start(name)
        text = figures_text(figures) if done < total else "finishing"
        self._shown.update(self._tasks[name], completed=done, total=total, figures=text)

    def remove(self, name: str) -> None:
        """Take a bar away, where there is one."""
        if name in self._tasks:
            self._shown.remove_task(self._tasks.pop(name))

    def print(self, text: str) -> None:
        """Show a line above the bars."""
        self._shown.console.print(text, markup=False, highlight=False)


def _fitted(name: str) -> str:
    """Return the name, cut where it is wider than its column; letters of some scripts take two places."""
    from rich.text import Text

    text = Text(name)
    text.truncate(NAME_WIDTH, overflow="ellipsis")
    return text.plain
