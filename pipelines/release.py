"""A release on disk: the real samples and the synthetic ones that earned it, each saying which it is."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.samples import Candidates, Samples, png_array, png_bytes

REAL, SYNTHETIC = "real", "synthetic"
COLUMNS = ["id", "class", "origin", "split", "seed", "reference_id", "neighbour_id", "raw_score", "score"]


def real_rows(samples: Samples, split: str, names: list[str]) -> pd.DataFrame:
    """Return a row for each real sample, its picture as PNG bytes in `image`."""
    labels = [names[label] for label in samples.labels]
    images = [png_bytes(value) for value in samples.values]
    return pd.DataFrame({"id": samples.ids, "class": labels, "origin": REAL, "split": split, "image": images})


def synthetic_rows(candidates: Candidates) -> pd.DataFrame:
    """Return a row for each of `candidates` with where it came from; synthetic samples are for training alone."""
    images = [png_bytes(value) for value in candidates.values]
    return candidates.rows.assign(origin=SYNTHETIC, split="train", image=images)


def assemble(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return all rows with the columns of a release, in order; what a part lacks is missing there."""
    rows = pd.concat([part.reindex(columns=[*COLUMNS, "image"]) for part in parts], ignore_index=True)
    return rows.assign(seed=rows["seed"].astype("Int64"))


def read(path: Path) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """Return the rows without pictures, and the pictures, (height, width, channels) uint8 each."""
    rows = pd.read_parquet(path)
    return rows.drop(columns="image"), [png_array(data) for data in rows["image"]]
