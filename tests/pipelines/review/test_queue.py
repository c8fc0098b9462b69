"""The queue: its order, the real samples in it, what a filter lists."""

import numpy as np
import pandas as pd

from pipelines.review.queue import Wanted, doubts_first, how_many_reals, listed, mix_in


def rows(count: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame({"score": rng.random(count), "distance": rng.random(count), "row": np.arange(count)})


def test_the_biggest_doubts_come_first() -> None:
    """The first two are the lowest score and the nearest to a real sample; any head holds as many of one as of the other."""
    ordered = doubts_first(rows())
    low, near = ordered["score"].nsmallest(20).index, ordered["distance"].nsmallest(20).index
    assert {0, 1} == {low[0], near[0]}
    assert max(*low[:5], *near[:5]) < 10
    assert sorted(ordered["row"]) == list(range(60))


def test_real_samples_are_spread_and_borrow_figures_of_their_neighbours() -> None:
    """Each stretch of the queue has one real sample, with score and distance of the synthetic one behind it."""
    reals = pd.DataFrame({"row": np.arange(6)})
    mixed = mix_in(doubts_first(rows()), reals, np.random.default_rng(0))
    places = np.flatnonzero(mixed["real"])
    assert len(mixed) == 66
    assert [(place - number) // 10 for number, place in enumerate(places)] == list(range(6))
    assert (
        mixed.loc[places, ["score", "distance"]].to_numpy() == mixed.loc[places + 1, ["score", "distance"]].to_numpy()
    ).all()


def test_without_real_samples_the_queue_is_the_synthetic_ones() -> None:
    """A class that has no real sample to spare can be reviewed."""
    assert len(mix_in(rows(), rows(0)[["row"]], np.random.default_rng(0))) == 60
    assert how_many_reals(1, 50) == 1


def test_a_filter_lists_what_lies_in_its_ranges() -> None:
    """Score, distance and decision each limit what is listed, and an empty filter lists all."""
    queue, decided = rows(), np.array(["keep", "reject", ""] * 20, object)
    assert listed(queue, decided, Wanted()).tolist() == list(range(60))
    found = listed(queue, decided, Wanted(score_to=0.5, distance_from=0.2, decision="undecided"))
    expected = (queue["score"] <= 0.5) & (queue["distance"] >= 0.2) & (decided == "")
    assert len(found) > 0 and found.tolist() == np.flatnonzero(expected).tolist()
