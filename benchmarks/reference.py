"""What the reference network makes of the study's worlds, by style of training, without and with the GAN's samples.

    python benchmarks/reference.py --data DIR --out benchmarks/reference
    python benchmarks/reference.py --data DIR --out benchmarks/reference --gan
    python benchmarks/reference.py --data DIR --out OUT --cells fashion-10 --train-only

The worlds are those of `generator_study.py`: trained on train and validation together, as the product's evaluation does,
judged by the mean over the cut classes of average precision on the test rows. `--gan` runs the product's stages in each
world, which takes minutes, and trains the styles of `ON_TOP` with the filter's samples, used in each way of `USED`, and with a
tenth of them mixed in.
Networks run on a GPU where there is one (`TAILWEIGHT_DEVICE`). Results are added to OUT.jsonl as they come, and a run that
is started again goes on with what is missing; OUT.md has the tables.
"""

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import results
from generator_study import CELLS, run_recipe, world
from recipes import RECIPES
from results import interval, lines
from sklearn.metrics import average_precision_score

from gan import seeds
from gan.device import prepare_device
from pipelines.driver import machine
from pipelines.evaluation.arms import ARMS, Training
from pipelines.evaluation.classifiers import convnet
from pipelines.evaluation.styles import Style
from pipelines.evaluation.synthetic import USES
from pipelines.likeness.data import Data, Pool, images_as_rows
from pipelines.samples import IMAGES

STYLES: dict[str, Style] = {"nothing": Style()} | {
    name: arm.build.keywords["style"]  # type: ignore[attr-defined]
    for name, arm in ARMS.items()
    if arm.network and arm.suits(IMAGES)
}
ON_TOP = ("square_root", "balanced", "mixup_balanced")  # the best without
USED = ("mixed", "drawn", "first")
POOL = tuple(field.name for field in fields(Pool))
TENTH = "mixed, a tenth"  # of what the plan asks for: the smallest dose


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


def gan_world(name: str, seed: int, data: Path, kept: Path | None) -> World:
    """Return a world with what the product's stages make in it: as many kept samples as the plan asks for.

    kept: a folder in which the candidates are, or are put.
    """
    real = real_world(name, seed, data)
    pools = pools_of(name, seed, data, kept)
    parts = [pool.x[pool.kept][: pool.needed] for pool in pools]
    labels = np.concatenate([np.full(len(part), pool.label) for part, pool in zip(parts, pools, strict=True)])
    return replace(real, synthetic=Data(np.concatenate(parts), labels, real.train.image_shape, kind=IMAGES))


