"""A review under way: what is listed, what was decided of it, and what that comes to."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.evaluation.intervals import wilson
from pipelines.review.cards import Card, card
from pipelines.review.classes import Reviewed
from pipelines.review.queue import Wanted, listed
from pipelines.review.suspects import Suspects
from pipelines.samples.decisions import REJECT, UNDO, Decisions, Key, Line, append, read

Changed = dict[int, str]  # place in the queue -> what is decided now, an empty text for nothing


class Session:
    """The classes under review, by slug, the file of decisions, which others may add to as well, and the real samples that
    may be wrong.
    """

    def __init__(self, classes: Mapping[str, Reviewed], file: Path, who: str, suspects: Suspects) -> None:
        self.classes, self.file, self.who, self.suspects = classes, file, who, suspects
        self._places = {slug: {key: at for at, key in enumerate(one.keys)} for slug, one in classes.items()}
        self._size = -1  # of the file when it was read
        self._decisions = Decisions()

    @property
    def decisions(self) -> Decisions:
        """What stands in the file, read anew where somebody else has written to it."""
        size = self.file.stat().st_size if self.file.is_file() else 0
        if size != self._size:
            self._decisions, self._size = Decisions(read(self.file)), size
        return self._decisions

    def decided(self, slug: str) -> np.ndarray:
        """Return what is decided of each sample of the queue, (n,) object: keep, reject or an empty text."""
        found, places = np.full(len(self.classes[slug].keys), "", object), self._places[slug]
        for line in self.decisions.lines():
            if line.key in places:
                found[places[line.key]] = line.decision
        return found

    def listing(self, slug: str, wanted: Wanted) -> dict[str, list[Any]]:
        """Return the places in the queue that a filter lists, `numbers`, and what is decided of every sample, `decided`."""
        decided = self.decided(slug)
        numbers = listed(self.classes[slug].queue, decided, wanted)
        return {"numbers": numbers.tolist(), "decided": decided.tolist()}

    def card(self, slug: str, number: int) -> Card:
        """Return what the page shows of the sample at a place of the queue."""
        one = self.classes[slug]
        return card(one.shown(number), one.own)

    def decide(self, slug: str, numbers: Iterable[int], decision: str, bulk: bool = False) -> Changed:
        """Write a decision on each sample, to be undone together."""
        self._write(slug, [self.classes[slug].keys[at] for at in numbers], decision, secrets.token_hex(4), bulk)
        return dict.fromkeys(numbers, decision)

    def to_reject(self, slug: str, wanted: Wanted) -> list[int]:
        """Return which of the samples that a filter lists are not rejected yet."""
        found = self.listing(slug, wanted)
        return [at for at in found["numbers"] if found["decided"][at] != REJECT]

    def undo(self, slug: str) -> Changed:
        """Take back this reviewer's last decision on samples of the class, or all that were rejected at once with it."""
        places = self._places[slug]
        for lines in self.decisions.acts():
            if lines[0].who == self.who and lines[0].key in places:
                keys = [line.key for line in lines if line.key in places]
                self._write(slug, keys, UNDO, lines[0].act)
                return {places[key]: line.decision if (line := self.decisions.of(key)) else "" for key in keys}
        return {}

    def _write(self, slug: str, keys: list[Key], decision: str, act: str, bulk: bool = False) -> None:
        standing = self.decisions
        when, label = datetime.now(UTC).isoformat(timespec="seconds"), self.classes[slug].label
        told: dict[str, Any] = {
            "when": when,
            "who": self.who,
            "label": label,
            "decision": decision,
            "act": act,
            "bulk": bulk,
        }
        lines = [Line(sample=name, digest=digest, **told) for name, digest in keys]
        start, end = append(self.file, lines)
        for line in lines:
            standing.apply(line)
        self._size = end if start == self._size else -1

    def counts(self, slug: str) -> dict[str, int]:
        """Return what was decided of a class so far, see `Decisions.counts`, and what there is to decide."""
        one = self.classes[slug]
        made = [key for key, real in zip(one.keys, one.queue["real"], strict=True) if not real]
        found = self.decisions.counts(one.label, made, one.known)
        undecided = len(made) - found["kept"] - found["rejected"]
        return {**found, "undecided": undecided, "mixed_in": len(one.keys) - len(made)}

    def summary(self, slug: str) -> dict[str, Any]:
        """Return the counts of a class, with the error on real samples: of the class, and of all classes in `overall`."""
        own = self.counts(slug)
        every = [self.counts(other) for other in self.classes]
        overall = {name: sum(one[name] for one in every) for name in ("reals", "reals_rejected")}
        return {**own, **error(own), "overall": {**overall, **error(overall)}}


def error(counts: Mapping[str, int]) -> dict[str, float]:
    """Return the Wilson interval of the share of real samples that were rejected."""
    low, high = wilson(counts["reals_rejected"], counts["reals"])
    return {"error_low": low, "error_high": high}
