"""What damaged images of a class are worth: left out, as they are, and filled in several ways.

    python benchmarks/repair.py --data DIR --out benchmarks/repair

DIR holds the pictures as class folders below `fashion-mnist` and `cifar10-lt`, as for `generator_study.py`. In each world some
classes have 10 whole training images and 40 damaged ones, the others 500 whole ones. Damage: a gray box of 12 of 28 pixels
a side somewhere in the image, a white stripe of 8 columns, or one half of the image black. The reference network with balanced
sampling and augmentation is trained on the whole images and on the damaged ones, treated in each way, and judged by average
precision on 4,000 test images, none of them damaged, the mean over the damaged classes; one training each.

- left out: the 10 whole images alone.   as they are: with the damage.
- smooth: each missing pixel the mean of its neighbours.   OpenCV: `cv2.inpaint`, Navier-Stokes, radius 3, where OpenCV is
  installed (`pip install opencv-python-headless`).   nearest: the pixels of the class's most similar image in what is there.
- without an adversary, generator: `gan/repair.py`, its loss without and with the adversarial part.
- whole: the images before they were damaged, the most there is to gain.

Error: mean squared difference of the filled pixels to the true ones, in grey levels from 0 to 1. Results are added to OUT.jsonl
as they come, and a run that is started again goes on with what is missing; OUT.md has the tables.
"""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import results
from generator_study import read
from results import interval, lines
from sklearn.metrics import average_precision_score
from throughput import processor

from gan import repair
from gan.device import prepare_device
from pipelines.evaluation.arms import ARMS, Training
from pipelines.evaluation.classifiers import convnet
from pipelines.likeness.data import Data, images_as_rows
from pipelines.samples import IMAGES

WHOLE, DAMAGED, REST, TEST = 10, 40, 500, 4000  # images of a class; of the test split in all
FIRST_WORLD, WORLDS = 100, 2  # seeds
CELLS = {
    "Fashion-MNIST, box": ("fashion-mnist", "box"),
    "Fashion-MNIST, half": ("fashion-mnist", "half"),
    "Fashion-MNIST, stripe": ("fashion-mnist", "stripe"),
    "CIFAR-10, box": ("cifar10-lt", "box"),
}
RARE = {"fashion-mnist": ("boot", "pullover", "shirt"), "cifar10-lt": ("deer", "dog", "frog", "horse")}
GENERATOR, LEFT_OUT, AS_IS, TRUTH = "generator", "left out", "as they are", "whole"
WAYS = (LEFT_OUT, AS_IS, "smooth", "OpenCV", "nearest", "without an adversary", GENERATOR, TRUTH)


class World(NamedTuple):
    """Whole images and labels, damaged images, the same before they were damaged, test images and labels, classes judged."""

    known: tuple[np.ndarray, np.ndarray]
    damaged: repair.Images
    truth: np.ndarray
    test: tuple[np.ndarray, np.ndarray]
    rare: list[int]


def world(name: str, seed: int, data: Path) -> World:
    """Draw the world of a cell and a seed."""
    dataset, damage = CELLS[name]
    splits, names = read(dataset, data)
    rng = np.random.default_rng(seed)
    pool = splits["train"].take(rng.permutation(len(splits["train"])))
    test = splits["test"].take(np.sort(rng.permutation(len(splits["test"]))[:TEST]))
    rare = [names.index(one) for one in RARE[dataset]]
    whole, torn = [], []
    for label in range(len(names)):
        own = np.flatnonzero(pool.labels == label)
        whole.append(own[: WHOLE if label in rare else REST])
        torn += own[WHOLE : WHOLE + DAMAGED].tolist() if label in rare else []
    kept = np.concatenate(whole)
    truth = pool.values[torn]
    missing, value = masks(damage, len(torn), truth.shape[1], rng)
    bad = np.where(missing[..., None], np.uint8(value), truth)
    images = repair.Images(bad, pool.labels[torn], missing)
    return World((pool.values[kept], pool.labels[kept]), images, truth, (test.values, test.labels), rare)


