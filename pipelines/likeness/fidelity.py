"""How like the real samples, and how varied, the synthetic ones are; and two statistics of memorisation.

None of these decides: near-copies score better than honest samples on fidelity, and authenticity of an innocent generator
is about 0.6, not 1. Each stands beside its value for held-out real samples.
"""

import numpy as np
from scipy.stats import mannwhitneyu

from pipelines.likeness.distance import Space, apart, nearest


def neighbourhood(real: np.ndarray, space: Space, k: int) -> np.ndarray:
    """Return the distance of each row of `real` to its k-th nearest other row, (n,)."""
    table = space.between(real, real)
    np.fill_diagonal(table, -1.0)
    return np.partition(table, k, axis=1)[:, k]


def fidelity(real: np.ndarray, fake: np.ndarray, space: Space, k: int = 5) -> dict[str, float]:
    """Return precision and recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020, eqs. 3 and 4).

    real: (n, d).   fake: (m, d).   k is at most one less than the smaller number of rows; NaN below two rows.
    Two draws of one law have density 1 and coverage about 1 - 2**-k.
    """
    k = min(k, len(real) - 1, len(fake) - 1)
    if k < 1:
        return dict.fromkeys(("precision", "recall", "density", "coverage"), float("nan"))
    table = space.between(real, fake)
    radius, fake_radius = neighbourhood(real, space, k), neighbourhood(fake, space, k)
    inside = table < radius[:, None]
    return {
        "precision": float(inside.any(0).mean()),
        "recall": float((table < fake_radius[None, :]).any(1).mean()),
        "density": float(inside.sum(0).mean() / k),
        "coverage": float((table.min(1) < radius).mean()),
    }


def authenticity(fake: np.ndarray, train: np.ndarray, space: Space) -> float:
    """Return the share of `fake` rows that lie farther from their nearest `train` row than that row from its own nearest.

    (Alaa et al. 2022, section 3.3, with the index in the real rows.)
    """
    distance, index = nearest(space, fake, train)
    return float(np.mean(distance > apart(space, train)[index]))


def copying(fake: np.ndarray, held_out: np.ndarray, train: np.ndarray, space: Space) -> float:
    """Return the data-copying statistic over one cell (Meehan, Chaudhuri and Dasgupta 2020, section 3).

    The Mann-Whitney statistic of the distances of `fake` and `held_out` to `train`, as a z score without continuity
    correction: far below 0 means that fakes lie nearer to the training samples than fresh real ones do. NaN when empty.
    """
    if not len(fake) or not len(held_out):
        return float("nan")
    ours, theirs = nearest(space, fake, train)[0], nearest(space, held_out, train)[0]
    n, m = len(ours), len(theirs)
    wins = float(mannwhitneyu(ours, theirs).statistic)
    return (wins - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12)
