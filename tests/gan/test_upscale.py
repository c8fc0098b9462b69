"""The upscaler: smaller by means, larger by bicubic interpolation and what a network adds to it."""

from pathlib import Path

import numpy as np
import pytest

from gan.modalities.images import ImageCodec
from gan.reduce import reduce
from gan.training.settings import UpscaleSettings
from gan.upscale import Upscaler, enlarge, train_upscaler

QUICK = UpscaleSettings(factor=2, steps=250, batch_size=16, width=8, learning_rate=2e-3)


def bars(count: int, seed: int) -> np.ndarray:
    """(count, 16, 16, 1) uint8: sharp bars, 3 pixels wide, up or across, on black, of 16 grey levels."""
    rng = np.random.default_rng(seed)
    images = np.zeros((count, 16, 16, 1), np.uint8)
    for image in images:
        at = rng.integers(1, 12)
        image[at : at + 3, 2:14] = rng.integers(4, 16) * 16
    turned = rng.random(count) < 0.5
    images[turned] = images[turned].transpose(0, 2, 1, 3)
    return images


def error(made: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(made.astype(float) - wanted).mean())


@pytest.fixture(scope="module")
def upscaler() -> Upscaler:
    return train_upscaler(bars(300, seed=0), QUICK, seed=0)


def test_reducing_takes_the_mean_of_each_square() -> None:
    """A square of 2x2 pixels becomes its mean, rounded; a factor of 1 changes nothing; other sides are refused."""
    image = np.array([[0, 1, 9, 9], [1, 1, 9, 9]], np.uint8)[None, ..., None]
    assert reduce(image, 2)[0, ..., 0].tolist() == [[1, 9]]
    assert np.array_equal(reduce(image, 1), image)
    with pytest.raises(ValueError, match="divided by 4"):
        reduce(image, 4)


def test_enlarging_keeps_what_is_even_in_place() -> None:
    """An even image stays as it is, and reducing an enlarged slope gives the slope back."""
    assert (enlarge(np.full((1, 4, 4, 3), 77, np.uint8), 4) == 77).all()
    slope = np.arange(0, 160, 10, dtype=np.uint8)[None, None, :, None].repeat(8, 1)
    assert error(reduce(enlarge(slope, 2), 2)[:, :, 2:-2], slope[:, :, 2:-2]) <= 0.5


def test_it_is_nearer_to_held_out_images_than_bicubic(upscaler: Upscaler) -> None:
    """Images that it has not seen come back with less than two thirds of the error of bicubic interpolation."""
    held_out = bars(60, seed=1)
    low = reduce(held_out, 2)
    assert error(upscaler.apply(low), held_out) < 2 / 3 * error(enlarge(low, 2), held_out)


def test_output_lies_on_the_levels_and_the_background_of_the_data(upscaler: Upscaler) -> None:
    """Each value occurs in the training images, and what is empty around in the small image is empty in the large."""
    low = reduce(bars(20, seed=2), 2)
    high = upscaler.apply(low)
    assert set(np.unique(high)) <= set(np.unique(bars(300, seed=0)))
    assert (high[enlarge(low, 2) == 0] == 0).all()


def test_untrained_it_is_bicubic() -> None:
    """One step at a vanishing rate leaves bicubic interpolation, put on the levels of the data."""
    images = bars(20, seed=3)
    settings = UpscaleSettings(factor=4, steps=1, batch_size=4, learning_rate=1e-12)
    low, codec = reduce(images, 4), ImageCodec.fit(images)
    bicubic = codec.encode(enlarge(low, 4))
    assert np.array_equal(train_upscaler(images, settings, 0).apply(low), codec.decode(bicubic, bicubic))


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    """Training repeats to the byte, another seed differs, and a loaded upscaler makes the same images."""
    settings = UpscaleSettings(factor=2, steps=10, batch_size=4, width=4)
    images = bars(20, seed=4).repeat(3, 3)
    written = []
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        made = train_upscaler(images, settings, seed)
        made.save(tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1] != written[2]
    loaded, low = Upscaler.load(tmp_path / "other", 8), reduce(images, 2)
    assert np.array_equal(loaded.apply(low), made.apply(low))


def test_an_image_does_not_depend_on_the_others(upscaler: Upscaler) -> None:
    """Alone or among others, an image comes out the same; other sizes than its own are refused."""
    low = reduce(bars(5, seed=5), 2)
    assert np.array_equal(upscaler.apply(low)[3:4], upscaler.apply(low[3:4]))
    with pytest.raises(ValueError, match="16 pixels a side of 8"):
        upscaler.apply(low[:, :4, :4])