def pools_of(name: str, seed: int, data: Path, kept: Path | None) -> list[Pool]:
    """Return the candidates that the product's stages make in a world, from the folder `kept` where they are there."""
    path = kept / f"{name}-{seed}.npz" if kept else None
    if path is not None and path.is_file():
        with np.load(path) as stored:
            return [Pool(**{f: stored[f"{n}.{f}"][()] for f in POOL}) for n in range(len(stored.files) // len(POOL))]
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        splits, _, names = world(CELLS[name], seed, data)
        pools = list(run_recipe(Path(folder), splits, names, RECIPES["default"], seed).pools)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **{f"{n}.{f}": getattr(pool, f) for n, pool in enumerate(pools) for f in POOL})
    return pools


def arms(gan: bool) -> Iterator[tuple[str, str, Style]]:
    """Yield style, use and what to train."""
    if not gan:
        yield from ((name, "", style) for name, style in STYLES.items())
        return
    for name in ON_TOP:
        yield from ((name, use, STYLES[name]) for use in (*USED, TENTH))


def measure(given: World, style: Style, use: str, seed: int) -> dict[str, Any]:
    """Return the mean average precision of the cut classes and the seconds of the fit."""
    training = Training(given.train, style=style)
    if use and given.synthetic is not None:
        synthetic = a_tenth(given.synthetic) if use == TENTH else given.synthetic
        data = given.train.add(synthetic.x, synthetic.y, np.ones(len(synthetic), bool))
        training = USES[use.partition(",")[0]].apply(replace(training, data=data))
    started = time.monotonic()
    fitted = convnet(training, seed)
    seconds = time.monotonic() - started
    said = fitted.predict_proba(given.test.x)
    value = np.mean([average_precision_score(given.test.y == label, said[:, label]) for label in given.minority])
    return {"value": round(float(value), 6), "seconds": round(seconds, 2)}


def a_tenth(made: Data) -> Data:
    """Return the first tenth of the samples of each class."""
    own = [np.flatnonzero(made.y == label) for label in np.unique(made.y)]
    return made.take(np.concatenate([rows[: round(len(rows) / 10)] for rows in own]))


def by_world(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the mean over trainings, a row for each cell and world, a column for each style and use."""
    table = pd.DataFrame(rows)
    arm = table["style"] + table["use"].map(lambda use: f", {use}" if use else "")
    return table.assign(arm=arm).pivot_table(index=["cell", "seed"], columns="arm", values="value")


def by_the_others(own: pd.DataFrame, arms: list[str]) -> tuple[pd.Series, str]:
    """Return in each world the arm of `arms` that is best in the mean of the other worlds, and the names of those taken."""
    taken = [own.drop(index=world)[arms].mean().idxmax() for world in own.index]
    values = [own.loc[world, arm] for world, arm in zip(own.index, taken, strict=True)]
    return pd.Series(values, own.index), "; ".join(dict.fromkeys(taken))


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the tables: what an arm ends with, what the samples add to it, and what a choice among all comes to."""
    worlds = by_world(rows)
    cells = [cell for cell in CELLS if cell in worlds.index.get_level_values(0)]
    of = {cell: worlds.xs(cell).dropna(axis=1, how="all") for cell in cells}
    counted = [f"{cell}, {len(own)} worlds" for cell, own in of.items()]
    plain = [arm for arm in STYLES if arm in worlds]
    ends = [[arm, *(f"{own[arm].mean():.3f}" for own in of.values())] for arm in plain]
    fits = pd.DataFrame(rows).groupby(["fit", "device"]).size()
    said = ", ".join(f"training {fit} on {device} ({count})" for (fit, device), count in fits.items())
    text = f"Machines: {said}.\n\n" + lines(["without synthetic samples", *counted], ends)
    text += "\nAugmentation of all classes, drawn as they occur, less as is:\n\n"
    both = {cell: own["augmentation"] - own["nothing"] for cell, own in of.items()}
    text += lines(["", *cells], [["augmentation", *(interval(difference) for difference in both.values())]])
    used = [(style, use) for style in ON_TOP for use in (*USED, TENTH) if f"{style}, {use}" in worlds]
    if not used:
        return text
    gains = [[style, use, *(_gain(own, f"{style}, {use}", style) for own in of.values())] for style, use in used]
    text += "\nThe GAN's samples on top of an arm, less the same arm without them:\n\n"
    text += lines(["arm", "use", *cells], gains)
    text += "\nThe arm that is best in the other worlds of the cell, without samples and with them:\n\n"
    chosen = []
    for cell, own in of.items():
        without, name = by_the_others(own, plain)
        everywhere = own.dropna(axis=1).columns
        with_them, other = by_the_others(own, [arm for style, use in used if (arm := f"{style}, {use}") in everywhere])
        means = [f"{one.mean():.3f}" for one in (without, with_them)]
        chosen.append([cell, name, means[0], other, means[1], interval(with_them - without)])
    return text + lines(["cell", "without", "", "with", "", "gain"], chosen)


def _gain(own: pd.DataFrame, arm: str, other: str) -> str:
    return interval(own[arm] - own[other]) if arm in own else "–"


def main() -> None:
    """Run what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("."), help="folder with fashion-mnist/ and cifar10-lt/")
    parser.add_argument("--out", type=Path, required=True, help="path of the results without suffix")
    parser.add_argument("--cells", nargs="*", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--styles", nargs="*", default=list(STYLES), choices=list(STYLES))
    parser.add_argument("--seeds", type=int, default=5, help="most worlds of a cell; the study has three to five")
    parser.add_argument("--fits", type=int, default=2, help="trainings of each style in a world")
    parser.add_argument("--pools", type=Path, help="folder that keeps what the stages make, to train with again")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--gan", action="store_true", help="run the stages and train with their samples")
    which.add_argument("--train-only", action="store_true", help="without the real samples in validation")
    given = parser.parse_args()
    store = given.out.with_suffix(".jsonl")
    done = {(row["cell"], row["seed"], row["style"], row["use"], row["fit"]) for row in results.load(store)}
    wanted = [one for one in arms(given.gan) if one[0] in given.styles]
    machine.limit_threads()
    device = prepare_device().type
    worlds = [(cell, seed) for cell in given.cells for seed in range(min(given.seeds, CELLS[cell].repeats))]
    for name, seed in worlds:
        keys = [(name, seed, style, use, fit) for fit in range(given.fits) for style, use, _ in wanted]
        if set(keys) <= done:
            continue
        made = (
            gan_world(name, seed, given.data, given.pools)
            if given.gan
            else real_world(name, seed, given.data, given.train_only)
        )
        for (style, use, kind), fit in ((one, fit) for fit in range(given.fits) for one in wanted):
            if (name, seed, style, use, fit) in done:
                continue
            found = measure(made, kind, use, seeds.derive(seed, "reference", fit))
            results.add(
                store, [{"cell": name, "seed": seed, "style": style, "use": use, "fit": fit, "device": device, **found}]
            )
            print(name, seed, style, use, found, flush=True)
    given.out.with_suffix(".md").write_text(markdown(results.load(store)))


if __name__ == "__main__":
    main()
