"""Columns of whole numbers that may be codes or dates: nobody but their owner can tell, so `init` names them.

Cautious: an ordinary count, an amount, a grade or an age is not named.
"""

import json
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from gan import number_dates
from pipelines.ingest.table_rows import MOST_CATEGORIES

LEAST = 20  # rows; with fewer, too much looks like a code
RECURS, OF_VALUES = 5, 0.9  # how often a code recurs, and of how many of those with gaps
MOST_CODES = 64
HOLES = 3  # times as many numbers as there are codes lie between the first and the last
SHOWN = 20  # columns
USUAL_DATES = {  # narrower than what can be read as dates: what people mean by such numbers
    number_dates.DAY: (19_000_101, 21_001_231),
    number_dates.YEAR: (1_900, 2_100),
    number_dates.SECONDS: (946_684_800, 2_208_988_800),
    number_dates.MILLISECONDS: (946_684_800_000, 2_208_988_800_000),
}
CALLED = {
    number_dates.DAY: "dates",
    number_dates.YEAR: "years",
    number_dates.SECONDS: "seconds since 1970",
    number_dates.MILLISECONDS: "milliseconds since 1970",
}
CODE_WORDS = {
    "code", "codes", "id", "uuid", "zip", "zipcode", "postcode", "postal", "plz", "naics", "icd", "mcc", "fips", "phone",
}  # fmt: skip
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def about(values: pd.DataFrame, kinds: Mapping[str, str]) -> list[str]:
    """Return a line for each column of whole numbers that may be something else, with what to write for it instead."""
    found = {name: _doubt(name, values[name].dropna()) for name, kind in kinds.items() if kind == "integer"}
    lines = [f"  {name} {said}" for name, said in found.items() if said]
    more = [f"  and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return lines[:SHOWN] + more


def _doubt(name: str, present: pd.Series) -> str:
    """Return what a column looks like and what to write then, "" where it looks like numbers."""
    if len(present) < LEAST:
        return ""
    values = present.to_numpy(np.float64)
    first = f"{values[0]:.0f}"
    form = number_dates.form_of(present)
    if form is not None and USUAL_DATES[form][0] <= values.min() and values.max() <= USUAL_DATES[form][1]:
        years = f", as categories {_line(name, 'categorical')}" if form == number_dates.YEAR else ""
        return (
            f"looks like {CALLED[form]}, such as {first}; to treat it as dates write {_line(name, 'datetime')}{years}"
        )
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) == 2 and counts.min() >= RECURS:
        said = f"has only {distinct[0]:.0f} and {distinct[1]:.0f} and may be a yes or no"
    elif _is_called_a_code(name):
        said = f"may be a code by its name, such as {first}"
        if len(distinct) > min(MOST_CATEGORIES, len(values) / 2):
            return f"{said}; to leave it out write {_line(name, 'identifier')}"
    elif _has_gaps(distinct, counts):
        some = ", ".join(f"{one:.0f}" for one in distinct[:3])
        said = f"has {len(distinct)} different numbers with gaps, such as {some}, and may be a code"
    else:
        return ""
    return f"{said}; to treat it as categories write {_line(name, 'categorical')}"


def _has_gaps(distinct: np.ndarray, counts: np.ndarray) -> bool:
    """Say whether few numbers recur that are no steps of a scale: with gaps, and not all multiples of one."""
    if not 2 < len(distinct) <= MOST_CODES or distinct[0] < 0 or np.mean(counts >= RECURS) < OF_VALUES:
        return False
    gaps = np.diff(distinct)
    round_numbers = np.gcd.reduce(gaps.astype(np.int64)) > 1
    return bool(not round_numbers and np.mean(gaps > 1) > 0.25 and np.ptp(distinct) + 1 >= HOLES * len(distinct))


def _is_called_a_code(name: str) -> bool:
    return any(word.lower() in CODE_WORDS for word in WORD.findall(name))


def _line(name: str, kind: str) -> str:
    return f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(kind)}"
