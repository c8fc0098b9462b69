"""What an evaluation of 1,344 colour pictures of 32 pixels in 6 classes takes, by purpose.

    python benchmarks/evaluate_cost.py --data DIR --workers 2

Four classes of CIFAR-10 have 321 pictures outside of test, two have 30; held-back pictures of these two play the generator, so
that everything is trained that a run with a gain trains. Processor time is counted as well, since other work on the machine
stretches the time on the clock.
"""

import argparse
import platform
import time
from pathlib import Path

import numpy as np
from generator_study import read
from reference import flat

from gan import seeds
from pipelines.evaluation.evaluate import evaluate
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.settings import Settings
from pipelines.likeness.data import Data, Pool
from pipelines.samples import IMAGES, Samples

RICH, POOR, HELD_BACK, TESTED = 321, 30, 200, 100
CLASSES, RARE = 6, (4, 5)


def inputs(data: Path) -> Inputs:
    """Return the splits, and candidates that are real ones held back."""
    splits, names = read("cifar10-lt", data)
    order = seeds.numpy_generator(0, "evaluate cost").permutation(len(splits["train"]))
    largest = np.argsort(-np.bincount(splits["train"].labels))[:CLASSES]
    parts: dict[str, list[Data]] = {"train": [], "validation": [], "test": []}
    pools = []
    for label, old in enumerate(largest):
        rows = order[splits["train"].labels[order] == old]
        count = POOR if label in RARE else RICH
        held = count // 5
        parts["validation"].append(pictures(splits["train"], rows[:held], label))
        parts["train"].append(pictures(splits["train"], rows[held:count], label))
        parts["test"].append(pictures(splits["test"], np.flatnonzero(splits["test"].labels == old)[:TESTED], label))
        if label in RARE:
            spare = pictures(splits["train"], rows[count:][:HELD_BACK], label)
            ids = np.array([f"held-back-{row}" for row in range(len(spare))])
            kept, unknown = np.ones(len(spare), bool), np.full((len(spare), 2), -1)
            pools.append(Pool(label, len(spare), spare.x, kept, np.full(len(spare), np.nan), ids, unknown))
    train, validation, test = (joined(parts[split]) for split in ("train", "validation", "test"))
    targets = {pool.label: len(pool.x) + POOR - POOR // 5 for pool in pools}
    return Inputs(train, validation, test, tuple(names[old] for old in largest), targets, tuple(pools))


def pictures(samples: Samples, rows: np.ndarray, label: int) -> Data:
    """Return rows of one class under a new label."""
    x, _, shape = flat(samples.values[rows], samples.labels[rows])
    return Data(x, np.full(len(rows), label), shape, kind=IMAGES)


def joined(parts: list[Data]) -> Data:
    """Return the parts one after the other."""
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.join(part)
    return whole


def main() -> None:
    """Run once, and print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with cifar10-lt/")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    world = inputs(given.data)
    started = time.monotonic()
    result = evaluate(world, Settings(), 0, workers=given.workers)
    print(f"{platform.machine()}, {given.workers} process(es): {time.monotonic() - started:.0f} s on the clock")
    costs = result.costs
    print(costs.to_string(index=False))
    print(
        f"{costs['seconds'].sum():.0f} s of processor time in {costs['fits'].sum()} fits; {result.verdicts['reason']}"
    )


if __name__ == "__main__":
    main()
