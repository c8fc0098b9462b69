"""From any image that Pillow reads to one square array of a fixed size, by one stated rule.

The rule: the first frame, turned as its EXIF says, transparency laid on white; gray where every image of the data set
is gray, else RGB; cut to its central square (or padded to a square with black, or stretched), then scaled to
`image_size` with Pillow's bilinear filter, which averages when it shrinks and does not ring. An image that has the size
already keeps every value. A mask of damaged pixels goes the same way.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

Fit = Literal["crop", "pad", "stretch"]
GRAY_MODES = ("1", "L", "LA", "I;16", "I;16B", "I;16L")
BY_PROGRAMS = ("EPS",)  # formats that Pillow hands to another program, here Ghostscript
DARKEST = 127  # of the pixels of a mask: brighter ones are damaged


class UnreadableImage(ValueError):
    """Says in a few words why an image cannot be used."""


def to_square(content: bytes | np.ndarray, size: int, fit: Fit) -> np.ndarray:
    """Return (size, size, 1) uint8 for a gray image, (size, size, 3) for one in colour; UnreadableImage says why not."""
    with _plain_errors():
        image = _flat(_opened(content))
    array = np.asarray(_scaled(image, size, fit))
    return array[:, :, None] if array.ndim == 2 else array


def mask_to_square(content: bytes, size: int, fit: Fit, shape: tuple[int, int]) -> np.ndarray:
    """Return which pixels of the square are damaged, (size, size) bool: those to which any damaged pixel has contributed.

    content: of the mask, whose damaged pixels are those brighter than `DARKEST` in mode L. shape: (width, height) of its
    image as it is shown. UnreadableImage says why the mask cannot be used.
    """
    try:
        with _plain_errors():
            levels = np.asarray(_opened(content).convert("L"))
    except UnreadableImage as error:
        raise UnreadableImage(f"its mask is {error}") from None
    height, width = levels.shape
    if (width, height) != shape:
        raise UnreadableImage(f"its mask is {width} x {height} pixels, the image {shape[0]} x {shape[1]}")
    if 0 < (brightest := int(levels.max())) <= DARKEST:
        raise UnreadableImage(f"its mask is nowhere brighter than {brightest} of 255; missing pixels have to be white")
    damaged = levels > DARKEST
    # in floats, where a single pixel among many is not rounded away
    return np.asarray(_scaled(Image.fromarray(damaged.astype(np.float32)), size, fit)) > 0


def shown_size(content: bytes | np.ndarray) -> tuple[int, int]:
    """Return (width, height) in pixels of an image turned as its EXIF says; UnreadableImage says why it has none."""
    with _plain_errors():
        return _opened(content).size


def size_of(content: bytes | np.ndarray) -> tuple[int, int]:
    """Return (width, height) in pixels, from the header alone; UnreadableImage where there is none."""
    if isinstance(content, np.ndarray):
        return content.shape[1], content.shape[0]
    try:
        return Image.open(io.BytesIO(content), formats=_formats()).size
    except Exception as error:
        raise UnreadableImage(str(error)) from None


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise UnreadableImage, which says in words what an image is, for whatever Pillow raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except UnidentifiedImageError:
        raise UnreadableImage("not an image that Pillow can read") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise UnreadableImage(f"more than {Image.MAX_IMAGE_PIXELS} pixels") from None
    except Exception as error:  # Pillow's many decoders raise many things at a damaged file
        raise UnreadableImage(f"a damaged image: {' '.join(str(error).split())}") from None


@cache
def _formats() -> list[str]:
    """Return the formats that Pillow reads by itself."""
    Image.init()
    return [name for name in Image.ID if name not in BY_PROGRAMS]


def _opened(content: bytes | np.ndarray) -> Image.Image:
    if isinstance(content, np.ndarray):
        return Image.fromarray(content[:, :, 0] if content.shape[2:] == (1,) else content)
    image = Image.open(io.BytesIO(content), formats=_formats())
    image.load()  # the whole of it: a truncated file fails here
    return ImageOps.exif_transpose(image)


def _flat(image: Image.Image) -> Image.Image:
    """Return the image in mode L or RGB, on white where it was transparent."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError(f"pixels of mode {image.mode}; expected 8 or 16 bits")
    gray = image.mode in GRAY_MODES
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert("L" if gray else "RGB")


def _scaled(image: Image.Image, size: int, fit: Fit) -> Image.Image:
    if image.size == (size, size):
        return image
    if fit == "crop":
        return ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)
    if fit == "pad":
        return ImageOps.pad(image, (size, size), Image.Resampling.BILINEAR)
    return image.resize((size, size), Image.Resampling.BILINEAR)
