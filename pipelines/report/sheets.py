"""A contact sheet: small images side by side in one PNG, for where a page cannot be shown."""

import numpy as np

from pipelines.samples import Candidates, Samples

COLUMNS = 12
SHOWN = 48  # pixels a side at least, in whole multiples of the image's own


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


def side_by_side(candidates: Candidates, real: Samples) -> list[np.ndarray]:
    """Return two rows for the first candidates: the real sample that each started from, and the candidate."""
    place = {name: index for index, name in enumerate(real.ids)}
    shown = candidates.head(COLUMNS)
    return [real.values[[place[name] for name in shown.rows["reference_id"]]], shown.values]
