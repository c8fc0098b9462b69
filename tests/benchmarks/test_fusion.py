"""The benchmark of fusion measures what it says."""

import sys
from pathlib import Path

import numpy as np
import pytest

from pipelines.samples import Samples

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import fusion
from translation import Told, Translator

NAMES = sorted([*fusion.LETTERS, *(f"rich {number}" for number in range(3))])


@pytest.fixture(scope="module")
def made() -> fusion.World:
    """Return a world of bright boxes: 120 families, whose names start with one of 60 words."""
    rng, values, labels, ids = np.random.default_rng(0), [], [], []
    for label, name in enumerate(NAMES):
        for family in range(120):
            image = np.zeros((28, 28, 1), np.uint8)
            top, left = rng.integers(3, 10, size=2)
            image[top : 14 + label % 10, left:20] = 255
            values.append(image)
            labels.append(label)
            ids.append(f"train/{name}/Word{family // 2} Cut{family % 2}.png")
    return fusion.world({"train": Samples(np.stack(values), np.array(labels), np.array(ids))}, NAMES, 0)


def test_sides_share_no_word_of_a_family(made: fusion.World) -> None:
    """Train, validation and test share no first word of a family, and the cut classes have 4 and 1 samples."""
    words = [{Path(one).stem.split()[0] for one in side.ids} for side in (made.train, made.validation, made.test)]
    assert not words[0] & words[1] and not words[0] & words[2] and not words[1] & words[2]
    for label in made.cut:
        assert (len(made.train.of_class(label)), len(made.validation.of_class(label))) == (4, 1)


def test_every_cut_class_has_held_back_samples(made: fusion.World) -> None:
    """Real samples are held back of the cut classes, of each of them, and of no other."""
    assert all(len(values) > 0 for values in made.more.values()) and set(made.more) == set(made.cut)


def test_a_sample_placed_as_it_lies_stays() -> None:
    """A shape gives a matrix that leads back to itself."""
    image = np.zeros((28, 28, 1))
    image[5:20, 8:15] = 1
    shaped = fusion.shape(image)
    again = fusion.factor(shaped)
    np.testing.assert_allclose(np.log(again[0, 0]), shaped[2])
    np.testing.assert_allclose(again[1, 0] / again[0, 0], shaped[4])


def test_an_untrained_translator_changes_nothing(made: fusion.World) -> None:
    """Before it is trained, what the translator makes is the sample that it starts from, but for soft edges."""
    samples, rows = Translator(made.train.values, made.train.labels, Told(), 0).make(0, np.array([1, 2]), 5)
    difference = np.abs(samples.astype(float) - made.train.values[rows])
    assert samples.shape == (5, 28, 28, 1) and difference.mean() < 10
