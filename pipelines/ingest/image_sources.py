"""The forms in which labelled images arrive: class folders, a zip of them, a CSV manifest, or an `.npz` file.

Each form is read into the same `Record`s. To add a form, write a function that yields records and list it in `FORMS`.

Beside an image NAME.EXT that is a file, NAME.mask.png may say which of its pixels are damaged, and NAME.filled.png stand in
for it. Neither is a record of its own.
"""

import io
import os
import re
import stat
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import numpy as np
import pandas as pd
from PIL import Image

from gan.errors import one_line
from pipelines import files
from pipelines.errors import UserError
from pipelines.ingest.splits import refuse_strange_names, refuse_twin_labels
from pipelines.samples import cells

SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
          "test": "test", "testing": "test"}  # fmt: skip
COLUMNS = ("path", "label", "split", "group")  # of a manifest; others are attributes
ARRAYS = ("images", "labels", "split", "group")  # of an `.npz`
MASK, FILLED = ".mask.png", ".filled.png"  # how the names of files end that go with an image
LIKE_A_MASK = re.compile(r"(.+)\.(?:mask|filled)\.\w+$", re.IGNORECASE)
SAID = {MASK: "a mask", FILLED: "a filled image"}
LARGEST = 256 * 2**20  # bytes of a file that may be an image
EXPECTED = (
    "class folders (<class>/*.png), train/ and test/ above class folders, a .zip of these, a CSV with the columns path "
    "and label, or an .npz with images and labels"
)


@dataclass(frozen=True)
class Record:
    """One labelled image, not yet opened.

    id: a stable name, never repeated in a data set: its path, or its index in an array.
    content: returns the file's bytes, or a (height, width[, 3]) uint8 array.
    split: train, validation or test where the source says so, else None. group: what must not span splits, or None.
    attributes: what else a manifest or an `.npz` says of it, by the name of the column or array.
    problem: why the record cannot be used, or None.
    mask: returns the bytes of the file that says which pixels are damaged; None where none is said to be. filled: returns those
    of the image that stands in for a damaged one, or None; never without a mask. beside: the names of these files, as ids are.
    """

    id: str
    label: str
    content: Callable[[], bytes | np.ndarray]
    split: str | None = None
    group: str | None = None
    problem: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    mask: Callable[[], bytes] | None = None
    filled: Callable[[], bytes] | None = None
    beside: tuple[str, ...] = ()


def scan(raw: Path, names: Mapping[str, str] = MappingProxyType({}), asked: Sequence[str] = ()) -> list[Record]:
    """Return the records under `raw` with their classes, which differ in more than case.

    names: from the name of a class there to the one that holds. asked: as of `read`.
    UserError where a name is that of no class; and as `read`.
    """
    records = read(raw, asked)
    refuse_strange_names(names, (record.label for record in records), str(raw))
    records = [replace(record, label=names.get(record.label, record.label)) for record in records] if names else records
    refuse_twin_labels([record.label for record in records if record.problem is None], str(raw))
    return records


def read(raw: Path, asked: Sequence[str] = ()) -> list[Record]:
    """Return the records under `raw`, a folder that holds one of the known forms or a file that is one.

    asked: attributes; of a manifest all columns are read, of an `.npz` these arrays alone.
    UserError where nothing is there or the form is none that is known.
    """
    suffix, place = form_of(raw)
    form = partial(from_npz, asked=asked) if suffix == ".npz" else FORMS.get(suffix, from_folder)
    records = list(form(place))
    if not records:
        raise UserError(f"{raw}: no images found; expected {EXPECTED}")
    return records


