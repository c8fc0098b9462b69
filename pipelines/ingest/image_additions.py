"""What a source of images has that `data/raw` has not, form by form; what is there already stays as it is.

Masks and filled images go with their images: an image is changed where one of these is new or other than it was.
"""

import csv
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from pipelines.errors import UserError
from pipelines.ingest import attributes, image_sources
from pipelines.ingest.additions import Additions, by_class
from pipelines.ingest.image_sources import Record
from pipelines.ingest.splits import refuse_twin_labels
from pipelines.samples import cells

Records = Mapping[str, Record]


@dataclass(frozen=True)
class Found:
    """What a form has found: ids of `new` records and of those whose content is `changed`, and how they are written."""

    new: list[str]
    changed: list[str]
    write: Callable[[Path], None]


def compare(
    raw: Path, source: Path, names: Mapping[str, str], removed: set[str], asked: Sequence[str] = ()
) -> Additions:
    """Return what the images at `source` have that those in `raw` have not, by id; in an `.npz`, by content.

    names: from the name of a class in the data to the one that holds. removed: ids that are not to be brought in.
    asked: the attributes that matter.
    UserError where the source is gone, is in another form, or would not go with what is there.
    """
    old, there = image_sources.read(raw, asked), image_sources.read(source, asked)
    (suffix, old_file), (other, file) = image_sources.form_of(raw), image_sources.form_of(source)
    if suffix != other:
        raise UserError(f"{source}: {SAID[other]}, and data/raw has {SAID[suffix]}; bring it into that form")
    if all(record.problem for record in there):
        raise UserError(
            f"{source}: none of its images can be used ({there[0].problem}); expected {image_sources.EXPECTED}"
        )
    named = set() if suffix == ".npz" else removed  # of an .npz they are places in `raw`, not in `source`
    usable = {record.id: record for record in there if record.problem is None and record.id not in named}
    everything = {record.id: record for record in old}
    attributes.of_records([record.attributes for record in there], asked, str(source))
    found = COMPARED[suffix](old_file, file, everything, usable, asked)
    told = [record.attributes for record in (*old, *usable.values()) if record.problem is None]
    attributes.check(attributes.of_records(told, asked, str(source)))
    left_out = Counter(one.problem for one in there if one.problem and one.id not in everything)
    if back := sum(one.id in named and one.id not in everything for one in there):
        left_out["taken back (data/removed.txt)"] = back

    def called(records: Mapping[str, Record], ids: list[str]) -> list[str]:
        return [names.get(records[name].label, records[name].label) for name in ids]

    before = called(everything, [record.id for record in old if record.problem is None])
    new = called(usable, found.new)
    refuse_twin_labels([*before, *new], str(source))
    classes = by_class(before, called(usable, list(usable)), new, called(usable, found.changed))
    return Additions("image", classes, tuple(found.changed), left_out, found.write)


def _folder(raw: Path, source: Path, old: Records, new: Records, asked: Sequence[str]) -> Found:
    fresh = [name for name in new if name not in old]
    changed = [name for name in new if name in old and not _same_files(raw, source, new[name])]
    _refuse_other_layout(source, old, new, fresh)
    return Found(fresh, changed, partial(_copy, source, _files_of(new, [*fresh, *changed])))


def _zip(raw: Path, source: Path, old: Records, new: Records, asked: Sequence[str]) -> Found:
    fresh = [name for name in new if name not in old]
    there, offered = _members(raw), _members(source)
    changed = [name for name in new if name in old and _sums(there, new[name]) != _sums(offered, new[name])]
    _refuse_other_layout(source, old, new, fresh)

    def write(folder: Path) -> None:
        brought = dict.fromkeys(_files_of(new, [*fresh, *changed]))
        with zipfile.ZipFile(raw) as before, zipfile.ZipFile(source) as after:
            members = [(before, info) for name, info in there.items() if name not in brought]
            members += [(after, offered[name]) for name in brought]
            with zipfile.ZipFile(folder / raw.name, "w") as target:
                for archive, info in members:
                    target.writestr(info, _member(archive, info), info.compress_type)

    return Found(fresh, changed, write)


