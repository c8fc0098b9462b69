"""What `tailweight suspects` lists: real samples to look at, in words and on a page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import files
from pipelines.evaluation import reading, suspects
from pipelines.evaluation.baseline import Baseline
from pipelines.evaluation.choose import Choice
from pipelines.evaluation.evaluate import prepare
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.study import Study
from pipelines.likeness.distance import nearest, spaces
from pipelines.report.page import environment
from pipelines.report.pictures import PAINTERS, Paint, Picture
from pipelines.samples import Samples
from pipelines.wording import figure


@dataclass(frozen=True)
class Suspect:
    """A sample to look at. label: its class.   why: in words.   pictures: of it and its like, of kinds that have any."""

    id: str
    label: str
    why: str
    likely: str | None = None
    pictures: list[Picture] = field(default_factory=list)

    @property
    def plain(self) -> dict[str, Any]:
        """What programs are told of it. likely: the class that it may be of, None where it is unlike the others."""
        return {"sample": self.id, "class": self.label, "likely": self.likely, "why": self.why}


def find(
    train: Path, validation: Path, classes: Path, plan: Path, baseline: Path, settings: Settings, seed: int
) -> list[Suspect]:
    """Return the training and validation samples to look at, the most suspicious first: labels, then strange ones.

    The paths are those of the stage `baseline`, which has trained what is asked here. Labels are asked about only where there
    is a minority class with two samples or more, as nothing else was trained.
    """
    seen, held_out = Samples.load(train), Samples.load(validation)
    inputs = reading.real(seen, held_out, classes, plan)
    shown = Shown(inputs, (seen, held_out))
    study = prepare(inputs, settings, seed, baseline=Baseline.load(baseline)) if inputs.targets else None
    found = _mislabelled(shown, *study) if study else []
    known = {one.id for one in found}
    return found + [one for one in _strange(shown) if one.id not in known]


@dataclass(frozen=True)
class Shown:
    """The samples of `inputs.real` as a user knows them. parts: they, split by split."""

    inputs: Inputs
    parts: tuple[Samples, Samples]

    @cached_property
    def paint(self) -> Paint | None:
        """How a sample is shown; None for kinds that have no pictures."""
        seen = self.parts[0]
        return PAINTERS[seen.kind](seen) if seen.kind in PAINTERS else None

    def class_of(self, row: int) -> str:
        """Return the name of a sample's class."""
        return self.inputs.names[self.inputs.real.y[row]]

    def suspect(self, row: int, why: str, likely: str | None = None, like: Sequence[int] = ()) -> Suspect:
        """Return the sample at `row` with its picture, and one of its nearest among the rows `like` of the class `likely`."""
        pictures = self._picture(row, f"said to be {self.class_of(row)}")
        if len(like):
            x = self.inputs.real.x
            near = like[int(nearest(spaces(self.inputs.train)[0], x[[row]], x[np.asarray(like)])[1][0])]
            pictures += self._picture(near, f"the nearest of {likely}")
        part, place = self._place(row)
        return Suspect(str(part.ids[place]), self.class_of(row), why, likely, pictures)

    def _place(self, row: int) -> tuple[Samples, int]:
        first, second = self.parts
        return (first, row) if row < len(first) else (second, row - len(first))

    def _picture(self, row: int, what: str) -> list[Picture]:
        part, place = self._place(row)
        return [self.paint(part.values[place], what, True)] if self.paint else []


def _mislabelled(shown: Shown, study: Study, choice: Choice) -> list[Suspect]:
    """Return the samples that a classifier which has not seen them finds in another class."""
    if study.folds is None or not study.folds.splits:
        return []
    said, y = suspects.out_of_fold(study.folds, choice.classifier), shown.inputs.real.y
    doubt, other = suspects.doubts(said, y)
    found = []
    for row in suspects.listed(doubt, suspects.DOUBTFUL):
        own, likely = shown.class_of(row), shown.inputs.names[other[row]]
        why = f"looks like {likely} ({figure(said[row, other[row]], 2)}, as {own} {figure(said[row, y[row]], 2)})"
        like = [int(one) for one in np.flatnonzero(y == other[row])]
        found.append(shown.suspect(int(row), why, likely, like if shown.paint else ()))
    return found


def _strange(shown: Shown) -> list[Suspect]:
    """Return the samples that are unlike the others of their class."""
    strange = suspects.strangeness(shown.inputs)
    found = []
    for row in suspects.listed(strange, suspects.STRANGE):
        times = f"{strange[row]:.1f} times as far from the others of its class as is usual there"
        why = times if np.isfinite(strange[row]) else "the others of its class are all alike, and it is not"
        found.append(shown.suspect(int(row), why))
    return found


def write(found: Sequence[Suspect], path: Path) -> bool:
    """Write a page of the pictures, and say whether there are any."""
    if not any(one.pictures for one in found):
        return False
    files.write_text(path, environment().get_template("suspects.html.j2").render(suspects=found))
    return True