def form_of(raw: Path) -> tuple[str, Path]:
    """Return the form of the data at `raw`, the suffix of a file or "" for class folders, and where it lies."""
    if not raw.exists():
        raise UserError(f"{raw}: no such file or folder; expected {EXPECTED}")
    files = [raw] if raw.is_file() else sorted(path for path in raw.iterdir() if not _is_clutter(path.name))
    if not files:
        raise UserError(f"{raw}: the folder is empty; expected {EXPECTED}")
    for suffix in FORMS:
        matching = [path for path in files if path.is_file() and path.suffix.lower() == suffix]
        if len(matching) > 1:
            names = ", ".join(path.name for path in matching)
            raise UserError(f"{raw}: found {names}, expected one {suffix} file; leave one there")
        if matching:
            return suffix, matching[0]
    if raw.is_file():
        raise UserError(f"{raw}: a {raw.suffix or 'nameless'} file; expected {EXPECTED}")
    return "", raw


def id_of(name: str) -> str:
    """Return the id of the file `name` in class folders."""
    return _utf8(str(PurePosixPath(name)))


def in_tree(root: Path, names: list[str]) -> list[Record]:
    """Return the records that files of these names would be, in class folders below `root`; none has content."""
    return list(_from_tree(root, [PurePosixPath(name) for name in names], lambda name: b"", {}))


def from_folder(root: Path) -> Iterator[Record]:
    """Yield the files under class folders, or under class folders within split folders."""
    found = dict(tree(root))
    yield from _from_tree(root, list(found), lambda name: (root / name).read_bytes(), found)


def tree(root: Path) -> Iterator[tuple[PurePosixPath, str | None]]:
    """Yield the files below `root`, sorted, with what stands against each; None where it may be read.

    What stands against its mask, or its filled image, stands against an image as well: it is not to pass for a whole one.
    Links to folders are not followed, since they may lead in a circle, nor is any link that leads out of `root`.
    """
    inside = root.resolve()
    for folder, folders, names in os.walk(root):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        against = {name: _against(Path(folder, name), inside) for name in sorted([*names, *links])}
        for name in against:
            path = PurePosixPath(Path(folder, name).relative_to(root).as_posix())
            yield path, against[name] or _against_beside(path, against)


def _against(path: Path, inside: Path) -> str | None:
    try:
        if _utf8(str(path)) != str(path):
            return "a file name that is not UTF-8"
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            return "a link that leads out of the folder"
        found = path.stat()
    except (OSError, RuntimeError):  # a link to nowhere, or to itself
        return "a link that leads nowhere"
    if not stat.S_ISREG(found.st_mode):
        return "a link to a folder" if path.is_symlink() else "not a plain file"
    return f"more than {LARGEST >> 20} MB" if found.st_size > LARGEST else None


def _against_beside(path: PurePosixPath, against: Mapping[str, str | None]) -> str | None:
    """Return what stands against the files that go with an image. against: by the names in its folder."""
    problems = {beside.name: against.get(beside.name) for beside in _beside(path)}
    return next((f"{problem} ({name})" for name, problem in problems.items() if problem), None)


def _utf8(text: str) -> str:
    """Return `text` with what cannot be written in UTF-8 replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def from_zip(path: Path) -> Iterator[Record]:
    """Yield the members of a zip that holds class folders."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise
    except files.DAMAGE:
        raise UserError(f"{path}: not a zip file, or a damaged one; try: unzip -t {path}") from None
    members = {PurePosixPath(info.filename): info for info in archive.infolist() if not info.is_dir()}
    outside = sorted(name for name in members if name.is_absolute() or ".." in name.parts)
    for name in outside:
        yield Record(_utf8(str(name)), "", partial(read_member, archive, members[name]), problem="leads out of the zip")
    names = sorted(members.keys() - set(outside))
    yield from _from_tree(path, names, lambda name: read_member(archive, members[name]), {})


def read_member(archive: zipfile.ZipFile, member: str | zipfile.ZipInfo) -> bytes:
    """Return the content of a file in a zip; OSError says why it cannot be had."""
    try:
        with archive.open(member) as file:
            content = file.read(LARGEST + 1)
    except files.DAMAGE as error:
        raise OSError(f"cannot be read from the zip: {one_line(error, 100)}") from None
    if len(content) > LARGEST:
        raise OSError(f"more than {LARGEST >> 20} MB")
    return content


