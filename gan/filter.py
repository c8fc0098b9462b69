"""Which candidates to keep. Pure functions of scores: no networks, no files, no randomness of their own."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field

from gan.settings import ExpertField, Settings


class FilterSettings(Settings):
    """The threshold on the calibrated discriminator score, an estimate of the density ratio real : generated."""

    threshold: Literal["auto", "quantile", "probability"] = Field(
        default="auto", description="auto: rejection sampling to `acceptance`; or a fixed `quantile` or `probability`"
    )
    acceptance: float = Field(
        default=1.0, gt=0, le=1, description="auto: share of the candidates to keep; 1 keeps all but copies"
    )
    quantile: float = ExpertField(default=0.1, gt=0, lt=1, description="quantile: beat this share of held-out reals")
    probability: float = ExpertField(
        default=0.3, gt=0, lt=1, description="probability: keep what is as likely to be real"
    )
    cross_fit_below: int = ExpertField(
        default=20,
        ge=0,
        description="with fewer held-out samples, critics that left samples out give the scores; 0: never",
    )


@dataclass(frozen=True)
class Threshold:
    """What the filter did.

    ratio: the density ratio from which a candidate is kept for certain. acceptance: share that was kept. note: what a
    reader should know, empty when all went as asked.
    """

    kind: str
    ratio: float
    acceptance: float
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the threshold as plain values, fit for JSON."""
        return asdict(self)


def accept(
    ratio: np.ndarray, uniforms: np.ndarray, settings: FilterSettings, real_ratio: np.ndarray
) -> tuple[np.ndarray, Threshold]:
    """Decide on each candidate: (n,) bool, True to keep, and the threshold that decided.

    ratio: (n,) density ratios real : generated. uniforms: (n,) in [0, 1), a candidate's own. real_ratio: (m,) ratios of
    held-out real samples, used by `quantile` alone.
    """
    note = ""
    if settings.threshold == "auto":
        bound = rejection_bound(ratio, settings.acceptance)
        keep = uniforms < np.minimum(1, ratio / bound)
    elif settings.threshold == "quantile":
        bound, note = real_quantile(real_ratio, settings.quantile)
        keep = ratio >= bound
    else:
        bound = settings.probability / (1 - settings.probability)
        keep = ratio >= bound
    share = float(keep.mean()) if len(keep) else 0.0
    return keep, Threshold(settings.threshold, float(bound), share, note)


def rejection_bound(ratio: np.ndarray, acceptance: float, steps: int = 200) -> float:
    """Return b > 0 with mean(min(1, ratio / b)) = acceptance, by bisection of log b.

    Keeping x with probability min(1, r(x) / b) comes closest to the real distribution of all rules that keep this share
    (optimal budgeted rejection sampling, Verine et al. 2024, arXiv 2311.00460; b is their M / c). Ratios
    that are all equal make it a plain draw.
    """
    ratio = np.asarray(ratio, np.float64)
    positive = ratio[ratio > 0]
    if not len(positive):
        return 1.0
    low, high = np.log(positive.min()), np.log(positive.max() / acceptance)  # mean is at least, at most what is asked
    for _ in range(steps):
        middle = (low + high) / 2
        if np.minimum(1, ratio / np.exp(middle)).mean() > acceptance:
            low = middle
        else:
            high = middle
    return float(np.exp((low + high) / 2))


def real_quantile(real_ratio: np.ndarray, quantile: float) -> tuple[float, str]:
    """Return the ratio that a fresh real sample stays below with probability `quantile` at most, and a note.

    The floor(quantile * (n + 1))-th smallest of n (split conformal prediction, Vovk et al. 2005). Fewer than
    1 / quantile - 1 samples cannot say so much; then it is their minimum, and the note says it. Raises ValueError
    without a sample.
    """
    count = len(real_ratio)
    if count == 0:
        raise ValueError("filter: threshold `quantile` needs held-out real samples of the class; use `auto`")
    rank = int(np.floor(quantile * (count + 1) + 1e-9))
    if rank >= 1:
        return float(np.sort(real_ratio)[rank - 1]), ""
    need = int(np.ceil(1 / quantile - 1 - 1e-9))
    note = f"{count} held-out samples, {need} are needed for quantile {quantile:g}: their minimum was used"
    return float(np.min(real_ratio)), note
