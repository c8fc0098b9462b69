"""How surely planted faults are found among real samples, beside what a user would take instead.

    python benchmarks/suspects.py --table phoneme.csv --cleanlab ~/cleanlab/bin/python

- swapped: one label in twenty is another class's. Ours: `doubts` of the deciding classifier out of fold, what `tailweight
  suspects` ranks by. cleanlab: `get_label_quality_scores` of the very same probabilities, by each of its methods that takes
  them alone; it is AGPL, so it runs in an environment of its own (`pip install cleanlab`), whose Python is given.
- damaged, foreign: one sample in fifty. Of images: two neighbouring lines are white; noise in every pixel; an image of
  another set, scikit-learn's two photographs cut to size. Of tables: one cell is ten times the column's range away; the cells
  of a row have changed places. Ours: `strangeness`. Beside: scikit-learn's IsolationForest.

AUC: the chance that a faulty sample is ranked before a clean one. listed: the share of samples without a fault that the command
would list by default. Each figure is the mean over `--seeds` worlds, its standard error behind it.
"""

import argparse
import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits, load_sample_images
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from pipelines.evaluation import suspects
from pipelines.evaluation.evaluate import prepare
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.settings import Settings
from pipelines.likeness.data import Data

SWAPPED, FAULTY, MOST_ROWS = 20, 50, 2000
METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
OPPONENT = """
import io, sys
import numpy as np
from cleanlab.rank import get_label_quality_scores
given = np.load(io.BytesIO(sys.stdin.buffer.read()))
for method in sys.argv[1:]:
    print(*(1 - get_label_quality_scores(given["y"], given["p"], method=method)))
"""

Fault = Callable[[np.ndarray, np.random.Generator], np.ndarray]  # clean rows (n, d) -> what becomes of them


def inputs_of(data: Data) -> Inputs:
    """Return the samples as a project has them: a fifth for validation, the smallest class a minority class."""
    counts, cut = data.counts(int(data.y.max()) + 1), len(data) * 4 // 5
    rows = np.arange(len(data))
    parts = (data.take(rows[:cut]), data.take(rows[cut:]), data.take(rows[:0]))
    return Inputs(*parts, tuple(map(str, range(len(counts)))), {int(counts.argmin()): int(counts.max())}, ())


def images(rng: np.random.Generator) -> Data:
    """Digits in random order."""
    x, y = load_digits(return_X_y=True)
    order = rng.permutation(len(y))
    return Data((x[order] / 16).astype(np.float32), y[order].astype(np.int64), (8, 8, 1), kind="images")


def table(frame: pd.DataFrame, label: str, rng: np.random.Generator) -> Data:
    """Rows of a table of numbers in random order."""
    some = frame.iloc[rng.permutation(len(frame))[:MOST_ROWS]]
    y = pd.factorize(some[label], sort=True)[0]
    return Data(some.drop(columns=label).to_numpy(np.float32), y.astype(np.int64))


