"""A look at the samples themselves, class by class: copies, labels, fidelity, and what gives them away."""

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from threadpoolctl import threadpool_limits

from gan import seeds
from pipelines.evaluation import features, intervals, side_by_side, tables
from pipelines.evaluation.arms import smote
from pipelines.evaluation.classifiers import Fitted
from pipelines.evaluation.inputs import Inputs
from pipelines.likeness import copies, fidelity, tells
from pipelines.likeness.data import Data, Pool
from pipelines.likeness.distance import Space, spaces, thin
from pipelines.samples import IMAGES

MISTAKEN = 0.05  # share of real samples of other classes that the label judge may take for the class


@dataclass(frozen=True)
class Inspected:
    """What was found in the kept samples of one class.

    copies: (flagged, checked).   agreement: (recognised, checked) by a forest that never saw synthetic samples.
    reference_agreement: share of the class's test samples that the same forest recognises; NaN when there are none.
    figures: plain values.   copy_rows, tell_rows: rows of the tables `copies` and `tell`.
    """

    copies: tuple[int, int]
    agreement: tuple[int, int]
    reference_agreement: float
    figures: dict[str, Any]
    copy_rows: list[tuple[Any, ...]]
    tell_rows: list[tuple[Any, ...]]


def inspect(inputs: Inputs, seed: int, workers: int = 1, tells: bool = True) -> dict[int, Inspected]:
    """Inspect the kept samples of every class; the classes side by side in `workers` processes.

    tells: whether to look for tells, which takes longer than all the rest.
    """
    started = time.monotonic()
    judge = label_judge(inputs.train.join(inputs.validation), seed)
    least = time.monotonic() - started  # a look for tells takes several such forests
    calls = [(inputs, pool, judge, seed, tells) for pool in inputs.pools]
    found = side_by_side.results(inspect_class, calls, workers, least)
    return {pool.label: one for pool, one in zip(inputs.pools, found, strict=True)}


def inspect_class(inputs: Inputs, pool: Pool, judge: Fitted, seed: int, tells: bool) -> Inspected:
    """Inspect one class; SMOTE's samples and held-out real ones stand beside, as what is usual."""
    train = inputs.train.of_class(pool.label)
    held_out = thin(np.concatenate([inputs.validation.of_class(pool.label), inputs.test.of_class(pool.label)]))
    kept = thin(np.flatnonzero(pool.kept))
    groups = {"gan": pool.x[kept], "smote": thin(_smote(inputs.train, pool, seed)), "held_out": held_out}
    with threadpool_limits(1):
        where = spaces(inputs.train)
        usual = inputs.validation.of_class(pool.label)  # as the filter has it: what it kept as no copy is none here
        look = copies.checker(train, usual, where)
        found = {name: look(x) for name, x in groups.items()}
        asked = groups | {"held_out": inputs.test.of_class(pool.label)}  # the judge has learnt the validation samples
        agreement = _recognised(judge, inputs, asked, pool.label)
        figures = {
            "copies": {name: _share(int(c.flagged.sum()), len(c.flagged)) for name, c in found.items()},
            "near_a_training_sample": {name: _share(int(c.near.sum()), len(c.near)) for name, c in found.items()},
            "label_agreement": {name: _share(*pair) for name, pair in agreement.items()},
            **_fidelity(groups, thin(train), where[-1]),
        }
        told = {name: _tells(groups[name], train, held_out, inputs.train, seed) for name in ("gan", "smote") if tells}
    name = inputs.names[pool.label]
    copy_rows = [
        (name, pool.ids[kept[i]], bool(c.flagged[i]), int(c.index[i]), float(c.ratio[i]), bool(c.exact[i]))
        for c in [found["gan"]]
        for i in range(len(kept))
    ]
    tell_rows = [(name, kind, *asdict(one).values()) for kind, ones in told.items() for one in ones]
    figures["tell"] = {kind: {one.classifier: one.auc for one in ones} for kind, ones in told.items()}
    hits, total = agreement["held_out"]
    flagged = found["gan"].flagged
    return Inspected(
        (int(flagged.sum()), len(flagged)),
        agreement["gan"],
        hits / total if total else float("nan"),
        figures,
        copy_rows,
        tell_rows,
    )


