"""What can be said before a single GAN is trained: which classes cannot ship, whatever is made for them."""

from collections.abc import Mapping

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict

from gan import seeds
from pipelines.evaluation import dealing
from pipelines.evaluation.inputs import independent
from pipelines.likeness.data import Data

FOLDS, TREES = 3, 100
LEAST_PER_CLASS = 2  # samples, or groups of them, that a class must have to be asked about out of fold


def found_already(
    real: Data, groups: np.ndarray | None, labels: list[int], level: float, seed: int
) -> dict[int, float]:
    """Return the classes of `labels` that a plain forest finds with an average precision of `level` or more out of fold.

    What a plain forest can do, better classifiers can do too: such a class has no room for a gain. That it is not listed
    says nothing. real: train and validation together. groups: (n,), rows with the same one are asked about together.
    """
    counts = {label: independent(real.y == label, groups) for label in labels}
    asked = [label for label, count in counts.items() if count >= LEAST_PER_CLASS]
    if not asked:
        return {}
    state = seeds.derive(seed, "outlook") % 2**32
    count = min(FOLDS, *(counts[label] for label in asked))
    forest = RandomForestClassifier(TREES, random_state=state, n_jobs=1)
    folds = dealing.folds(real.y, groups, count, state)
    said = cross_val_predict(forest, real.x, real.y, cv=folds, method="predict_proba")
    columns = {int(label): place for place, label in enumerate(np.unique(real.y))}
    scores = {c: float(average_precision_score(real.y == c, said[:, columns[c]])) for c in asked}
    return {label: score for label, score in scores.items() if score >= level}


def too_few_to_judge(
    tested: Mapping[str, int], collected: Mapping[str, int], least: int, noun: str = "test samples"
) -> dict[str, str]:
    """Return for each class with fewer than `least` test samples what that means and what to do.

    tested, collected: class name -> independent samples in the test split, which are called `noun`, and in all splits.
    """
    said = {}
    for label, count in tested.items():
        if count < least:
            share = least / max(collected[label], 1)
            more = f"prepare.test_share of {share:.2f} would give them" if share < 0.8 else "collect more of it"
            said[label] = (
                f"class {label!r} cannot ship: it has {count} {noun}, and a verdict takes {least}; {more}, "
                "or lower evaluate.min_test_samples; tailweight cross-validate tests every sample once"
            )
    return said
