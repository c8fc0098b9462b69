"""The raw data of this repository's own project: scikit-learn's handwritten digits as PNG class folders.

1,797 gray images of 8x8 pixels with 17 levels (Alpaydin and Kaynak, UCI 1998); they ship with scikit-learn, so nothing
is downloaded. A stratified half becomes `test/` and stays whole; in `train/` four classes are cut to a few samples.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import Field

from gan import seeds
from gan.progress import Progress
from gan.settings import Settings as Base


class Settings(Base):
    """How the demonstration is made hard."""

    minority: list[int] = Field(default=[1, 3, 5, 8], description="the digits that are cut")
    samples: int = Field(default=10, ge=0, description="how many training samples each of them keeps")


def run(*, raw: Path, settings: Settings, seed: int, progress: Progress) -> None:
    """Write `raw/{train,test}/<digit>/<index>.png`."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)  # (1797, 8, 8), levels 0..16 -> 0..255
    train, test = train_test_split(
        np.arange(len(images)),
        test_size=0.5,
        stratify=digits.target,
        random_state=seeds.derive(seed, "digits") % 2**32,
    )
    kept = np.concatenate([_cut(train[digits.target[train] == digit], digit, settings) for digit in range(10)])
    for split, indexes in (("train", kept), ("test", test)):
        for index in np.sort(indexes):
            path = raw / split / str(digits.target[index]) / f"{index:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(images[index]).save(path)
    progress(1, 1, {})
    print(f"digits: {len(kept)} training and {len(test)} test images")


def _cut(indexes: np.ndarray, digit: int, settings: Settings) -> np.ndarray:
    return indexes[: settings.samples] if digit in settings.minority else indexes
