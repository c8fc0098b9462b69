"""The filter drops copies of rows, where a row can be a copy at all."""

from pathlib import Path

import numpy as np
import pandas as pd

from gan.modalities import TableCodec
from pipelines.likeness.repeats import Known, find_repeats
from pipelines.samples import KEPT, Candidates, Samples


def rows(frame: pd.DataFrame, kinds: dict[str, str]) -> Samples:
    return Samples(frame, np.zeros(len(frame), np.int64), np.arange(len(frame)).astype(str), "table", kinds)


def candidates(frame: pd.DataFrame) -> Candidates:
    return Candidates(frame, pd.DataFrame({"id": [f"c{n}" for n in range(len(frame))]}), "table")


def repeats(made: Candidates, real: Samples, held_out: Samples, folder: Path) -> np.ndarray:
    """Return the status of each candidate, which does not depend on how many are looked at at once."""
    known = Known.of(real, real, held_out, TableCodec.fit(real.values, real.columns).digests)
    whole, parts = folder / "whole.parquet", folder / "parts.parquet"
    made.save(whole)
    with Candidates.writing(parts) as write:
        for first in range(0, len(made), 2):
            write(Candidates(made.values[first : first + 2], made.rows[first : first + 2], made.kind))
    status = find_repeats(whole, known)
    assert find_repeats(parts, known).tolist() == status.tolist()
    return status


def test_a_copied_row_is_dropped_though_its_identifier_is_new(tmp_path: Path) -> None:
    """Candidates that equal a training row, or an earlier candidate, in all that is learnt are copies of it."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"who": np.arange(80), "x": rng.normal(size=80), "y": rng.normal(size=80), "t": ["a", "b"] * 40}
    )
    kinds = {"who": "identifier", "x": "numeric", "y": "numeric", "t": "categorical"}
    real, held_out = rows(frame[:60], kinds), rows(frame[60:].reset_index(drop=True), kinds)
    fresh = pd.DataFrame({"who": -1, "x": rng.normal(size=2), "y": rng.normal(size=2), "t": "a"})
    made = candidates(pd.concat([frame.iloc[[3]].assign(who=-9), fresh, fresh.iloc[[1]]], ignore_index=True))
    status = repeats(made, real, held_out, tmp_path)
    assert status.tolist() == ["copy of training sample 3", KEPT, KEPT, "copy of c2"]


def test_in_a_coarse_table_equal_rows_are_no_copies(tmp_path: Path) -> None:
    """With 16 different rows every candidate equals a real one; none is dropped for it."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 2, (120, 4)), columns=list("abcd"))
    kinds = dict.fromkeys(frame, "categorical")
    made = candidates(frame.iloc[:30])
    assert (repeats(made, rows(frame[:100], kinds), rows(frame[100:110], kinds), tmp_path) == KEPT).all()
