"""One column that decides others: a city its country, a code its name."""

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from gan.relations.known import Known, Name, Parents, Relation, decided, put
from gan.repeats import numbered


class Decides(Relation):
    """Beside each value of a column, others have the value that training rows have there."""

    kind: Literal["decides"] = Field(default="decides", description="a column whose value decides those of others")
    column: Name = Field(description="the column that decides")
    decides: list[Name] = Field(min_length=1, description="the columns that it decides")

    @property
    def names(self) -> list[Name]:
        """The columns that it is about."""
        return [self.column, *self.decides]

    @classmethod
    def find(cls, known: Known) -> list["Decides"]:
        """Find them among columns of categories and of numbers with few values.

        Of the columns that decide one, the one with the fewest values is taken, which has most rows for each. Of two that
        decide each other, the first one decides.
        """
        names = [name for name in known.columns if known.is_discrete(name)]
        sizes = {name: len(np.unique(known.states(name))) for name in names}
        rank = {name: (sizes[name], place) for place, name in enumerate(names)}
        deciders: dict[Name, Name] = {}
        for b in names:
            good = [a for a in names if a != b and sizes[a] >= sizes[b] and cls._holds(a, b, known)]
            mutual = {a for a in good if sizes[a] == sizes[b] and rank[a] > rank[b]}
            if rest := [a for a in good if a not in mutual]:
                deciders[b] = min(rest, key=rank.__getitem__)
        by: dict[Name, list[Name]] = {}
        for b, a in deciders.items():
            by.setdefault(a, []).append(b)
        first = sorted(by, key=lambda a: (-sizes[a], rank[a][1]))  # what is decided itself comes after what decides it
        return [cls(column=a, decides=by[a]) for a in first]

    @staticmethod
    def _holds(a: Name, b: Name, known: Known) -> bool:
        found = decided(known.states(a), known.states(b))
        return found is not None and known.tolerable(found[1])

    def broken(self, frame: pd.DataFrame, known: Known) -> np.ndarray:
        """Say of each row whether it breaks the relation, (n,) bool; values that no training row has break nothing."""
        broken = np.zeros(len(frame), bool)
        for name in self.names:
            known.column(name)
        for name in self.decides:
            row, sure = self._models(frame, name, known)
            ours, theirs = numbered(frame, known.frame, [name])
            broken |= sure & (ours[:, 1] != theirs[row, 1])
        return broken

    def mend(self, frame: pd.DataFrame, parents: Parents, known: Known) -> None:
        """Set what is decided to what training rows have: it is the one choice that agrees with the data."""
        for name in self.decides:
            row, sure = self._models(frame, name, known)
            put(frame, name, sure, known.frame[name].iloc[row].reset_index(drop=True))

    def _models(self, frame: pd.DataFrame, name: Name, known: Known) -> tuple[np.ndarray, np.ndarray]:
        """Return a training row that has the right value for each row of `frame`, (n,), and whether there is one, (n,)."""
        ours, theirs = numbered(frame, known.frame, [self.column, name])
        deciding, values = theirs[:, 1] + 1, theirs[:, 2] + 1  # 0: missing
        pairs, first, counts = np.unique(deciding * (values.max() + 1) + values, return_index=True, return_counts=True)
        order = np.lexsort((-first, counts))
        model = np.full(max(ours[:, 1].max(initial=-1), theirs[:, 1].max(initial=-1)) + 2, -1)
        model[pairs[order] // (values.max() + 1)] = first[order]  # of the commonest value, the last one counts
        row = model[ours[:, 1] + 1]
        return row, row >= 0

    def __str__(self) -> str:
        return f"{self.column} decides {', '.join(map(str, self.decides))}"
