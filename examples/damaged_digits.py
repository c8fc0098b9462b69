"""The images of `make demo-repair`: handwritten digits, of four classes most images with a stripe that the scanner has lost.

scikit-learn's digits with a square of each hidden, as in `make demo-hard`. Of four classes 8 whole images are for training, and
40 more on which a stripe is white, with masks that say where; of the others half; the rest is the test split.
"""

import sys
from pathlib import Path

import numpy as np
from hidden_digits import hide_squares
from PIL import Image

from gan import seeds

RARE, WHOLE, DAMAGED = (1, 3, 5, 8), 8, 40
STRIPE = 3  # columns of 8


def write(folder: Path) -> None:
    """Write `<split>/<digit>/<index>.png`, and beside a damaged one `<index>.mask.png`, white where the stripe is."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    rng = seeds.numpy_generator(0, "damaged digits")
    images = hide_squares(np.round(digits.images * (255 / 16)).astype(np.uint8), rng)
    for digit in range(10):
        own = rng.permutation(np.flatnonzero(digits.target == digit))
        damaged = own[WHOLE : WHOLE + DAMAGED] if digit in RARE else own[:0]
        trained = own[: WHOLE + DAMAGED] if digit in RARE else own[: len(own) // 2]
        for split in ("train", "test"):
            (folder / split / str(digit)).mkdir(parents=True, exist_ok=True)
        for index in own:
            image, place = images[index].copy(), folder / ("train" if index in trained else "test") / str(digit)
            if index in damaged:
                first = int(rng.integers(0, 8 - STRIPE + 1))
                mask = np.zeros_like(image)
                mask[:, first : first + STRIPE] = image[:, first : first + STRIPE] = 255
                Image.fromarray(mask).save(place / f"{index:04d}.mask.png")
            Image.fromarray(image).save(place / f"{index:04d}.png")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
