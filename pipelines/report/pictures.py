"""Pictures of samples: synthetic ones beside what they started from and their nearest real one, and dropped copies.

A new kind is a function here that returns how one of its samples is shown, and a line in `PAINTERS`.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.report.lines import Lanes
from pipelines.report.nearness import Surroundings
from pipelines.report.svg import spread
from pipelines.samples import IMAGES, SERIES, Candidates, Samples, png_bytes

SHOWN, COPIES = 12, 6  # synthetic pictures of a class, and dropped copies, at most
BUDGET = 6_000_000  # bytes that the pictures of a page may have before they are packed, shared among its classes
COPY_OF = r"copy of training sample (.*)$"
COLUMNS = ["id", "score", "reference_id", "nearest_id", "distance"]


@dataclass(frozen=True)
class Picture:
    """One picture, as a `data:` URL or as an `<svg>` element, with what it is."""

    url: str
    what: str
    svg: str = ""


Paint = Callable[[np.ndarray, str, bool], Picture]  # a sample, what it is in words, whether it is real


def of_images(real: Samples) -> Paint:
    """Return how an image is shown: as it is."""
    return lambda image, what, is_real: Picture(url(image), what)


def of_series(real: Samples) -> Paint:
    """Return how a series is shown: a line for each channel, on the range that `real` samples have."""
    lanes = Lanes.of(real.values)
    return lambda series, what, is_real: Picture("", what, lanes.svg(series, what, is_real))


PAINTERS: dict[str, Callable[[Samples], Paint]] = {IMAGES: of_images, SERIES: of_series}


@dataclass(frozen=True)
class Card:
    """Pictures that belong together, the synthetic one first, and what is known of it."""

    pictures: list[Picture]
    about: pd.Series


def each_class(classes: int, size: int) -> int:
    """Return how many synthetic pictures a class may show on a page of so many classes, where each has `size` bytes."""
    return int(min(SHOWN, max(1, BUDGET // (3 * classes * size))))


def kept(made: Candidates, around: Surroundings, most: int) -> pd.DataFrame:
    """Return the rows of `COLUMNS` of kept pictures, from the highest score to the lowest, and where they and theirs lie.

    made: the kept candidates.   `place`, `nearest`: rows of `made` and of the training samples of the class.
    """
    order = np.argsort(-made.rows["score"].to_numpy(float), kind="stable")
    places = order[spread(len(order), most)]
    far, index = around.nearest(around.rows(made.values[places]))
    rows = made.rows.iloc[places][["id", "score", "reference_id"]].reset_index(drop=True)
    return rows.assign(nearest_id=around.own.ids[index], distance=far, place=places, nearest=index)


def cards(shown: pd.DataFrame, made: Candidates, real: Samples, paint: Paint) -> list[Card]:
    """Return a card for each row of `kept`."""
    place = {name: index for index, name in enumerate(real.ids)}
    found = []
    for _, row in shown.iterrows():
        started = real.values[place[row["reference_id"]]]
        pictures = [
            paint(made.values[row["place"]], "synthetic", False),
            paint(started, "started from", True),
            paint(real.values[row["nearest"]], "nearest real", True),
        ]
        found.append(Card(pictures, row))
    return found


def copies(candidates: Candidates, real: Samples, paint: Paint) -> list[Card]:
    """Return a card for each of the first candidates that were dropped as copies of a training sample."""
    place = {name: index for index, name in enumerate(real.ids)}
    original = candidates.rows["status"].str.extract(COPY_OF, expand=False)
    rows = np.flatnonzero(original.isin(place))[:COPIES]
    return [
        Card(
            [
                paint(candidates.values[row], "dropped", False),
                paint(real.values[place[original.iloc[row]]], "real", True),
            ],
            candidates.rows.iloc[row],
        )
        for row in rows
    ]


def url(image: np.ndarray) -> str:
    """Return (height, width, channels) uint8 as a `data:` URL; the page enlarges it."""
    return "data:image/png;base64," + base64.b64encode(png_bytes(image)).decode()
