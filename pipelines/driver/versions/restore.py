"""A version put back: its files from git, its data from DVC's cache, all or nothing, never over work that is kept nowhere."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pipelines import files
from pipelines.driver import dag, dvc, git, summary, versions
from pipelines.driver.check import Standing
from pipelines.driver.versions import cached
from pipelines.errors import UserError
from pipelines.plan import Plan

# Which results the test split has given stays as it is: it wears out with every look, however often one goes back.
PUT_BACK = tuple(path for path in versions.IN_GIT if path != summary.JUDGED)
CHANGED_OUTPUT = "changed outs"  # DVC's words for an output that is not what was recorded
GONE = "deleted"  # what DVC says of an output that is not there: nothing can be lost


def restore(project: Path, name: str) -> list[str]:
    """Make the project what it was in a version, and return the files in git that differ now from what they were before.

    UserError, and nothing changed, where work would be lost, the cache has not all of the version, or DVC fails.
    """
    revision = versions.commit_of(project, name)
    wanted = {path: git.content(project, revision, path) for path in PUT_BACK}
    before = {path: (project / path).read_bytes() if (project / path).is_file() else None for path in PUT_BACK}
    changed = [path for path in PUT_BACK if wanted[path] != before[path]]
    _check_files(project, changed)
    _check_outputs(project)
    cached.need(project, revision, name)
    try:
        _put(project, wanted, changed)
        dvc.prune_files(project, set(Plan.load(project / dag.PLAN).classes))
        dvc.command(project, "checkout")
    except BaseException:
        _put(project, before, changed)
        dvc.command(project, "checkout")
        raise
    return changed


def _check_files(project: Path, paths: Iterable[str]) -> None:
    """Raise UserError where what a file says now, or what of it is staged, is in no commit."""
    for path in paths:
        if not (project / path).is_file():
            continue
        now = git.output(project, "hash-object", "--", path).strip()
        staged = git.answer(project, "rev-parse", "--verify", "--quiet", f":./{path}")
        for blob in {now, staged} - {""}:
            if not git.answer(project, "log", "--all", "--max-count=1", "--format=%H", f"--find-object={blob}"):
                raise UserError(
                    f"{path}: changed, and in no commit, so it would be lost; record it first: "
                    "tailweight versions --record (or git commit, or git stash)"
                )


def _check_outputs(project: Path) -> None:
    """Raise UserError where data were changed since they were recorded: DVC's cache has them not."""
    for changes in Standing(project).changed.values():
        for change in changes:
            outputs = change.get(CHANGED_OUTPUT, {}) if isinstance(change, dict) else {}
            for path in (path for path, what in outputs.items() if what != GONE):
                raise UserError(
                    f"{path}: changed since it was recorded, so it would be lost; take it in first: tailweight run "
                    f"(or drop the change: dvc checkout --force {path})"
                )


def _put(project: Path, content: Mapping[str, bytes | None], paths: Iterable[str]) -> None:
    for path in paths:
        there = content[path]
        if there is None:
            (project / path).unlink(missing_ok=True)
        else:
            with files.replaced(project / path) as temporary:
                temporary.write_bytes(there)
