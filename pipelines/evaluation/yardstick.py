"""What a gain is worth in real samples: how many more of the class would have brought as much.

From a learning curve over real ones: the best arm is trained with a half and three quarters of the minority classes' real
samples outside of test, and with all of them. Average precision is taken to grow with the logarithm of their number, as it
does over short stretches (Figueroa et al. 2012, doi 10.1186/1472-6947-12-8, whose curve is a power law).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gan import seeds
from pipelines.evaluation.choose import Choice, mean_average_precision
from pipelines.evaluation.fitting import Key, Task
from pipelines.evaluation.study import Study
from pipelines.likeness.data import Data

SHARES = (0.5, 0.75)  # of the minority classes' real samples outside of test
MOST = 10.0  # times the real samples that a gain is said to be worth at most


@dataclass(frozen=True)
class Curve:
    """The learning curve of one class.

    counts: real samples trained on, ascending.   precisions: average precision on test with so many, the mean over repeats.
    """

    counts: tuple[int, ...]
    precisions: tuple[float, ...]

    def worth(self, gain: float) -> float | None:
        """Return how many more real samples would bring `gain`; None where more of them bring nothing by this curve."""
        logs = np.log2(self.counts)
        if len(set(self.counts)) < 2:
            return None
        slope = float(np.polyfit(logs, self.precisions, 1)[0])
        if slope <= 0:
            return None
        doublings = min(gain / slope, np.log2(1 + MOST))
        return float(self.counts[-1] * (2**doublings - 1))


def learning_curves(study: Study, choice: Choice, repeats: int) -> dict[int, Curve]:
    """Return the learning curve of each minority class that is in the test split."""
    inputs, name = study.inputs, choice.classifier
    arm = choice.arm[name]
    keys = [Key(name, arm, repeat).trained for repeat in range(repeats)]
    tasks = [
        Task(
            key,
            thinned(inputs.real, inputs.targets, share, key.repeat, study.fitter.seed),
            (inputs.test.x,),
            inputs.targets,
        )
        for share in SHARES
        for key in keys
    ]
    outcomes = study.fitter(tasks, "learning curve")
    answers = [[one.probabilities[0] for one in outcomes[i * repeats : (i + 1) * repeats]] for i in range(len(SHARES))]
    answers.append([study.answer(key) for key in keys])
    curves = {}
    for label in inputs.minority:
        if (inputs.test.y == label).any():
            total = int((inputs.real.y == label).sum())
            counts = (*(kept(total, share) for share in SHARES), total)
            means = [
                float(np.mean([mean_average_precision(inputs.test.y, one, [label]) for one in part]))
                for part in answers
            ]
            curves[label] = Curve(counts, tuple(means))
    return curves


def kept(total: int, share: float) -> int:
    """Return how many of `total` samples are a share, at least one."""
    return max(1, round(share * total))


def thinned(real: Data, targets: Mapping[int, int], share: float, repeat: int, seed: int) -> Data:
    """Return the real samples with a share of each minority class, drawn anew for each repeat."""
    left = np.ones(len(real), bool)
    for label in targets:
        rows = np.flatnonzero(real.y == label)
        order = seeds.numpy_generator(seed, "evaluate", "learning curve", repeat, label).permutation(rows)
        left[order[kept(len(rows), share) :]] = False
    return real.take(left)
