"""What a run shows on the terminal: a bar for each stage that is running, a line for each that is done."""

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

from pipelines.driver import progress

STARTING = "starting Prefect"


class Display:
    """Bars on a terminal, elsewhere plain lines, one every while for each stage that runs; nothing when quiet.

    Used by many threads at once. Stages are called by the names that people know them by.
    """

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self._bars: progress.Bars | None = None
        self._paces: dict[str, progress.Pace] = {}
        self._lock = threading.RLock()
        self._ended = threading.Event()

    def __enter__(self) -> "Display":
        if self.quiet:
            return self
        if sys.stderr.isatty():
            self._bars = progress.Bars().__enter__()
            self._bars.start(STARTING)
        else:
            self._print(f"{STARTING}; its first start takes up to a minute")
            threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._bars:
            self._bars.__exit__()

    def _beat(self) -> None:
        """Say every while how far each stage is, also of one that says nothing itself: silence looks like a hang."""
        while not self._ended.wait(progress.LOG_EVERY_SECONDS):
            with self._lock:
                lines = [f"{name}: {pace.describe()}" for name, pace in self._paces.items()]
            for line in lines:
                self._print(line)

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Show a stage for as long as it runs."""
        with self._lock:
            self._paces[name] = progress.Pace()
            if self._bars:
                self._bars.remove(STARTING)
                self._bars.start(name)
        try:
            yield
        finally:
            with self._lock:
                del self._paces[name]
                if self._bars:
                    self._bars.remove(name)

    def line(self, text: str) -> None:
        """Show a line that a stage printed."""
        self._print(f"  {text}")

    def progress(self, name: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        """Show how far a stage is."""
        with self._lock:
            self._paces[name].update(done, total)
            if self._bars:
                self._bars.update(name, done, total, figures)

    def finished(self, name: str, seconds: float) -> None:
        """Say that a stage ended well."""
        self._print(f"done {name} ({seconds:.0f} s)")

    def _print(self, text: str) -> None:
        if self.quiet:
            return
        if self._bars:
            self._bars.print(text)
        else:
            print(text, flush=True)