def from_manifest(path: Path) -> Iterator[Record]:
    """Yield the rows of a CSV with the columns `path`, `label` and optionally `split`, `group` and attributes.

    Paths are relative to the folder of the CSV and stay inside it. Masks and filled images need not be listed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, sep=_separator(text), index_col=False)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(
            f"{path}: not readable as CSV in UTF-8 ({one_line(error, 200)}); expected the columns path,label"
        ) from None
    missing = {"path", "label"} - set(rows.columns)
    if missing:
        raise UserError(f"{path}: found the columns {', '.join(rows.columns)}, expected path,label[,split][,group][,…]")
    others = [name for name in rows if name not in COLUMNS]
    root, seen = path.parent.resolve(), set()
    places = [_inside(root, text) for text in rows["path"]]
    companions = _companions_in(root, [PurePosixPath(place) for place in places if place])
    for number, (row, place) in enumerate(zip(rows.to_dict("records"), places, strict=True), 2):
        if place and _ending(PurePosixPath(place)):
            continue
        if place is None:
            problem: str | None = "no such file beside the manifest"
        else:
            problem = "listed twice" if place in seen else _against(root / place, root)
        seen.add(place)
        record = _record(
            id=place if place and not problem else f"line {number}: {one_line(row['path'], 100)}",
            label=cells.unmark(row["label"]),
            content=partial((root / (place or "")).read_bytes),
            split=split_named(str(row.get("split", "")), path),
            group=row.get("group"),
            problem=problem,
            attributes={name.strip(): cells.unmark(str(row[name])).strip() for name in others},
        )
        yield _with_companions(record, root, companions) if record.problem is None else record
    for name in sorted(companions.there):
        if lonely := companions.problem_of(name):
            yield Record(str(name), "", (root / name).read_bytes, problem=lonely)


def _companions_in(root: Path, listed: list[PurePosixPath]) -> "_Companions":
    """Return the masks and filled images in a folder that are listed, or lie beside images that are."""
    own = {path for path in listed if _ending(path)}
    images = set(listed) - own
    beside = {name for path in images for name in _beside(path) if os.path.lexists(root / name)}
    return _Companions(frozenset(own | beside), Counter(path.with_suffix("") for path in images))


def _with_companions(record: Record, root: Path, companions: "_Companions") -> Record:
    marked = companions.added_to(record, PurePosixPath(record.id), lambda name: (root / name).read_bytes())
    lost = [name for name in marked.beside if _inside(root, name) is None]
    return (
        replace(marked, problem=f"a link that leads out of the folder ({PurePosixPath(lost[0]).name})")
        if lost
        else marked
    )


def from_npz(path: Path, asked: Sequence[str] = ()) -> Iterator[Record]:
    """Yield the images of an `.npz` with `images` (n, h, w[, 1 or 3]) uint8 and `labels` (n,), optionally `split`, `group` and
    the attributes that are `asked` for, (n,) each.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ARRAYS if name in file}
            arrays |= {name: file[name] for name in asked if name in file}
    except FileNotFoundError:
        raise
    except MemoryError:
        raise UserError(f"{path}: its arrays do not fit into memory; is the file damaged?") from None
    except files.DAMAGE as error:
        raise UserError(f"{path}: not readable as .npz without pickles ({error}); expected images and labels") from None
    _check_arrays(path, arrays)
    try:
        columns = {name: _as_text(array) for name, array in arrays.items() if name != "images"}
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: an array of text in it is not ASCII ({error}); store it as Unicode") from None
    told = [name for name in asked if name in columns]
    for index, image in enumerate(arrays["images"]):
        split = split_named(columns["split"][index], path) if "split" in columns else None
        group = columns["group"][index] if "group" in columns else None
        own = {name: str(columns[name][index]) for name in told}
        yield _record(str(index), columns["labels"][index], partial(_itself, image), split, group, attributes=own)


FORMS: dict[str, Callable[[Path], Iterator[Record]]] = {".zip": from_zip, ".npz": from_npz, ".csv": from_manifest}


