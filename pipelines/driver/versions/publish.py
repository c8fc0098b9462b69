"""What becomes of what a run has made: recorded as a version, and pushed, data before what names them.

A push that fails is tried again, and at last left to the next run, which finds in the project's scratch folder what is left.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from gan.errors import one_line
from pipelines import files
from pipelines.driver import dvc, git, summary, versions
from pipelines.driver.run_settings import Publish
from pipelines.driver.versions import commit
from pipelines.errors import UserError

LEFT = f"{files.WORK}/unpushed.json"
WAITS_SECONDS = (1.0, 4.0, 15.0)  # between tries of a push
NO_SPEED = ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60")  # git gives up where nothing moves for a minute

Say = Callable[[str], None]


class Refused(UserError):
    """A push that no other try will mend."""


@dataclass
class Published:
    """What became of what a run has made.

    version: that was recorded. pushed: the versions that are at every remote now. undone: why something was not recorded or
    not pushed, a line.
    """

    version: str | None = None
    pushed: list[str] = field(default_factory=list)
    undone: str | None = None

    @property
    def line(self) -> str | None:
        """What was done, None where nothing was."""
        recorded = [f"recorded {self.version}"] if self.version else []
        pushed = [f"pushed {', '.join(self.pushed)}"] if self.pushed else []
        return ", ".join([*recorded, *pushed]) or None


@dataclass
class Left:
    """What is still to be pushed: versions whose data DVC's remote may lack, and for each that git's does its branch."""

    data: list[str] = field(default_factory=list)
    git: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def read(cls, project: Path) -> "Left":
        """Return what the last run has left; of versions that were taken away nothing."""
        try:
            found = json.loads((project / LEFT).read_text(encoding="utf-8"))
            left = cls(list(found["data"]), dict(found["git"]))
        except (OSError, ValueError, LookupError, TypeError):  # nothing is left, or it was cut short
            return cls()
        there = {version.name for version in versions.all_of(project)}
        return cls([name for name in left.data if name in there], {k: v for k, v in left.git.items() if k in there})

    @property
    def names(self) -> list[str]:
        """The versions of which something is left."""
        return list(dict.fromkeys([*self.data, *self.git]))

    def write(self, project: Path) -> None:
        """Note it for the next run."""
        if self.data or self.git:
            files.write_json(project / LEFT, vars(self))
        else:
            (project / LEFT).unlink(missing_ok=True)


def publish(project: Path, settings: Publish, is_current: bool, say: Say) -> Published:
    """Record what is there as a version where the settings say so, push what is left; no error, a line says what is undone.

    is_current: whether every stage is up to date; else nothing is recorded. say: is told of each try that failed.
    """
    done = Published()
    if settings.when == "never":
        return done
    left = Left.read(project)
    try:
        if is_current and _is_due(project, settings):
            done.version = _record(project, settings, left)
    except UserError as error:
        done.undone = f"what was made is not recorded as a version: {one_line(error, 300)}"
    names = left.names
    try:
        if settings.push and names and _push(project, left, say):
            done.pushed = names
    except UserError as error:
        done.undone = f"{', '.join(left.names)} not pushed: {one_line(error, 300)}; the next run tries again"
    return done


def _is_due(project: Path, settings: Publish) -> bool:
    found = summary.of(project)
    if found is None or (settings.when == "ship" and found.verdict != "ship"):
        return False
    last = versions.last(project)
    return last is None or versions.is_changed(project, last.commit)


def _record(project: Path, settings: Publish, left: Left) -> str:
    """Record a version, under a name that git's remote has not given either, and return the name."""
    branch = settings.branch or commit.current_branch(project)
    remote = remote_of(project, branch)
    taken = _names_at(project, remote) if settings.push and remote else ""
    name = versions.next_name(project, versions.number_in(taken))
    noted = Left([*left.data, name], left.git | {name: branch})
    noted.write(project)  # first: a run that is killed here leaves no version that nobody pushes
    versions.record(project, settings.branch, name)
    left.data, left.git = noted.data, noted.git
    return name


def _names_at(project: Path, remote: str) -> str:
    return git.answer(project, *NO_SPEED, "ls-remote", "--tags", remote, f"{versions.PREFIX}*")


def remote_of(project: Path, branch: str | None) -> str | None:
    """Return the git remote that a branch is pushed to: its own, else `origin`, else the only one; None where there is none."""
    remotes = git.answer(project, "remote").split()
    own = git.answer(project, "config", f"branch.{branch}.remote")
    return own if own in remotes else "origin" if "origin" in remotes else (remotes or [None])[0]  # type: ignore[list-item]


def _push(project: Path, left: Left, say: Say) -> bool:
    """Push the data, and once they are there, what names them: nobody finds a version whose data are not to be had.

    Returns whether there is a remote at all.
    """
    pushed = _try(partial(_push_data, project, left.data), say)
    left.data = []
    left.write(project)
    for name, branch in list(left.git.items()):
        pushed |= _try(partial(_push_git, project, name, branch), say)
        del left.git[name]
        left.write(project)
    return pushed


def _try(push: Callable[[], bool], say: Say) -> bool:
    """Push, and where it fails, again after growing waits; the last UserError where it never came through."""
    for wait in WAITS_SECONDS:
        try:
            return push()
        except Refused:
            raise
        except UserError as error:
            say(f"{one_line(error, 200)}; again in {wait:g} s")
            time.sleep(wait)
    return push()


def _push_data(project: Path, names: list[str]) -> bool:
    if not names or not dvc.default_remote(project):
        return False
    last = versions.last(project)
    now = len(names) == 1 and last and names == [last.name] and not versions.is_changed(project, last.commit)
    dvc.command(project, "push", *([] if now else ["--all-tags"]))
    return True


def _push_git(project: Path, name: str, branch: str | None) -> bool:
    remote = remote_of(project, branch)
    if remote is None:
        return False
    refs = [f"refs/tags/{name}", *([f"refs/heads/{branch}"] if branch else [])]
    try:
        git.output(project, *NO_SPEED, "push", "--porcelain", "--atomic", remote, *refs)
    except git.Failed as error:
        refused = [line.split("\t") for line in error.printed.splitlines() if line.startswith("!\t")]
        if not refused:
            raise
        where = refused[0][1].partition(":")[2]
        raise Refused(
            f"git push to {remote}: {where} was refused {refused[0][-1]}; take in what is there: git pull {remote}"
        ) from None
    return True