def label_judge(real: Data, seed: int) -> Fitted:
    """Return a forest trained on real samples only, classes weighted alike; of series it sees the features."""
    state = seeds.derive(seed, "evaluate", "label judge") % 2**32
    seen = features.columns(real)
    forest = RandomForestClassifier(100, class_weight="balanced", random_state=state, n_jobs=1).fit(seen.x, seen.y)
    return features.asked_by_rows(forest, real)


def frames(found: dict[int, Inspected]) -> dict[str, pd.DataFrame]:
    """Return the tables `copies` and `tell` of all classes."""
    return {
        "copies": tables.frame("copies", [row for one in found.values() for row in one.copy_rows]),
        "tell": tables.frame("tell", [row for one in found.values() for row in one.tell_rows]),
    }


def _recognised(judge: Fitted, inputs: Inputs, groups: dict[str, np.ndarray], label: int) -> dict[str, tuple[int, int]]:
    """Return (recognised, checked) of each group: how many the judge finds more like the class than it finds 95 of 100
    test samples of other classes. The most probable class would not do: a forest hardly ever names a class of ten.
    """
    column = int(np.flatnonzero(judge.classes_ == label)[0])
    others = inputs.test.x[inputs.test.y != label]
    if not len(others):
        return dict.fromkeys(groups, (0, 0))
    limit = np.quantile(judge.predict_proba(others)[:, column], 1 - MISTAKEN)
    return {
        name: (int(np.sum(judge.predict_proba(x)[:, column] > limit)), len(x)) if len(x) else (0, 0)
        for name, x in groups.items()
    }


def _smote(train: Data, pool: Pool, seed: int) -> np.ndarray:
    target = int((train.y == pool.label).sum()) + int(pool.kept.sum())
    made = smote(train, {pool.label: target}, seeds.derive(seed, "evaluate", "inspect", pool.label))
    added = made.data.x[len(train) :]
    return _on_grid(added, np.unique(train.x)) if train.kind == IMAGES else added


def _on_grid(x: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Round `x` to the nearest value that real images have, as an honest user of SMOTE would."""
    return grid[np.searchsorted((grid[1:] + grid[:-1]) / 2, x)]


def _share(hits: int, total: int) -> dict[str, float]:
    low, high = intervals.wilson(hits, total)
    return {"count": hits, "of": total, "share": hits / total if total else float("nan"), "low": low, "high": high}


def _fidelity(groups: dict[str, np.ndarray], train: np.ndarray, space: Space) -> dict[str, Any]:
    """Fidelity to held-out samples, authenticity and the copying statistic; halves of the held-out samples play both sides
    for their own values.
    """
    held_out = groups["held_out"]
    odd, even = held_out[1::2], held_out[::2]
    sides = {name: (x, held_out) for name, x in groups.items() if name != "held_out"} | {"held_out": (odd, even)}
    sides = {name: pair for name, pair in sides.items() if len(pair[0]) and len(pair[1])}
    return {
        "fidelity": {name: fidelity.fidelity(real, x, space) for name, (x, real) in sides.items()},
        "authenticity": {name: fidelity.authenticity(x, train, space) for name, x in groups.items() if len(x)},
        "copying_statistic": {name: fidelity.copying(x, real, train, space) for name, (x, real) in sides.items()},
    }


def _tells(x: np.ndarray, train: np.ndarray, held_out: np.ndarray, real: Data, seed: int) -> list[tells.Tell]:
    """With fewer than 20 held-out samples the training samples of the class join them."""
    fresh = held_out if len(held_out) >= 20 else np.concatenate([held_out, train])
    return tells.find_tells(x, fresh, real, tells.column_names(real), seed)
