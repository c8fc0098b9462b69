"""How rows are dealt to the folds of a cross-validation: stratified by class, and groups stay whole."""

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

Split = tuple[np.ndarray, np.ndarray]  # rows to train with, rows to ask about


def folds(y: np.ndarray, groups: np.ndarray | None, count: int, seed: int) -> list[Split]:
    """Return `count` folds of rows of classes `y`, (n,). A class may have fewer rows than that.

    groups: (n,), rows with the same one are asked about in the same fold; None where each is by itself.
    """
    deal = StratifiedKFold if groups is None else StratifiedGroupKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return list(deal(count, shuffle=True, random_state=seed % 2**32).split(y, y, groups))
