"""What holds of samples from run to run: the split of each (`data/splits.csv`), which were taken back (`data/removed.txt`)."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pandas as pd

from gan.errors import one_line
from pipelines import files
from pipelines.errors import UserError
from pipelines.ingest.splits import SPLITS, quarantine

IMAGE, ROW = "id", "row"  # what names a sample in the first column: an image's id, the digest of a table's row

TAKEN_BACK = "taken back"  # the reason for which such a sample is quarantined


def read_splits(path: Path | None, name: str) -> dict[str, str]:
    """Return the split of each sample that the file names; none where it is empty, or there is no file.

    name: of the first column, `IMAGE` or `ROW`. UserError names the line that cannot be read.
    """
    if path is None or not path.exists() or not path.stat().st_size:
        return {}
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not readable as CSV in UTF-8 ({one_line(error, 80)}); {_remedy(path)}") from None
    if not rows or rows[0] != [name, "split"]:
        found = one_line(",".join(rows[0]) if rows else "nothing", 60)
        raise UserError(f"{path}: found {found!r} in the first line, expected {name},split; {_remedy(path)}")
    found_splits: dict[str, str] = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) != 2 or row[1] not in SPLITS:
            found = one_line(",".join(row), 60)
            expected = f"expected {name},split with train, validation or test"
            raise UserError(f"{path}, row {number}: found {found!r}, {expected}; mend the row, or {_remedy(path)}")
        if found_splits.setdefault(row[0], row[1]) != row[1]:
            twice = f"{one_line(row[0], 60)!r} is named twice, in {found_splits[row[0]]} and in {row[1]}"
            raise UserError(f"{path}, row {number}: {twice}; leave one of the two")
    return found_splits


def write_splits(path: Path, splits: Mapping[str, str], name: str) -> None:
    """Write the split of each sample, so that the same splits give the same bytes."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([name, "split"])
    rows.writerows(sorted(splits.items()))
    files.write_text(path, text.getvalue())


def read_removed(path: Path | None) -> set[str]:
    """Return the ids that the file names, one a line; none where there is no file. UserError where it is no text."""
    if path is None or not path.exists():
        return set()
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not readable as UTF-8 ({error}); expected one id per line") from None
    return {line.strip() for line in lines} - {""}


def take_back(manifest: pd.DataFrame, removed: set[str], noun: str, plain: Callable[[str], str] = str) -> None:
    """Quarantine the records that were taken back; print which ids name nothing.

    noun: what a record is called. plain: of an id, what is compared.
    """
    if not removed:
        return
    names = manifest["id"].map(plain)
    wanted = {plain(name) for name in removed}
    quarantine(manifest, names.isin(wanted), TAKEN_BACK)
    if lost := wanted - set(names):
        print(f"prepare: data/removed.txt names {len(lost)} {noun}(s) that are not in the data, such as {min(lost)}")


def say_what_is_not_there(splits: Mapping[str, str], there: Iterable[str], noun: str) -> None:
    """Print how many samples the file names that the data do not have; `noun` is what one is called."""
    lost = splits.keys() - set(there)
    if lost:
        print(f"prepare: data/splits.csv names {len(lost)} {noun}(s) that are not in the data, such as {min(lost)}")


def _remedy(path: Path) -> str:
    return f"bring it back with: git checkout {path}"
