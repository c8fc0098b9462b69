"""Check every record, quarantine the bad, drop exact duplicates, split by group and class."""

import contextlib
import hashlib
import io
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from gan.kinds import Kind
from gan.progress import Progress
from gan.settings import ColumnField, ExpertField, ExpertImageField, ImageField, SeriesField, TableField
from gan.settings import Settings as Base
from pipelines import files
from pipelines.errors import UserError
from pipelines.ingest import attributes, image_files, image_sources, kept, series_rows, series_sources, table_rows
from pipelines.ingest.splits import (
    CAN_FILL,
    DAMAGED,
    FILLED_WHERE,
    QUARANTINED,
    SPLITS,
    USED,
    decided,
    quarantine,
    split,
    wholes,
)
from pipelines.samples import IMAGES, SERIES, TABLE, Samples, Values, cells, form_of

LONGEST = 10_000  # steps of a series
MOST_MASKED = 0.75  # of an image: from there on its mask leaves too little to fill the rest from


class Settings(Base):
    """What a sample becomes, and how many are held out."""

    image_size: int = ImageField(default=28, ge=8, le=128, description="side of the square images in pixels, 8 to 128")
    fit: image_files.Fit = ImageField(default="crop", description="how an image becomes square: crop, pad or stretch")
    test_share: float = Field(
        default=0.25, gt=0, lt=1, description="share of each class for test, where the data has no test split"
    )
    validation_share: float = Field(
        default=0.2, ge=0, lt=1, description="share of each training class held out to choose by"
    )
    drop_duplicates: bool = ExpertImageField(
        default=True, description="drop images and series that equal an earlier one, of test first"
    )
    labels: dict[str, str] = ExpertField(
        default={},
        description="classes that are called otherwise than in the data, or merged: {name in the data: name}",
    )
    label: str = ColumnField(
        default="", description="table, series: the column with the class; empty: the data are images"
    )
    group: str = ColumnField(
        default="", description="table, series: the column with what must not span splits, or empty"
    )
    id: str = SeriesField(default="", description="series: the column with the series that a row belongs to")
    time: str = SeriesField(
        default="", description="series: the column with the time of a row; empty: the data are no series"
    )
    length: int = SeriesField(
        default=0, ge=0, le=LONGEST, description="series: steps of each; 0: all have the same number of them"
    )
    uneven: series_rows.Uneven = SeriesField(
        default="resample",
        description="series: how they get `length` steps: resample (lines between the steps, evenly spaced), cut (the first "
        "steps, shorter series are set aside) or pad (the last value again, longer ones are cut)",
    )
    attributes: list[str] = ExpertField(
        default=[],
        description="columns that say of which subgroup a sample is, such as its site; gains are measured in each of these",
    )
    columns: dict[str, Kind] = TableField(
        default={},
        description="table: what each column holds: numeric, integer, categorical, ordered, boolean, datetime "
        "(20240131, too), identifier (never learnt, never copied) or constant",
    )

    @field_validator("labels", mode="before")
    @classmethod
    def _names_are_text(cls, names: Any) -> Any:
        if not isinstance(names, dict):
            return names
        plain = {_class_name(old): _class_name(new) for old, new in names.items()}
        if "" in plain or "" in plain.values():
            raise ValueError("a class without a name; to leave samples out, name them in data/removed.txt")
        return plain

    @field_validator("length")
    @classmethod
    def _is_a_series(cls, length: int) -> int:
        if length == 1:
            raise ValueError("a single step is no series; give 2 or more, or 0")
        return length

    @property
    def kind(self) -> str:
        """The kind of data: series where the column of the time is named, a table where that of the class is."""
        if self.time:
            return SERIES
        return TABLE if self.label else IMAGES


def _class_name(name: Any) -> str:
    return unicodedata.normalize("NFC", str(name).strip())


@dataclass(frozen=True)
class Lists:
    """Files that hold from run to run: the split that samples have had, which they keep, and which were taken back."""

    splits: Path | None
    removed: Path | None


def run(
    *,
    raw: Path,
    splits: Path | None = None,
    removed: Path | None = None,
    prepared: Path,
    settings: Settings,
    seed: int,
    progress: Progress,
) -> None:
    """Write `train.parquet`, `validation.parquet`, `test.parquet`, `classes.json` and `manifest.csv`, one row per record.

    splits: a CSV of the split that samples have had, which they keep. removed: a list of samples that were taken back.
    UserError where fewer than two classes are left.
    """
    WAYS[settings.kind](raw, Lists(splits, removed), prepared, settings, seed, progress)


