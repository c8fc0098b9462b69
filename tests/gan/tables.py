"""Small tables with one column of everything."""

import numpy as np
import pandas as pd


def mixed(count: int = 200, seed: int = 0) -> pd.DataFrame:
    """(count, 21): every kind of column and every type that pandas has for it, a tenth missing where it can be."""
    rng = np.random.default_rng(seed)
    days = pd.to_timedelta(rng.integers(0, 1000, count), unit="D")
    frame = pd.DataFrame(
        {
            "float": rng.normal(size=count),
            "float32": rng.normal(size=count).astype(np.float32),
            "price": np.round(rng.gamma(2, 10, count), 2),
            "fives": rng.integers(0, 1000, count) * 5,
            "stars": rng.integers(0, 5, count),
            "uint8": rng.integers(0, 200, count).astype(np.uint8),
            "Int64": pd.array(rng.integers(0, 1000, count), dtype="Int64"),
            "category": pd.Categorical(rng.choice(list("abc"), count), categories=list("zabcd")),
            "ordered": pd.Categorical(rng.choice(["low", "high"], count), categories=["low", "middle", "high"], ordered=True),
            "str": rng.choice(["x", "y"], count),
            "string": pd.array(rng.choice(["x", "y"], count), dtype="string"),
            "bool": rng.random(count) < 0.5,
            "boolean": pd.array(rng.random(count) < 0.5, dtype="boolean"),
            "objects": pd.Series(rng.choice([True, False], count), dtype=object),
            "day": pd.Timestamp("2020-01-01") + days,
            "zone": pd.Timestamp("2020-01-01", tz="Europe/Paris") + pd.to_timedelta(rng.integers(0, 10**5, count), unit="s"),
            "duration": days,
            "text_day": (pd.Timestamp("2020-01-01") + days).strftime("%Y-%m-%d"),
            "shop": rng.choice([f"shop {number}" for number in range(60)], count),
            "spent": np.where(rng.random(count) < 0.7, 0, rng.gamma(1, 1000, count).round(1)),
            "code": [f"u{number}" for number in rng.permutation(count)],
            "constant": "k",
            "nothing": np.nan,
            7: rng.normal(size=count),
        }
    )  # fmt: skip
    for name in ("float", "Int64", "category", "str", "string", "boolean", "day", "zone", "text_day", "shop", "spent"):
        frame.loc[rng.random(count) < 0.1, name] = None
    return frame
