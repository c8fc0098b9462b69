"""From a manifest of labelled records to splits that can be trusted: no group and no repetition spans two of them.

A manifest has one row per record: `id`, `class`, `split` (train, validation, test or ""), `group` (or ""), `status`, `reason`,
and `unit`, which records share that are one thing and must not be torn apart. Images are units of their own; equal rows
of a table are one unit.
"""

import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from gan import seeds
from pipelines.errors import UserError

SPLITS = ("train", "validation", "test")
USED, QUARANTINED = "used", "quarantined"
FOLDS = 20  # groups are dealt to this many even parts, and some of the parts are held out


def split(manifest: pd.DataFrame, test_share: float, validation_share: float, seed: int, noun: str) -> None:
    """Fill the column `split` of the used rows in place, and quarantine the classes that cannot be measured.

    noun: what a record is called. UserError where a group is torn apart already or fewer than two classes are left.
    """
    _refuse_spanning_groups(manifest)
    _spread_given_splits(manifest)
    _quarantine_small_classes(manifest, noun)
    assign_splits(manifest, test_share, validation_share, seed)
    _quarantine_small_classes(manifest, noun)  # whole groups may have left a class without training or test records


def assign_splits(manifest: pd.DataFrame, test_share: float, validation_share: float, seed: int) -> None:
    """Fill the column `split` of the used rows in place: what the source says, then test, then validation.

    Rows of one `group` never get different splits. Without groups the shares hold class by class, and rows of one `unit`
    stay together.
    """
    used = manifest["status"] == USED
    if not (used & (manifest["split"] == "test")).any():
        held = _held_out(manifest[used & (manifest["split"] == "")], test_share, seed, "test", smallest=2)
        manifest.loc[held, "split"] = "test"
    if not (used & (manifest["split"] == "validation")).any() and validation_share > 0:
        free = used & manifest["split"].isin(["", "train"])
        held = _held_out(manifest[free], validation_share, seed, "validation", smallest=5)
        manifest.loc[held, "split"] = "validation"
    manifest.loc[used & (manifest["split"] == ""), "split"] = "train"


def quarantine(manifest: pd.DataFrame, rows: Sequence | np.ndarray | pd.Index, reason: str | pd.Series) -> None:
    """Set `rows`, labels of the index or (n,) bool, aside for a reason, or each for its own."""
    manifest.loc[rows, "status"] = QUARANTINED
    manifest.loc[rows, "reason"] = reason


def refuse_twin_labels(labels: pd.Series | list[str], where: str) -> None:
    """Raise UserError where two class names differ only in case: one is surely a slip."""
    seen: dict[str, str] = {}
    for label in sorted(set(labels)):
        twin = seen.setdefault(label.casefold(), label)
        if twin != label:
            raise UserError(
                f"{where}: the classes {twin!r} and {label!r} differ only in case; rename one of them or merge them"
            )


def _spread_given_splits(manifest: pd.DataFrame) -> None:
    """Give the rows that name no split the one that other rows of their group name."""
    used = manifest["status"] == USED
    given = manifest[used & (manifest["group"] != "") & (manifest["split"] != "")]
    of_group = dict(zip(given["group"], given["split"], strict=True))
    blank = used & (manifest["split"] == "") & manifest["group"].isin(list(of_group))
    manifest.loc[blank, "split"] = manifest.loc[blank, "group"].map(of_group)


def _refuse_spanning_groups(manifest: pd.DataFrame) -> None:
    given = manifest[(manifest["status"] == USED) & (manifest["group"] != "") & (manifest["split"] != "")]
    for group, splits in given.groupby("group")["split"].unique().items():
        if len(splits) > 1:
            raise UserError(
                f"group {group!r} lies in the splits {', '.join(sorted(splits))}; put all of it in one of them"
            )


def _quarantine_small_classes(manifest: pd.DataFrame, noun: str) -> None:
    used = manifest[manifest["status"] == USED]
    has_test = (used["split"] == "test").any()
    for label, rows in used.groupby("class"):
        tests = int((rows["split"] == "test").sum())
        reason = ""
        if has_test and tests == 0:
            reason = f"class {label!r} has no test {noun}s, so nothing about it can be measured: add some"
        elif has_test and tests == len(rows):
            reason = f"class {label!r} has no training {noun}s: add some"
        elif not has_test and len(rows) < 3:
            reason = f"class {label!r} has {len(rows)} {noun}(s), at least 3 are needed for training and test: add some"
        if reason:
            quarantine(manifest, rows.index, reason)
            print(f"prepare: {reason}; its {len(rows)} {noun}(s) are quarantined")
    left = manifest.loc[manifest["status"] == USED, "class"].nunique()
    if left < 2:
        reasons = Counter(manifest.loc[manifest["status"] == QUARANTINED, "reason"]).most_common(1)
        why = f" (most often: {reasons[0][0]})" if reasons else ""
        raise UserError(
            f"{left} class(es) with usable {noun}s among {len(manifest)} records{why}; at least 2 are needed"
        )


def _held_out(rows: pd.DataFrame, share: float, seed: int, name: str, smallest: int) -> list | pd.Index:
    """Return the index of the rows to hold out: their share of each class, at least one where it has `smallest` rows.

    Units go as wholes, those of minority classes first; what they take along counts for the other classes.
    """
    if (rows["group"] != "").any():
        return _held_out_groups(rows, share, seed, name)
    sizes = rows.groupby("class").size().sort_values(kind="stable")
    weights = rows.groupby(["class", "unit"]).size()
    held: set[str] = set()
    decided: set[str] = set()
    for label, size in sizes.items():
        units = weights[label]  # rows of the class in each unit
        count = max(round(share * size), 1) if size >= smallest else 0
        free = units[~units.index.isin(decided)]
        free = free[sorted(free.index, key=lambda unit: seeds.derive(seed, name, unit))]
        wanted = min(count, size - 1) - int(units[units.index.isin(held)].sum())
        held |= set(free.index[: _units_for(free.to_numpy(), wanted)])
        decided |= set(units.index)
    return rows.index[rows["unit"].isin(held)]


def _units_for(weights: np.ndarray, count: int) -> int:
    """Return how many of the first units, of `weights` (n,) rows each, come nearest to `count` rows; never all of them."""
    if count <= 0 or len(weights) < 2:
        return 0
    return 1 + int(np.abs(np.cumsum(weights[:-1]) - count).argmin())


def _held_out_groups(rows: pd.DataFrame, share: float, seed: int, name: str) -> list:
    from sklearn.model_selection import StratifiedGroupKFold

    groups = rows["group"].where(rows["group"] != "", rows["id"])  # a record without a group is one of its own
    folds = min(FOLDS, groups.nunique())
    if folds < 2:
        found = f"all records lie in the group {groups.iloc[0]!r}"
        raise UserError(f"{found}; at least 2 groups are needed to hold out a {name} split")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seeds.derive(seed, name) % 2**32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with fewer records than folds is no trouble here
        parts = [rows.index[held] for _, held in splitter.split(rows, rows["class"], groups)]
    wanted = min(max(round(share * folds), 1), folds - 1)
    return [row for part in parts[:wanted] for row in part]
