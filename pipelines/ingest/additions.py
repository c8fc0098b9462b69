"""What a source has that a project has not: counts by class, and how it is written."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OfClass:
    """What is new of one class. before: samples that the project has of it. in_source: whether the source has any."""

    name: str
    before: int
    new: int
    changed: int
    in_source: bool

    @property
    def remark(self) -> str:
        """What is special about it, in words; "" where nothing is."""
        if not self.before:
            return "a new class"
        return "" if self.in_source else "not in the source, its samples stay"


@dataclass(frozen=True)
class Additions:
    """What a source has that the raw data of a project have not.

    noun: what a sample is called. changed: names of samples whose content is another now. left_out: why, and how many new
    ones are not brought in. write: writes files into a folder, as they are to lie under `data/raw`; others stay.
    """

    noun: str
    classes: tuple[OfClass, ...]
    changed: tuple[str, ...]
    left_out: Counter[str]
    write: Callable[[Path], None]

    @property
    def new(self) -> int:
        """How many samples are new."""
        return sum(one.new for one in self.classes)

    @property
    def any(self) -> bool:
        """Whether there is anything to bring in."""
        return bool(self.new or self.changed)


def by_class(
    before: Iterable[str], source: Iterable[str], new: Iterable[str], changed: Iterable[str]
) -> tuple[OfClass, ...]:
    """Return the counts of each class from the classes of samples: those there, those in the source, new and changed ones."""
    there, added, other, offered = Counter(before), Counter(new), Counter(changed), set(source)
    names = sorted({*there, *added, *other} - {""})
    return tuple(OfClass(name, there[name], added[name], other[name], name in offered) for name in names)
