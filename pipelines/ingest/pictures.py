"""From any picture that Pillow reads to one square array of a fixed size, by one stated rule.

The rule: the first frame, turned as its EXIF says, transparency laid on white; gray where every picture of the data set
is gray, else RGB; cut to its central square (or padded to a square with black, or stretched), then scaled to
`image_size` with Pillow's bilinear filter, which averages when it shrinks and does not ring. A picture that has the size
already keeps every value.
"""

import io
import warnings
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

Fit = Literal["crop", "pad", "stretch"]
GRAY_MODES = ("1", "L", "LA", "I;16", "I;16B", "I;16L")


class UnreadablePicture(ValueError):
    """Says in a few words why a picture cannot be used."""


def to_square(content: bytes | np.ndarray, size: int, fit: Fit) -> np.ndarray:
    """Return (size, size, 1) uint8 for a gray picture, (size, size, 3) for one in colour; UnreadablePicture says why not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = _flat(_opened(content))
    except UnidentifiedImageError:
        raise UnreadablePicture("not a picture that Pillow can read") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise UnreadablePicture(f"more than {Image.MAX_IMAGE_PIXELS} pixels") from None
    except Exception as error:  # Pillow's many decoders raise many things at a damaged file
        raise UnreadablePicture(f"damaged picture: {' '.join(str(error).split())}") from None
    array = np.asarray(_scaled(picture, size, fit))
    return array[:, :, None] if array.ndim == 2 else array


def size_of(content: bytes | np.ndarray) -> tuple[int, int]:
    """Return (width, height) in pixels, from the header alone; UnreadablePicture where there is none."""
    if isinstance(content, np.ndarray):
        return content.shape[1], content.shape[0]
    try:
        return Image.open(io.BytesIO(content)).size
    except Exception as error:
        raise UnreadablePicture(str(error)) from None


def _opened(content: bytes | np.ndarray) -> Image.Image:
    if isinstance(content, np.ndarray):
        return Image.fromarray(content[:, :, 0] if content.shape[2:] == (1,) else content)
    picture = Image.open(io.BytesIO(content))
    picture.load()  # the whole of it: a truncated file fails here
    return ImageOps.exif_transpose(picture)


def _flat(picture: Image.Image) -> Image.Image:
    """Return the picture in mode L or RGB, on white where it was transparent."""
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise ValueError(f"pixels of mode {picture.mode}; expected 8 or 16 bits")
    gray = picture.mode in GRAY_MODES
    if picture.mode in ("LA", "PA", "RGBA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return picture.convert("L" if gray else "RGB")


def _scaled(picture: Image.Image, size: int, fit: Fit) -> Image.Image:
    if picture.size == (size, size):
        return picture
    if fit == "crop":
        return ImageOps.fit(picture, (size, size), Image.Resampling.BILINEAR)
    if fit == "pad":
        return ImageOps.pad(picture, (size, size), Image.Resampling.BILINEAR)
    return picture.resize((size, size), Image.Resampling.BILINEAR)