def masks(damage: str, count: int, size: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Return which pixels are missing, (count, size, size) bool, and what stands in their place."""
    missing = np.zeros((count, size, size), bool)
    for one in missing:
        if damage == "box":
            side = round(12 / 28 * size)
            top, left = rng.integers(0, size - side + 1, 2)
            one[top : top + side, left : left + side] = True
        elif damage == "stripe":
            side = round(8 / 28 * size)
            left = int(rng.integers(0, size - side + 1))
            one[:, left : left + side] = True
        else:
            turned = np.rot90(one, int(rng.integers(4)))  # a view
            turned[: size // 2] = True
    return missing, {"box": 128, "stripe": 255, "half": 0}[damage]


def fills(one: World, seed: int) -> dict[str, np.ndarray]:
    """Return the damaged images treated in each way, (n, s, s, c) uint8."""
    made = {AS_IS: one.damaged.values, "smooth": repair.smooth(one.damaged)}
    if (plain := inpainted(one.damaged)) is not None:
        made["OpenCV"] = plain
    made["nearest"] = repair.from_neighbours(one.damaged, one.known)
    for way, weight in (("without an adversary", 0.0), (GENERATOR, repair.ADVERSARIAL)):
        filler = repair.Filler.train(one.known, one.damaged.missing, seed, adversarial=weight)
        made[way] = filler.fill(one.damaged)
    return made | {TRUTH: one.truth}


def inpainted(damaged: repair.Images) -> np.ndarray | None:
    """Return what OpenCV makes of the images; None where it is not installed."""
    try:
        import cv2  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    made = [
        cv2.inpaint(image.squeeze(), hole.astype(np.uint8), 3, cv2.INPAINT_NS).reshape(image.shape)
        for image, hole in zip(damaged.values, damaged.missing, strict=True)
    ]
    return np.stack(made)


def judged(one: World, added: np.ndarray | None, seed: int) -> float:
    """Return the average precision of the network trained on the whole images and those that are added."""
    (values, labels), (tested, truth) = one.known, one.test
    rows, shape = images_as_rows(values)
    data = Data(rows, labels, shape, kind=IMAGES)
    if added is not None:
        data = data.add(images_as_rows(added)[0], one.damaged.labels)
    style = ARMS["balanced"].build.keywords["style"]  # type: ignore[attr-defined]
    said = convnet(Training(data, style=style), seed).predict_proba(images_as_rows(tested)[0])
    return float(np.mean([average_precision_score(truth == label, said[:, label]) for label in one.rare]))


def measured(name: str, seed: int, data: Path) -> list[dict[str, Any]]:
    """Return a row for each way: average precision, and the error of the pixels that were filled."""
    one = world(name, seed, data)
    rows = [{"cell": name, "seed": seed, "way": LEFT_OUT, "ap": judged(one, None, seed), "error": None}]
    for way, images in fills(one, seed).items():
        wrong = (images.astype(float) - one.truth)[one.damaged.missing] / 255
        error = round(float(np.square(wrong).mean()), 5)
        rows.append({"cell": name, "seed": seed, "way": way, "ap": judged(one, images, seed), "error": error})
    return rows


def report(rows: pd.DataFrame) -> str:
    """Write the results as Markdown."""
    cells = [cell for cell in CELLS if cell in set(rows["cell"])]
    worlds = {cell: rows[rows["cell"] == cell]["seed"].nunique() for cell in cells}
    ap = rows.pivot_table(index=["cell", "seed"], columns="way", values="ap")
    ways = [way for way in WAYS if way in ap]
    error = rows.pivot_table(index="cell", columns="way", values="error")

    def gains(way: str, cell: str | None) -> str:
        part = ap.groupby("seed").mean() if cell is None else ap.loc[[cell]]  # cells of a seed share images
        return interval((part[GENERATOR] - part[way]).to_numpy())

    head = ["", *(f"{cell}, {worlds[cell]} worlds" for cell in cells)]
    return "\n".join(
        [
            "# Damaged images of a class: left out, as they are, or filled\n",
            "`python benchmarks/repair.py --data DIR --out benchmarks/repair`; what is compared, and how, stands there.",
            f"Machine: {processor()}, one thread.\n",
            "Average precision, the mean over the damaged classes and the worlds:\n",
            lines(head, [[way, *(f"{ap.loc[cell, way].mean():.3f}" for cell in cells)] for way in ways]),
            "Gain of the generator over each way, 95 % intervals over worlds; the last column of the mean over the cells:\n",
            lines(
                [*head, "all"],
                [[w, *(gains(w, cell) for cell in cells), gains(w, None)] for w in ways if w != GENERATOR],
            ),
            "Mean squared error of the filled pixels:\n",
            lines(head, [[w, *(f"{error.loc[cell, w]:.4f}" for cell in cells)] for w in ways if w in error]),
        ]
    )


def main() -> None:
    """Measure what is missing, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "repair", help="path without suffix")
    parser.add_argument("--cells", nargs="*", choices=CELLS, default=list(CELLS))
    parser.add_argument("--worlds", type=int, default=WORLDS)
    given = parser.parse_args()
    prepare_device()
    store = given.out.with_suffix(".jsonl")
    done = {(row["cell"], row["seed"]) for row in results.load(store)}
    for seed in range(FIRST_WORLD, FIRST_WORLD + given.worlds):
        for cell in given.cells:
            if (cell, seed) not in done:
                results.add(store, measured(cell, seed, given.data))
                print(f"{cell}, seed {seed}", flush=True)
    given.out.with_suffix(".md").write_text(report(pd.DataFrame(results.load(store))), encoding="utf-8")


if __name__ == "__main__":
    main()
