"""Which synthetic samples join a training set, and how a classifier uses them.

A source says which: the filter's, what a user would have without a GAN in their place, or one of the controls that show what
is behind a gain. A use says how: as rows like any
other, with less weight, or drawn in place of real ones so that no class is seen more often than without them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gan import seeds
from pipelines.evaluation.arms import ARMS, Training, smote
from pipelines.likeness.data import Data, Pool

FILTERED, UNFILTERED, RANDOM, REPLAY = "gan_filtered", "gan_unfiltered", "gan_random_filter", "replay"
INTERPOLATED = "smote_in_place"
LABELS = {
    FILTERED: "GAN, filtered",
    UNFILTERED: "GAN, unfiltered",
    RANDOM: "GAN, filtered at random",
    REPLAY: "references repeated in place of the GAN's samples",
    INTERPOLATED: "SMOTE in place of the GAN's samples",
}
LEFT_OUT, AS_THEY_ARE, SMOOTH, NEAREST, GENERATOR = "left_out", "as_they_are", "smooth", "nearest", "generator"
FILLS = {  # what becomes of damaged images (`repaired`)
    LEFT_OUT: "the damaged images left out",
    AS_THEY_ARE: "the damaged images as they are",
    SMOOTH: "the damaged images filled smoothly",
    NEAREST: "the damaged images filled from the nearest of their class",
    GENERATOR: "the damaged images filled by the generator",
}


@dataclass(frozen=True)
class Use:
    """How a classifier uses synthetic rows.

    network: as of `arms.Arm`.   weight: of a synthetic row, beside 1 of a real one.   share, real_last: see `styles.Style`.
    """

    name: str
    about: str
    network: bool | None = None
    weight: float = 1.0
    share: float | None = None
    real_last: float = 0.0

    def apply(self, training: Training) -> Training:
        """Return the training set with its synthetic rows used in this way."""
        weight = training.weight
        if self.weight != 1:
            ones = np.ones(len(training.data)) if weight is None else weight
            weight = np.where(training.data.made, self.weight, 1) * ones
        style = replace(training.style, synthetic_share=self.share, real_last=self.real_last)
        return replace(training, weight=weight, style=style)


USES: dict[str, Use] = {
    use.name: use
    for use in (
        Use("mixed", "mixed in with the real ones"),
        Use("light", "mixed in with half the weight of a real one", False, weight=0.5),
        Use("drawn", "half of the class's draws are synthetic, no class is drawn more often", True, share=0.5),
        Use(
            "first", "half of the class's draws in the first 60 % of training, then real ones alone", True,
            share=0.5, real_last=0.4,
        ),
    )
}  # fmt: skip


def uses(network: bool) -> list[str]:
    """Return the names of the uses that a network, or a classifier fitted at once, has."""
    return [use.name for use in USES.values() if use.network in (None, network)]


def accepted(pool: Pool, acceptance: float | None = None) -> np.ndarray:
    """Return the candidates that the filter kept, or the best-scored share `acceptance` of all, (k,) int, best first.

    A candidate without a score comes last.
    """
    if acceptance is None:
        return np.flatnonzero(pool.kept)
    best_first = np.argsort(-np.nan_to_num(pool.score, nan=-np.inf), kind="stable")
    return best_first[: round(acceptance * len(best_first))]


def _filtered(pool: Pool, real: Data, acceptance: float | None, seed: int) -> np.ndarray:
    return pool.x[accepted(pool, acceptance)]


def _unfiltered(pool: Pool, real: Data, acceptance: float | None, seed: int) -> np.ndarray:
    return pool.x


def _at_random(pool: Pool, real: Data, acceptance: float | None, seed: int) -> np.ndarray:
    count = len(accepted(pool, acceptance))
    return pool.x[seeds.numpy_generator(seed, "accept", pool.label).permutation(len(pool.x))[:count]]


def _replayed(pool: Pool, real: Data, acceptance: float | None, seed: int) -> np.ndarray:
    """Return the reference of each kept candidate in its place: what they are worth beyond drawing real samples again."""
    references = pool.parents[accepted(pool, acceptance), 0]
    return real.x[references[references >= 0]]


def _interpolated(pool: Pool, real: Data, acceptance: float | None, seed: int) -> np.ndarray:
    """Return as many rows of SMOTE as a whole dose takes: dose and use may help whoever has made the rows."""
    count = len(real.of_class(pool.label)) + pool.wanted(1.0, len(accepted(pool, acceptance)))
    return smote(real, {pool.label: count}, seed).data.x[len(real) :]


SOURCES: dict[str, Callable[[Pool, Data, float | None, int], np.ndarray]] = {
    FILTERED: _filtered,
    UNFILTERED: _unfiltered,
    RANDOM: _at_random,
    REPLAY: _replayed,
    INTERPOLATED: _interpolated,
}


def called(name: str) -> str:
    """Return what to call an arm, a source, or a way to treat damaged images."""
    known = LABELS | FILLS
    return known[name] if name in known else ARMS[name].label


def add(
    data: Data, pools: Sequence[Pool], source: str, dose: float, seed: int, acceptance: float | None = None
) -> Data:
    """Return the real samples `data` followed by synthetic ones of each pool, flagged as such.

    dose: how many, as a share of what would balance the class.   acceptance: see `accepted`.
    """
    for pool in pools:
        rows = SOURCES[source](pool, data, acceptance, seed)
        chosen = seeds.numpy_generator(seed, "draw", pool.label).permutation(len(rows))[: pool.wanted(dose, len(rows))]
        data = data.add(rows[chosen], np.full(len(chosen), pool.label), np.ones(len(chosen), bool))
    return data
