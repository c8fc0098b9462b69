"""What damaged images of a class add to training once they are filled, beside what one would do without a generator.

Filled images join the best recipe without them as if they were whole ones, which is how they are trained on once they are
accepted, and the gate for synthetic samples judges what they add on test. But whoever has damaged images may train on them as
they are. So that is one more rival: a class ships only where its filled images are surely better than leaving them out, and
than the damage.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from gan import seeds
from gan.progress import Progress
from pipelines.evaluation import evaluate, inspection
from pipelines.evaluation.baseline import Baseline
from pipelines.evaluation.choose import Choice, Way
from pipelines.evaluation.confirm import confirm
from pipelines.evaluation.evaluate import Measured
from pipelines.evaluation.fitting import repeats
from pipelines.evaluation.gate import SHIP, Verdict
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.study import Study, resampling
from pipelines.evaluation.synthetic import AS_THEY_ARE, FILTERED, LEFT_OUT
from pipelines.likeness.data import Pool

AS_WHOLE = Way(1.0, "mixed", "filled images are used as whole ones", ())


@dataclass(frozen=True)
class Finding:
    """What filled images are worth to one class.

    whole, filled: images of the class outside of test that are whole, and that were filled.   classifier: that judged.
    precisions: what becomes of the damaged images (see `synthetic.FILLS`) -> average precision on test.
    gains: the same, but for the fill that was judged -> gain of that one over it.   as_they_are: gain of the damaged images as
    they are over leaving them out. Empty and None where nothing was measured on test.
    """

    verdict: Verdict
    classifier: str
    whole: int
    filled: int
    precisions: Mapping[str, float]
    gains: Mapping[str, Interval]
    as_they_are: Interval | None

    @property
    def reasons(self) -> list[str]:
        """Why it ships or not, and what to do instead."""
        gain, said = self.as_they_are, list(self.verdict.reasons)
        if self.verdict.verdict == SHIP or gain is None or gain.low <= 0:
            return said
        kept = [one for one in said if not one.startswith("instead:")]
        return [
            *kept,
            f"instead: train on the damaged images as they are, which adds {gain} over leaving them out: "
            "delete their masks, at the source too",
        ]


def judge_fills(
    inputs: Inputs,
    fills: Mapping[str, Mapping[int, np.ndarray]],
    by: str,
    settings: Settings,
    seed: int,
    progress: Progress | None = None,
    workers: int = 1,
    baseline: Baseline | None = None,
) -> list[Finding]:
    """Judge the filled images of each class of `inputs`, which has no candidates of its own.

    fills: what becomes of the damaged images -> class index -> images, (n, d) as `Data.x` has them; `AS_THEY_ARE` is one. Each
    has the classes of `inputs.targets`.   by: the one that is judged; the others are what it is compared with.
    baseline: as of `evaluate`.
    """
    pools = {fill: tuple(_pool(label, x) for label, x in own.items()) for fill, own in fills.items()}
    given = replace(inputs, pools=pools.pop(by))
    study, choice = evaluate.prepare(given, settings, seed, progress, workers, baseline=baseline)
    measured = evaluate.measure(study, choice, settings, seed, brief=True, way=AS_WHOLE)
    compared = _compared(study, choice, measured, (by, pools), settings, seed)
    measured = _with_rival(measured, choice, compared)
    inspected = inspection.inspect(given, seed, workers, tells=False)
    verdicts = evaluate.judge(study, choice, measured, inspected, settings)
    verdicts = confirm(study, choice, measured.way, verdicts, settings, seed)
    return [
        Finding(
            verdict,
            choice.classifier,
            int((inputs.real.y == pool.label).sum()),
            len(pool.x),
            compared.precisions.get(pool.label, {}),
            compared.gains.get(pool.label, {}),
            compared.as_they_are.get(pool.label),
        )
        for verdict, pool in zip(verdicts, given.pools, strict=True)
    ]


@dataclass(frozen=True)
class _Compared:
    """By class index, what `Finding` has of it."""

    precisions: dict[int, dict[str, float]]
    gains: dict[int, dict[str, Interval]]
    as_they_are: dict[int, Interval]


def _pool(label: int, x: np.ndarray) -> Pool:
    """Return filled images as candidates, all kept; nobody knows of which training rows they were made."""
    count = len(x)
    ids = np.array([f"filled-{label}-{row}" for row in range(count)])
    return Pool(label, count, x, np.ones(count, bool), np.full(count, np.nan), ids, np.full((count, 2), -1))


def _compared(
    study: Study,
    choice: Choice,
    measured: Measured,
    fills: tuple[str, Mapping[str, tuple[Pool, ...]]],
    settings: Settings,
    seed: int,
) -> _Compared:
    """Train the best recipe with every other fill, used as the judged one is, and compare on test.

    fills: the name of the judged one, and the candidates of the others.
    """
    (by, others), found = fills, _Compared({}, {}, {})
    if not measured.gains:
        return found
    name, way = choice.classifier, measured.way
    recipe = name, choice.arm[name], settings.repeats
    plain, ours = repeats(*recipe), repeats(*recipe, *way.of(FILTERED))
    keys = {LEFT_OUT: plain, by: ours}
    for fill, pools in others.items():
        other = study.with_pools(pools)
        other.train(ours, fill)
        keys[fill] = repeats(*recipe, *way.of(fill))
        study.outcomes |= {key.trained: other.outcomes[one.trained] for key, one in zip(keys[fill], ours, strict=True)}
    draws_needed = evaluate.enough_draws(study.inputs, settings)
    draws = resampling(study, settings.repeats, draws_needed, seeds.numpy_generator(seed, "evaluate", "test"))
    for label in (label for label in study.inputs.minority if (study.inputs.test.y == label).any()):
        found.precisions[label] = {
            fill: float(draws.average_precision(own, [label])[0].mean()) for fill, own in keys.items()
        }
        found.gains[label] = {
            fill: draws.gain(ours, own, [label], settings.confidence) for fill, own in keys.items() if fill != by
        }
        found.as_they_are[label] = draws.gain(keys[AS_THEY_ARE], plain, [label], settings.confidence)
    return found


def _with_rival(measured: Measured, choice: Choice, compared: _Compared) -> Measured:
    """Return what was measured with the damaged images as they are as one more rival."""
    if not compared.gains:
        return measured
    told = {(choice.classifier, AS_THEY_ARE, label): own[AS_THEY_ARE] for label, own in compared.gains.items()}
    return replace(measured, gains=measured.gains | told, rivals=[*measured.rivals, AS_THEY_ARE])
