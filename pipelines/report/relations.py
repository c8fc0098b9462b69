"""What holds between the columns of a table and is kept in synthetic rows: in words, in figures and as a setting."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from gan.relations import AnyRelation, as_setting
from gan.relations.deciders import Decides
from gan.relations.gaps import Gap
from gan.relations.sums import Sum
from pipelines.report.figures import Cell, Figures, Table
from pipelines.wording import count

VALUES = 6  # of a flag that are named, at most
COUNTS = ("candidates", "broken", "left")
RELATION: TypeAdapter[AnyRelation] = TypeAdapter(AnyRelation)


def shown(found: Iterable[Mapping[str, Any]], dates: Collection[str], figures: Figures) -> dict[str, Any] | None:
    """Return a table of the relations, and all of them as settings; None where there is none.

    found: what the stage that makes candidates wrote, for each class.   dates: names of the columns that hold dates.
    """
    counts = added(found)
    if not len(counts):
        return None
    relations = [RELATION.validate_json(setting) for setting in counts["setting"]]
    table = counts.assign(relation=[in_words(one, dates) for one in relations])
    table = figures.add("relations.csv", table[["relation", *(name for name in table if name != "relation")]])
    rows = [
        [
            Cell(row["relation"], figure=False),
            Cell(count(row["kept_by"]), f"of {count(row['training_rows'])}"),
            Cell(count(row["broken"]), f"of {count(row['candidates'])}"),
            Cell(count(row["left"])),
        ]
        for _, row in table.iterrows()
    ]
    heads = ["what holds", "training rows that keep it", "candidates that broke it", "broken after mending"]
    pairs = zip(table["setting"], table["relation"], strict=True)
    lines = [f"    - {setting}  # {' '.join(said.split())}" for setting, said in pairs]
    return {
        "table": Table("What holds between columns", "relations.csv", heads, rows),
        "settings": "\n".join(["generate:", "  relations:", *lines]),
    }


def added(found: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row for each relation, its candidates those of all classes.

    `setting`, `training_rows`, `kept_by` (of them), `candidates`, `broken` (of them, before they were mended), `left` (after).
    """
    rows: dict[str, dict[str, Any]] = {}
    for of_class in found:
        for one in of_class["relations"]:
            setting = as_setting(RELATION.validate_python(one["relation"]))
            training = of_class["training_rows"]
            about = {"setting": setting, "training_rows": training, "kept_by": training - one["training"]}
            row = rows.setdefault(setting, about | dict.fromkeys(COUNTS, 0))
            for name, more in zip(COUNTS, (of_class["candidates"], one["broken"], one["left"]), strict=True):
                row[name] += more
    return pd.DataFrame(list(rows.values()))


def in_words(relation: AnyRelation, dates: Collection[str]) -> str:
    """Return a relation as a sentence.   dates: names of the columns that hold dates.

    >>> from gan.relations.orders import Order
    >>> in_words(Order(low="start", high="end"), {"start", "end"})
    '“start” is not after “end”'
    """
    if isinstance(relation, Decides):
        return f"“{relation.column}” decides {_named(relation.decides)}"
    if isinstance(relation, Gap):
        verb = "is" if len(relation.columns) == 1 else "are"
        told = _either(relation.values)
        return f"“{relation.flag}” says where {_named(relation.columns)} {verb} {_value(relation.value)}: where it is {told}"
    if isinstance(relation, Sum):
        right = _value(relation.constant) if relation.total is None else f"“{relation.total}”"
        near = f", up to {relation.within:g}" if relation.within else ""
        return f"{' + '.join(f'“{name}”' for name in relation.parts)} = {right}{near}"
    before, after = ("before", "after") if relation.low in dates else ("below", "above")
    return f"“{relation.low}” is {before if relation.strict else f'not {after}'} “{relation.high}”"


def _named(names: Sequence[Any]) -> str:
    *first, last = [f"“{name}”" for name in names]
    return f"{', '.join(first)} and {last}" if first else last


def _either(values: Sequence[Any]) -> str:
    named = [_value(value) for value in values]
    more = f" or one of {len(named) - VALUES} more" if len(named) > VALUES else ""
    return " or ".join(named[:VALUES]) + more


def _value(value: Any) -> str:
    return "missing" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