def _bring_in_table(raw: Path, lists: Lists, prepared: Path, settings: Settings, seed: int, progress: Progress) -> None:
    splits, removed = kept.read_splits(lists.splits, kept.ROW), kept.read_removed(lists.removed)
    columns = columns_of(settings)
    manifest, frame = table_rows.check(raw, columns, progress, splits)
    if removed and not splits:
        manifest["kept"] = _dealt_to_all(manifest.copy(), settings, seed, "row")
    kept.take_back(manifest, removed, "row", table_rows.plain_name)
    split(manifest, settings.test_share, settings.validation_share, seed, "row")
    about = {"label": settings.label, "group": settings.group}
    write(prepared, manifest, TABLE, partial(form_of(TABLE).take, frame), about, settings.columns)


def _bring_in_images(
    raw: Path, lists: Lists, prepared: Path, settings: Settings, seed: int, progress: Progress
) -> None:
    splits, removed = kept.read_splits(lists.splits, kept.IMAGE), kept.read_removed(lists.removed)
    opened, values = open_images(raw, settings, progress, splits)
    if removed and not splits:
        everything = _without_copies(opened, settings, set(), "image")
        opened["kept"] = _dealt_to_all(everything, settings, seed, "image")
    manifest = _without_copies(opened, settings, removed, "image")
    split(manifest, settings.test_share, settings.validation_share, seed, "image")
    _say_what_can_be_filled(manifest)
    channels = max(values[row].shape[2] for row in manifest.index[manifest["status"] == USED])
    shape = (settings.image_size, settings.image_size, channels)
    write(prepared, manifest, IMAGES, lambda rows: _stacked([values[row] for row in rows], shape), {})


def _bring_in_series(
    raw: Path, lists: Lists, prepared: Path, settings: Settings, seed: int, progress: Progress
) -> None:
    splits, removed = kept.read_splits(lists.splits, kept.IMAGE), kept.read_removed(lists.removed)
    rules = rules_of(settings)
    found, values, channels = series_rows.check(raw, rules, progress, splits)
    if removed and not splits:
        everything = _without_copies(found, settings, set(), "sample")
        found["kept"] = _dealt_to_all(everything, settings, seed, "sample")
    manifest = _without_copies(found, settings, removed, "sample")
    split(manifest, settings.test_share, settings.validation_share, seed, "sample")
    about = {**rules.columns.named, "channels": channels}
    write(prepared, manifest, SERIES, partial(form_of(SERIES).take, values), about)


def columns_of(settings: Settings) -> table_rows.Columns:
    """Return what the settings say of the columns of a table."""
    return table_rows.Columns(
        settings.label, settings.group, settings.columns, settings.labels, tuple(settings.attributes)
    )


def rules_of(settings: Settings) -> series_rows.Rules:
    """Return what the settings say of series."""
    own = tuple(settings.attributes)
    columns = series_sources.Columns(settings.id, settings.time, settings.label, settings.group, own)
    return series_rows.Rules(columns, settings.length, settings.uneven, settings.labels)


