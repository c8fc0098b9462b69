"""Keep the candidates that pass the threshold and that no reviewer rejected, and say of the others why not."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan import seeds
from gan.filter import FilterSettings, accept
from gan.progress import Progress
from gan.states import States
from pipelines import files
from pipelines.errors import UserError
from pipelines.plan import ClassPlan
from pipelines.samples import KEPT, Candidates, Samples
from pipelines.samples.decisions import REJECTED, Decisions, Key, keys, read
from pipelines.samples.sets import columns_of

if TYPE_CHECKING:
    from gan.calibrated import Scores
    from gan.model import GAN
    from pipelines.likeness.repeats import Known

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
    from pipelines.likeness.repeats import Known, find_repeats

    real = Samples.load(train)
    own, held_out = real.of_class(task.index), Samples.load(validation).of_class(task.index)
    _need_held_out(held_out, settings, task)
    gan = checkpoint.load(model)
    own_seed = seeds.derive(seed, "filter", task.index)
    scores = _scores(gan, candidates, real, held_out, settings, factor, own_seed, states)
    calibration = scores.calibration()
    ratio = calibration.ratio(scores.candidates)
    known = Known.of(real, own, held_out, gan.codec.digests)
    status = find_repeats(candidates, known)
    fresh = np.flatnonzero(status == KEPT)
    uniforms = _uniforms(candidates, fresh)
    keep, threshold = accept(ratio[fresh], uniforms, settings, calibration.ratio(scores.real))
    del uniforms
    status[fresh[~keep]] = BELOW
    reviewed = Decisions(read(decisions) if decisions else ())
    review = reject(status, reviewed, candidates, known, task)
    keep = status[fresh] == KEPT
    with Candidates.writing(synthetic, real) as write:
        for rows, part in Candidates.parts(candidates):
            write(replace(part, rows=part.rows.assign(score=ratio[rows], status=status[rows])))
    count = int(keep.sum())
    counts = {"candidates": len(ratio), "kept": count, "needed": task.needed, "copies": len(ratio) - len(fresh)}
    told = {"scored_by": scores.scored_by, "calibration": calibration.to_dict(), **scores.reliability()}
    coverage = covered(known, candidates, fresh[:count], fresh[keep])
    shown = {"class": task.label, **counts, **told, "threshold": threshold.to_dict(), "review": review}
    files.write_json(summary, shown | {"coverage": coverage})
    progress(1, 1, {})
    _report(task.label, counts)


def reject(
    status: np.ndarray, reviewed: Decisions, candidates: Path, known: "Known", task: ClassPlan
) -> dict[str, int]:
    """Change the `status` of what reviewers rejected, (n,); return what they decided, in numbers."""
    decided: dict[int, Key] = {}  # by place
    if any(reviewed.lines()):
        for rows, part in Candidates.parts(candidates):
            told = enumerate(keys(part.rows["id"].to_numpy(), part.values), rows.start)
            decided |= {place: key for place, key in told if reviewed.of(key)}
    places = np.array(list(decided), int)
    rejected = reviewed.rejected(decided.values()) & (status[places] == KEPT)
    status[places[rejected]] = REJECTED
    passed = [key for place, key in decided.items() if status[place] in (KEPT, REJECTED)]
    real = [key for part in (known.own, known.held_out) for key in keys(part.ids, part.values)]
    return reviewed.counts(task.label, passed, real)


def _need_held_out(held_out: Samples, settings: Settings, task: ClassPlan) -> None:
    if settings.threshold == "quantile" and not len(held_out):
        raise UserError(
            f"class {task.label!r} has no validation samples, and filter.threshold quantile is set by them; "
            "set filter.threshold: auto, or raise prepare.validation_share"
        )


def _scores(
    gan: "GAN",
    candidates: Path,
    real: Samples,
    held_out: Samples,
    settings: Settings,
    factor: int,
    seed: int,
    states: States | None,
) -> "Scores":
    """Return the scores of candidates; whoever scores sees all as large as the GAN makes them."""
    from gan.calibrated import score_candidates

    raw = columns_of(candidates, ["raw_score"])["raw_score"].to_numpy()
    made = (part.reduced(factor).values for _, part in Candidates.parts(candidates))
    known = real.reduced(factor).values, real.labels
    return score_candidates(
        gan, made, raw, known, held_out.reduced(factor).values, settings.cross_fit_below, seed, states
    )


def _uniforms(candidates: Path, places: np.ndarray) -> np.ndarray:
    """Return a number of chance in [0, 1) for each of the candidates at `places`, (k,), from the seed of each."""
    own = columns_of(candidates, ["seed"])["seed"].to_numpy()[places]
    return np.fromiter((seeds.numpy_generator(int(one), "filter").random() for one in own), float, len(own))


def _report(label: str, counts: Mapping[str, int]) -> None:
    kept, needed = counts["kept"], counts["needed"]
    print(f"filter: class {label!r}, kept {kept} of {counts['candidates']} candidates, {needed} are needed")
    if kept < needed:
        print(
            f"filter: class {label!r} is {needed - kept} short; raise generate.candidates_per_sample or lower the threshold"
        )


def covered(
    known: "Known", candidates: Path, before: np.ndarray, after: np.ndarray
) -> dict[str, dict[str, float | None]]:
    """Return the coverage of the real samples by the candidates at `after`, those that were kept, and at `before`.

    before, after: (k,) places. Coverage grows with the number of candidates, so that of all of them would say nothing of the
    filter. Of either side at most 2,000 are looked at. None where it cannot be measured: it takes two samples on either side.
    """
    from pipelines.likeness.distance import thin
    from pipelines.likeness.fidelity import fidelity

    def share(real: Samples, places: np.ndarray) -> float | None:
        if len(real) < 2 or len(places) < 2:
            return None
        rows = seen[np.searchsorted(wanted, thin(places))]
        found = fidelity(thin(known.view.rows(real.values)), rows, known.where[-1])["coverage"]
        return None if np.isnan(found) else round(found, DIGITS)

    splits = {"training": known.own, "held_out": known.held_out}
    wanted = np.union1d(thin(before), thin(after))
    if len(wanted) < 2:
        return {name: {"before": None, "after": None} for name in splits}
    seen = np.concatenate(
        [known.view.rows(part.values) for _, part in Candidates.parts(candidates, wanted) if len(part)]
    )
    return {name: {"before": share(real, before), "after": share(real, after)} for name, real in splits.items()}
