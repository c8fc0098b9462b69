"""Keep the candidates whose calibrated discriminator score passes the threshold, and say of the others why not."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gan import seeds
from gan.filter import FilterSettings, accept, duplicates
from gan.reduce import reduce
from pipelines import files
from pipelines.errors import UserError
from pipelines.evaluation.views import UNLEARNT, View
from pipelines.plan import ClassPlan
from pipelines.samples import KEPT, Candidates, Samples
from pipelines.stages import Progress

if TYPE_CHECKING:
    from gan.model import GAN
    from gan.score import Calibration
    from pipelines.evaluation.distance import Space

Settings = FilterSettings
BELOW = "score below the threshold"
DIGITS = 6  # of a figure in the summary


def run(
    *,
    train: Path,
    validation: Path,
    model: Path,
    candidates: Path,
    synthetic: Path,
    summary: Path,
    settings: Settings,
    factor: int,
    seed: int,
    task: ClassPlan,
    progress: Progress,
) -> None:
    """Write the candidates with their calibrated score and status, and a summary of calibration, threshold and coverage.

    Scores are calibrated on real samples of the class that whoever gave the score has not trained on.
    """
    from gan import checkpoint
    from pipelines.evaluation.distance import spaces

    made = Candidates.load(candidates)
    real, held_out = Samples.load(train), Samples.load(validation).of_class(task.index)
    own = real.of_class(task.index)
    if settings.threshold == "quantile" and not len(held_out):
        raise UserError(
            f"class {task.label!r} has no validation samples, and filter.threshold quantile is set by them; "
            "set filter.threshold: auto, or raise prepare.validation_share"
        )
    own_seed = seeds.derive(seed, "filter", task.index)
    scores = score_all(checkpoint.load(model), made, real.reduced(factor), held_out.reduced(factor), settings, own_seed)
    calibration = scores.calibration()
    ratio = calibration.ratio(scores.candidates)
    view = View.fit(real.values, real.kinds)
    where = spaces(view.data(real.values, real.labels))
    seen = view.rows(made.values)
    status = find_repeats(made, seen, own, held_out, view, where)
    fresh = status == KEPT
    uniforms = np.array([seeds.numpy_generator(int(one), "filter").random() for one in made.rows["seed"]])
    keep, threshold = accept(ratio[fresh], uniforms[fresh], settings, calibration.ratio(scores.real))
    coverage = {
        name: covered(view.rows(split.values), seen, np.flatnonzero(fresh), keep, where[-1])
        for name, split in (("training", own), ("held_out", held_out))
    }
    status[np.flatnonzero(fresh)[~keep]] = BELOW
    kept = int((status == KEPT).sum())
    Candidates(made.values, made.rows.assign(score=ratio, status=status)).save(synthetic)
    files.write_json(
        summary,
        {
            "class": task.label,
            "candidates": len(made),
            "kept": kept,
            "needed": task.needed,
            "copies": int((~fresh).sum()),
            "scored_by": scores.scored_by,
            "calibration": calibration.to_dict(),
            **scores.reliability(),
            "threshold": threshold.to_dict(),
            "coverage": coverage,
        },
    )
    progress(1, 1, {})
    print(f"filter: class {task.label!r}, kept {kept} of {len(made)} candidates, {task.needed} are needed")
    if kept < task.needed:
        print(
            f"filter: class {task.label!r} is {task.needed - kept} short; raise generate.oversampling or lower the threshold"
        )


@dataclass(frozen=True)
class Scores:
    """Scores of the candidates, (n,), and of real samples that `scored_by` has not trained on, (m,)."""

    scored_by: str
    candidates: np.ndarray
    real: np.ndarray

    def calibration(self) -> "Calibration":
        """Return what turns a score into a density ratio; without a real sample what the theory alone says of it."""
        from gan.score import Calibration, calibrate

        if len(self.real):
            return calibrate(self.real, self.candidates)
        middle = round(float(self.candidates.mean()), 9)  # slope 1, and ratio 1 in the middle
        return Calibration(slope=1.0, intercept=-middle, real_count=0, fake_count=len(self.candidates))

    def reliability(self) -> dict[str, Any]:
        """Return `z`, `log_loss` and `reliability`, cross-validated; the last two with equal shares of both kinds."""
        from gan.score import Calibration, cross_validated, log_loss, reliability, z_statistic

        counts = len(self.real), len(self.candidates)
        if min(counts) < 2:
            return {"z": None, "log_loss": None, "reliability": []}
        log_ratio, plain = cross_validated(self.real, self.candidates), Calibration(1.0, 0.0, *counts)
        is_real = np.repeat([True, False], counts)
        bins = reliability(plain.probability(log_ratio), is_real, weights=np.repeat(1 / np.array(counts), counts))
        z = z_statistic(plain.probability(log_ratio, counts[0] / sum(counts)), is_real)
        return {
            "z": round(z, DIGITS),
            "log_loss": round(log_loss(log_ratio, is_real), DIGITS),
            "reliability": [{name: round(value, DIGITS) for name, value in row._asdict().items()} for row in bins],
        }


def score_all(gan: "GAN", made: Candidates, real: Samples, held_out: Samples, settings: Settings, seed: int) -> Scores:
    """Return the scores of the discriminator, or of critics where too few samples are held out to judge it by.

    gan: of the class. real: what it was trained on, all classes. held_out: of the class. Both as large as the GAN makes.
    """
    label = gan.class_index
    assert label is not None
    own = real.of_class(label)
    from gan.critics import cross_fit
    from gan.score import score

    if len(held_out) >= settings.cross_fit_below or len(own) < 2:
        raw = made.rows["raw_score"].to_numpy()
        return Scores("discriminator", raw, score(gan, held_out.values, label))
    critics = cross_fit(gan, own.values, label, seed, (real.values, real.labels))
    shrunk = (
        made.values
        if isinstance(made.values, pd.DataFrame)
        else reduce(made.values, made.values.shape[1] // gan.sizes.size)
    )
    return Scores("critics", critics.score(shrunk), np.concatenate([critics.real, critics.score(held_out.values)]))


def covered(
    real: np.ndarray, made: np.ndarray, fresh: np.ndarray, keep: np.ndarray, space: "Space"
) -> dict[str, float | None]:
    """Return the coverage of `real` by as many `fresh` candidates as were kept, `before`, and by the kept, `after`.

    real, made: rows, (m, d) and (n, d). fresh: (k,) rows of `made`. keep: (k,) bool.
    Coverage grows with the number of candidates, so that of all of them would say nothing of the filter. Of either side at
    most 2,000 are looked at. None where it cannot be measured: it takes two samples on either side.
    """
    from pipelines.evaluation.distance import thin
    from pipelines.evaluation.fidelity import fidelity

    def share(rows: np.ndarray) -> float | None:
        found = fidelity(thin(real), made[thin(rows)], space)["coverage"]
        return None if np.isnan(found) else round(found, DIGITS)

    kept = fresh[keep]
    if len(real) < 2 or len(kept) < 2:
        return {"before": None, "after": None}
    return {"before": share(fresh[: len(kept)]), "after": share(kept)}


def find_repeats(
    made: Candidates, seen: np.ndarray, own: Samples, held_out: Samples, view: View, where: list["Space"]
) -> np.ndarray:
    """Return a status for each candidate, (n,) object: `kept`, or of which sample it is a copy. seen: them in `view`, (n, d).

    An exact copy equals a training sample or an earlier candidate, byte for byte, or in all that is learnt of a table;
    where more than one in a hundred rows of the class equal each other, that is normal and no copy. A near copy is what
    the evaluation would flag, see `pipelines.evaluation.copies`; here validation samples alone show what is usual.
    """
    from pipelines.evaluation import copies

    status = np.full(len(made), KEPT, object)
    near = copies.check(seen, view.rows(own.values), view.rows(held_out.values), where)
    for row in np.flatnonzero(near.flagged):
        status[row] = f"near copy of training sample {own.ids[near.index[row]]}"
    compared = [name for name, kind in own.kinds.items() if kind not in UNLEARNT] if own.kinds else None
    if isinstance(own.values, pd.DataFrame) and own.values.duplicated(compared, keep=False).mean() > copies.QUANTILE:
        return status
    exact = duplicates(made.values, own.values, compared)
    ids = made.rows["id"].to_numpy()
    for row in np.flatnonzero(exact.any):
        copied, earlier = exact.training_index[row], exact.earlier_index[row]
        status[row] = f"copy of training sample {own.ids[copied]}" if copied >= 0 else f"copy of {ids[earlier]}"
    return status
