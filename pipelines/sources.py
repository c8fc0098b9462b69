"""The forms in which labelled pictures arrive: class folders, a zip of them, a CSV manifest, or an `.npz` file.

Each form is read into the same `Record`s. To add a form, write a function that yields records and list it in `FORMS`.
"""

import io
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from pipelines.errors import UserError

SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
          "test": "test", "testing": "test"}  # fmt: skip
EXPECTED = (
    "class folders (<class>/*.png), train/ and test/ above class folders, a .zip of these, a CSV with the columns path "
    "and label, or an .npz with images and labels"
)


@dataclass(frozen=True)
class Record:
    """One labelled picture, not yet opened.

    id: a stable name, never repeated in a data set: its path, or its index in an array.
    content: returns the file's bytes, or a (height, width[, 3]) uint8 array.
    split: train, validation or test where the source says so, else None. group: what must not span splits, or None.
    problem: why the record cannot be used, or None.
    """

    id: str
    label: str
    content: Callable[[], bytes | np.ndarray]
    split: str | None = None
    group: str | None = None
    problem: str | None = None


def scan(raw: Path) -> list[Record]:
    """Return the records under `raw`, a folder that holds one of the known forms or a file that is one.

    UserError where nothing is there or the form is none that is known.
    """
    if not raw.exists():
        raise UserError(f"{raw}: no such file or folder; expected {EXPECTED}")
    records = list(_reader(raw)())
    if not records:
        raise UserError(f"{raw}: no pictures found; expected {EXPECTED}")
    _refuse_twin_labels(raw, records)
    return records


def _reader(raw: Path) -> Callable[[], Iterator[Record]]:
    files = [raw] if raw.is_file() else sorted(path for path in raw.iterdir() if not _is_clutter(path.name))
    if not files:
        raise UserError(f"{raw}: the folder is empty; expected {EXPECTED}")
    for suffix, form in FORMS.items():
        matching = [path for path in files if path.is_file() and path.suffix.lower() == suffix]
        if len(matching) > 1:
            names = ", ".join(path.name for path in matching)
            raise UserError(f"{raw}: found {names}, expected one {suffix} file; leave one there")
        if matching:
            return lambda: form(matching[0])
    if raw.is_file():
        raise UserError(f"{raw}: a {raw.suffix or 'nameless'} file; expected {EXPECTED}")
    return lambda: from_folder(raw)


def from_folder(root: Path) -> Iterator[Record]:
    """Yield the files under class folders, or under class folders within split folders."""
    paths = [path.relative_to(root) for path in sorted(root.rglob("*")) if path.is_file()]
    yield from _from_tree([PurePosixPath(path.as_posix()) for path in paths], lambda name: (root / name).read_bytes())


def from_zip(path: Path) -> Iterator[Record]:
    """Yield the members of a zip that holds class folders, with or without one folder around them all."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise UserError(f"{path}: not a zip file, or a damaged one; try: unzip -t {path}") from None
    names = [PurePosixPath(info.filename) for info in archive.infolist() if not info.is_dir()]
    tops = {name.parts[0] for name in names if not _is_clutter(*name.parts)}
    around = tops.pop() if len(tops) == 1 and all(len(name.parts) > 2 for name in names) else ""
    inside = [name.relative_to(around) for name in names if name.parts[0] == around] if around else names
    yield from _from_tree(sorted(inside), lambda name: archive.read(f"{around}/{name}" if around else str(name)))


def from_manifest(path: Path) -> Iterator[Record]:
    """Yield the rows of a CSV with the columns `path`, `label` and optionally `split` and `group`.

    Paths are relative to the folder of the CSV and stay inside it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, sep=_separator(text))
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        why = " ".join(str(error).split())
        raise UserError(f"{path}: not readable as CSV in UTF-8 ({why}); expected the columns path,label") from None
    missing = {"path", "label"} - set(rows.columns)
    if missing:
        raise UserError(f"{path}: found the columns {', '.join(rows.columns)}, expected path,label[,split][,group]")
    root = path.parent.resolve()
    for row in rows.to_dict("records"):
        split = _split_named(str(row.get("split", "")), path)
        file = (root / row["path"]).resolve()
        problem = None if file.is_file() and file.is_relative_to(root) else "no such file beside the manifest"
        yield Record(row["path"], _label(row["label"]), file.read_bytes, split, row.get("group") or None, problem)


