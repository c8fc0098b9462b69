"""Versions of a project: a commit of what was decided and made, and an annotated git tag that says so.

A version is named `data-v1`, `data-v2`, …; its tag's message has the verdicts in a line and, below it, the samples of each
class as YAML. The data themselves are in DVC's cache, by the hashes in `dvc.lock`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from gan.errors import one_line
from pipelines import files
from pipelines.driver import dag, dvc, git, lock, params, summary
from pipelines.driver.versions import commit
from pipelines.errors import UserError, nearest
from pipelines.ingest import source
from pipelines.plan import Plan

IN_GIT = (  # what a run may change, or its user, and git keeps
    lock.FILE, dag.PLAN, summary.JUDGED, params.FILE, dvc.FILE, dvc.CODE, dag.RAW_FILE, source.FILE,
    *dag.LAID_EMPTY,
)  # fmt: skip
PREFIX = "data-v"
FIELDS = ("refname:strip=2", "*objectname", "creatordate:iso-strict", "contents")
HEADLINE_LENGTH = 160


@dataclass(frozen=True)
class Version:
    """What is known of a version by its tag alone.

    date: when it was recorded, ISO 8601. classes: by name, how many `real` training samples and `synthetic` ones in the
    release, and the `verdict`, None of a majority class.
    """

    name: str
    commit: str
    date: str
    headline: str
    classes: dict[str, dict[str, Any]]

    @property
    def plain(self) -> dict[str, Any]:
        """The version as JSON has it."""
        return dict(vars(self))

    def total(self, kind: str) -> int:
        """Return the number of `real` or of `synthetic` samples."""
        return sum(one[kind] for one in self.classes.values())


def all_of(project: Path) -> list[Version]:
    """Return the versions of a project, the first one first."""
    layout = "".join(f"%({field})%00" for field in FIELDS)
    told = git.answer(project, "for-each-ref", f"--format={layout}", f"refs/tags/{PREFIX}*")
    tags = [entry.split("\0")[: len(FIELDS)] for entry in told.split("\0\n") if entry]
    versions = [_read(*tag) for tag in tags if _number(tag[0]) and tag[1]]  # a tag without a message has no target
    return sorted(versions, key=lambda version: _number(version.name))


def last(project: Path) -> Version | None:
    """Return the version that was recorded last."""
    return (all_of(project) or [None])[-1]  # type: ignore[list-item]


def commit_of(project: Path, name: str) -> str:
    """Return the commit of a version, or of whatever else git knows by that name; UserError where it is none."""
    found = git.answer(project, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if found and git.content(project, found, lock.FILE) is not None:
        return found
    if found:
        raise UserError(f"{name}: has no {lock.FILE}, so it is no version of this project; see: tailweight versions")
    names = [version.name for version in all_of(project)]
    if not names:
        raise UserError(f"{name!r} is not a version, there are none yet; record one: tailweight versions --record")
    raise UserError(f"{name!r} is not a version{nearest(name, names)}")


def is_changed(project: Path, revision: str) -> bool:
    """Say whether what was made and judged differs from what a revision has; the order of stages does not matter."""
    if not has_all(project, revision, (summary.JUDGED, dag.REVIEW)):
        return True
    now, then = _now(project, lock.FILE), git.content(project, revision, lock.FILE)
    return now != then and lock.stages(now) != lock.stages(then)


def has_all(project: Path, revision: str, paths: Iterable[str]) -> bool:
    """Say whether a revision has files of the project as they are now."""
    return all(_now(project, path) == git.content(project, revision, path) for path in paths)


def next_name(project: Path, above: int = 0) -> str:
    """Return the name of the next version: its number is higher than that of any tag, and than `above`."""
    tags = git.answer(project, "tag", "--list", f"{PREFIX}*")
    return f"{PREFIX}{max(above, number_in(tags)) + 1}"


def record(project: Path, branch: str | None = None, name: str | None = None) -> Version:
    """Record what is there as a version and return it; UserError where that cannot be.

    branch: where its commit goes, None for what is checked out. name: the next one by default. Only the files in `IN_GIT` are
    committed; whatever else is changed or staged stays as it is.
    """
    found = summary.of(project)
    if found is None:
        raise UserError(f"{project / summary.METRICS}: no verdicts yet, so there is nothing to record; tailweight run")
    _check_inputs(project)
    name = name or next_name(project)
    headline = one_line(found.headline, HEADLINE_LENGTH)
    about = f"{headline}\n\n{files.yaml_text({'classes': _classes(project, found)})}"
    commit.tagged(project, IN_GIT, branch, f"{name}: {headline}", name, about)
    return next(version for version in all_of(project) if version.name == name)


def number_in(names: str) -> int:
    """Return the highest number of a version among the words of a text, 0 where there is none."""
    return max(map(_number, ["", *names.replace("/", " ").split()]))


def _number(name: str) -> int:
    match = re.fullmatch(rf"{PREFIX}([1-9][0-9]*)", name)
    return int(match[1]) if match else 0


def _read(name: str, target: str, date: str, message: str) -> Version:
    headline, _, rest = message.partition("\n")
    try:
        classes = YAML(typ="safe").load(rest)["classes"]
        classes = {str(key): {k: one[k] for k in ("real", "synthetic", "verdict")} for key, one in classes.items()}
    except (YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError):  # somebody else's tag
        classes = {}
    return Version(name, target, date, headline, classes)


def _classes(project: Path, found: summary.Summary) -> dict[str, dict[str, Any]]:
    known = {one.name: one for one in found.classes}
    counts = Plan.load(project / dag.PLAN).counts | {name: one.real for name, one in known.items()}
    return {
        name: {
            "real": real,
            "synthetic": known[name].shipped if name in known else 0,
            "verdict": known[name].verdict if name in known else None,
        }
        for name, real in counts.items()
    }


def _check_inputs(project: Path) -> None:
    """Raise UserError where the stages depend on a file that neither DVC keeps nor git has as it is."""
    entries = lock.stages(_now(project, lock.FILE)).values()
    if not entries:
        raise UserError(f"{project / lock.FILE}: nothing was made yet, or it is damaged; tailweight run")
    made = {out["path"] for entry in entries for out in entry.get("outs", [])} | {dag.RAW, *dag.SHARED_FOLDERS}
    needed = {dep["path"] for entry in entries for dep in entry.get("deps", [])} - set(IN_GIT)
    inputs = sorted(path for path in needed if not any(f"{path}/".startswith(f"{out}/") for out in made))
    changed = git.output(project, "status", "--porcelain", "--", *inputs) if inputs else ""
    if changed:
        raise UserError(
            f"{changed.splitlines()[0][3:]}: stages depend on it, and git has not what is there now; commit it first"
        )


def _now(project: Path, path: str) -> bytes | None:
    return (project / path).read_bytes() if (project / path).is_file() else None
