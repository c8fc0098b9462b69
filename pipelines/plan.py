"""`plan.yaml`: which classes the per-class stages are made for."""

import hashlib
import re
from pathlib import Path

from pydantic import BaseModel, computed_field

from pipelines import files


class SubgroupPlan(BaseModel):
    """What a class needs of one subgroup, its samples with the same value of an attribute."""

    value: str
    train_samples: int
    needed: int


def at_dose(needed: int, dose: float) -> int:
    """Return how many samples a class gets at `dose`, a share of what would balance it: one, where that is less than one."""
    return max(round(dose * needed), 1 if dose * needed > 0 else 0)


class ClassPlan(BaseModel):
    """What one minority class needs.

    label: its name; index: its place in the data set's class names; train_samples: how many real ones it has;
    target: how many it should have; needed: target - train_samples. samples: a hash of its training and validation samples.
    subgroups: how many are needed of each, by the attribute `balance`; none where `plan.balance` names no attribute.
    """

    label: str
    index: int
    train_samples: int
    target: int
    needed: int
    samples: str = ""
    balance: str = ""
    subgroups: list[SubgroupPlan] = []


class Plan(BaseModel):
    """The minority classes by slug, and those that get no GAN with the reason and what to do instead."""

    classes: dict[str, ClassPlan] = {}
    skipped: dict[str, str] = {}
    counts: dict[str, int] = {}

    @computed_field
    def curves(self) -> dict[str, str]:
        """The files with the curves of each training, each with a column of it: what DVC draws its plot from."""
        names = ["base", *self.classes] if self.classes else []
        return {f"data/models/{name}.csv": "score_real" for name in names}

    @classmethod
    def load(cls, path: Path) -> "Plan":
        """Read `plan.yaml`."""
        with files.undamaged(path):
            return cls.model_validate(files.read_yaml(path) or {})

    def save(self, path: Path) -> None:
        """Write `plan.yaml`."""
        files.write_yaml(
            path, self.model_dump(), "Written by the stage `plan`; DVC reads the list of classes from here."
        )


def slug(label: str) -> str:
    """Return a name for files, stages and URLs: up to 24 of [a-z0-9-] and six digits of a hash, so that it is unique.

    >>> slug("Ankle boot @ home")
    'ankle-boot-home-b27d4c'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:24].strip("-")
    return f"{plain or 'class'}-{hashlib.sha1(label.encode(), usedforsecurity=False).hexdigest()[:6]}"
