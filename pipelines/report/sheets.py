"""Contact sheets: small images side by side, as PNG data URLs."""

import base64

import numpy as np

from pipelines.samples import Candidates, Samples, png_bytes

COLUMNS = 12
COPY_OF = r"copy of training sample (.*)$"
SHOWN = 48  # pixels a side at least, in whole multiples of the image's own


def data_url(sheet: np.ndarray) -> str:
    """Return (height, width, channels) uint8 as a `data:` URL."""
    return "data:image/png;base64," + base64.b64encode(png_bytes(sheet)).decode()


def sheet(rows: list[np.ndarray]) -> np.ndarray:
    """Return one image of several rows of images, (n, s, s, c) each, at most `COLUMNS` to a row, white between."""
    side, channels = rows[0].shape[1], max(row.shape[3] for row in rows)
    zoom = max(-(-SHOWN // side), 1)
    gap, cell = 4, side * zoom
    columns = min(max(len(row) for row in rows), COLUMNS)
    result = np.full((len(rows) * (cell + gap) - gap, columns * (cell + gap) - gap, channels), 255, np.uint8)
    for y, row in enumerate(rows):
        for x, image in enumerate(row[:columns]):
            top, left = y * (cell + gap), x * (cell + gap)
            result[top : top + cell, left : left + cell] = image.repeat(zoom, axis=0).repeat(zoom, axis=1)
    return result


def copies(candidates: Candidates, real: Samples) -> list[np.ndarray] | None:
    """Return two rows: candidates that were dropped as copies of training samples, and those samples; None without any."""
    place = {name: index for index, name in enumerate(real.ids)}
    original = candidates.rows["status"].str.extract(COPY_OF, expand=False)
    rows = np.flatnonzero(original.isin(place))[:COLUMNS]
    if not len(rows):
        return None
    return [candidates.values[rows], real.values[[place[name] for name in original.iloc[rows]]]]


def side_by_side(candidates: Candidates, real: Samples) -> list[np.ndarray]:
    """Return three rows for the first candidates: the real sample that each started from, its neighbour, the candidate."""
    place = {name: index for index, name in enumerate(real.ids)}
    shown = candidates.head(COLUMNS)
    references = real.values[[place[name] for name in shown.rows["reference_id"]]]
    neighbours = real.values[[place[name] for name in shown.rows["neighbour_id"]]]
    return [references, neighbours, shown.values]
