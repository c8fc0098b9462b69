"""A release on disk: the real samples and the synthetic ones that earned it, each saying which it is."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.files import undamaged
from pipelines.samples import Candidates, Samples, Values, is_value
from pipelines.samples.sets import ATTRIBUTE, beside, without_values

REAL, FILLED, SYNTHETIC = "real", "filled", "synthetic"  # filled: a real image of which a part was missing
COLUMNS = ["id", "class", "origin", "split", "group", "seed", "reference_id", "neighbour_id", "raw_score", "score"]


def real_rows(
    samples: Samples, split: str, names: list[str], known: pd.DataFrame, filled: Collection[str] = ()
) -> pd.DataFrame:
    """Return a row for each real sample, with its values as `samples.sets.beside` lays them out.

    names: of the classes. known: of the samples, by id: `group`, missing where one has none, and attributes. filled: ids of
    those of which a part was missing.
    """
    labels = [names[label] for label in samples.labels]
    own = known.reindex(samples.ids).reset_index(drop=True)
    origin = np.where(pd.Series(samples.ids).isin(filled), FILLED, REAL)
    rows = pd.DataFrame({"id": samples.ids, "class": labels, "origin": origin, "split": split}).join(own)
    return beside(rows, samples.values, samples.kind)


def synthetic_rows(candidates: Candidates) -> pd.DataFrame:
    """Return a row for each of `candidates` with where it came from; synthetic samples are for training alone."""
    return beside(candidates.rows.assign(origin=SYNTHETIC, split="train"), candidates.values, candidates.kind)


def assemble(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return all rows with the columns of a release, in order; what a part lacks is missing there.

    A synthetic sample has no group; those of the two it started between are found by their ids. Where no sample has a
    group, there is no such column. It has an attribute where its class was filled up by that.
    """
    values = [name for name in parts[0] if is_value(name)]
    told = [name for name in parts[0] if str(name).startswith(ATTRIBUTE)]
    grouped = any(part["group"].notna().any() for part in parts if "group" in part)
    columns = [name for name in COLUMNS if name != "group" or grouped] + told
    some = [part.reindex(columns=[*columns, *values]).astype({"seed": "Int64"}) for part in parts if len(part)]
    return pd.concat(some, ignore_index=True)  # a seed is exact: as a float, beside missing ones, it would lose digits


def read(path: Path, kind: str) -> tuple[pd.DataFrame, Values]:
    """Return the rows of a release of data of `kind` without their values, and the values, as `Samples` has them."""
    with undamaged(path):
        return without_values(pd.read_parquet(path), kind)
