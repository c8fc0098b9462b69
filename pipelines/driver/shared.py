"""What the stages of one run share: its project, its display, its processes, the cores and the GPUs."""

import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import takewhile
from pathlib import Path

from pipelines.driver import dag, dvc, machine
from pipelines.driver.display import Display
from pipelines.driver.unfinished import DEVICE

SHARE_GPU = 4  # stages that may use one GPU at once
DRIVER = Path("/proc/driver/nvidia/gpus")  # where NVIDIA's driver says what each GPU of a machine is
VISIBLE = "CUDA_VISIBLE_DEVICES"  # environment variable of CUDA: the GPUs that a process sees, by number or by name


def gpus(driver: Path = DRIVER) -> list[str]:
    """Return what CUDA calls the GPUs that stages may use: those that the environment names, else all of the machine.

    GPUs of several models give other bytes, and some may be no good for this: of such the first alone is used.
    """
    if os.environ.get(DEVICE) == "cpu":
        return []
    models = [re.findall(r"^Model:\s*(.*)", path.read_text(), re.MULTILINE) for path in driver.glob("*/information")]
    count = len(models) or len(list(Path("/dev").glob("nvidia[0-9]*")))

    def is_there(name: str) -> bool:
        return name != "" and not name.startswith("-") and not (count and name.isdigit() and int(name) >= count)

    named = os.environ.get(VISIBLE)
    asked = map(str, range(count)) if named is None else (name.strip() for name in named.split(","))
    names = list(takewhile(is_there, asked))  # CUDA, too, leaves out what comes after one that is not there
    alike = len({str(model) for model in models}) < 2
    return names if alike else names[:1]


class Gpus:
    """The GPUs of one run, each for a few stages at once."""

    def __init__(self, names: Sequence[str]) -> None:
        self.stages = dict.fromkeys(names, 0)  # on each
        self.changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[dict[str, str]]:
        """Wait for room; yield the environment in which a stage sees the GPU that the fewest others use, and no other.

        Where there is one GPU, or the user has named one (`cuda:N`), there is nothing to say.
        """
        with self.changed:
            self.changed.wait_for(lambda: min(self.stages.values()) < SHARE_GPU)
            name = min(self.stages, key=lambda one: self.stages[one])
            self.stages[name] += 1
        try:
            yield {VISIBLE: name} if len(self.stages) > 1 else {}
        finally:
            with self.changed:
                self.stages[name] -= 1
                self.changed.notify()


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
        found = gpus()
        self._gpus = Gpus(found[:1] if ":" in os.environ.get(DEVICE, "") else found)

    def __reduce__(self) -> tuple[type["Run"], tuple[object, ...]]:
        """Say what is sent to another process: neither locks nor processes nor a terminal."""
        return Run, (self.project, self.workers, True, self.workers)

    @contextmanager
    def share_of_machine(self, stage: str) -> Iterator[dict[str, str]]:
        """Yield the environment that tells a stage its share of the cores and its GPU; wait for a GPU where it needs one."""
        needs_gpu = self._gpus.stages and dag.stage_named(stage.split("@")[0]).accelerator
        with ExitStack() as stack:
            environment = stack.enter_context(self._gpus.one()) if needs_gpu else {}
            self._running.add(stage)
            try:
                share = machine.cores() // max(len(self._running), self.divided)
                yield {machine.CORES: str(max(share, 1)), **environment}
            finally:
                self._running.discard(stage)
