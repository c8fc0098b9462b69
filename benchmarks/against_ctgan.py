"""`GANOverSampler` against CTGAN: the same rows, steps, widths and batches, one thread, in one run.

    python benchmarks/against_ctgan.py FOLDER

FOLDER holds the CSV files that `benchmarks/tables.py` names. CTGAN's licence (BUSL-1.1) is not an open one, so it is
installed into an environment of its own, ENV, made where there is none; nothing of the product imports it. A seed halves
a table as `benchmarks/tables.py` does. Both sides train on the training rows of both classes and then make as many rows
of the minority class as it lacks: hidden layers of 256 and 256 units, 500 rows a batch, the rest as each comes.

- preprocessing, seconds: from the frame to what training draws from. Ours: kinds, codec, encoded rows, neighbours.
  CTGAN's: `DataTransformer.fit` and `.transform`, `DataSampler`.
- step, milliseconds: all else that training takes, ours with the rehearsal of starts, over its steps of both adversaries.
- share: of the rows that came when rows of the minority class were asked for, those that are of it.
- AP: average precision on the test half, classifiers as in `benchmarks/tables.py`, trained with the minority class filled up.
  CTGAN is asked again, up to 20 times as many rows, until enough of its rows are of the class.

Seconds are processor time of the one thread; the two sides take turns, table by table and seed by seed.
"""

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
import venv
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch
from generator_study import interval_of, shown
from tables import CLASSIFIERS, Half, baseline, features, halve, read, share
from throughput import processor

from gan import GANOverSampler
from gan.device import prepare_device
from gan.modalities.table import TableCodec, infer_kinds
from gan.starts import Policy, Starters
from gan.training.train import PretrainSettings, pretrain

OPPONENT = "ctgan==0.12.1"
BATCH, WIDTH = 500, 16  # 16 times as many units in each hidden layer
TABLES = ("adult", "mammography", "phoneme")  # in all of them the minority class is the second


def environment(folder: Path) -> Path:
    """Return the Python of the opponent's environment; make it where there is none."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.is_file():
        print(f"installing {OPPONENT} into {folder}", flush=True)
        venv.create(folder, with_pip=True)
        same = f"torch=={torch.__version__.partition('+')[0]}"
        subprocess.run([python, "-m", "pip", "install", "--quiet", same, OPPONENT], check=True)
    return python


def whole(x: pd.DataFrame) -> pd.DataFrame:
    """Fill the gaps, which CTGAN does not take: numbers by the median, categories by a word."""
    numbers = x.select_dtypes("number").columns
    rest = x.columns.difference(numbers)
    return x.assign(**x[numbers].fillna(x[numbers].median()), **x[rest].astype(object).fillna("missing"))


def ours(half: Half, steps: int, seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return our rows and figures."""
    prepare_device()
    wanted = int((half.y == 0).sum() - half.y.sum())
    begin = time.process_time()
    codec = TableCodec.fit(half.x, infer_kinds(half.x))
    starters = Starters(codec.pack(half.x), half.y, codec, Policy(borrow=0.0))
    for label in (0, 1):
        starters.draw(label, 1, np.random.default_rng(0))  # finds the neighbours
    preprocessing = time.process_time() - begin
    begin = time.process_time()
    settings = PretrainSettings(steps=steps, batch_size=BATCH)
    gan = pretrain(half.x, half.y, 2, settings, "mlp", WIDTH, seed, codec=codec)
    step = (time.process_time() - begin) / gan.total_steps  # it prepares once more and rehearses: counted against us
    sampler = GANOverSampler(steps=steps, batch_size=BATCH, width=WIDTH, random_state=seed, rehearse=True)
    made, y = sampler.fit_resample(half.x, half.y)
    new = sampler.synthetic_index_
    right = float((y[new] == 1).sum() / wanted)
    return made.iloc[new], {"preprocessing": preprocessing, "step": step, "steps": gan.total_steps, "share": right}


