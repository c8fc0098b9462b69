"""How rows are dealt to the folds of a cross-validation: stratified by class, and groups stay whole."""

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

Split = tuple[np.ndarray, np.ndarray]  # rows to train with, rows to ask about
MOSTLY_ALONE = 0.8  # groups a row, from which most rows are one of their own


def folds(y: np.ndarray, groups: np.ndarray | None, count: int, seed: int) -> list[Split]:
    """Return `count` folds of rows of classes `y`, (n,). A class may have fewer rows than that.

    groups: (n,), rows with the same one are asked about in the same fold; None where each is by itself.
    """
    if groups is None:
        return _dealt(StratifiedKFold, y, None, count, seed)
    names, first, whole = np.unique(groups, return_index=True, return_inverse=True)
    if len(names) <= len(y) * MOSTLY_ALONE:
        return grouped(y, groups, count, seed)
    return [  # one row of each is dealt, and takes the few others along: dealing groups takes a loop over all of them
        (np.flatnonzero(np.isin(whole, rows)), np.flatnonzero(np.isin(whole, out)))
        for rows, out in _dealt(StratifiedKFold, y[first], None, count, seed)
    ]


def grouped(y: np.ndarray, groups: np.ndarray, count: int, seed: int) -> list[Split]:
    """Return `count` folds of rows as `folds` does, however few rows the groups have."""
    return _dealt(StratifiedGroupKFold, y, groups, count, seed)


def _dealt(deal: type, y: np.ndarray, groups: np.ndarray | None, count: int, seed: int) -> list[Split]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return list(deal(count, shuffle=True, random_state=seed % 2**32).split(y, y, groups))
