"""Keep the candidates that pass the threshold and that no reviewer rejected, and say of the others why not."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan import seeds
from gan.filter import FilterSettings, accept
from gan.progress import Progress
from gan.repeats import duplicates, repeated_share
from gan.states import States
from pipelines import files
from pipelines.errors import UserError
from pipelines.likeness import views
from pipelines.likeness.views import View
from pipelines.plan import ClassPlan
from pipelines.samples import KEPT, Candidates, Samples
from pipelines.samples.decisions import REJECTED, Decisions, keys, read

if TYPE_CHECKING:
    from gan.calibrated import Scores
    from gan.modalities import Codec
    from gan.model import GAN
    from pipelines.likeness.distance import Space

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
    decisions: Path | None = None,
    states: States | None = None,
) -> None:
    """Write the candidates with their calibrated score and status, and a summary of calibration, threshold and coverage.

    Scores are calibrated on real samples of the class that the network which gave the score has not trained on.
    decisions: what reviewers decided; what they rejected is dropped, and the summary counts it in `review`.
    states: where critics are kept, so that a stopped run goes on with those that are left.
    """
    from gan import checkpoint
    from pipelines.likeness.distance import spaces

    made, real = Candidates.load(candidates), Samples.load(train)
    own, held_out = real.of_class(task.index), Samples.load(validation).of_class(task.index)
    _need_held_out(held_out, settings, task)
    own_seed = seeds.derive(seed, "filter", task.index)
    gan = checkpoint.load(model)
    parts = made.reduced(factor), real.reduced(factor), held_out.reduced(factor)
    scores = _scores(gan, *parts, settings, own_seed, states)
    calibration = scores.calibration()
    ratio = calibration.ratio(scores.candidates)
    view = views.fit(real)
    where = spaces(view.data(real.values, real.labels))
    seen = view.rows(made.values)
    status = find_repeats(made, seen, own, held_out, view, where, gan.codec)
    fresh = np.flatnonzero(status == KEPT)
    uniforms = np.array([seeds.numpy_generator(int(one), "filter").random() for one in made.rows["seed"]])
    keep, threshold = accept(ratio[fresh], uniforms[fresh], settings, calibration.ratio(scores.real))
    status[fresh[~keep]] = BELOW
    reviewed, told_by = Decisions(read(decisions) if decisions else ()), keys(made.rows["id"].to_numpy(), made.values)
    status[reviewed.rejected(told_by) & (status == KEPT)] = REJECTED
    keep = status[fresh] == KEPT
    Candidates(made.values, made.rows.assign(score=ratio, status=status), made.kind).save(synthetic)
    known = [key for part in (own, held_out) for key in keys(part.ids, part.values)]
    passed = [told_by[row] for row in np.flatnonzero(np.isin(status, [KEPT, REJECTED]))]
    review = reviewed.counts(task.label, passed, known)
    counts = {"candidates": len(made), "kept": int(keep.sum()), "needed": task.needed, "copies": len(made) - len(fresh)}
    told = {"scored_by": scores.scored_by, "calibration": calibration.to_dict(), **scores.reliability()}
    splits = {"training": view.rows(own.values), "held_out": view.rows(held_out.values)}
    coverage = {name: covered(rows, seen, fresh, keep, where[-1]) for name, rows in splits.items()}
    shown = {"class": task.label, **counts, **told, "threshold": threshold.to_dict(), "review": review}
    files.write_json(summary, shown | {"coverage": coverage})
    progress(1, 1, {})
    _report(task.label, counts)


def _need_held_out(held_out: Samples, settings: Settings, task: ClassPlan) -> None:
    if settings.threshold == "quantile" and not len(held_out):
        raise UserError(
            f"class {task.label!r} has no validation samples, and filter.threshold quantile is set by them; "
            "set filter.threshold: auto, or raise prepare.validation_share"
        )


def _scores(
    gan: "GAN",
    made: Candidates,
    real: Samples,
    held_out: Samples,
    settings: Settings,
    seed: int,
    states: States | None,
) -> "Scores":
    """Return the scores of the candidates; all of them as large as the GAN makes them."""
    from gan.calibrated import score_candidates

    raw, known = made.rows["raw_score"].to_numpy(), (real.values, real.labels)
    return score_candidates(gan, made.values, raw, known, held_out.values, settings.cross_fit_below, seed, states)


def _report(label: str, counts: Mapping[str, int]) -> None:
    kept, needed = counts["kept"], counts["needed"]
    print(f"filter: class {label!r}, kept {kept} of {counts['candidates']} candidates, {needed} are needed")
    if kept < needed:
        print(
            f"filter: class {label!r} is {needed - kept} short; raise generate.candidates_per_sample or lower the threshold"
        )


def covered(
    real: np.ndarray, made: np.ndarray, fresh: np.ndarray, keep: np.ndarray, space: "Space"
) -> dict[str, float | None]:
    """Return the coverage of `real` by as many `fresh` candidates as were kept, `before`, and by the kept, `after`.

    real, made: rows, (m, d) and (n, d). fresh: (k,) rows of `made`. keep: (k,) bool.
    Coverage grows with the number of candidates, so that of all of them would say nothing of the filter. Of either side at
    most 2,000 are looked at. None where it cannot be measured: it takes two samples on either side.
    """
    from pipelines.likeness.distance import thin
    from pipelines.likeness.fidelity import fidelity

    def share(rows: np.ndarray) -> float | None:
        found = fidelity(thin(real), made[thin(rows)], space)["coverage"]
        return None if np.isnan(found) else round(found, DIGITS)

    kept = fresh[keep]
    if len(real) < 2 or len(kept) < 2:
        return {"before": None, "after": None}
    return {"before": share(fresh[: len(kept)]), "after": share(kept)}


def find_repeats(
    made: Candidates,
    seen: np.ndarray,
    own: Samples,
    held_out: Samples,
    view: View,
    where: list["Space"],
    codec: "Codec",
) -> np.ndarray:
    """Return a status for each candidate, (n,) object: `kept`, or of which sample it is a copy. seen: them in `view`, (n, d).

    An exact copy equals a training sample or an earlier candidate in all that is learnt of it; where more than one in a
    hundred samples of the class equal each other, that is normal and no copy. A near copy is what
    the evaluation would flag, see `pipelines.likeness.copies`; here validation samples alone show what is usual.
    """
    from pipelines.likeness import copies

    status = np.full(len(made), KEPT, object)
    near = copies.check(seen, view.rows(own.values), view.rows(held_out.values), where)
    for row in np.flatnonzero(near.flagged):
        status[row] = f"near copy of training sample {own.ids[near.index[row]]}"
    candidates, training = codec.comparable(made.values, own.values)
    if repeated_share(training) > copies.QUANTILE:
        return status
    exact = duplicates(candidates, training)
    ids = made.rows["id"].to_numpy()
    for row in np.flatnonzero(exact.any):
        copied, earlier = exact.training_index[row], exact.earlier_index[row]
        status[row] = f"copy of training sample {own.ids[copied]}" if copied >= 0 else f"copy of {ids[earlier]}"
    return status
