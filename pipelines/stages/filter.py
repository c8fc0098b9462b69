"""Keep the candidates whose calibrated discriminator score passes the threshold, and say of the others why not."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gan import seeds
from gan.filter import FilterSettings, accept, duplicates
from pipelines import files
from pipelines.errors import UserError
from pipelines.evaluation.views import UNLEARNT, View
from pipelines.plan import ClassPlan
from pipelines.samples import KEPT, Candidates, Samples
from pipelines.stages import Progress

if TYPE_CHECKING:
    from gan.score import Calibration

Settings = FilterSettings
BELOW = "score below the threshold"


def run(
    *,
    train: Path,
    validation: Path,
    model: Path,
    candidates: Path,
    synthetic: Path,
    summary: Path,
    settings: Settings,
    seed: int,
    task: ClassPlan,
    progress: Progress,
) -> None:
    """Write the candidates with their calibrated score and status, and a summary of calibration and threshold.

    Scores are calibrated on validation samples of the class, which no discriminator has trained on.
    """
    from gan import checkpoint
    from gan.score import calibrate, score

    made = Candidates.load(candidates)
    real = Samples.load(train)
    held_out = Samples.load(validation).of_class(task.index)
    held_out_scores = score(checkpoint.load(model), held_out.values, task.index)
    scores = made.rows["raw_score"].to_numpy()
    calibration = calibrate(held_out_scores, scores) if len(held_out) else uncalibrated(scores)
    ratio = calibration.ratio(scores)
    status = find_repeats(made, real, held_out, task.index)
    fresh = status == KEPT
    if settings.threshold == "quantile" and not len(held_out):
        raise UserError(
            f"class {task.label!r} has no validation samples, and filter.threshold quantile is set by them; "
            "set filter.threshold: auto, or raise prepare.validation_share"
        )
    uniforms = np.array([seeds.numpy_generator(int(own), "filter").random() for own in made.rows["seed"]])
    keep, threshold = accept(ratio[fresh], uniforms[fresh], settings, calibration.ratio(held_out_scores))
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
            "calibration": calibration.to_dict(),
            "threshold": threshold.to_dict(),
        },
    )
    progress(1, 1, {})
    print(f"filter: class {task.label!r}, kept {kept} of {len(made)} candidates, {task.needed} are needed")
    if kept < task.needed:
        print(
            f"filter: class {task.label!r} is {task.needed - kept} short; raise generate.oversampling or lower the threshold"
        )


def uncalibrated(scores: np.ndarray) -> "Calibration":
    """Return what the theory alone says of a discriminator's scores, (n,): slope 1, and ratio 1 at their mean."""
    from gan.score import Calibration

    return Calibration(slope=1.0, intercept=-round(float(scores.mean()), 9), real_count=0, fake_count=len(scores))


def find_repeats(made: Candidates, real: Samples, held_out: Samples, label: int) -> np.ndarray:
    """Return a status for each candidate, (n,) object: `kept`, or of which sample it is a copy.

    An exact copy equals a training sample or an earlier candidate, byte for byte, or in all that is learnt of a table;
    where more than one in a hundred rows of the class equal each other, that is normal and no copy. A near copy is what
    the evaluation would flag, see `pipelines.evaluation.copies`; here validation samples alone show what is usual.
    """
    from pipelines.evaluation import copies
    from pipelines.evaluation.distance import spaces

    own = real.of_class(label)
    status = np.full(len(made), KEPT, object)
    view = View.fit(real.values, real.kinds)
    where = spaces(view.data(real.values, real.labels))
    near = copies.check(view.rows(made.values), view.rows(own.values), view.rows(held_out.values), where)
    for row in np.flatnonzero(near.flagged):
        status[row] = f"near copy of training sample {own.ids[near.index[row]]}"
    compared = [name for name, kind in real.kinds.items() if kind not in UNLEARNT] if real.kinds else None
    if isinstance(own.values, pd.DataFrame) and own.values.duplicated(compared, keep=False).mean() > copies.QUANTILE:
        return status
    exact = duplicates(made.values, own.values, compared)
    ids = made.rows["id"].to_numpy()
    for row in np.flatnonzero(exact.any):
        copied, earlier = exact.training_index[row], exact.earlier_index[row]
        status[row] = f"copy of training sample {own.ids[copied]}" if copied >= 0 else f"copy of {ids[earlier]}"
    return status
