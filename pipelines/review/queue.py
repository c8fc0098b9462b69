"""The queue of a class: in which order samples are shown, which real ones are mixed in, what a filter lists.

Pure functions on data frames with one row per sample: `score`, the calibrated one, `distance`, that to the nearest
training sample, and `real`, whether it is a real sample mixed in.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

ORDER = "biggest doubts first: by turns the lowest score and the nearest to a real sample"
SHARE, FEWEST, MOST = 10, 10, 100  # one real sample to so many synthetic ones, within these bounds
UNDECIDED = "undecided"


def doubts_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` with the biggest doubts first: the lowest score, the nearest to a real sample, and so on."""
    by_score, by_distance = (rows[name].rank(method="first") for name in ("score", "distance"))
    order = np.lexsort([by_distance, by_score, np.minimum(by_score, by_distance)])
    return rows.iloc[order].reset_index(drop=True)


def how_many_reals(synthetic: int, available: int) -> int:
    """Return how many real samples are mixed in: a tenth as many, 10 to 100, and never more than synthetic ones.

    >>> how_many_reals(320, 500), how_many_reals(40, 500), how_many_reals(320, 3)
    (32, 10, 3)
    """
    return min(int(np.clip(synthetic // SHARE, FEWEST, MOST)), synthetic, available)


def mix_in(rows: pd.DataFrame, reals: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the ordered `rows` with `reals` among them, one at a random place of each of equally long stretches.

    A real sample has no score: for order and filters it takes score and distance from the sample that follows it, so that
    neither says which it is.
    """
    edges = np.linspace(0, len(rows), len(reals) + 1)
    places = (edges[:-1] + rng.random(len(reals)) * np.diff(edges)).astype(int)
    borrowed = rows.iloc[places][["score", "distance"]].reset_index(drop=True)
    guests = reals.reset_index(drop=True).assign(real=True, **borrowed)
    parts = [rows.assign(real=False, _at=np.arange(len(rows)) + 0.5), guests.assign(_at=places)]
    mixed = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return mixed.sort_values("_at", kind="stable", ignore_index=True).drop(columns="_at")


@dataclass(frozen=True)
class Wanted:
    """What a filter lists; None does not limit."""

    score_from: float | None = None
    score_to: float | None = None
    distance_from: float | None = None
    distance_to: float | None = None
    decision: Literal["undecided", "keep", "reject"] | None = None


def listed(queue: pd.DataFrame, decided: np.ndarray, wanted: Wanted) -> np.ndarray:
    """Return the places in the queue that a filter lists, in order. decided: (n,) keep, reject or an empty text."""
    fits = np.ones(len(queue), bool)
    for name in ("score", "distance"):
        low, high = getattr(wanted, f"{name}_from"), getattr(wanted, f"{name}_to")
        fits &= queue[name].to_numpy() >= (-np.inf if low is None else low)
        fits &= queue[name].to_numpy() <= (np.inf if high is None else high)
    if wanted.decision is not None:
        fits &= decided == ("" if wanted.decision == UNDECIDED else wanted.decision)
    return np.flatnonzero(fits)
