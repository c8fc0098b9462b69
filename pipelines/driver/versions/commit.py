"""A commit of named files and its tag, made beside whatever else is changed or staged, both or neither."""

import os
from collections.abc import Iterable
from pathlib import Path

from pipelines import files
from pipelines.driver import git
from pipelines.errors import UserError

UNDER_WAY = {  # what git is in the middle of, by the file that says so
    "MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert", "rebase-merge": "rebase",
    "rebase-apply": "rebase",
}  # fmt: skip


def tagged(project: Path, paths: Iterable[str], branch: str | None, message: str, tag: str, about: str) -> None:
    """Commit files as they are now and tag the commit; where they are committed already, tag that.

    paths: below the project; one that is not there is committed as removed. branch: that gets the commit, None for what is
    checked out; another one is made where there is none, and takes in what is checked out. about: the tag's message.
    UserError where git has no commit yet, does not know its user, or is in the middle of something.
    """
    head = _check(project)
    tagger = _identity(project)
    if branch == current_branch(project):
        branch = None
    tree = _tree(project, [path for path in paths if _is_known(project, head, path)])
    parents = _parents(project, head, branch)
    new = parents[0]
    if len(parents) > 1 or tree != git.answer(project, "rev-parse", f"{new}^{{tree}}"):
        above = [word for parent in parents for word in ("-p", parent)]
        new = git.output(project, "commit-tree", tree, *above, "-F", "-", given=f"{message}\n").strip()
    text = f"object {new}\ntype commit\ntag {tag}\ntagger {tagger}\n\n{about}"
    made = git.output(project, "mktag", given=text).strip()
    if branch is None:
        _take_into_index(project, new, paths)
    ref = "HEAD" if branch is None else f"refs/heads/{branch}"
    before = git.answer(project, "rev-parse", "--verify", "--quiet", ref) or git.ZEROS
    changes = [f"update {ref} {new} {before}"] if new != before else []
    both = "\n".join([*changes, f"create refs/tags/{tag} {made}", ""])
    git.output(project, "update-ref", "-m", message, "--stdin", given=both)


def current_branch(project: Path) -> str | None:
    """Return the branch that is checked out, None where a commit is."""
    return git.answer(project, "symbolic-ref", "--quiet", "--short", "HEAD") or None


def _check(project: Path) -> str:
    """Return the commit that is checked out; UserError where there is none, or git is in the middle of something."""
    folder = git.answer(project, "rev-parse", "--absolute-git-dir")
    if not folder:
        raise UserError(f"{project}: not a git repository, and a version is a commit; make it one: git init")
    for name, what in UNDER_WAY.items():
        if (Path(folder) / name).exists():
            raise UserError(f"{project}: git is in the middle of a {what}; end it first, see: git status")
    head = git.answer(project, "rev-parse", "--verify", "--quiet", "HEAD")
    if not head:
        raise UserError(f"{project}: there is no commit yet; make the first: git add --all && git commit -m 'Set up'")
    return head


def _identity(project: Path) -> str:
    """Return who commits and when, as git writes it; UserError where git does not know."""
    who = git.answer(project, "var", "GIT_COMMITTER_IDENT")
    if not who or not git.answer(project, "var", "GIT_AUTHOR_IDENT"):
        raise UserError(
            "git does not know who you are; tell it: git config user.name 'Your Name' && git config user.email you@example.com"
        )
    return who


def _is_known(project: Path, head: str, path: str) -> bool:
    return (project / path).exists() or git.content(project, head, path) is not None


def _tree(project: Path, paths: list[str]) -> str:
    """Return the tree of what is checked out with the files as they are now, made in an index of its own."""
    index = (project / files.WORK / f"index-{os.getpid()}").resolve()
    index.parent.mkdir(parents=True, exist_ok=True)
    try:
        git.output(project, "read-tree", "HEAD", GIT_INDEX_FILE=str(index))
        git.output(project, "add", "--all", "--", *paths, GIT_INDEX_FILE=str(index))
        return git.output(project, "write-tree", GIT_INDEX_FILE=str(index)).strip()
    finally:
        index.unlink(missing_ok=True)


def _parents(project: Path, head: str, branch: str | None) -> list[str]:
    """Return what the commit follows: the branch's last one here or at a remote, and what is checked out where it is newer."""
    refs = ("refs/heads/", "refs/remotes/origin/") if branch else ()
    tips = [git.answer(project, "rev-parse", "--verify", "--quiet", f"{ref}{branch}") for ref in refs]
    tip = next(filter(None, tips), head)
    base = git.answer(project, "merge-base", tip, head)
    return [tip] if base == head else [head] if base == tip else [tip, head]


def _take_into_index(project: Path, new: str, paths: Iterable[str]) -> None:
    """Make the user's index say of the files what the new commit does; else they would look staged to be taken back."""
    git.output(project, "reset", "--quiet", new, "--", *paths)
