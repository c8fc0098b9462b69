"""What the stages of one run share: its project, its display, its processes, the cores and the accelerator."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.driver import dag, dvc, machine
from pipelines.driver.display import Display
from pipelines.driver.unfinished import ACCELERATOR, DEVICE

SHARE_ACCELERATOR = 4  # stages that may use one accelerator at once


class Run:
    """One run of the flow; each of its tasks gets it.

    workers: how many stages run side by side at most. divided: among how many stages the cores are divided at least.
    A task runner with processes of its own hands each a copy, without a display. The copy does not see the other stages, so
    it divides the cores as if all workers were busy.
    """

    def __init__(self, project: Path, workers: int, quiet: bool = True, divided: int = 1) -> None:
        self.project = project
        self.workers = workers
        self.divided = divided
        self.display = Display(quiet)
        self.processes = dvc.Processes()
        self._running: set[str] = set()
        self._accelerator = threading.BoundedSemaphore(SHARE_ACCELERATOR)

    def __reduce__(self) -> tuple[type["Run"], tuple[object, ...]]:
        """Say what is sent to another process: neither locks nor processes nor a terminal."""
        return Run, (self.project, self.workers, True, self.workers)

    @contextmanager
    def share_of_machine(self, stage: str) -> Iterator[dict[str, str]]:
        """Yield the environment that tells a stage its share of the cores; wait for the accelerator where it needs it."""
        heavy = (
            ACCELERATOR.exists()
            and os.environ.get(DEVICE) != "cpu"
            and dag.stage_named(stage.split("@")[0]).accelerator
        )
        if heavy:
            self._accelerator.acquire()
        self._running.add(stage)
        try:
            share = machine.cores() // max(len(self._running), self.divided)
            yield {machine.CORES: str(max(share, 1))}
        finally:
            self._running.discard(stage)
            if heavy:
                self._accelerator.release()
