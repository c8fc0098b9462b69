"""Check every record, quarantine the bad, drop exact duplicates, split by group and class."""

import hashlib
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from gan import seeds
from gan.settings import Settings as Base
from pipelines import files, pictures, sources
from pipelines.errors import UserError
from pipelines.samples import Samples
from pipelines.stages import Progress

SPLITS = ("train", "validation", "test")
USED, QUARANTINED = "used", "quarantined"
FOLDS = 20  # groups are dealt to this many even parts, and some of the parts are held out


class Settings(Base):
    """What a sample becomes, and how many are held out."""

    image_size: int = Field(default=28, ge=8, le=128, description="side of the square pictures in pixels, 8 to 128")
    fit: pictures.Fit = Field(default="crop", description="how a picture becomes square: crop, pad or stretch")
    test_share: float = Field(
        default=0.25, gt=0, lt=1, description="share of each class for test, where the data has no test split"
    )
    validation_share: float = Field(
        default=0.2, ge=0, lt=1, description="share of each training class held out to choose by"
    )
    drop_duplicates: bool = Field(default=True, description="drop pictures that equal an earlier one, of test first")


def run(*, raw: Path, prepared: Path, settings: Settings, seed: int, progress: Progress) -> None:
    """Write `train.parquet`, `validation.parquet`, `test.parquet`, `classes.json` and `manifest.csv`, a row a record.

    UserError where fewer than two classes are left.
    """
    records = sources.scan(raw)
    records.sort(key=lambda record: (record.split != "test", record.split != "validation"))
    values, rows = _open_all(records, settings, progress)
    manifest = pd.DataFrame(rows)
    if settings.drop_duplicates:
        _drop_duplicates(manifest)
    _refuse_spanning_groups(manifest)
    _spread_given_splits(manifest)
    _quarantine_small_classes(manifest)
    assign_splits(manifest, settings, seed)
    _quarantine_small_classes(manifest)  # whole groups may have left a class without training or test pictures
    _write(prepared, values, manifest.drop(columns="digest"))


def assign_splits(manifest: pd.DataFrame, settings: Settings, seed: int) -> None:
    """Fill the column `split` of the used rows in place: what the source says, then test, then validation.

    Rows of one `group` never get different splits. Without groups the shares hold class by class.
    """
    used = manifest["status"] == USED
    if not (used & (manifest["split"] == "test")).any():
        held = _held_out(manifest[used & (manifest["split"] == "")], settings.test_share, seed, "test", smallest=2)
        manifest.loc[held, "split"] = "test"
    if not (used & (manifest["split"] == "validation")).any() and settings.validation_share > 0:
        free = used & manifest["split"].isin(["", "train"])
        held = _held_out(manifest[free], settings.validation_share, seed, "validation", smallest=5)
        manifest.loc[held, "split"] = "validation"
    manifest.loc[used & (manifest["split"] == ""), "split"] = "train"


def _spread_given_splits(manifest: pd.DataFrame) -> None:
    """Give the rows that name no split the one that other rows of their group name."""
    used = manifest["status"] == USED
    given = manifest[used & (manifest["group"] != "") & (manifest["split"] != "")]
    of_group = dict(zip(given["group"], given["split"], strict=True))
    blank = used & (manifest["split"] == "") & manifest["group"].isin(list(of_group))
    manifest.loc[blank, "split"] = manifest.loc[blank, "group"].map(of_group)


def _open_all(records: list[sources.Record], settings: Settings, progress: Progress) -> tuple[list, list[dict]]:
    values: list[np.ndarray | None] = []
    rows = []
    for number, record in enumerate(records, 1):
        value, reason = None, record.problem
        if reason is None:
            try:
                value = pictures.to_square(record.content(), settings.image_size, settings.fit)
            except (pictures.UnreadablePicture, OSError) as error:
                reason = str(error)
        digest = hashlib.sha256(value.tobytes()).hexdigest() if value is not None else ""
        values.append(value)
        rows.append(
            {
                "id": record.id,
                "class": record.label,
                "split": record.split or "",
                "group": record.group or "",
                "status": QUARANTINED if reason else USED,
                "reason": reason or "",
                "digest": digest,
            }
        )
        progress(number, len(records), {})
    return values, rows


def _drop_duplicates(manifest: pd.DataFrame) -> None:
    first: dict[str, int] = {}
    for row in manifest.index[manifest["status"] == USED]:
        earlier = first.setdefault(manifest.at[row, "digest"], row)
        if earlier != row:
            _quarantine(
                manifest, [row], f"duplicate of {manifest.at[earlier, 'id']}{_other_label(manifest, earlier, row)}"
            )


