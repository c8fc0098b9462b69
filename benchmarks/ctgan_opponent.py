"""CTGAN's side of `against_ctgan.py`; runs in an environment of its own and writes rows and figures.

python benchmarks/ctgan_opponent.py TABLE.csv --label COLUMN --rare VALUE --steps N --rows N --seed N --out DIR
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from ctgan import CTGAN
from ctgan.data_sampler import DataSampler
from ctgan.data_transformer import DataTransformer

BATCH, WIDTH = 500, 256
TRIES = 20  # times as many rows as are wanted, at most, to find those of the class among


class Stopwatch:
    """Adds up the processor time of whatever it wraps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return `call`, timed."""

        def timed(*given: Any, **named: Any) -> Any:
            begin = time.process_time()
            try:
                return call(*given, **named)
            finally:
                self.seconds += time.process_time() - begin

        return timed


def main() -> None:
    """Train, sample, and write `rows.csv` and `figures.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--label", required=True)
    parser.add_argument("--rare", required=True)
    parser.add_argument("--categories", nargs="*", default=[], help="columns that are not numbers, besides the label")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True, help="rows of the rare class that are wanted")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    warnings.simplefilter("ignore")
    torch.manual_seed(given.seed)
    np.random.seed(given.seed)  # noqa: NPY002 - the only one that it listens to
    frame = pd.read_csv(given.table, dtype=dict.fromkeys([given.label, *given.categories], str), keep_default_na=False)

    preparing = Stopwatch()
    DataTransformer.fit = preparing.around(DataTransformer.fit)
    DataTransformer.transform = preparing.around(DataTransformer.transform)
    DataSampler.__init__ = preparing.around(DataSampler.__init__)
    epochs = max(round(given.steps / max(len(frame) // BATCH, 1)), 1)
    steps = epochs * max(len(frame) // BATCH, 1)
    gan = CTGAN(
        generator_dim=(WIDTH, WIDTH),
        discriminator_dim=(WIDTH, WIDTH),
        batch_size=BATCH,
        epochs=epochs,
        enable_gpu=False,
    )
    begin = time.process_time()
    gan.fit(frame, [given.label, *given.categories])
    training = time.process_time() - begin - preparing.seconds

    begin = time.process_time()
    asked = gan.sample(given.rows, given.label, given.rare)
    sampling = time.process_time() - begin
    right = asked[given.label].astype(str) == given.rare
    found, tried = [asked[right]], len(asked)
    while sum(map(len, found)) < given.rows and tried < TRIES * given.rows:
        more = gan.sample(given.rows, given.label, given.rare)
        found.append(more[more[given.label].astype(str) == given.rare])
        tried += len(more)
    given.out.mkdir(parents=True, exist_ok=True)
    pd.concat(found).head(given.rows).to_csv(given.out / "rows.csv", index=False)
    figures = {
        "preprocessing": preparing.seconds,
        "step": training / steps,
        "steps": steps,
        "sampling": sampling,
        "share": float(right.mean()),
    }
    (given.out / "figures.json").write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
