"""What the reference network makes of the study's worlds, by style of training, without and with the GAN's samples.

    python benchmarks/reference.py --data DIR --out benchmarks/reference --seeds 2 --fits 3
    python benchmarks/reference.py --data DIR --out OUT --seeds 2 --fits 3 --cells fashion-10 --train-only
    python benchmarks/reference.py --data DIR --out benchmarks/reference --seeds 2 --cells digits-10 fashion-10 --gan

The worlds are those of `generator_study.py`: trained on train and validation together, as the product's evaluation does,
judged by the mean over the cut classes of average precision on the test rows. `--gan` runs the product's stages in each
world, which takes minutes, and trains the balanced and the square-root style with the filter's samples, used in each way of
`USES`. Results are added to OUT.jsonl as they come, and a run that is started again goes on with what is missing; OUT.md is
the table.
"""

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import results
from generator_study import CELLS, run_recipe, world
from recipes import RECIPES
from sklearn.metrics import average_precision_score

from gan import seeds
from pipelines.driver import machine
from pipelines.evaluation.arms import ARMS, Training
from pipelines.evaluation.classifiers import convnet
from pipelines.evaluation.styles import Style
from pipelines.evaluation.synthetic import USES
from pipelines.likeness.data import Data, images_as_rows
from pipelines.samples import IMAGES

STYLES: dict[str, Style] = {"nothing": Style()} | {
    name: arm.build.keywords["style"]  # type: ignore[attr-defined]
    for name, arm in ARMS.items()
    if arm.network and arm.suits(IMAGES)
}
WITH_GAN = ("square_root", "balanced")


@dataclass(frozen=True)
class World:
    """The real rows of a world, the cut classes by index, and synthetic rows, if they were made. train: with validation."""

    train: Data
    test: Data
    minority: list[int]
    synthetic: Data | None = None


def real_world(name: str, seed: int, data: Path, train_only: bool = False) -> World:
    """Return a world of the study without synthetic samples. In a long tail the cut classes are those below the largest.

    train_only: leave out the real samples in validation.
    """
    splits, _, names = world(CELLS[name], seed, data)
    train, validation, test = (
        Data(*flat(splits[split].values, splits[split].labels), kind=IMAGES)
        for split in ("train", "validation", "test")
    )
    train = train if train_only else train.join(validation)
    counts = train.counts(len(names))
    rare = [names.index(one) for one in CELLS[name].rare] or np.flatnonzero(counts < counts.max()).tolist()
    return World(train, test, rare)


def flat(values: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[int, int, int]]:
    """Return pictures as rows, their labels, and their shape."""
    x, shape = images_as_rows(values)
    return x, labels, shape


def gan_world(name: str, seed: int, data: Path) -> World:
    """Return a world with what the product's stages make in it: as many kept samples as the plan asks for."""
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        splits, _, names = world(CELLS[name], seed, data)
        inputs = run_recipe(Path(folder), splits, names, RECIPES["default"], seed)
    parts = [pool.x[pool.kept][: pool.needed] for pool in inputs.pools]
    labels = np.concatenate([np.full(len(part), pool.label) for part, pool in zip(parts, inputs.pools, strict=True)])
    made = Data(np.concatenate(parts), labels, inputs.train.image_shape, kind=IMAGES)
    return World(inputs.real, inputs.test, inputs.minority, made)


def arms(gan: bool) -> Iterator[tuple[str, str, Style]]:
    """Yield style, use and what to train."""
    if not gan:
        yield from ((name, "", style) for name, style in STYLES.items())
        return
    for name in WITH_GAN:
        yield from ((name, use, STYLES[name]) for use in USES)


def measure(given: World, style: Style, use: str, seed: int) -> dict[str, float]:
    """Return the mean average precision of the cut classes and the processor seconds of the fit."""
    training = Training(given.train, style=style)
    if use and given.synthetic is not None:
        made = np.ones(len(given.synthetic), bool)
        training = USES[use].apply(replace(training, data=given.train.add(given.synthetic.x, given.synthetic.y, made)))
    started = time.process_time()
    fitted = convnet(training, seed)
    seconds = time.process_time() - started
    said = fitted.predict_proba(given.test.x)
    value = np.mean([average_precision_score(given.test.y == label, said[:, label]) for label in given.minority])
    return {"value": float(value), "seconds": round(seconds, 2)}


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the table: one row per style and use, one column per world, the mean over trainings and its standard error."""
    groups = pd.DataFrame(rows).groupby(["style", "use", "cell", "seed"], sort=False)["value"]
    shown = groups.agg(lambda own: f"{own.mean():.3f}" + (f" ± {own.sem():.3f}" if len(own) > 1 else ""))
    wide = shown.unstack(["cell", "seed"]).reindex(list(dict.fromkeys(shown.index.droplevel([2, 3])))).fillna("")
    head = ["style", "synthetic samples", *(f"{cell}, world {seed}" for cell, seed in wide)]
    body = ["| " + " | ".join([*index, *row]) + " |" for index, row in zip(wide.index, wide.to_numpy(), strict=True)]
    return "\n".join(["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *body]) + "\n"


def main() -> None:
    """Run what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("."), help="folder with fashion-mnist/ and cifar10-lt/")
    parser.add_argument("--out", type=Path, required=True, help="path of the results without suffix")
    parser.add_argument("--cells", nargs="*", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--styles", nargs="*", default=list(STYLES), choices=list(STYLES))
    parser.add_argument("--seeds", type=int, default=2, help="worlds of each cell")
    parser.add_argument("--fits", type=int, default=1, help="trainings of each style in a world")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--gan", action="store_true", help="run the stages and train with their samples")
    which.add_argument("--train-only", action="store_true", help="without the real samples in validation")
    given = parser.parse_args()
    store = given.out.with_suffix(".jsonl")
    done = {(row["cell"], row["seed"], row["style"], row["use"], row["fit"]) for row in results.load(store)}
    wanted = [one for one in arms(given.gan) if one[0] in given.styles]
    machine.limit_threads()
    for name, seed in ((name, seed) for name in given.cells for seed in range(given.seeds)):
        keys = [(name, seed, style, use, fit) for fit in range(given.fits) for style, use, _ in wanted]
        if set(keys) <= done:
            continue
        made = gan_world(name, seed, given.data) if given.gan else real_world(name, seed, given.data, given.train_only)
        for (style, use, kind), fit in ((one, fit) for fit in range(given.fits) for one in wanted):
            if (name, seed, style, use, fit) in done:
                continue
            found = measure(made, kind, use, seeds.derive(seed, "reference", fit))
            results.add(store, [{"cell": name, "seed": seed, "style": style, "use": use, "fit": fit, **found}])
            print(name, seed, style, use, found, flush=True)
    given.out.with_suffix(".md").write_text(markdown(results.load(store)))


if __name__ == "__main__":
    main()