def _other_label(manifest: pd.DataFrame, earlier: int, row: int) -> str:
    same = manifest.at[earlier, "class"] == manifest.at[row, "class"]
    return "" if same else f", which is labelled {manifest.at[earlier, 'class']!r}"


def _refuse_spanning_groups(manifest: pd.DataFrame) -> None:
    given = manifest[(manifest["status"] == USED) & (manifest["group"] != "") & (manifest["split"] != "")]
    for group, splits in given.groupby("group")["split"].unique().items():
        if len(splits) > 1:
            raise UserError(
                f"group {group!r} lies in the splits {', '.join(sorted(splits))}; put all of it in one of them"
            )


def _quarantine_small_classes(manifest: pd.DataFrame) -> None:
    used = manifest[manifest["status"] == USED]
    has_test = (used["split"] == "test").any()
    for label, rows in used.groupby("class"):
        tests = int((rows["split"] == "test").sum())
        reason = ""
        if has_test and tests == 0:
            reason = f"class {label!r} has no test pictures, so nothing about it can be measured: add some"
        elif has_test and tests == len(rows):
            reason = f"class {label!r} has no training pictures: add some"
        elif not has_test and len(rows) < 3:
            reason = (
                f"class {label!r} has {len(rows)} picture(s), at least 3 are needed for training and test: add some"
            )
        if reason:
            _quarantine(manifest, list(rows.index), reason)
            print(f"prepare: {reason}; its {len(rows)} picture(s) are quarantined")
    left = manifest.loc[manifest["status"] == USED, "class"].nunique()
    if left < 2:
        reasons = Counter(manifest.loc[manifest["status"] == QUARANTINED, "reason"]).most_common(1)
        why = f" (most often: {reasons[0][0]})" if reasons else ""
        raise UserError(
            f"{left} class(es) with usable pictures among {len(manifest)} records{why}; at least 2 are needed"
        )


def _quarantine(manifest: pd.DataFrame, rows: list, reason: str) -> None:
    manifest.loc[rows, ["status", "reason"]] = [QUARANTINED, reason]


def _held_out(rows: pd.DataFrame, share: float, seed: int, name: str, smallest: int) -> list:
    """Return the index of the rows to hold out: their share of each class, at least one where it has `smallest` rows."""
    if (rows["group"] != "").any():
        return _held_out_groups(rows, share, seed, name)
    held: list = []
    for _, of_class in rows.groupby("class"):
        count = max(round(share * len(of_class)), 1) if len(of_class) >= smallest else 0
        order = sorted(of_class.index, key=lambda row: seeds.derive(seed, name, rows.at[row, "id"]))
        held += order[: min(count, len(of_class) - 1)]
    return held


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


def _write(prepared: Path, values: list, manifest: pd.DataFrame) -> None:
    prepared.mkdir(parents=True, exist_ok=True)
    used = manifest["status"] == USED
    classes = sorted(manifest.loc[used, "class"].unique())
    channels = max(values[row].shape[2] for row in manifest.index[used])
    counts = {}
    for split in SPLITS:
        rows = manifest[used & (manifest["split"] == split)].sort_values("id")
        samples = Samples(
            values=_stacked([values[row] for row in rows.index], channels, values),
            labels=np.array([classes.index(label) for label in rows["class"]], np.int64),
            ids=rows["id"].to_numpy(str),
        )
        samples.save(prepared / f"{split}.parquet")
        counts[split] = len(samples)
    manifest.sort_values("id").to_csv(prepared / "manifest.csv", index=False)
    files.write_json(prepared / "classes.json", {"kind": "images", "classes": classes})
    bad = int((manifest["status"] == QUARANTINED).sum())
    print(
        f"prepare: {', '.join(f'{counts[split]} {split}' for split in SPLITS)}, {bad} quarantined (manifest.csv says why)"
    )


def _stacked(chosen: list[np.ndarray], channels: int, values: list) -> np.ndarray:
    """Return (n, size, size, channels); a gray picture among coloured ones has its gray in each channel."""
    size = next(value.shape[0] for value in values if value is not None)
    if not chosen:
        return np.zeros((0, size, size, channels), np.uint8)
    return np.stack([np.broadcast_to(value, (size, size, channels)) for value in chosen])
