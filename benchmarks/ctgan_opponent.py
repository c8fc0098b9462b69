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


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--label", required=True)
    parser.add_argument("--rare", required=True)
    parser.add_argument("--categories", nargs="*", default=[], help="columns that are not numbers, besides the label")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True, help="rows of the minority class that are wanted")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def train(frame: pd.DataFrame, discrete: list[str], wanted_steps: int) -> tuple[CTGAN, dict[str, float]]:
    """Return a CTGAN trained for about as many steps, and the seconds of preprocessing and of a step."""
    preparing = Stopwatch()
    DataTransformer.fit = preparing.around(DataTransformer.fit)
    DataTransformer.transform = preparing.around(DataTransformer.transform)
    DataSampler.__init__ = preparing.around(DataSampler.__init__)
    epochs = max(round(wanted_steps / max(len(frame) // BATCH, 1)), 1)
    steps = epochs * max(len(frame) // BATCH, 1)
    gan = CTGAN(
        generator_dim=(WIDTH, WIDTH),
        discriminator_dim=(WIDTH, WIDTH),
        batch_size=BATCH,
        epochs=epochs,
        enable_gpu=False,
    )
    begin = time.process_time()
    gan.fit(frame, discrete)
    training = time.process_time() - begin - preparing.seconds
    return gan, {"preprocessing": preparing.seconds, "step": training / steps, "steps": steps}


def sample(gan: CTGAN, label: str, rare: str, rows: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return up to `rows` rows of the class, the seconds of the first try, and the share of it that is of the class."""
    begin = time.process_time()
    asked = gan.sample(rows, label, rare)
    sampling = time.process_time() - begin
    right = asked[label].astype(str) == rare
    found, tried = [asked[right]], len(asked)
    while sum(map(len, found)) < rows and tried < TRIES * rows:
        more = gan.sample(rows, label, rare)
        found.append(more[more[label].astype(str) == rare])
        tried += len(more)
    return pd.concat(found).head(rows), {"sampling": sampling, "share": float(right.mean())}


def main() -> None:
    """Train, sample, and write `rows.csv` and `figures.json`."""
    given = arguments()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    warnings.simplefilter("ignore")
    torch.manual_seed(given.seed)
    np.random.seed(given.seed)  # noqa: NPY002 - the only one that it listens to
    discrete = [given.label, *given.categories]
    frame = pd.read_csv(given.table, dtype=dict.fromkeys(discrete, str), keep_default_na=False)
    gan, figures = train(frame, discrete, given.steps)
    rows, more = sample(gan, given.label, given.rare, given.rows)
    given.out.mkdir(parents=True, exist_ok=True)
    rows.to_csv(given.out / "rows.csv", index=False)
    (given.out / "figures.json").write_text(json.dumps(figures | more), encoding="utf-8")


if __name__ == "__main__":
    main()
