"""What a run shows on the terminal: a bar for each stage that is running, a line for each that is done."""

import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from pipelines.driver import progress


class Display:
    """Bars on a terminal, plain lines elsewhere, nothing when quiet. Used by many threads at once."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "Display":
        if not self.quiet and sys.stderr.isatty():
            self._bars = progress.columns()
            self._bars.start()
        self._print("starting Prefect")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()

    def line(self, text: str) -> None:
        """Show a line that a stage printed."""
        self._print(f"  {text}")

    def progress(self, name: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        """Show how far a stage is."""
        if not self._bars:
            return
        with self._lock:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name, total=total, figures="")
        text = progress.figures_text(figures)
        self._bars.update(self._tasks[name], completed=done, total=total, figures=text)

    def finished(self, name: str, seconds: float) -> None:
        """Say that a stage ended well."""
        with self._lock:
            if self._bars and name in self._tasks:
                self._bars.remove_task(self._tasks.pop(name))
        self._print(f"done {name} ({seconds:.0f} s)")

    def _print(self, text: str) -> None:
        if self.quiet:
            return
        if self._bars:
            self._bars.console.print(text, markup=False, highlight=False)
        else:
            print(text, flush=True)
