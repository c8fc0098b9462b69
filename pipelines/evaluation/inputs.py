"""What an evaluation works on: the splits, the class names, what the plan wants, and the candidates."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pipelines.likeness.data import Data, Pool


@dataclass(frozen=True)
class Inputs:
    """All that a study works on.

    names: class names in label order.   targets: class index -> samples wanted, one entry a minority class.
    pools: the candidates of those classes, in the order of `targets`.   attributes: of the test samples, name -> (n,) str.
    Test keeps its natural class shares.
    """

    train: Data
    validation: Data
    test: Data
    names: tuple[str, ...]
    targets: dict[int, int]
    pools: tuple[Pool, ...]
    attributes: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def minority(self) -> list[int]:
        """The minority classes, by index."""
        return list(self.targets)

    @property
    def real(self) -> Data:
        """Train and validation together, train first."""
        return self.train.join(self.validation)
