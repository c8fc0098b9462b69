"""Relations between the columns of a table: found on training rows, kept in rows that are generated.

A kind of relation is a subclass of `Relation` in a file of its own here, and its entry in `KINDS` and `AnyRelation`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

import numpy as np
import pandas as pd
from pydantic import Field

from gan.columns import Column
from gan.relations.deciders import Decides
from gan.relations.gaps import Gap
from gan.relations.known import Known, Name, Parents, Relation
from gan.relations.orders import Order
from gan.relations.sums import Sum

__all__ = ["KINDS", "AnyRelation", "Keeper", "as_setting", "find"]

AnyRelation: TypeAlias = Annotated[Decides | Gap | Sum | Order, Field(discriminator="kind")]
KINDS: tuple[type[Decides] | type[Gap] | type[Sum] | type[Order], ...] = (Decides, Gap, Sum, Order)
MOST_ROWS = 20_000  # of a class that relations are looked for in
ROUNDS = 3  # what one relation mends may break another


def find(frame: pd.DataFrame, classes: np.ndarray, columns: Sequence[Column]) -> list[AnyRelation]:
    """Return the relations that nearly all rows of `frame`, training rows of all classes, keep.

    classes: (n,). columns: as the codec learnt them. At most one row in 200 of any class may break a relation, and each kind
    says in its `find` what must be seen before it is believed. What follows from another one is left out.
    """
    some = np.sort(np.concatenate([_spread(np.flatnonzero(classes == one)) for one in np.unique(classes)]))
    known = Known(frame.iloc[some].reset_index(drop=True), classes[some], {column.name: column for column in columns})
    found: list[AnyRelation] = []
    for kind in KINDS:
        found += [one for one in kind.find(known) if not _follows(one, found, known)]
    return found


class Keeper:
    """Keeps relations in rows that are generated.

    Raises ValueError where one cannot be asked of the training rows.
    """

    def __init__(self, relations: Sequence[AnyRelation], training: pd.DataFrame, columns: Sequence[Column]):
        by_name: Mapping[Any, Column] = {column.name: column for column in columns}
        self.known = Known(training.reset_index(drop=True), np.zeros(len(training), int), by_name)
        self.relations = list(relations)
        for relation in self.relations:
            try:
                relation.broken(training.iloc[:0], self.known)
            except (ValueError, TypeError) as error:
                raise ValueError(f"{relation}: {error}") from None
        self.joined = _joined([relation.names for relation in self.relations])

    def broken(self, frame: pd.DataFrame) -> np.ndarray:
        """Say of each row which relations it breaks, (n, r) bool."""
        every = [relation.broken(frame, self.known) for relation in self.relations]
        return np.stack(every, axis=1) if every else np.zeros((len(frame), 0), bool)

    def keep(self, frame: pd.DataFrame, parents: Parents) -> tuple[pd.DataFrame, np.ndarray]:
        """Return n rows, numbered from 0, with all relations kept, and which of them each row broke before, (n, r) bool.

        Nothing is drawn, and a row is mended by its own cells and parents alone. Each relation is mended in its own way, and
        again where others broke it. What still does not hold then is set aside: all columns that are joined by relations
        are those of the reference, which is a real row.
        """
        before = self.broken(frame)
        if not len(frame) or not self.relations:
            return frame, before
        mended = frame.copy()
        for _ in range(ROUNDS):
            for relation in self.relations:
                relation.mend(mended, parents, self.known)
            after = self.broken(mended)
            if not after.any():
                break
        for names, places in self.joined:
            rows = after[:, places].any(1)
            for name in names if rows.any() else ():
                mended[name] = mended[name].where(~rows, parents.reference[name])
        return mended, before


def as_setting(relation: AnyRelation) -> str:
    """Return a relation as it may stand in a list of settings: JSON, which YAML reads, without what has its default."""
    return json.dumps(
        {"kind": relation.kind} | relation.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False
    )


def _spread(rows: np.ndarray) -> np.ndarray:
    return rows[:: -(-len(rows) // MOST_ROWS) or 1]


def _joined(parts: Sequence[Sequence[Name]]) -> list[tuple[list[Name], list[int]]]:
    """Return groups of columns that relations join, directly or through others, and the places of those relations."""
    groups: list[tuple[list[Name], list[int]]] = []
    for place, names in enumerate(parts):
        touched = [group for group in groups if set(group[0]) & set(names)]
        groups = [group for group in groups if group not in touched]
        merged = list(dict.fromkeys([*names, *(name for group in touched for name in group[0])]))
        groups.append((merged, [place, *(one for group in touched for one in group[1])]))
    return groups


def _follows(one: Relation, found: Sequence[Relation], known: Known) -> bool:
    """Say whether a relation says no more than those that are found already."""
    decided = [{other.column, name} for other in found if isinstance(other, Decides) for name in other.decides]
    if isinstance(one, Gap):
        return all({one.flag, name} in decided for name in one.columns)
    if isinstance(one, Sum):
        return len(one.names) == 2 and set(one.names) in decided
    if isinstance(one, Order):
        sums = [
            other for other in found if isinstance(other, Sum) and other.total == one.high and one.low in other.parts
        ]
        return {one.low, one.high} in decided or any(
            all(known.number(name).low >= 0 for name in other.parts) for other in sums
        )
    return False