def _record(
    id: str,
    label: str,
    content: Callable[[], bytes | np.ndarray],
    split: str | None = None,
    group: str | None = None,
    problem: str | None = None,
    attributes: Mapping[str, str] = MappingProxyType({}),
) -> Record:
    """Return a record with its class name in one spelling of Unicode: file systems differ in how they write an accent."""
    name = unicodedata.normalize("NFC", label.strip())
    group = unicodedata.normalize("NFC", (group or "").strip()) or None
    return Record(id, name, content, split, group, problem or (None if name else "no label"), attributes)


def _from_tree(
    root: Path,
    paths: list[PurePosixPath],
    read: Callable[[PurePosixPath], bytes],
    problems: Mapping[PurePosixPath, str | None],
) -> Iterator[Record]:
    """Yield the files of a tree of class folders; a single folder around everything is looked through.

    problems: what stands against a file.
    """
    paths = [path for path in paths if not _is_clutter(*path.parts)]
    around = _folder_around(paths)
    inside = {path.relative_to(around): path for path in paths if path.is_relative_to(around)}
    tops = {path.parts[0] for path in inside if len(path.parts) > 1}
    in_splits = _are_splits(root, tops, inside)
    depth = 2 if in_splits else 1
    own = frozenset(path for path in paths if _ending(path))
    companions = _Companions(
        own, Counter(path.with_suffix("") for path in paths if path not in own and not _no_image(path))
    )
    for path, whole in inside.items():
        lonely = companions.problem_of(whole)
        if whole in own and not lonely:
            continue
        content = partial(read, whole)
        if len(path.parts) <= depth:
            yield Record(_utf8(str(whole)), "", content, problem="lies in no class folder")
        else:
            split = SPLITS[path.parts[0].lower()] if in_splits else None
            problem = problems.get(whole) or _no_image(whole) or lonely
            record = _record(_utf8(str(whole)), _utf8(path.parts[depth - 1]), content, split, problem=problem)
            yield companions.added_to(record, whole, read) if problem is None else record


@dataclass(frozen=True)
class _Companions:
    """The masks and filled images that are `there`, and how many `images` have each name, without its ending."""

    there: frozenset[PurePosixPath]
    images: Counter[PurePosixPath]

    def problem_of(self, path: PurePosixPath) -> str | None:
        """Return what a mask or a filled image goes without; None where it lacks nothing, or is neither."""
        ending = _ending(path)
        stem = path.with_name(path.name.removesuffix(ending))
        if not ending and (like := LIKE_A_MASK.match(path.name)) and path.with_name(like[1]) in self.images:
            return f"called like a mask: that of {like[1]} is {like[1]}{MASK}"
        if ending and stem not in self.images:
            return f"{SAID[ending]} without its image"
        mask = stem.with_name(stem.name + MASK)
        return "a filled image without a mask" if ending == FILLED and mask not in self.there else None

    def added_to(self, record: Record, path: PurePosixPath, read: Callable[[PurePosixPath], bytes]) -> Record:
        """Return the record of the image at `path` with the files that go with it; `read` returns what is in one."""
        mask, filled = _beside(path)
        if mask not in self.there:
            return record
        if self.images[path.with_suffix("")] > 1:
            return replace(record, problem=f"another image of its name has the same mask ({mask.name})")
        has_filled = filled in self.there
        beside = tuple(_utf8(str(name)) for name in ((mask, filled) if has_filled else (mask,)))
        return replace(
            record, mask=partial(read, mask), filled=partial(read, filled) if has_filled else None, beside=beside
        )


def _ending(path: PurePosixPath) -> str:
    """Return how the name of a mask or of a filled image ends, "" for any other file."""
    return next((ending for ending in SAID if path.name.endswith(ending) and path.name != ending), "")


def _beside(path: PurePosixPath) -> tuple[PurePosixPath, PurePosixPath]:
    """Return where the mask and the filled image of an image lie."""
    stem = path.with_suffix("").name
    return path.with_name(stem + MASK), path.with_name(stem + FILLED)


