"""From a manifest of labelled records to splits that can be trusted: no group and no repetition spans two of them.

A manifest has one row per record: `id`, `class`, `split` (train, validation, test or ""), `group` (or ""), `status`, `reason`,
`unit`, which records share that are one thing and must not be torn apart (images are units of their own; equal rows of a
table are one unit), and `kept`, the split that a record has had, "" for a new one. That holds, whatever the source says.
"""

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from gan import seeds
from gan.errors import one_line
from pipelines.errors import UserError, nearest

SPLITS = ("train", "validation", "test")
USED, QUARANTINED = "used", "quarantined"
DAMAGED, CAN_FILL = "damaged: ", "tailweight repair can fill it"  # how the reasons of damaged images begin, and may end
FILLED_WHERE = "filled where "  # how the reason of a used image begins that was damaged
FOLDS = 20  # groups are dealt to this many even parts, and some of the parts are held out


def split(manifest: pd.DataFrame, test_share: float, validation_share: float, seed: int, noun: str) -> None:
    """Fill the column `split` of the used rows in place, and quarantine the classes that cannot be measured.

    noun: what a record is called. UserError where a group is torn apart already, fewer than two classes are left, or none
    is left for test.
    """
    _refuse_spanning_groups(manifest)
    given = manifest["split"].copy()  # by the source
    old = _keep_splits(manifest, noun)
    _spread_given_splits(manifest)
    _quarantine_small_classes(manifest, noun, has_test=_any(manifest, given, "test"))
    assign_splits(manifest, given, old, test_share, validation_share, seed)
    # whole groups may have left a class without training or test records
    has_test = _any(manifest, manifest["split"], "test")
    _quarantine_small_classes(manifest, noun, has_test)
    if not has_test:
        raise UserError(
            f"no {noun} is left for test: each, or another of its group, is for training or validation by the data, by "
            "data/splits.csv, or (images) since it was filled; name some that are for test"
        )


def assign_splits(
    manifest: pd.DataFrame, given: pd.Series, old: pd.Series, test_share: float, validation_share: float, seed: int
) -> None:
    """Fill the column `split` of the used rows in place: what they have had, what the source says, then test, then validation.

    Rows of one `group` never get different splits. Without groups the shares hold class by class, and rows of one `unit`
    stay together. given: the split that the source names. old: (n,) bool, which rows have had a split, or a part of their
    group or unit has; these do not move, and the others are dealt out so that the shares hold for both together.
    """
    used = manifest["status"] == USED
    if not _any(manifest, given, "test"):
        rows = manifest[used & ((manifest["split"] == "") | old)]
        held = _held_out(rows, old[rows.index], test_share, seed, "test", smallest=2)
        manifest.loc[held, "split"] = "test"
    if not _any(manifest, given, "validation") and validation_share > 0:
        free = manifest["split"].isin(["", "train"]) | (old & (manifest["split"] == "validation"))
        rows = manifest[used & free]
        held = _held_out(rows, old[rows.index], validation_share, seed, "validation", smallest=5)
        manifest.loc[held, "split"] = "validation"
    manifest.loc[used & (manifest["split"] == ""), "split"] = "train"


def decided(manifest: pd.DataFrame) -> pd.Series:
    """Return the split that each row will have before any is dealt out: the one that it, or its group, has had, else the one
    that the source says; "" for none. Where a group is said to be in several, test comes first, then validation.
    """
    whole_of = wholes(manifest)
    found: dict[str, str] = {}
    for column in ("split", "kept"):
        for part in ("train", "validation", "test"):
            found |= dict.fromkeys(whole_of[manifest[column] == part], part)
    return whole_of.map(lambda whole: found.get(whole, ""))


def _any(manifest: pd.DataFrame, split: pd.Series, name: str) -> bool:
    return bool(((manifest["status"] == USED) & (split == name)).any())


def wholes(manifest: pd.DataFrame) -> pd.Series:
    """Return what must not be torn apart: groups where there are any, a record without one by itself, else units."""
    if (manifest["group"] == "").all():
        return manifest["unit"]
    return manifest["group"].where(manifest["group"] != "", manifest["id"])


