"""The small search that gradient boosting gets before it judges: its settings and rounds, by cross-validation."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from gan import seeds
from pipelines.evaluation import dealing, features
from pipelines.evaluation.classifiers import Classifier, gradient_boosting
from pipelines.evaluation.inputs import independent
from pipelines.likeness.data import Data

BOOSTING = "gradient_boosting"
FOLDS, MOST_ROUNDS, STEP = 3, 200, 10
SEARCH: tuple[dict[str, Any], ...] = (
    {"rate": 0.1, "leaves": 31, "l2": 0.0},
    {"rate": 0.1, "leaves": 8, "l2": 1.0},
    {"rate": 0.05, "leaves": 15, "l2": 1.0},
    {"rate": 0.03, "leaves": 4, "l2": 0.0},
)
FITS = FOLDS * len(SEARCH) * 2  # of the usual 100 rounds, that the search takes the time of


def searched(
    table: Mapping[str, Classifier], real: Data, seed: int, groups: np.ndarray | None = None
) -> dict[str, dict[str, Any]]:
    """Return the arguments that suit `real`, train and validation together, of each classifier that they are searched for.

    groups: (n,), rows with the same one are asked about together.
    """
    if BOOSTING not in table:
        return {}
    with threadpool_limits(1):
        return {BOOSTING: best_boosting(real, seed, groups)}


def tuned(table: Mapping[str, Classifier], found: Mapping[str, Mapping[str, Any]]) -> dict[str, Classifier]:
    """Return the classifiers with the arguments that were `found` for them; others as they are."""
    return dict(table) | {name: partial(gradient_boosting, **arguments) for name, arguments in found.items()}


def best_boosting(real: Data, seed: int, groups: np.ndarray | None = None) -> dict[str, Any]:
    """Return the entry of `SEARCH` and the `rounds` with the least log loss out of fold.

    The rounds are chosen over all folds, which is early stopping without a part of the training rows to give away.
    Rows of a single group are not searched.
    """
    seen, state = features.columns(real), seeds.derive(seed, "evaluate", "tuning") % 2**32
    apart = independent(np.ones(len(real), bool), groups)
    if apart < 2:
        return {**SEARCH[0], "rounds": MOST_ROUNDS // 2}
    folds = dealing.folds(real.y, groups, min(FOLDS, apart), state)
    losses = {number: _losses(seen, settings, folds, state) for number, settings in enumerate(SEARCH)}
    best = min(losses, key=lambda number: losses[number].min())
    return {**SEARCH[best], "rounds": STEP * (1 + int(losses[best].argmin()))}


def _losses(real: Data, settings: Mapping[str, Any], folds: list[dealing.Split], state: int) -> np.ndarray:
    """Return the log loss (nats) after every `STEP` rounds, the mean over all rows out of fold."""
    total = np.zeros(MOST_ROUNDS // STEP)
    for train, out in folds:
        model = HistGradientBoostingClassifier(
            max_iter=MOST_ROUNDS, learning_rate=settings["rate"], max_leaf_nodes=settings["leaves"],
            l2_regularization=settings["l2"], min_samples_leaf=5, early_stopping=False, random_state=state,
        ).fit(real.x[train], real.y[train])  # fmt: skip
        place = np.searchsorted(model.classes_, real.y[out]).clip(max=len(model.classes_) - 1)
        known = model.classes_[place] == real.y[out]
        for number, said in enumerate(model.staged_predict_proba(real.x[out])):
            if (number + 1) % STEP == 0:
                chance = np.where(known, said[np.arange(len(out)), place], 0)
                total[number // STEP] -= np.log(np.clip(chance, 1e-7, None)).sum()
    return (total / len(real)).round(6)