def _folder_around(paths: list[PurePosixPath]) -> PurePosixPath:
    """Return the folder in which all class folders lie: the first, from the top, that has more than one inside."""
    around = PurePosixPath()
    while True:
        inner = {path.relative_to(around).parts[:2] for path in paths if path.is_relative_to(around)}
        folders = {parts[0] for parts in inner if len(parts) > 1}
        deeper = [path for path in paths if folders and path.is_relative_to(around / min(folders))]
        if len(folders) != 1 or not any(len(path.relative_to(around).parts) > 2 for path in deeper):
            return around
        around /= folders.pop()


def _are_splits(root: Path, tops: set[str], inside: dict[PurePosixPath, PurePosixPath]) -> bool:
    """Say whether the folders at the top are splits; UserError where some are and others are not."""
    splits = {top for top in tops if top.lower() in SPLITS}
    named = {SPLITS[top.lower()] for top in splits}
    nested = any(len(path.parts) > 2 and path.parts[0] in splits for path in inside)
    if not nested or "train" not in named:
        return False
    if tops - splits:
        found = ", ".join(sorted(tops - splits))
        raise UserError(f"{root}: found {found} beside {', '.join(sorted(splits))}; move it away, or into one of them")
    return True


def _inside(root: Path, text: str) -> str | None:
    """Return a path as a place below `root`, or None where it is no file there. A link is where it lies, not where it leads."""
    try:
        file, path = (root / text).resolve(), PurePosixPath(text)
        inside = file.relative_to(root)
        if path.is_absolute() or not file.is_file():
            return None
        return inside.as_posix() if ".." in path.parts else str(path)
    except (OSError, ValueError):
        return None


def _no_image(path: PurePosixPath) -> str | None:
    """Return that a file is none that Pillow reads, by its suffix; without a suffix its content will tell."""
    known = not path.suffix or path.suffix.lower() in Image.registered_extensions()
    return None if known else f"not an image ({path.suffix})"


def _as_text(array: np.ndarray) -> np.ndarray:
    """Return class names as text: whole numbers without a decimal point, "" where one is missing."""
    if array.dtype.kind != "f":
        return array.astype(str)
    whole = np.isfinite(array) & (array % 1 == 0)
    return np.where(
        np.isnan(array), "", np.where(whole, np.where(whole, array, 0).astype(np.int64).astype(str), array.astype(str))
    )


def _separator(text: str) -> str:
    header = text.split("\n", 1)[0]
    found = [mark for mark in ",;\t|" if {"path", "label"} <= {name.strip('"\r ') for name in header.split(mark)}]
    return found[0] if found else ","


def _itself(image: np.ndarray) -> np.ndarray:
    return image


def _is_clutter(*parts: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) or part in ("Thumbs.db", "desktop.ini") for part in parts)


def split_named(text: str, path: Path) -> str | None:
    """Return the split that `text` names, None for nothing; UserError where it names none."""
    if not text.strip():
        return None
    if text.strip().lower() not in SPLITS:
        raise UserError(f"{path}: found the split {text!r}, expected train, validation or test (or nothing)")
    return SPLITS[text.strip().lower()]


def _check_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    foreign = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if foreign:
        raise UserError(f"{path}: {', '.join(foreign)} in it is no array; expected images and labels")
    found = ", ".join(f"{name} {array.shape} {array.dtype}" for name, array in arrays.items()) or "neither"
    if "images" not in arrays or "labels" not in arrays or not _are_images(arrays["images"]):
        raise UserError(f"{path}: found {found}; expected images (n, h, w) or (n, h, w, 3) uint8 and labels (n,)")
    length = len(arrays["images"])
    if any(array.shape != (length,) for name, array in arrays.items() if name != "images"):
        raise UserError(f"{path}: found {found}; expected labels, split and group of shape ({length},)")


def _are_images(images: np.ndarray) -> bool:
    shaped = images.ndim in (3, 4) and images.shape[3:] in ((), (1,), (3,))
    return shaped and images.dtype == np.uint8 and min(images.shape[1:3]) > 0
