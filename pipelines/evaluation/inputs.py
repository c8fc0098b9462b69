"""What an evaluation works on: the splits, the class names, what the plan wants, and the candidates."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pipelines.likeness.data import Data, Pool


def independent(rows: np.ndarray, groups: np.ndarray | None) -> int:
    """Return how many independent samples the `rows`, (n,) bool, are: those of a group, (n,), are one; None: each is one."""
    return int(rows.sum()) if groups is None else len(np.unique(groups[rows]))


@dataclass(frozen=True)
class Inputs:
    """All that a study works on.

    names: class names in label order.   targets: class index -> samples wanted, one entry a minority class.
    pools: the candidates of those classes, in the order of `targets`.   attributes: of the test samples, name -> (n,) str.
    groups: (n,) str, rows of `real` with the same one are never torn apart; None where each is by itself.   test_groups: (n,)
    str, test samples with the same one are not independent; None where all are.
    Test keeps its natural class shares.
    """

    train: Data
    validation: Data
    test: Data
    names: tuple[str, ...]
    targets: dict[int, int]
    pools: tuple[Pool, ...]
    attributes: Mapping[str, np.ndarray] = field(default_factory=dict)
    groups: np.ndarray | None = None
    test_groups: np.ndarray | None = None

    @property
    def minority(self) -> list[int]:
        """The minority classes, by index."""
        return list(self.targets)

    def tested(self, label: int, rows: np.ndarray | None = None) -> int:
        """Return how many independent test samples a class has, among those at `rows`, (n,) bool: a group counts as one."""
        own = self.test.y == label if rows is None else (self.test.y == label) & rows
        return independent(own, self.test_groups)

    def collected(self, label: int) -> int:
        """Return how many independent samples a class has in all splits."""
        groups = None if self.test_groups is None else self.groups
        return independent(self.real.y == label, groups) + self.tested(label)

    @property
    def real(self) -> Data:
        """Train and validation together, train first."""
        return self.train.join(self.validation)
