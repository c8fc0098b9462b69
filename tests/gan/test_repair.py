"""Filling damaged images: what is there stays, and what is filled is nearer to the truth than what one would do without."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from gan.repair import Filler, Images, from_neighbours, smooth


@pytest.fixture(scope="module")
def digits() -> tuple[tuple[np.ndarray, np.ndarray], Images, np.ndarray]:
    """Whole digits with labels, 60 others that have lost a stripe of 3 columns, and these before they lost it."""
    x, y = load_digits(return_X_y=True)
    images = np.round(x / 16 * 255).astype(np.uint8).reshape(-1, 8, 8, 1)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    whole, torn = order[:500], order[500:560]
    missing = np.zeros((60, 8, 8), bool)
    for one in missing:
        first = rng.integers(0, 6)
        one[:, first : first + 3] = True
    damaged = np.where(missing[..., None], np.uint8(255), images[torn])
    return (images[whole], y[whole]), Images(damaged, y[torn], missing), images[torn]


def error(filled: np.ndarray, truth: np.ndarray, missing: np.ndarray) -> float:
    return float(np.square((filled.astype(float) - truth)[missing] / 255).mean())


def test_the_generator_fills_nearer_to_the_truth_than_a_neighbour_or_a_smooth_surface(digits) -> None:
    """What is there stays as it is, and the same seed gives the same bytes, whichever other images are filled with one."""
    known, damaged, truth = digits
    filler = Filler.train(known, damaged.missing, seed=0, steps=600)
    filled = filler.fill(damaged)
    assert (filled[~damaged.missing] == damaged.values[~damaged.missing]).all()
    others = (
        error(from_neighbours(damaged, known), truth, damaged.missing),
        error(smooth(damaged), truth, damaged.missing),
    )
    assert error(filled, truth, damaged.missing) < min(others)
    few = Images(damaged.values[7:9], damaged.labels[7:9], damaged.missing[7:9])
    assert (filler.fill(few) == filled[7:9]).all()


def test_the_same_seed_gives_the_same_fill(digits) -> None:
    """And another seed another one."""
    known, damaged, _ = digits
    first, again, other = (Filler.train(known, damaged.missing, seed, steps=20).fill(damaged) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_levels_and_channels_of_the_data_hold() -> None:
    """Colour images of more than 12 pixels, which take a convolutional network, with four levels."""
    rng = np.random.default_rng(0)
    images = rng.choice(np.array([0, 85, 170, 255], np.uint8), (40, 16, 16, 3))
    missing = np.zeros((4, 16, 16), bool)
    missing[:, 4:9, 4:9] = True
    damaged = Images(images[:4], np.zeros(4, int), missing)
    filled = Filler.train((images[4:], np.zeros(36, int)), missing, 0, steps=3).fill(damaged)
    assert filled.shape == (4, 16, 16, 3) and filled.dtype == np.uint8 and set(np.unique(filled)) <= {0, 85, 170, 255}


def test_a_smooth_surface_goes_on_with_a_slope() -> None:
    """Laplace's equation has a plane for a solution; an image of which nothing is there stays as it is."""
    slope = np.broadcast_to(np.arange(0, 80, 10, dtype=np.uint8)[:, None, None], (8, 8, 1))
    missing = np.zeros((2, 8, 8), bool)
    missing[0, 2:6, 3:6] = True
    missing[1] = True
    damaged = Images(
        np.stack([np.where(missing[0][..., None], 255, slope), slope]).astype(np.uint8), np.zeros(2, int), missing
    )
    filled = smooth(damaged)
    assert (filled[0] == slope).all() and (filled[1] == slope).all()


def test_the_nearest_of_the_class_is_told_by_what_is_there() -> None:
    """Not by the damage, and never of another class."""
    dark, light = np.zeros((4, 4, 1), np.uint8), np.full((4, 4, 1), 200, np.uint8)
    missing = np.zeros((1, 4, 4), bool)
    missing[0, :2] = True
    torn = np.where(missing[0][..., None], np.uint8(255), dark)
    known = np.stack([dark, light, dark]), np.array([0, 0, 1])
    assert (from_neighbours(Images(torn[None], np.array([0]), missing), known)[0] == dark).all()
    only_light = np.stack([light, dark]), np.array([0, 1])
    filled = from_neighbours(Images(torn[None], np.array([0]), missing), only_light)[0]
    assert (filled[:2] == 200).all() and (filled[2:] == 0).all()


def test_masks_that_do_not_go_with_the_images_are_refused() -> None:
    """Another size, another number of labels, and masks of which none has a missing pixel."""
    images = np.zeros((3, 8, 8, 1), np.uint8)
    with pytest.raises(ValueError, match=r"masks \(3, 4, 4\)"):
        Images(images, np.zeros(3, int), np.zeros((3, 4, 4), bool))
    with pytest.raises(ValueError, match="2 labels"):
        Images(images, np.zeros(2, int), np.zeros((3, 8, 8), bool))
    with pytest.raises(ValueError, match="no mask has a missing pixel"):
        Filler.train((images, np.zeros(3, int)), np.zeros((3, 8, 8), bool), 0)
