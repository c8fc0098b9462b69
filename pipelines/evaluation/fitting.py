"""Train many classifiers side by side: one fit per process, one thread each, the same figures for any number of processes."""

import math
import sys
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from threadpoolctl import threadpool_limits

from gan import seeds
from gan.progress import Progress
from gan.states import State, States
from pipelines.evaluation import classifiers as kinds
from pipelines.evaluation import side_by_side, synthetic
from pipelines.evaluation.arms import ARMS, Targets
from pipelines.evaluation.settings import NETWORKS
from pipelines.likeness.data import Data, Pool

# Yields what a function returns for each of some arguments, in order, from wherever they were run.
Spread = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[Any]]


class Key(NamedTuple):
    """Names one training: the classifier, the arm, which repetition, and the synthetic samples that join it.

    source: of the synthetic samples, empty for none.   dose, use, acceptance: see `synthetic`.
    repeat: any number that tells this training from its repetitions; arms share it, so that they are compared in pairs.
    """

    classifier: str
    arm: str
    repeat: int
    source: str = ""
    dose: float = 0.0
    use: str = ""
    acceptance: float | None = None

    @property
    def shown(self) -> str:
        """What a table calls it: the source of its synthetic samples, or the arm where it has none."""
        return self.source or self.arm

    @property
    def trained(self) -> "Key":
        """The key of the training behind this one: without what only the decision needs."""
        return self._replace(arm="nothing") if ARMS[self.arm].tuned else self


def repeats(classifier: str, arm: str, count: int, *added: Any) -> list[Key]:
    """Return so many trainings of an arm with a classifier. added: what a key says of synthetic samples."""
    return [Key(classifier, arm, repeat, *added) for repeat in range(count)]


@dataclass(frozen=True)
class Task:
    """One fit: `key` on the real samples `train` and synthetic ones of `pools`, then probabilities for each array of `ask`."""

    key: Key
    train: Data
    ask: tuple[np.ndarray, ...]
    targets: Targets
    pools: tuple[Pool, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a fit gives: (n, classes) probabilities for each array asked about, the class shares learnt.

    seconds: processor time, which other work on the machine does not stretch.
    """

    probabilities: tuple[np.ndarray, ...]
    prior: np.ndarray
    seconds: float

    def state(self, key: Key) -> State:
        """Return what is kept of the fit `key`."""
        arrays = {str(place): answer for place, answer in enumerate(self.probabilities)}
        return State(arrays | {"prior": self.prior}, {"key": repr(key), "seconds": self.seconds})

    @classmethod
    def of(cls, state: State) -> Self:
        """Return what `state` was made of."""
        answers = tuple(state.arrays[str(place)] for place in range(len(state.arrays) - 1))
        return cls(answers, state.arrays["prior"], state.notes["seconds"])


def fit(task: Task, classifier: kinds.Classifier, classes: int, seed: int) -> Outcome:
    """Build the training set, train, and predict, with the same arithmetic whatever was trained in this process before."""
    started, key = time.process_time(), task.key
    _keep_denormals()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that has not converged is as good as it is: its figures say so
        data = task.train
        if key.source:
            own = seeds.derive(seed, "evaluate", key.source, key.repeat)
            data = synthetic.add(data, task.pools, key.source, key.dose, own, key.acceptance)
        training = ARMS[key.arm].build(data, task.targets, seeds.derive(seed, "evaluate", key.arm, key.repeat))
        if key.source:
            training = synthetic.USES[key.use].apply(training)
        fitted = classifier(training, seeds.derive(seed, "evaluate", key.classifier, key.repeat))
        answers = tuple(kinds.probabilities(fitted, x, classes) for x in task.ask)
    _keep_denormals()  # nor must what comes after it notice that it was made in this process
    return Outcome(answers, training.prior(classes), time.process_time() - started)


def _keep_denormals() -> None:
    """Take back that denormal numbers are flushed to zero, which a network trained in this process has asked of it.

    Tables do not need torch, so it is not loaded for this.
    """
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)


class Fitter:
    """Runs tasks in `workers` processes and counts them; a table of costs is kept in `costs`.

    table: the classifiers by name.   total: fits expected in all, for progress.   states: where outcomes are kept, by their
    place among all: the same evaluation, which alone is given them again, asks for the same fits in the same order.
    elsewhere: what runs the tasks on other machines, in place of those processes.
    """

    def __init__(
        self,
        table: Mapping[str, kinds.Classifier],
        classes: int,
        seed: int,
        workers: int = 1,
        total: int = 0,
        progress: Progress | None = None,
        states: States | None = None,
        elsewhere: Spread | None = None,
    ) -> None:
        self.table, self.classes, self.seed = table, classes, seed
        self.workers, self.total, self.progress = workers, total, progress
        self.elsewhere = elsewhere
        self.states, self.done = states, 0
        self.costs: list[tuple[str, str, str, float]] = []

    def __call__(self, tasks: Sequence[Task], purpose: str) -> list[Outcome]:
        """Return the outcome of each task, in order. `purpose` names the row of the cost table."""
        known = [self._kept(task, self.done + place) for place, task in enumerate(tasks)]
        missing = [task for task, outcome in zip(tasks, known, strict=True) if outcome is None]
        with closing(self._made(missing)) as made:
            return [
                self._note(task, outcome or next(made), purpose, new=outcome is None)
                for task, outcome in zip(tasks, known, strict=True)
            ]

    def _made(self, tasks: Sequence[Task]) -> Generator[Outcome]:
        """Yield the outcome of each task, in order, as it comes."""
        told = [(task, self.table[task.key.classifier], self.classes, self.seed) for task in tasks]
        if self.elsewhere:
            yield from self.elsewhere(fit, told)
            return
        seconds = [self._longest(name) for name in {task.key.classifier for task in tasks}]
        yield from side_by_side.results(fit, told, self.workers, float(np.fmax.reduce(seconds, initial=math.nan)))

    def _longest(self, classifier: str) -> float:
        """Return the seconds of a classifier's longest fit so far; of a network that had none infinity, of another NaN."""
        known = (seconds for *_, name, seconds in self.costs if name == classifier)
        return max(known, default=math.inf if classifier in NETWORKS else math.nan)

    def _kept(self, task: Task, number: int) -> Outcome | None:
        state = self.states.part(f"{number:06d}") if self.states else None
        return Outcome.of(state) if state and state.notes["key"] == repr(task.key) else None

    def _note(self, task: Task, outcome: Outcome, purpose: str, new: bool) -> Outcome:
        if self.states and new:
            self.states.keep_part(f"{self.done:06d}", outcome.state(task.key))
        self.done += 1
        self.costs.append((purpose, task.key.shown, task.key.classifier, outcome.seconds))
        if self.progress:
            self.progress(self.done, max(self.total, self.done), {"fit_seconds": outcome.seconds})
        return outcome