def theirs(python: Path, half: Half, steps: int, seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return CTGAN's rows and figures."""
    wanted = int((half.y == 0).sum() - half.y.sum())
    categories = list(half.x.select_dtypes(exclude="number").columns)
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "table.csv", Path(folder) / "out"
        half.x.assign(label=half.y).to_csv(table, index=False)
        script = Path(__file__).with_name("ctgan_opponent.py")
        asked = ["--label", "label", "--rare", "1", "--steps", steps, "--rows", wanted, "--seed", seed, "--out", out]
        one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), "1")
        command = [python, script, table, *asked, "--categories", *categories]
        subprocess.run([str(part) for part in command], check=True, env=os.environ | one)
        rows = pd.read_csv(out / "rows.csv", dtype=dict.fromkeys(categories, str), keep_default_na=False)
        return rows.drop(columns="label"), json.loads((out / "figures.json").read_text(encoding="utf-8"))


def measure(python: Path, folder: Path, table: str, steps: int, seed: int) -> list[dict[str, Any]]:
    """Return a row for each side."""
    x, y = read(folder, table)
    half = halve(whole(x), y, seed)
    ready = features(half.x)
    rows = []
    for side, (new, figures) in (
        ("tailweight", ours(half, steps, seed)),
        ("ctgan", theirs(python, half, steps, seed)),
    ):
        values = baseline(half, ready, (new[half.x.columns], np.ones(len(new), int)), None, seed)
        found = {"table": table, "seed": seed, "side": side, "rows": len(new), "columns": half.x.shape[1]}
        rows.append(found | figures | dict(zip(CLASSIFIERS, values, strict=True)))
    return rows


def report(results: pd.DataFrame, command: str) -> str:
    """Write the results as Markdown."""
    results = results.assign(ap=results[list(CLASSIFIERS)].mean(axis=1))
    lines = [
        "# Against CTGAN",
        "",
        f"`{command}` with {OPPONENT}; what is compared, and how, stands there.",
        "",
        f"Machine: {processor()}, one thread, Python {platform.python_version()}, torch {torch.__version__}.",
        "",
        "| table | preprocessing, s | times faster | step, ms | times faster | share of the class "
        "| AP, mean of three classifiers | gain over CTGAN, 95 % interval |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for table, rows in results.groupby("table", sort=False):
        sides = [rows[rows["side"] == side].set_index("seed") for side in ("tailweight", "ctgan")]
        us, them = sides
        prepared = [median(side["preprocessing"]) for side in sides]
        step = [1000 * median(side["step"]) for side in sides]
        gain = shown(interval_of(us["ap"] - them["ap"], share(str(table))))
        lines.append(
            f"| {table} | {prepared[0]:.3f} : {prepared[1]:.2f} | {prepared[1] / prepared[0]:.0f} "
            f"| {step[0]:.1f} : {step[1]:.1f} | {step[1] / step[0]:.2f} "
            f"| {us['share'].mean():.0%} : {them['share'].mean():.0%} "
            f"| {us['ap'].mean():.3f} : {them['ap'].mean():.3f} | {gain} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure, and write `against_ctgan.json` and `against_ctgan.md`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the CSV files")
    parser.add_argument("--env", type=Path, default=Path(".tailweight/ctgan"), help="environment of the opponent")
    parser.add_argument("--tables", nargs="*", default=list(TABLES))
    parser.add_argument("--seeds", type=int, default=3, help="halves of each table, 2 or more")
    parser.add_argument("--steps", type=int, default=1500, help="training steps of both; CTGAN trains whole epochs")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of the results")
    given = parser.parse_args()
    python = environment(given.env)
    rows: list[dict[str, Any]] = []
    for seed in range(given.seeds):
        for table in given.tables:
            rows += measure(python, given.folder, table, given.steps, seed)
            print(f"{table}, seed {seed}", flush=True)
            (given.out / "against_ctgan.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    command = f"python benchmarks/against_ctgan.py FOLDER --seeds {given.seeds} --steps {given.steps}"
    text = report(pd.DataFrame(rows), command)
    (given.out / "against_ctgan.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
