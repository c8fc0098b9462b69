"""Train many classifiers side by side: a fit a process, a thread each, the same figures for any number of processes."""

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from gan import seeds
from gan.progress import Progress
from pipelines.evaluation import classifiers as kinds
from pipelines.evaluation.arms import ARMS, Recipe
from pipelines.likeness.data import Data


@dataclass(frozen=True)
class Task:
    """One fit: the arm `arm` on `train`, classifier `classifier`, then probabilities for each array of `ask`.

    repeat: any number that tells this training from its repetitions; arms share it, so that they are compared in pairs.
    """

    arm: str
    classifier: str
    repeat: int
    train: Data
    ask: tuple[np.ndarray, ...]
    recipe: Recipe


@dataclass(frozen=True)
class Outcome:
    """What a fit gives: (n, classes) probabilities for each array asked about, the class shares learnt.

    added: samples that the arm added to the under-represented classes together.
    seconds: processor time, which other work on the machine does not stretch.
    """

    probabilities: tuple[np.ndarray, ...]
    prior: np.ndarray
    added: int
    seconds: float


def fit(task: Task, classifier: kinds.Classifier, classes: int, seed: int) -> Outcome:
    """Build the arm's training set, train, and predict."""
    started = time.process_time()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that has not converged is as good as it is: its figures say so
        arm_seed = seeds.derive(seed, "evaluate", task.arm, task.repeat)
        training = ARMS[task.arm].build(task.train, task.recipe, arm_seed)
        fitted = classifier(training, seeds.derive(seed, "evaluate", task.classifier, task.repeat))
        answers = tuple(kinds.probabilities(fitted, x, classes) for x in task.ask)
    added = len(training.data) - len(task.train)
    return Outcome(answers, training.prior(classes), added, time.process_time() - started)


class Fitter:
    """Runs tasks in `workers` processes and counts them; a table of costs is kept in `costs`.

    table: the classifiers by name.   total: fits expected in all, for progress.
    """

    def __init__(
        self,
        table: Mapping[str, kinds.Classifier],
        classes: int,
        seed: int,
        workers: int = 1,
        total: int = 0,
        progress: Progress | None = None,
    ) -> None:
        self.table, self.classes, self.seed = table, classes, seed
        self.workers, self.total, self.progress = workers, total, progress
        self.done = 0
        self.costs: list[tuple[str, str, str, float]] = []

    def __call__(self, tasks: Sequence[Task], purpose: str) -> list[Outcome]:
        """Return the outcome of each task, in order. `purpose` names the row of the cost table."""
        if self.workers == 1 or len(tasks) < 2:
            return [self._note(t, fit(t, self.table[t.classifier], self.classes, self.seed), purpose) for t in tasks]
        with joblib.parallel_config("loky", n_jobs=self.workers, inner_max_num_threads=1), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "A worker stopped")  # loky replaces a process that has grown large
            calls = (joblib.delayed(fit)(t, self.table[t.classifier], self.classes, self.seed) for t in tasks)
            outcomes = joblib.Parallel(return_as="generator")(calls)
            return [self._note(task, outcome, purpose) for task, outcome in zip(tasks, outcomes, strict=True)]

    def _note(self, task: Task, outcome: Outcome, purpose: str) -> Outcome:
        self.done += 1
        self.costs.append((purpose, task.arm, task.classifier, outcome.seconds))
        if self.progress:
            self.progress(self.done, max(self.total, self.done), {"fit_seconds": outcome.seconds})
        return outcome
