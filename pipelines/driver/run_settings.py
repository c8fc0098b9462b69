"""The settings of a run itself, in groups of `params.yaml` that no stage depends on: `gate`, `resume`, `publish`."""

import re
from typing import Literal

from pydantic import Field, field_validator

from gan.settings import ExpertField, Settings


class Gate(Settings):
    """What the command line makes of the verdicts."""

    enforce: bool = Field(default=False, description="`tailweight run` exits with code 3 when nothing ships, for CI")


class Resume(Settings):
    """How a stage that was stopped goes on."""

    time_share: float = ExpertField(
        default=0.01, ge=0, le=0.5, description="of a training's time, for keeping its state to go on from; 0: none"
    )


class Publish(Settings):
    """What becomes of what a run has made."""

    when: Literal["never", "ship", "always"] = ExpertField(
        default="never", description="record what a run changed as a version: never, where a class can ship, or always"
    )
    push: bool = ExpertField(default=True, description="push versions, data to DVC's remote and the rest to git's")
    branch: str | None = ExpertField(
        default=None, description="that versions are committed to; null: what is checked out"
    )

    @field_validator("branch")
    @classmethod
    def _is_a_branch(cls, name: str | None) -> str | None:
        if name is not None and not is_branch(name):
            raise ValueError("git takes no such name for a branch")
        return name


GROUPS: dict[str, type[Settings]] = {"gate": Gate, "resume": Resume, "publish": Publish}
ABOUT = {
    "gate": "what the command line makes of the verdicts",
    "resume": "how a stage that was stopped goes on",
    "publish": "what becomes of what a run has made",
}


def is_branch(name: str) -> bool:
    """Say whether git takes a name for a branch.

    >>> [is_branch(name) for name in ("data/nightly", "-x", "a..b", "a.lock", "")]
    [True, False, False, False, False]
    """
    parts = name.split("/")
    whole = all(part and not part.startswith((".", "-")) and not part.endswith((".lock", ".")) for part in parts)
    return whole and name not in ("@", "HEAD") and not re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{", name)