def _manifest(raw: Path, source: Path, old: Records, new: Records, asked: Sequence[str]) -> Found:
    """All columns are kept; that one which nobody asked for has another value is no change."""
    known = {name for name, record in old.items() if record.problem is None}
    fresh = [name for name in new if name not in known]
    files = [name for name in new if name in known and not _same_files(raw.parent, source.parent, new[name])]
    others = list(dict.fromkeys(name for record in (*old.values(), *new.values()) for name in record.attributes))
    told = [name for name in new if name in known and _told(old[name], asked) != _told(new[name], asked)]
    changed = [name for name in new if name in {*files, *told}]

    def write(folder: Path) -> None:
        _copy(source.parent, _files_of(new, [*fresh, *files]), folder)
        rows = {name: old[name] for name in old if name in known} | dict(new)
        with open(folder / raw.name, "w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(["path", "label", "split", "group", *others])
            lines.writerows([name, *_told(record, others)] for name, record in rows.items())

    return Found(fresh, changed, write)


def _npz(raw: Path, source: Path, old: Records, new: Records, asked: Sequence[str]) -> Found:
    """Images have no names there but their places, so they are told by what they are; the new ones go to the end.

    Of one that is there, the attributes are those of the source.
    """
    left: dict[tuple[object, ...], list[str]] = {}
    for name, record in old.items():
        left.setdefault(_content(record), []).append(name)
    fresh, changed, told = [], [], {}
    for name, record in new.items():
        if same := left.get(_content(record)):
            before = same.pop(0)
            if old[before].attributes != record.attributes:
                changed.append(name)
                told[before] = record
        else:
            fresh.append(name)
    shapes = {np.shape(record.content()) for record in (next(iter(old.values())), *(new[name] for name in fresh))}
    if len(shapes) > 1:
        raise UserError(f"{source}: images of the shapes {' and '.join(map(str, sorted(shapes)))}; an .npz has one")

    def write(folder: Path) -> None:
        records = [*(told.get(name, record) for name, record in old.items()), *(new[name] for name in fresh)]
        columns = {"labels": [record.label for record in records]}
        columns |= {"split": [record.split or "" for record in records], "group": [one.group or "" for one in records]}
        columns |= {name: [record.attributes.get(name, "") for record in records] for name in asked}
        images = np.stack([np.asarray(record.content()) for record in records])
        np.savez_compressed(
            folder / raw.name,
            allow_pickle=False,
            images=images,
            **{name: np.array(values) for name, values in columns.items() if any(values)},
        )

    return Found(fresh, changed, write)


COMPARED: dict[str, Callable[[Path, Path, Records, Records, Sequence[str]], Found]] = {
    "": _folder,
    ".zip": _zip,
    ".csv": _manifest,
    ".npz": _npz,
}
SAID = {"": "class folders", ".zip": "a .zip", ".csv": "a CSV with a list of images", ".npz": "an .npz"}


def _refuse_other_layout(source: Path, old: Records, new: Records, fresh: list[str]) -> None:
    """Raise UserError where files beside those that are there would be of another class or split than by themselves."""
    expected = {record.id: record for record in old.values() if record.problem is None}
    expected |= {name: new[name] for name in fresh}
    try:
        together = image_sources.in_tree(source, list(expected))
    except UserError:  # some lie in split folders, others do not
        together = []
    if [(one.label, one.split) for one in together] != [(one.label, one.split) for one in expected.values()]:
        examples = [*expected][:1] + fresh[:1]
        shown = " and ".join(f"{name} (class {expected[name].label!r})" for name in examples)
        raise UserError(
            f"{source}: its class folders do not go with those in data/raw; found {shown}; give a folder that lies as data/raw "
            "does"
        )


def _told(record: Record, names: Sequence[str]) -> tuple[str, ...]:
    """Return what a manifest says of a record beside its path. names: of attributes."""
    told = (cells.mark(record.attributes.get(name, "")) for name in names)
    return cells.mark(record.label), record.split or "", record.group or "", *told


def _content(record: Record) -> tuple[object, ...]:
    return np.asarray(record.content()).tobytes(), record.label, record.split, record.group


def _files_of(records: Records, names: Sequence[str]) -> list[str]:
    """Return the files of images, each with its mask and its filled image."""
    return [file for name in names for file in (name, *records[name].beside)]


def _same_files(raw: Path, source: Path, record: Record) -> bool:
    return all(_same_file(raw / name, source / name) for name in (record.id, *record.beside))


def _same_file(one: Path, other: Path) -> bool:
    """Say whether `one` is there and has the content of `other`."""
    return one.is_file() and one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()


def _members(path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the files in a zip by the ids that they have as images."""
    with zipfile.ZipFile(path) as archive:
        return {image_sources.id_of(info.filename): info for info in archive.infolist() if not info.is_dir()}


def _sums(members: Mapping[str, zipfile.ZipInfo], record: Record) -> list[tuple[int, int] | None]:
    """Return what tells an image, and each file that goes with it, from another; None for one that is not there."""
    found = [members.get(name) for name in (record.id, *record.beside)]
    return [(info.CRC, info.file_size) if info else None for info in found]


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        return image_sources.read_member(archive, info)
    except OSError as error:
        where = f"{archive.filename}: {info.filename}"
        raise UserError(f"{where}: {error}, so the zip cannot be written anew; mend it, or take it out") from None


def _copy(source: Path, names: list[str], folder: Path) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, folder / name)