def from_npz(path: Path) -> Iterator[Record]:
    """Yield the pictures of an `.npz` with `images` (n, h, w[, 1 or 3]) uint8, `labels` (n,), optionally `split`, `group`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("images", "labels", "split", "group") if name in file}
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise UserError(f"{path}: not readable as .npz without pickles ({error}); expected images and labels") from None
    _check_arrays(path, arrays)
    for index, picture in enumerate(arrays["images"]):
        split = _split_named(str(arrays["split"][index]), path) if "split" in arrays else None
        group = str(arrays["group"][index]) if "group" in arrays else None
        yield Record(str(index), _label(str(arrays["labels"][index])), partial(_itself, picture), split, group)


FORMS: dict[str, Callable[[Path], Iterator[Record]]] = {".zip": from_zip, ".npz": from_npz, ".csv": from_manifest}


def _from_tree(paths: list[PurePosixPath], read: Callable[[PurePosixPath], bytes]) -> Iterator[Record]:
    paths = [path for path in paths if not _is_clutter(*path.parts)]
    tops = {path.parts[0].lower() for path in paths if len(path.parts) > 1}
    in_splits = "train" in {SPLITS.get(top) for top in tops} and tops <= set(SPLITS)
    depth = 2 if in_splits else 1
    for path in paths:
        content = partial(read, path)
        if len(path.parts) <= depth:
            yield Record(str(path), "", content, problem="lies in no class folder")
        else:
            split = SPLITS[path.parts[0].lower()] if in_splits else None
            yield Record(str(path), _label(path.parts[depth - 1]), content, split)


def _separator(text: str) -> str:
    header = text.split("\n", 1)[0]
    found = [mark for mark in ",;\t|" if {"path", "label"} <= {name.strip('"\r ') for name in header.split(mark)}]
    return found[0] if found else ","


def _itself(picture: np.ndarray) -> np.ndarray:
    return picture


def _is_clutter(*parts: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) or part in ("Thumbs.db", "desktop.ini") for part in parts)


def _label(text: str) -> str:
    """Return a class name in one spelling of Unicode: file systems differ in how they write the same accent."""
    return unicodedata.normalize("NFC", text.strip())


def _split_named(text: str, path: Path) -> str | None:
    if not text.strip():
        return None
    if text.strip().lower() not in SPLITS:
        raise UserError(f"{path}: found the split {text!r}, expected train, validation or test (or nothing)")
    return SPLITS[text.strip().lower()]


def _check_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    found = ", ".join(f"{name} {array.shape} {array.dtype}" for name, array in arrays.items()) or "neither"
    if "images" not in arrays or "labels" not in arrays or not _fit(arrays["images"], arrays["labels"]):
        raise UserError(f"{path}: found {found}; expected images (n, h, w) or (n, h, w, 3) uint8 and labels (n,)")
    images = arrays["images"]
    if any(len(array) != len(images) for array in arrays.values()):
        raise UserError(f"{path}: found {found}; expected the same length of each")


def _fit(images: np.ndarray, labels: np.ndarray) -> bool:
    shaped = images.ndim in (3, 4) and images.shape[3:] in ((), (1,), (3,))
    return shaped and images.dtype == np.uint8 and labels.shape == images.shape[:1]


def _refuse_twin_labels(raw: Path, records: list[Record]) -> None:
    seen: dict[str, str] = {}
    for label in sorted({record.label for record in records if record.problem is None}):
        twin = seen.setdefault(label.casefold(), label)
        if twin != label:
            raise UserError(
                f"{raw}: the classes {twin!r} and {label!r} differ only in case; rename one of them or merge them"
            )
