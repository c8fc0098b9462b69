"""git, called as a command in a project's folder: asked, read from, told what to do."""

import os
import subprocess
from pathlib import Path

from gan.errors import one_line
from pipelines.errors import UserError

WITHOUT_QUESTIONS = {"GIT_TERMINAL_PROMPT": "0"}  # a remote that wants a password fails: nobody may be there to type it
ZEROS = "0" * 40  # what git calls a commit that is not there yet


class Failed(UserError):
    """A git command that failed: its last line. printed: what it had printed by then."""

    def __init__(self, line: str, printed: str) -> None:
        super().__init__(line)
        self.printed = printed


def output(project: Path, *arguments: str, given: str = "", **environment: str) -> str:
    """Return what a git command prints; Failed where it fails. given: what it reads."""
    done = _run(project, arguments, given, environment)
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["no message"]
        told = [line for line in said if line.startswith(("fatal:", "error:"))] or said[-1:]
        name = next(word for word in arguments if not word.startswith("-") and "=" not in word)
        raise Failed(f"git {name} in {project}: {one_line(told[0], 200)}", done.stdout.decode(errors="replace"))
    return done.stdout.decode(errors="replace")


def answer(project: Path, *arguments: str) -> str:
    """Return what a git command prints, without the line's end; empty where it fails."""
    done = _run(project, arguments)
    return "" if done.returncode else done.stdout.decode(errors="replace").strip()


def content(project: Path, revision: str, path: str) -> bytes | None:
    """Return the content of a file of the project as a revision has it, None where it has none."""
    done = _run(project, ("cat-file", "blob", f"{revision}:./{path}"))
    return None if done.returncode else done.stdout


def _run(
    project: Path, arguments: tuple[str, ...], given: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=project,
            env={**os.environ, **WITHOUT_QUESTIONS, **(environment or {})},
            input=given.encode(),
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise UserError(
            "git is not installed, and a project is a git repository; install it, e.g.: apt install git"
        ) from None