def _keep_splits(manifest: pd.DataFrame, noun: str) -> pd.Series:
    """Give each row the split that it, its group or its unit has had; return which rows these are, (n,) bool.

    UserError where a group has had two. Units that have (equal only since a column's kind was changed) leave their rows
    outside of test, or of validation, aside.
    """
    named = manifest["kept"] != ""
    if not named.any():
        return named
    whole_of, given = wholes(manifest), manifest["split"].copy()
    ranked = manifest[named].sort_values("kept", key=lambda kept: -kept.map(SPLITS.index), kind="stable")
    ranked = ranked.groupby(whole_of[ranked.index], sort=False).first()
    old = whole_of.isin(ranked.index)
    manifest.loc[old, "split"] = whole_of[old].map(ranked["kept"])
    torn = named & (manifest["kept"] != manifest["split"])
    if torn.any() and (manifest["group"] != "").any():
        group, other = whole_of[torn].iloc[0], manifest.loc[torn, "kept"].iloc[0]
        raise UserError(
            f"group {group!r} has had the splits {ranked.at[group, 'kept']} and {other}; put all of it in one of them in "
            "data/splits.csv"
        )
    manifest.loc[torn, "split"] = manifest.loc[torn, "kept"]
    torn &= manifest["status"] == USED
    quarantine(manifest, torn, "duplicate of " + whole_of[torn].map(ranked["id"]))
    if torn.any():
        print(
            f"prepare: {int(torn.sum())} {noun}(s) equal, as the columns are now, one of another split, and are quarantined; "
            "to deal all out anew, empty data/splits.csv"
        )
    elsewhere = old & (manifest["status"] == USED) & (given != "") & (given != manifest["split"])
    elsewhere &= (given != "train") | (manifest["split"] != "validation")  # dealt from training rows, given or not
    if elsewhere.any():
        print(
            f"prepare: {int(elsewhere.sum())} {noun}(s), such as {manifest.loc[elsewhere, 'id'].iloc[0]}, have another split "
            "in the data than before; the one before holds (data/splits.csv)"
        )
    return old


def quarantine(manifest: pd.DataFrame, rows: Sequence | np.ndarray | pd.Index, reason: str | pd.Series) -> None:
    """Set `rows`, labels of the index or (n,) bool, aside for a reason, or each for its own."""
    manifest.loc[rows, "status"] = QUARANTINED
    manifest.loc[rows, "reason"] = reason


def refuse_strange_names(names: Mapping[str, str], labels: Iterable[str], where: str) -> None:
    """Raise UserError where a name that is to be changed, a key of `names`, is that of no class."""
    known = set(labels) - {""}
    for name in names:
        if name not in known:
            said = f"params.yaml: prepare.labels renames {name!r}, which is no class in {where}"
            raise UserError(one_line(said + nearest(name, sorted(known)), 300))


def refuse_twin_labels(labels: pd.Series | list[str], where: str) -> None:
    """Raise UserError where two class names differ only in case: one is surely a slip."""
    seen: dict[str, str] = {}
    for label in sorted(set(labels)):
        twin = seen.setdefault(label.casefold(), label)
        if twin != label:
            raise UserError(
                f"{where}: the classes {twin!r} and {label!r} differ only in case; rename one of them or merge them "
                "(in a project: prepare.labels in params.yaml)"
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


def _quarantine_small_classes(manifest: pd.DataFrame, noun: str, has_test: bool) -> None:
    """Set the classes aside that have no training or no test records. has_test: whether test records are there already."""
    used = manifest[manifest["status"] == USED]
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


def _held_out(rows: pd.DataFrame, old: pd.Series, share: float, seed: int, name: str, smallest: int) -> list | pd.Index:
    """Return the index of the rows to hold out: their share of each class, at least one where it has `smallest` rows.

    Units go as wholes, those of minority classes first; what they take along counts for the other classes. The rows that
    are `old` stay in their splits, and count as well.
    """
    if (rows["group"] != "").any() and not old.any():
        return _held_out_groups(rows, share, seed, name)
    whole_of = wholes(rows)
    sizes = rows.groupby("class").size().sort_values(kind="stable")
    weights = rows.groupby(["class", whole_of.rename("unit")]).size()  # rows of the class in each unit
    held = set(whole_of[old & (rows["split"] == name)])
    decided = set(whole_of[old])
    for label, size in sizes.items():
        units = weights[label]
        count = max(round(share * size), 1) if size >= smallest else 0
        free = units[~units.index.isin(decided)]
        free = free[sorted(free.index, key=lambda unit: seeds.derive(seed, name, unit))]
        taken = int(units[units.index.isin(held)].sum())
        stays = (old & (rows["class"] == label) & (rows["split"] != name)).any()
        least, most = 0 if taken and old.any() else 1, len(free) if stays else len(free) - 1
        wanted = min(count, size - 1) - taken
        held |= set(free.index[: _units_for(free.to_numpy(), wanted, least, most)])
        decided |= set(units.index)
    return rows.index[whole_of.isin(held)]


def _units_for(weights: np.ndarray, count: int, least: int, most: int) -> int:
    """Return how many of the first units, of `weights` (n,) rows each, come nearest to `count` rows: `least` to `most`."""
    if count <= 0 or most < least:
        return 0
    sums = np.cumsum([0, *weights])[least : most + 1]
    return least + int(np.abs(sums - count).argmin())


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
