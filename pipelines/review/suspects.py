"""Real samples that may be wrong, as the stage `baseline` lists them: what the page shows of each, and which are taken back."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import files
from pipelines.errors import UserError
from pipelines.ingest.kept import read_removed
from pipelines.review.cards import Card, card
from pipelines.samples import Samples, Values

SHOWN = ("sample", "class", "why", "likely", "nearest")  # columns of the list


@dataclass(frozen=True)
class Suspects:
    """The listed samples that the two splits have, the most suspicious first, and the file that names those taken back.

    listed: of each `sample`, `class`, `why`, the class that it is `likely` of and the `nearest` sample of that, or "".
    """

    listed: list[dict[str, str]]
    splits: tuple[Samples, Samples]
    file: Path

    @classmethod
    def load(cls, path: Path, splits: tuple[Samples, Samples], file: Path) -> "Suspects":
        """path: what `baseline` has written; none are listed where it has not."""
        from pipelines.report import suspects  # loads matplotlib

        if not path.is_file():
            return cls([], splits, file)
        with files.undamaged(path):
            rows = suspects.read(path)[list(SHOWN)].to_numpy(str)
        there = set(splits[0].ids) | set(splits[1].ids)
        return cls([dict(zip(SHOWN, row.tolist(), strict=True)) for row in rows if row[0] in there], splits, file)

    def listing(self) -> list[dict[str, Any]]:
        """Return what the page says of each, and whether it is `taken` back."""
        taken = read_removed(self.file)
        return [
            {name: one[name] for name in ("sample", "class", "why")} | {"taken": one["sample"] in taken}
            for one in self.listed
        ]

    def card(self, number: int) -> Card:
        """Return what the page shows of the sample at a place of the list, beside the nearest of the class that it is like."""
        one = self.listed[number]
        beside = one["nearest"] if one["nearest"] in self._places else ""
        names = [one["sample"], *([beside] if beside else [])]
        captions = [f"said to be {one['class']}", *([f"the nearest of {one['likely']}"] if beside else [])]
        return card([self._values(name) for name in names], self.splits[0]) | {"names": captions}

    def decide(self, number: int, taken: bool) -> None:
        """Take the sample at a place of the list back, or put it back in."""
        change = add_removed if taken else drop_removed
        change(self.file, [self.listed[number]["sample"]])

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        """The split and row of each sample, by id."""
        return {str(name): (split, row) for split, own in enumerate(self.splits) for row, name in enumerate(own.ids)}

    def _values(self, name: str) -> Values:
        split, row = self._places[name]
        own = self.splits[split]
        return own.form.take(own.values, np.array([row]))


def add_removed(path: Path, names: Iterable[str]) -> list[str]:
    """Add ids to the file of samples that are taken back, and return those that it did not have."""
    taken, names = read_removed(path), list(names)
    for name in names:
        if name != name.strip() or len(name.splitlines()) > 1:
            raise UserError(
                f"{name!r} can be no line of {path}: it has spaces at an end, or a line break; rename the sample"
            )
    new = [name for name in dict.fromkeys(names) if name not in taken]
    before = _text(path)
    gap = "\n" if before and not before.endswith("\n") else ""
    files.write_text(path, before + gap + "".join(f"{name}\n" for name in new))
    return new


def drop_removed(path: Path, names: Iterable[str]) -> None:
    """Take ids out of the file; all its other lines stay as they are."""
    lines, gone = re.split(r"(?<=\n)", _text(path)), set(names)
    left = [line for line in lines if line.strip().lstrip("\ufeff") not in gone]
    files.write_text(path, "".join(left))


def _text(path: Path) -> str:
    """Return what a file says with its line ends as they are, nothing where there is none."""
    return path.read_bytes().decode() if path.exists() else ""
