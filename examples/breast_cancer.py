"""The table of `make demo-table`: scikit-learn's breast cancer measurements, one class cut to a few rows.

569 tumours with 30 numbers each (Wolberg, Street and Mangasarian, UCI 1995); they ship with scikit-learn, so nothing is
downloaded. A stratified half becomes the test file and stays whole; in the training file 20 malignant tumours are left.
So that there are mixed types and gaps to deal with, `mean area` becomes the name of its quarter and one in twenty cells of
`mean texture` is emptied; all else is as it was.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from gan import seeds

RARE, LEFT = "malignant", 20
QUARTERS = ["small", "medium", "large", "huge"]


def write(folder: Path) -> None:
    """Write `train.csv` and `test.csv`, the class in the column `tumour`."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    found = load_breast_cancer(as_frame=True)
    frame = found.data.assign(tumour=found.target_names[found.target])
    frame["mean area"] = pd.qcut(frame["mean area"], len(QUARTERS), labels=QUARTERS).astype("str")
    rng = seeds.numpy_generator(0, "demo table")
    frame.loc[rng.random(len(frame)) < 0.05, "mean texture"] = np.nan
    train, test = train_test_split(
        frame, test_size=0.5, stratify=frame["tumour"], random_state=seeds.derive(0, "demo table") % 2**32
    )
    kept = train[(train["tumour"] != RARE) | ((train["tumour"] == RARE).cumsum() <= LEFT)]
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("train", kept), ("test", test)):
        rows.sort_index().to_csv(folder / f"{name}.csv", index=False)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