def lines(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two neighbouring lines of 8 are white."""
    made = x.reshape(-1, 8, 8).copy()
    for image, first in zip(made, rng.integers(7, size=len(made)), strict=True):
        image[first : first + 2] = 1
    return made.reshape(x.shape)


def noise(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Normal noise of a quarter of the range in every pixel."""
    return np.clip(x + rng.normal(0, 0.25, x.shape), 0, 1)


def photographs(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pieces of photographs, gray, 8x8 pixels of every fourth."""
    photos = [photo.mean(2) / 255 for photo in load_sample_images().images]
    made = []
    for _ in x:
        photo = photos[rng.integers(len(photos))]
        top, left = (int(rng.integers(side - 32)) for side in photo.shape)
        made.append(photo[top : top + 32 : 4, left : left + 32 : 4].reshape(-1))
    return np.array(made)


def far_cell(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One cell is ten times the column's range away."""
    made = x.copy()
    column = rng.integers(x.shape[1], size=len(x))
    made[np.arange(len(x)), column] += 10 * np.ptp(x, axis=0)[column]
    return made


def moved_cells(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The cells of each row have changed places."""
    return rng.permuted(x, axis=1)


FAULTS: dict[str, dict[str, Fault]] = {
    "images": {"white lines": lines, "noise": noise, "another set": photographs},
    "table": {"one cell far off": far_cell, "cells moved": moved_cells},
}


def swapped(data: Data, rng: np.random.Generator, opponent: Path | None) -> dict[str, float]:
    """Return the AUC of each way to find swapped labels, and the share of clean samples listed."""
    wrong = rng.random(len(data)) < 1 / SWAPPED
    classes = int(data.y.max()) + 1
    y = data.y.copy()
    y[wrong] = (y[wrong] + rng.integers(1, classes, wrong.sum())) % classes
    inputs = inputs_of(Data(data.x, y, data.image_shape, kind=data.kind))
    settings = Settings(classifiers=["random_forest", "logistic_regression"] if data.kind == "images" else [])
    study, choice = prepare(inputs, settings, 0, workers=2)
    assert study.folds is not None
    said = suspects.out_of_fold(study.folds, choice.classifier)
    doubt, _ = suspects.doubts(said, y)
    rows = suspects.listed(doubt, suspects.DOUBTFUL)
    found = {"ours": roc_auc_score(wrong, doubt), "listed": float((~wrong[rows]).sum() / (~wrong).sum())}
    if opponent:
        packed = io.BytesIO()
        np.savez(packed, p=said, y=y)
        ran = subprocess.run(
            [opponent, "-c", OPPONENT, *METHODS], input=packed.getvalue(), capture_output=True, check=True
        )
        for method, line in zip(METHODS, ran.stdout.decode().splitlines(), strict=True):
            found[f"cleanlab {method}"] = roc_auc_score(wrong, [float(word) for word in line.split()])
    return found


def faulty(data: Data, fault: Fault, rng: np.random.Generator) -> dict[str, float]:
    """Return the AUC of each way to find samples with a fault, and the share of clean samples listed."""
    wrong = rng.random(len(data)) < 1 / FAULTY
    x = data.x.copy()
    x[wrong] = fault(x[wrong], rng).astype(np.float32)
    strange = suspects.strangeness(inputs_of(Data(x, data.y, data.image_shape, kind=data.kind)))
    forest = IsolationForest(random_state=0).fit(x)
    rows = suspects.listed(strange, suspects.STRANGE)
    return {
        "ours": roc_auc_score(wrong, strange),
        "listed": float((~wrong[rows]).sum() / (~wrong).sum()),
        "IsolationForest": roc_auc_score(wrong, -forest.score_samples(x)),
    }


def main() -> None:
    """Plant, look, and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--table", type=Path, help="a CSV of numbers with the class in `label`, beside the built-in sets"
    )
    parser.add_argument("--cleanlab", type=Path, help="the Python of an environment that has cleanlab")
    parser.add_argument("--seeds", type=int, default=5, help="worlds of each kind (default: 5)")
    given = parser.parse_args()
    sets: dict[str, Callable[[np.random.Generator], Data]] = {"digits": images}
    cancer = load_breast_cancer(as_frame=True).frame
    sets["breast cancer"] = lambda rng: table(cancer, "target", rng)
    if given.table:
        frame = pd.read_csv(given.table)
        sets[given.table.stem] = lambda rng: table(frame, "label", rng)
    rows = []
    for name, make in sets.items():
        for seed in range(given.seeds):
            rng = np.random.default_rng(seed)
            data = make(rng)
            rows.append({"set": name, "fault": "labels swapped", **swapped(data, rng, given.cleanlab)})
            for fault, act in FAULTS[data.kind].items():
                rows.append({"set": name, "fault": fault, **faulty(data, act, rng)})
    found = pd.DataFrame(rows).groupby(["set", "fault"], sort=False)
    shown = found.mean().map("{:.4f}".format) + " ± " + found.sem().map("{:.4f}".format)
    print(shown.where(found.mean().notna(), "").reset_index().to_markdown(index=False))


if __name__ == "__main__":
    main()
