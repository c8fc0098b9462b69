"""Smaller images. Apart from the upscaler, so that reducing does not load torch."""

import numpy as np


def reduce(images: np.ndarray, factor: int) -> np.ndarray:
    """Return `images`, (n, h, w, c) uint8, smaller by `factor`: rounded means of squares of factor x factor pixels.

    Raises ValueError when the sides cannot be divided.
    """
    count, height, width, channels = images.shape
    if height % factor or width % factor:
        raise ValueError(f"images: {height} x {width} pixels cannot be divided by {factor}")
    squares = images.reshape(count, height // factor, factor, width // factor, factor, channels)
    means = squares.mean((2, 4), dtype=np.float32)  # exact: sums of at most 16 bytes
    return (means + 0.5).astype(np.uint8)