def _dealt_to_all(manifest: pd.DataFrame, settings: Settings, seed: int, noun: str) -> pd.Series:
    """Return the split that each row has where none is taken back: taking one back moves no other."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # what it says is not of this run
            split(manifest, settings.test_share, settings.validation_share, seed, noun)
    except UserError:  # perhaps what was taken back was the matter
        return manifest["kept"]
    return manifest["split"].where(manifest["status"] == USED, manifest["kept"])


WAYS: dict[str, Callable[[Path, Lists, Path, Settings, int, Progress], None]] = {
    IMAGES: _bring_in_images,
    TABLE: _bring_in_table,
    SERIES: _bring_in_series,
}


def write(
    prepared: Path,
    manifest: pd.DataFrame,
    kind: str,
    take: Callable[[np.ndarray], Values],
    about: Mapping[str, Any],
    columns: Mapping[str, str] | None = None,
) -> None:
    """Write what `run` says of data of `kind`; `take` returns the samples at rows of the manifest, numbered from 0."""
    prepared.mkdir(parents=True, exist_ok=True)
    attributes.check_manifest(manifest)
    manifest = manifest.sort_values("id")
    used = manifest[manifest["status"] == USED]
    classes = sorted(used["class"].unique())
    whole_of = wholes(manifest)
    has_groups = (manifest["group"] != "").any()  # equal rows, which are wholes too, are independent samples in test
    can_be_torn = whole_of[used.index].duplicated().any()
    counts = {}
    for part in SPLITS:
        rows = used[used["split"] == part]
        labels = pd.Categorical(rows["class"], categories=classes).codes.astype(np.int64)
        told = attributes.of_samples(rows) if part == "test" else {}  # nothing that trains may depend on them
        groups = whole_of[rows.index].to_numpy(str) if can_be_torn and (has_groups or part != "test") else None
        ids = rows["id"].to_numpy(str)
        samples = Samples(take(rows.index.to_numpy()), labels, ids, kind, columns or {}, told, groups)
        samples.save(prepared / f"{part}.parquet")
        counts[part] = len(samples)
    files.write_text(prepared / "manifest.csv", cells.csv_text(manifest.drop(columns=["unit", "kept"])))
    files.write_json(prepared / "classes.json", {"kind": kind, **about, "classes": classes})
    print(
        f"prepare: {', '.join(f'{counts[part]} {part}' for part in SPLITS)}, {len(manifest) - len(used)} quarantined "
        "(manifest.csv says why)"
    )


def open_images(
    raw: Path, settings: Settings, progress: Progress, splits: Mapping[str, str]
) -> tuple[pd.DataFrame, list]:
    """Open every image; return the manifest, test records first, and the images, None where one is unusable.

    splits: those that images have had, by id; these come before new ones, and filled ones last. The column `digest` says which
    images are equal. Of a used row, `reason` says where its image was filled; it is kept for training, or set aside.
    """
    records = image_sources.scan(raw, settings.labels, settings.attributes)

    def order(record: image_sources.Record) -> tuple[bool, ...]:
        part = splits.get(record.id, record.split)
        return part != "test", part != "validation", record.filled is not None, record.id not in splits

    records.sort(key=order)
    values: list[np.ndarray | None] = []
    rows, damaged = [], []
    for number, record in enumerate(records, 1):
        value, reason, is_damaged = _opened(record, settings)
        digest = hashlib.sha256(_in_gray(value).tobytes()).hexdigest() if value is not None else ""
        values.append(value)
        damaged.append(is_damaged)
        rows.append(
            {
                "id": record.id,
                "class": record.label,
                "split": record.split or "",
                "group": record.group or "",
                "status": QUARANTINED if value is None else USED,
                "reason": reason,
                "unit": record.id,
                "kept": splits.get(record.id, ""),
                "digest": digest,
            }
        )
        progress(number, len(records), {})
    told = attributes.of_records([record.attributes for record in records], settings.attributes, str(raw))
    manifest = pd.DataFrame(rows).assign(**told)
    kept.say_what_is_not_there(splits, manifest["id"], "image")
    _fill_for_training_alone(manifest, np.array(damaged))
    return manifest, values


def _in_gray(value: np.ndarray) -> np.ndarray:
    """Return an image, (s, s, 1 or 3), with one channel where all of them are equal: in colour or not, it is the same one."""
    return value[:, :, :1] if (value == value[:, :, :1]).all() else value


def _opened(record: image_sources.Record, settings: Settings) -> tuple[np.ndarray | None, str, bool]:
    """Return the square image, None where it cannot be used; what is to be said of it; and whether it is a damaged one that is
    filled or can be.
    """
    if record.problem is not None:
        return None, record.problem, False
    try:
        content = record.content()
        value = image_files.to_square(content, settings.image_size, settings.fit)
        if record.mask is None:
            return value, "", False
        share = float(damage(record, content, settings).mean())
        if record.filled is not None:
            return _filled(record.filled, settings), f"{FILLED_WHERE}{_percent(share)} of it was masked", True
    except (image_files.UnreadableImage, OSError) as error:
        return None, str(error), False
    if share == 0:
        return value, "", False
    if share >= MOST_MASKED:
        return None, f"{DAMAGED}its mask covers {_percent(share)} of it, too much to fill", False
    return None, f"{DAMAGED}{_percent(share)} of it is masked; {CAN_FILL}", True


def damage(record: image_sources.Record, content: bytes | np.ndarray, settings: Settings) -> np.ndarray:
    """Return which pixels of the square image are damaged, (image_size, image_size) bool; none where there is no mask.

    content: of the image. UnreadableImage or OSError say why its mask cannot be used.
    """
    if record.mask is None:
        return np.zeros((settings.image_size, settings.image_size), bool)
    shape = image_files.shown_size(content)
    return image_files.mask_to_square(record.mask(), settings.image_size, settings.fit, shape)


def _filled(read: Callable[[], bytes], settings: Settings) -> np.ndarray:
    content, size = read(), settings.image_size
    try:
        if min(image_files.shown_size(content)) < size:
            raise image_files.UnreadableImage(f"smaller than prepare.image_size, {size}: delete it, and fill it anew")
        return image_files.to_square(content, size, settings.fit)
    except image_files.UnreadableImage as error:
        raise image_files.UnreadableImage(f"its filled image is {error}") from None


def _percent(share: float) -> str:
    return "under 1%" if 0 < share < 0.01 else f"{share:.0%}"


def _fill_for_training_alone(manifest: pd.DataFrame, damaged: np.ndarray) -> None:
    """Keep filled images for training, and set aside in place those of which it is decided that they are not.

    damaged: (n,) bool, which rows are filled or could be. A group that is filled in part is of the training split as a whole.
    """
    measured = _leave_measured(manifest, damaged)
    manifest.loc[measured, "digest"] = ""  # no other image is a copy of it
    manifest.loc[damaged & (manifest["status"] == USED), "kept"] = "train"


def _leave_measured(manifest: pd.DataFrame, damaged: np.ndarray | pd.Series) -> pd.Series:
    """Say in place of those rows of `damaged`, (n,) bool, that it is for measuring that they, or others of their group, are in
    the test or the validation split; return which these are.
    """
    held = decided(manifest)
    measured = damaged & held.isin(["validation", "test"])
    quarantine(manifest, measured, "damaged, and of the " + held[measured] + " split: only training images are filled")
    return measured


def _say_what_can_be_filled(manifest: pd.DataFrame) -> None:
    """Say how many images `repair` can fill, now that all have their splits: none whose group is for measuring."""
    damaged = manifest["reason"].str.endswith(CAN_FILL)
    count = int((damaged & ~_leave_measured(manifest, damaged)).sum())
    if count:
        said = "image is set aside (it has a mask)" if count == 1 else "images are set aside (they have masks)"
        them = "it" if count == 1 else "them"
        print(f"prepare: {count} damaged {said}; fill and judge {them} with: tailweight repair")


def _without_copies(opened: pd.DataFrame, settings: Settings, removed: set[str], noun: str) -> pd.DataFrame:
    """Return the manifest without what was taken back and without copies, where these are to be dropped.

    removed: ids of what was taken back. A copy of such an image is one like any other: it may have lain in the wrong class, and
    lie in the right one now. noun: what a record is called.
    """
    manifest = opened.copy()
    _keep_copies(manifest)
    kept.take_back(manifest, removed, noun)
    if settings.drop_duplicates:
        _drop_duplicates(manifest)
    return manifest.drop(columns="digest")


def _keep_copies(manifest: pd.DataFrame) -> None:
    """Let a new image that equals one that has had a split have the same: it may be that one under another name."""
    old = manifest[(manifest["kept"] != "") & (manifest["digest"] != "")]
    splits = old.drop_duplicates("digest").set_index("digest")["kept"]
    new = (manifest["kept"] == "") & manifest["digest"].isin(splits.index)
    manifest.loc[new, "kept"] = manifest.loc[new, "digest"].map(splits)


def _drop_duplicates(manifest: pd.DataFrame) -> None:
    first: dict[str, int] = {}
    for row in manifest.index[manifest["status"] == USED]:
        earlier = first.setdefault(manifest.at[row, "digest"], row)
        if earlier != row:
            quarantine(
                manifest, [row], f"duplicate of {manifest.at[earlier, 'id']}{_other_label(manifest, earlier, row)}"
            )


def _other_label(manifest: pd.DataFrame, earlier: int, row: int) -> str:
    same = manifest.at[earlier, "class"] == manifest.at[row, "class"]
    return "" if same else f", which is labelled {manifest.at[earlier, 'class']!r}"


def _stacked(chosen: list[np.ndarray], shape: tuple[int, int, int]) -> np.ndarray:
    """Return (n, *shape); a gray image among coloured ones has its gray in each channel."""
    return np.stack([np.broadcast_to(value, shape) for value in chosen]) if chosen else np.zeros((0, *shape), np.uint8)
