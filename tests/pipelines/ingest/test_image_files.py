"""The rule by which any image becomes a square of a fixed size."""

import io

import numpy as np
import pytest
from PIL import Image

from pipelines.ingest.image_files import UnreadableImage, to_square


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def test_an_image_of_the_right_size_keeps_every_value() -> None:
    """No resampling touches what already fits."""
    values = np.random.default_rng(0).integers(0, 256, (12, 12), dtype=np.uint8)
    assert np.array_equal(to_square(encoded(Image.fromarray(values)), 12, "crop")[:, :, 0], values)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_and_shape_becomes_a_square(mode: str, fit) -> None:
    """Gray modes give one channel, the others three, whatever the shape was."""
    made = Image.new(mode, (30, 17))
    array = to_square(encoded(made, "TIFF" if mode == "CMYK" else "PNG"), 16, fit)
    assert array.shape == (16, 16, 1 if mode in ("1", "L", "LA", "I;16") else 3)
    assert array.dtype == np.uint8


def test_transparency_lies_on_white_and_16_bits_keep_their_brightness() -> None:
    """A see-through pixel is white; half of 65,535 is half of 255."""
    assert to_square(encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0))), 8, "crop").min() == 255
    half = Image.fromarray(np.full((8, 8), 32768, np.uint16))
    assert to_square(encoded(half), 8, "crop").max() == 128


def test_exif_orientation_is_obeyed() -> None:
    """An image stored on its side is turned upright."""
    values = np.zeros((8, 8), np.uint8)
    values[0] = 255  # a bright first row
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show
    turned = to_square(encoded(Image.fromarray(values), exif=exif), 8, "crop")[:, :, 0]
    assert (turned[:, -1] == 255).all() and (turned[:, 0] == 0).all()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"just text", "not an image"),
        (b"", "not an image"),
        (encoded(Image.effect_noise((64, 64), 50), "JPEG")[:900], "damaged"),
        (encoded(Image.effect_noise((64, 64), 50))[:900], "damaged"),
    ],
)
def test_a_bad_file_says_what_is_wrong(content: bytes, said: str) -> None:
    """Text named .png and truncated files are told apart from images."""
    with pytest.raises(UnreadableImage, match=said):
        to_square(content, 16, "crop")


def test_an_image_of_absurd_size_is_refused_unopened() -> None:
    """A small file that would unpack to gigabytes is not unpacked."""
    bomb = encoded(Image.new("1", (40_000, 40_000)))
    assert len(bomb) < 1_000_000
    with pytest.raises(UnreadableImage, match="more than"):
        to_square(bomb, 16, "crop")
