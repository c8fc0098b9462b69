"""The images of `make demo-hard`: scikit-learn's handwritten digits, a square of each hidden, four classes cut to a few images.

Whole digits leave no room: ten images a class are enough to find nearly all. With a square of 3 of 8 pixels a side hidden, at
another place in each image, training and test alike, a good classifier finds the cut classes with an average precision of
about .8. As in the other demo a stratified half of the 1,797 images becomes the test split and stays whole.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from gan import seeds

RARE, LEFT, HIDDEN = (1, 3, 5, 8), 10, 3


def hide_squares(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the images, (n, height, width), with a black square of `HIDDEN` pixels a side at a random place in each."""
    hidden = images.copy()
    places = rng.integers(0, np.array(images.shape[1:]) - HIDDEN + 1, (len(images), 2))
    for image, (top, left) in zip(hidden, places, strict=True):
        image[top : top + HIDDEN, left : left + HIDDEN] = 0
    return hidden


def write(folder: Path) -> None:
    """Write `{train,test}/<digit>/<index>.png`."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)  # (1797, 8, 8), levels 0..16 -> 0..255
    images = hide_squares(images, seeds.numpy_generator(0, "hidden digits"))
    state = seeds.derive(0, "hidden digits") % 2**32
    train, test = train_test_split(np.arange(len(images)), test_size=0.5, stratify=digits.target, random_state=state)
    kept = [train[digits.target[train] == digit][: LEFT if digit in RARE else None] for digit in range(10)]
    for split, indexes in (("train", np.concatenate(kept)), ("test", test)):
        for index in indexes:
            path = folder / split / str(digits.target[index]) / f"{index:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(images[index]).save(path)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
