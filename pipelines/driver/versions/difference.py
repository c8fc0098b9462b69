"""What changed from one version of a project to another, or to the working state: as a text, and as plain values."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan.errors import one_line
from pipelines.driver import versions
from pipelines.driver.versions import snapshot
from pipelines.driver.versions.snapshot import NOW, Samples, Snapshot
from pipelines.errors import UserError
from pipelines.wording import figure

SHOWN = 5  # samples of a class that the text names
LONGEST = 60  # characters of a setting's value in the text
UNKNOWN = "?"


@dataclass(frozen=True)
class Moved:
    """Samples that came, that went, and that are of another class now, each by its class now or, gone, before."""

    came: dict[str, list[str]]
    went: dict[str, list[str]]
    relabelled: dict[str, list[str]]

    @classmethod
    def between(cls, before: Samples, after: Samples) -> "Moved":
        """Return what happened from `before` to `after`."""
        other = [key for key in after.keys() & before.keys() if after[key] != before[key]]
        return cls(
            came=_by_class(after, after.keys() - before.keys()),
            went=_by_class(before, before.keys() - after.keys()),
            relabelled=_by_class(after, other),
        )

    @property
    def total(self) -> Counter[str]:
        """How many, by what happened."""
        return Counter({what: sum(map(len, classes.values())) for what, classes in vars(self).items()})


@dataclass(frozen=True)
class Difference:
    """What changed from one snapshot to another."""

    before: Snapshot
    after: Snapshot

    @property
    def classes(self) -> dict[str, dict[str, tuple[Any, Any]]]:
        """Of each class that changed what it had and has: real and synthetic samples, verdict, figures."""
        one, two = _classes(self.before), _classes(self.after)
        pairs = {
            name: {key: (one.get(name, {}).get(key), two.get(name, {}).get(key)) for key in _NAMES}
            for name in dict.fromkeys([*two, *one])
        }
        return {name: pair for name, pair in pairs.items() if any(was != now for was, now in pair.values())}

    @property
    def real(self) -> Moved | None:
        """Which real samples came and went; None where either list is not there."""
        return _moved(self.before.real, self.after.real)

    @property
    def synthetic(self) -> Moved | None:
        """Which synthetic samples of the release came and went; None where either list is not there."""
        return _moved(self.before.released, self.after.released)

    @property
    def settings(self) -> dict[str, tuple[Any, Any]]:
        """The settings that are not the same, each before and after; None where `params.yaml` does not say it."""
        one, two = self.before.settings, self.after.settings
        return {key: (one.get(key), two.get(key)) for key in sorted({*one, *two}) if one.get(key) != two.get(key)}

    @property
    def made_anew(self) -> list[str]:
        """The stages whose outputs are not the same, those that are there in one of the two alone included."""
        one, two = self.before.made, self.after.made
        return [name for name in dict.fromkeys([*two, *one]) if one.get(name) != two.get(name)]

    @property
    def plain(self) -> dict[str, Any]:
        """The difference as JSON has it: pairs are [before, after]."""
        sides = {"before": self.before, "after": self.after}
        return {
            **{side: {"name": one.name, "verdicts": _headline(one)} for side, one in sides.items()},
            "classes": {name: {key: list(pair) for key, pair in pairs.items()} for name, pairs in self.classes.items()},
            "real": vars(self.real) if self.real else None,
            "synthetic": vars(self.synthetic) if self.synthetic else None,
            "settings": {key: list(pair) for key, pair in self.settings.items()},
            "made_anew": self.made_anew,
            "missing": {one.name: one.missing for one in sides.values() if one.missing},
        }

    @property
    def markdown(self) -> str:
        """The difference as a text with a heading, a table of the classes that changed, and lists."""
        one, two = _headline(self.before), _headline(self.after)
        verdicts = (two or one or UNKNOWN) if one == two else f"{one or UNKNOWN} → {two or UNKNOWN}"
        parts = [[f"# From {self.before.name} to {self.after.name}"], [verdicts]]
        if self.classes:
            rows = [[name, *(_change(*pair) for pair in pairs.values())] for name, pairs in self.classes.items()]
            parts.append(_table(["class", *_NAMES.values()], rows))
        parts += [_samples("real", self.real), _samples("synthetic", self.synthetic)]
        parts.append([f"- `{name}`: {_short(was)} → {_short(now)}" for name, (was, now) in self.settings.items()])
        if self.made_anew:
            parts.append([f"made anew: {', '.join(map(_escaped, self.made_anew))}"])
        elif len([part for part in parts if part]) == 2:
            parts.append(["nothing changed"])
        parts.append([_absent(side) for side in (self.before, self.after) if side.missing])
        return "\n\n".join("\n".join(part) for part in parts if part)


def since_last(project: Path) -> str | None:
    """Return the text of what changed since the last version, None where there is none or it cannot be read."""
    last = versions.last(project)
    try:
        return Difference(snapshot.of(project, last.name), snapshot.now(project)).markdown if last else None
    except UserError:  # a version that is damaged ends no run
        return None


_NAMES = {  # of what is told of a class, with the words of the table's head
    "real": "real",
    "synthetic": "synthetic",
    "verdict": "verdict",
    "gain": "gain",
    "precision": "average precision",
    "precision_with": "with synthetic",
}


def _moved(before: Samples | None, after: Samples | None) -> Moved | None:
    return None if before is None or after is None else Moved.between(before, after)


def _classes(side: Snapshot) -> dict[str, dict[str, Any]]:
    found = {one.name: one for one in side.found.classes} if side.found else {}
    told: dict[str, dict[str, Any]] = {}
    for name, real in side.counts.items():
        one, precision = found.get(name), side.precision.get(name, {})
        told[name] = {
            "real": real,
            "synthetic": one.shipped if one else 0 if side.found else None,
            "verdict": one.verdict if one else None,
            "gain": one.interval if one and one.gain else None,
            "precision": precision.get("without"),
            "precision_with": precision.get("with"),
        }
    return told


def _headline(side: Snapshot) -> str | None:
    return side.found.headline if side.found else None


def _by_class(samples: Samples, keys: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    chosen: dict[str, list[str]] = {}
    for key in sorted(keys):
        chosen.setdefault(samples[key], []).append(key[0])
    return dict(sorted(chosen.items()))


def _change(was: Any, now: Any) -> str:
    one, two = (figure(value) if value is None or isinstance(value, float) else str(value) for value in (was, now))
    return one if one == two else f"{one} → {two}"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *([_escaped(cell) for cell in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def _samples(kind: str, moved: Moved | None) -> list[str]:
    """Return a line that counts the samples of a kind that came and went, and one for each class that names some."""
    if moved is None or not moved.total.total():
        return []
    counted = ", ".join(f"{count} {what}" for what, count in moved.total.items() if count)
    return [f"{kind} samples: {counted}", *(
        f"- {_escaped(name)}, {what}: {', '.join(f'`{_bare(one)}`' for one in ids[:SHOWN])}"
        + (f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")
        for what, classes in vars(moved).items()
        for name, ids in classes.items()
    )]  # fmt: skip


def _absent(side: Snapshot) -> str:
    """Return the line that says what is not known of a side, and how to bring it."""
    how = "dvc pull" if side.name == NOW else "dvc fetch --all-tags"
    return f"not here of {side.name}: {', '.join(side.missing)}; bring them: {how}"


def _short(value: Any) -> str:
    return "its default" if value is None else f"`{_bare(one_line(value, LONGEST))}`"


def _bare(text: str) -> str:
    return one_line(text, 200).replace("`", "'")


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is: names of classes are anybody's."""
    plain = one_line(text, 200)
    for sign in "\\|`<*":
        plain = plain.replace(sign, f"\\{sign}")
    return plain
