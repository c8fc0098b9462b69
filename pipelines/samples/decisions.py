"""What reviewers decided of samples: a file of lines in git that is only ever added to.

Each line is JSON: who decided what of which sample, and when. An undo is a line as well, so nothing is ever taken out. A
sample is told by its id and a digest of its values: a generator that was trained anew makes other samples under the same
ids, and what was decided of the old ones says nothing of them.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.errors import UserError
from pipelines.samples.forms import Values

KEEP: Literal["keep"] = "keep"
REJECT: Literal["reject"] = "reject"
UNDO: Literal["undo"] = "undo"
REJECTED = "rejected in review"  # the status of a candidate that a reviewer rejected

Key: TypeAlias = tuple[str, str]  # id and digest of a sample


class Line(BaseModel):
    """One line of the file.

    act: what is undone together; an undo carries the act that it takes back. bulk: whether the sample was rejected with
    all that a filter listed, without a look at each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    when: str
    who: str
    label: str = Field(alias="class")
    sample: str
    digest: str
    decision: Literal["keep", "reject", "undo"]
    act: str
    bulk: bool = False

    @property
    def key(self) -> Key:
        """The sample that it is about."""
        return self.sample, self.digest


class Decisions:
    """The decisions that stand: of each sample the last that was not undone."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._of: dict[Key, dict[str, Line]] = {}  # of a sample, by act, the last decision last
        self._acts: dict[str, dict[Key, Line]] = {}
        for line in lines:
            self.apply(line)

    def apply(self, line: Line) -> None:
        """Take in the next line of the file."""
        if line.decision == UNDO:
            self._of.get(line.key, {}).pop(line.act, None)
            self._acts.get(line.act, {}).pop(line.key, None)
        else:
            self._of.setdefault(line.key, {})[line.act] = line
            self._acts.setdefault(line.act, {})[line.key] = line

    def of(self, key: Key) -> Line | None:
        """Return the decision that stands for a sample, None where there is none."""
        found = self._of.get(key)
        return next(reversed(found.values())) if found else None

    def lines(self) -> Iterator[Line]:
        """Yield the decisions that stand, one a sample."""
        return (line for key in self._of if (line := self.of(key)))

    def acts(self) -> Iterator[list[Line]]:
        """Yield what can be undone, the last first."""
        return (list(lines.values()) for lines in reversed(self._acts.values()) if lines)

    def rejected(self, keys: Iterable[Key]) -> np.ndarray:
        """Return which samples are rejected, (n,) bool."""
        return np.array([(line := self.of(key)) is not None and line.decision == REJECT for key in keys], bool)

    def counts(self, label: str, synthetic: Iterable[Key], real: Iterable[Key]) -> dict[str, int]:
        """Return what was decided of the samples of a class, in numbers.

        `kept` and `rejected` of the synthetic ones; `reals` that were decided on one by one and how many of them were
        rejected; `outdated`: decisions of the class about samples that are not there any more; `reviewers`.
        """
        made, known = set(synthetic), set(real)
        own = [line for line in self.lines() if line.label == label]
        here = [line.decision for line in own if line.key in made]
        looked = [line.decision for line in own if line.key in known and not line.bulk]
        return {
            "kept": here.count(KEEP),
            "rejected": here.count(REJECT),
            "reals": len(looked),
            "reals_rejected": looked.count(REJECT),
            "outdated": sum(line.key not in made | known for line in own),
            "reviewers": len({line.who for line in own}),
        }


def keys(ids: np.ndarray, values: Values) -> list[Key]:
    """Return what tells each of n samples: its id and a digest of its values."""
    return list(zip(map(str, ids), digests(values), strict=True))


def digests(values: Values) -> list[str]:
    """Return 12 hexadecimal digits for each sample, the same for the same values in every process."""
    return [hashlib.sha256(_content(row)).hexdigest()[:12] for row in np.asarray(values)]


def _content(row: np.ndarray) -> bytes:
    return row.tobytes() if row.dtype != object else "\x1f".join(map(str, row.tolist())).encode()


def read(path: Path) -> list[Line]:
    """Return the lines of the file; none where there is no file. UserError names a line that is not a decision."""
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: damaged ({error}); bring it back with: git checkout {path.name}") from None
    lines = []
    # by this end alone: a class name may have another one that Unicode knows
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else [], 1):
        try:
            lines.append(Line.model_validate_json(line))
        except ValidationError as error:
            why = error.errors()[0]["msg"].lower()
            raise UserError(
                f"{path}, line {number}: not a decision ({why}); mend or delete that line, git has the earlier ones"
            ) from None
    return lines


def append(path: Path, lines: Iterable[Line]) -> tuple[int, int]:
    """Add lines to the file, all of them with one write; return where in the file they begin and end."""
    text = "".join(line.model_dump_json(by_alias=True, exclude_defaults=True) + "\n" for line in lines).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        file.write(text)
        return file.tell() - len(text), file.tell()
