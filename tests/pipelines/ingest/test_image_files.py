"""The rule by which any image becomes a square of a fixed size."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.ingest.image_files import UnreadableImage, mask_to_square, shown_size, size_of, to_square


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


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("shape", [(12, 12), (40, 25), (9, 30), (300, 300)])
def test_a_masked_pixel_is_damaged_wherever_it_has_contributed(shape: tuple[int, int], fit) -> None:
    """Changing the masked pixels of an image changes the square nowhere but where its mask says."""
    rng = np.random.default_rng(0)
    values = rng.integers(0, 256, shape[::-1], dtype=np.uint8)
    masked = np.zeros(shape[::-1], bool)
    masked[shape[1] // 2 :, shape[0] // 2] = True
    other = np.where(masked, 255 - values, values).astype(np.uint8)
    damaged = mask_to_square(encoded(Image.fromarray(masked)), 12, fit, shape)
    squares = [to_square(encoded(Image.fromarray(one)), 12, fit)[:, :, 0] for one in (values, other)]
    assert damaged.shape == (12, 12) and damaged.dtype == bool and damaged.any() and not damaged.all()
    assert np.array_equal(squares[0][~damaged], squares[1][~damaged])


def test_a_single_damaged_pixel_of_a_large_image_is_not_rounded_away() -> None:
    """It is a thousandth of what a pixel of the square is made from, and damages it all the same."""
    mask = np.zeros((1000, 1000), np.uint8)
    mask[500, 500] = 128
    assert mask_to_square(encoded(Image.fromarray(mask)), 28, "crop", (1000, 1000)).any()


@pytest.mark.parametrize(("mode", "value"), [("1", 1), ("L", 128), ("RGB", (255, 255, 255)), ("I;16", 65535)])
def test_a_mask_may_have_any_mode(mode: str, value: object) -> None:
    """What is brighter than 127 in mode L is damaged."""
    assert mask_to_square(encoded(Image.new(mode, (9, 9), value)), 9, "crop", (9, 9)).all()


def test_a_mask_of_ones_and_zeros_is_no_mask_of_nothing() -> None:
    """As label tools write them: its image would be taken for a whole one. Beside white pixels, darker ones are there."""
    with pytest.raises(UnreadableImage, match="nowhere brighter than 1 of 255; missing pixels have to be white"):
        mask_to_square(encoded(Image.new("L", (9, 9), 1)), 9, "crop", (9, 9))
    mask = Image.new("L", (9, 9), 127)
    mask.putpixel((4, 4), 255)
    assert mask_to_square(encoded(mask), 9, "crop", (9, 9)).sum() == 1


def test_a_mask_is_of_the_image_as_it_is_shown() -> None:
    """An image stored on its side has a mask of its upright shape, or one on its side as well."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = encoded(Image.new("L", (30, 20)), exif=exif)
    assert shown_size(stored) == (20, 30)
    mask = encoded(Image.new("L", (30, 20), 255), exif=exif)
    assert mask_to_square(mask, 8, "crop", (20, 30)).all()
    with pytest.raises(UnreadableImage, match="its mask is 30 x 20 pixels, the image 20 x 30"):
        mask_to_square(encoded(Image.new("L", (30, 20))), 8, "crop", (20, 30))
    with pytest.raises(UnreadableImage, match="its mask is not an image that Pillow can read"):
        mask_to_square(b"text", 8, "crop", (20, 30))


def test_no_image_is_handed_to_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostScript would be, to Ghostscript, whatever the file is called."""
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch {tmp_path}/called\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    content = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n%%EOF\n"
    for read in (lambda: to_square(content, 8, "crop"), lambda: size_of(content)):
        with pytest.raises(UnreadableImage):
            read()
    assert not (tmp_path / "called").exists()
