"""The images of `make demo-scanners`: handwritten digits of two scanners, three classes with hardly an image of the second.

scikit-learn's digits with a square of each hidden, as in `make demo-hard`. Half of them come from a second scanner, which
writes negatives. Of three classes 20 images of the first scanner and 4 of the second are for training, of the others half;
the rest is the test split. The list of the images says of which scanner each is.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from hidden_digits import hide_squares
from PIL import Image

from gan import seeds

RARE, FIRST, SECOND = (3, 5, 8), 20, 4


def write(folder: Path) -> None:
    """Write `images/<index>.png` and `scans.csv`: path, label, split and scanner of each."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    rng = seeds.numpy_generator(0, "two scanners")
    images = hide_squares(np.round(digits.images * (255 / 16)).astype(np.uint8), rng)
    second = rng.random(len(images)) < 0.5
    images[second] = 255 - images[second]
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for digit in range(10):
        for scanner, of_it, few in (("first", ~second, FIRST), ("second", second, SECOND)):
            own = rng.permutation(np.flatnonzero((digits.target == digit) & of_it))
            kept = few if digit in RARE else len(own) // 2
            for split, indexes in (("train", own[:kept]), ("test", own[kept:])):
                rows += [(f"images/{index:04d}.png", digit, split, scanner) for index in indexes]
    for path, *_ in rows:
        Image.fromarray(images[int(Path(path).stem)]).save(folder / path)
    with open(folder / "scans.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("path", "label", "split", "scanner"), *sorted(rows)])


if __name__ == "__main__":
    write(Path(sys.argv[1]))
