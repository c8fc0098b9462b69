"""What it brings to fill a class up by subgroup (`plan.balance`), beside what a user would do instead.

    python benchmarks/balance.py --data DIR --out benchmarks/balance --worlds 5

`digits, …`: scikit-learn's digits with a square of each hidden, as in `examples/hidden_digits.py`; half of them come from a
second scanner, which writes negatives, is dim and noisy, or blurs. Digits 3, 5 and 8 keep 16 images of the first scanner and
3 of the second, the others 60 of each. `adult, by sex`: 2,000 rows of a low income and 60 of a high one, of which some nine are
women's, as it happens to be in the data (DIR/adult.csv, UCI's census income); the classes are told apart on 9,000 other rows.

The product's stages make synthetic samples without `plan.balance` and, from the same models, with it. Images are drawn first
and real ones alone last; of rows a tenth of what the class lacks is added, since all of it is a loss whatever makes it.
Each way is measured by the average precision of the cut classes among the test samples of each subgroup alone, the mean
of two trainings. Beside the arms that know no subgroups stand the same with the subgroup's real samples repeated, and SMOTE
within it, both in the numbers that `plan.balance` asks for; at the end, real samples of the smaller subgroup, held back.
Results are added to OUT.jsonl as they come, and a run that is started again goes on with what is missing; OUT.md is made of
them.
"""

import argparse
import contextlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import results
from gate_calibration import hidden_rows
from generator_study import outcome, run_recipe
from recipes import Recipe
from results import interval, lines
from scipy.ndimage import uniform_filter
from sklearn.metrics import average_precision_score
from tables import read as read_table

from gan import seeds
from pipelines.driver import dag, machine, one_stage, params
from pipelines.evaluation import classifiers
from pipelines.evaluation.arms import ARMS, Training, random_oversampling, smote
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.synthetic import USES
from pipelines.likeness import views
from pipelines.likeness.data import Data
from pipelines.plan import Plan
from pipelines.samples import TABLE, Samples
from pipelines.stages.plan import filled_up

FITS = 2
RARE_DIGITS, RICH, FIRST, SECOND, SPARE = (3, 5, 8), 60, 16, 3, 13  # images
LOW, HIGH, MORE = 2_000, 60, 25  # rows
VALIDATION_SHARE = 0.2
ALL = "all"
DOSE = {True: 1.0, False: 0.1}  # of what a class lacks, of images and of rows


class World(NamedTuple):
    """Splits with attributes, the real samples that were held back, the classes, and what the stages are told."""

    splits: dict[str, Samples]
    spare: Samples
    names: list[str]
    settings: dict[str, Any]
    attribute: str


def negative(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn black into white."""
    return 255 - images


def dim(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Flatten the contrast, and add noise."""
    return np.clip(90 + 0.4 * images + rng.normal(0, 13, images.shape), 0, 255).round()


def blurred(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Take the mean of 3 x 3 pixels."""
    return uniform_filter(images.astype(float), (0, 3, 3, 0)).round()


def scanners(seed: int, data: Path, look: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> World:
    """Return digits of two scanners, the second of which sees them as `look` does."""
    x, y, _, shape = hidden_rows(seed)
    names = [str(digit) for digit in range(10)]
    rng = seeds.numpy_generator(seed, "balance", "digits")
    order = rng.permutation(len(x))
    values = np.round(x[order] * 255).astype(np.uint8).reshape(-1, *shape)
    second = rng.random(len(values)) < 0.5
    values[second] = look(values[second], rng).astype(np.uint8)
    ids, told = np.array([f"{row:05d}" for row in order]), {"scanner": np.where(second, "b", "a")}
    pool = Samples(values, y[order].astype(np.int64), ids, attributes=told)
    rows: dict[str, list[np.ndarray]] = {"train": [], "validation": [], "test": [], "spare": []}
    for label in range(len(names)):
        for negative, few in ((False, FIRST), (True, SECOND)):
            own = np.flatnonzero((pool.labels == label) & (second == negative))
            count = few if label in RARE_DIGITS else min(RICH, len(own) // 2)
            held = max(round(VALIDATION_SHARE * count), 1)
            rest = own[count:]
            if label in RARE_DIGITS and negative:
                rows["spare"].append(rest[:SPARE])
                rest = rest[SPARE:]
            rows["validation"].append(own[:held])
            rows["train"].append(own[held:count])
            rows["test"].append(rest)
    return dealt(pool, rows, names, {}, "scanner")


def incomes(seed: int, data: Path) -> World:
    """Return the rows of a census by sex."""
    frame, labels = read_table(data, "adult")
    rng = seeds.numpy_generator(seed, "balance", "adult")
    ids = np.array([f"{row:05d}" for row in range(len(frame))])
    numeric = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    kinds = {str(name): "integer" if name in numeric else "categorical" for name in frame}
    sexes = frame["sex"].astype(str).to_numpy()
    pool = Samples(frame, labels.astype(np.int64), ids, TABLE, kinds, {"sex": sexes})
    high = int(np.bincount(labels).argmin())
    rows: dict[str, list[np.ndarray]] = {"train": [], "validation": [], "test": [], "spare": []}
    for label, count, tested in ((1 - high, LOW, 6_800), (high, HIGH, 2_200)):
        own = rng.permutation(np.flatnonzero(labels == label))
        held = round(VALIDATION_SHARE * count)
        rows["validation"].append(own[:held])
        rows["train"].append(own[held:count])
        rows["test"].append(own[count : count + tested])
        if label == high:
            rest = own[count + tested :]
            rows["spare"].append(rest[sexes[rest] == "Female"][:MORE])
    about = {"label": "income", "attributes": ["sex"], "columns": kinds}
    return dealt(pool, rows, ["low", "high"] if high else ["high", "low"], about, "sex")


def dealt(
    pool: Samples, rows: dict[str, list[np.ndarray]], names: list[str], about: dict[str, Any], attribute: str
) -> World:
    """Return a world of these rows of a pool."""
    parts = {split: pool.take(np.sort(np.concatenate(of))) for split, of in rows.items()}
    spare = parts.pop("spare")
    return World(parts, spare, names, {"prepare": {"attributes": [attribute], **about}}, attribute)


CELLS: dict[str, Callable[[int, Path], World]] = {
    "digits, negatives": partial(scanners, look=negative),
    "digits, a dim scanner": partial(scanners, look=dim),
    "digits, a scanner that blurs": partial(scanners, look=blurred),
    "adult, by sex": incomes,
}


def stages(given: World, seed: int) -> tuple[Inputs, Inputs]:
    """Run the stages from plan to filter; return what they made without `plan.balance`, and with it."""
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        project = Path(folder)
        plain = run_recipe(project, given.splits, given.names, Recipe("as it is", settings=given.settings), seed)
        values = params.read(project) | {"plan": {"balance": given.attribute}}
        (project / params.FILE).write_text(params.render(demo=False, values=values))
        one_stage.run_stage(project, "plan")
        planned = Plan.load(project / dag.PLAN).classes
        for stage in ("generate", "filter"):
            for slug in planned:
                one_stage.run_stage(project, stage, slug)
        return plain, outcome(project)


def first_kept(inputs: Inputs, dose: float) -> Data:
    """Return the real samples outside of test with synthetic ones, a share `dose` of what the plan wants."""
    data = inputs.real
    for pool in inputs.pools:
        added = pool.x[pool.kept][: round(dose * pool.needed)]
        data = data.add(added, np.full(len(added), pool.label), np.ones(len(added), bool))
    return data


def by_subgroup(
    build: Callable[[Data, dict[int, int], int], Training],
    real: Data,
    wanted: dict[int, int],
    values: np.ndarray,
    even: bool,
    seed: int,
) -> Data:
    """Return the real samples with each subgroup of a cut class filled up, as a class is by the arm `build`.

    wanted: how many samples each class is to have.   values: (n,) str, the subgroup of each.   even: up to the largest
    subgroup of the class only; otherwise as `plan.balance` does.
    """
    targets: dict[int, int] = {}
    apart = real.y.copy()
    for label, target in wanted.items():
        own = pd.Series(values[real.y == label])
        counts = own.value_counts().sort_index()
        needed = {value: counts.max() - count for value, count in counts.items()}
        if not even:
            needed = {one.value: one.needed for one in filled_up(own, target - len(own))}
        for value, count in counts.items():
            pseudo = int(apart.max()) + 1
            apart[(real.y == label) & (values == value)] = pseudo
            targets[pseudo] = int(count + needed[value])
    of = {int(pseudo): int(real.y[apart == pseudo][0]) for pseudo in np.unique(apart)}
    filled = build(replace(real, y=apart), targets, seed).data
    return replace(filled, y=np.array([of[int(label)] for label in filled.y]))


def ways(cell: str, given: World, plain: Inputs, balanced: Inputs) -> dict[str, Callable[[int], Training]]:
    """Return what a classifier is trained on, by the name of the way, as a function of a seed. plain, balanced: of `stages`."""
    real = plain.real
    values = np.concatenate([given.splits[split].attributes[given.attribute] for split in ("train", "validation")])
    network = cell.startswith("digits")
    dose = DOSE[network]
    counts = np.bincount(real.y)
    targets = {
        label: int(counts[label] + round(dose * (target - counts[label]))) for label, target in plain.targets.items()
    }
    arm, use = (ARMS["balanced"], "first") if network else (ARMS["nothing"], "mixed")

    def with_real(fit: int) -> Training:
        found = real.add(spare_rows(given, plain), given.spare.labels, np.zeros(len(given.spare), bool))
        return arm.build(found, plain.targets, fit)

    def samples(inputs: Inputs) -> Callable[[int], Training]:
        return lambda fit: USES[use].apply(arm.build(first_kept(inputs, dose), inputs.targets, fit))

    table = {
        arm.label: lambda fit: arm.build(real, plain.targets, fit),
        f"{arm.label}, subgroups repeated": lambda fit: arm.build(
            by_subgroup(random_oversampling, real, targets, values, network, fit), plain.targets, fit
        ),
        "GAN": samples(plain),
        "GAN, plan.balance": samples(balanced),
        "real ones of the smaller subgroup": with_real,
    }
    if not network:
        table["SMOTE"] = lambda fit: ARMS["smote"].build(real, targets, fit)
        table["SMOTE within subgroups"] = lambda fit: Training(by_subgroup(smote, real, targets, values, False, fit))
    return table


def spare_rows(given: World, inputs: Inputs) -> np.ndarray:
    """Return the samples that were held back as classifiers see them."""
    found: np.ndarray = views.fit(given.splits["train"]).rows(given.spare.values)
    return found.reshape(len(found), inputs.train.x.shape[1])


def measured(cell: str, seed: int, data: Path) -> list[dict[str, Any]]:
    """Return a row for each way, classifier and subgroup of a world."""
    given = CELLS[cell](seed, data)
    tested = given.splits["test"].attributes[given.attribute]
    judges = ["convnet"] if cell.startswith("digits") else ["random_forest", "logistic_regression"]
    rows = []
    plain, balanced = stages(given, seed)
    for way, build in ways(cell, given, plain, balanced).items():
        for judge in judges:
            said = []
            for fit in range(FITS):
                own = seeds.derive(seed, "balance", fit)
                fitted = classifiers.CLASSIFIERS[judge](build(own), own)
                said.append(classifiers.probabilities(fitted, plain.test.x, len(given.names)))
            for value in (ALL, *np.unique(tested)):
                inside = np.ones(len(tested), bool) if value == ALL else tested == value
                found = np.mean([precision(given, one, inside) for one in said])
                about = {"cell": cell, "seed": seed, "way": way, "classifier": judge, "in": str(value)}
                rows.append({**about, "value": round(float(found), 6)})
    return rows


def precision(given: World, said: np.ndarray, inside: np.ndarray) -> float:
    """Return the mean over the cut classes of the average precision among the test samples `inside`, (n,) bool."""
    y = given.splits["test"].labels
    counts = np.bincount(given.splits["train"].labels)
    rare = np.flatnonzero(counts < counts.max() / 2)
    return float(np.mean([average_precision_score(y[inside] == label, said[inside, label]) for label in rare]))


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return a table for each cell and classifier: each way, and what `plan.balance` adds to it, by subgroup."""
    text = ""
    table = pd.DataFrame(rows)
    for (cell, judge), own in table.groupby(["cell", "classifier"], sort=False):
        places = list(dict.fromkeys(own["in"]))
        worlds = {
            place: own[own["in"] == place].pivot_table(index="seed", columns="way", values="value") for place in places
        }
        best = "GAN, plan.balance"
        body = []
        for way in dict.fromkeys(own["way"]):
            cells = [f"{worlds[place][way].mean():.3f}" for place in places]
            gains = ["" if way == best else interval(worlds[place][best] - worlds[place][way]) for place in places]
            body.append([way, *cells, *gains])
        text += f"\n## {cell}, {str(judge).replace('_', ' ')}, {own['seed'].nunique()} worlds\n\n"
        text += lines(["", *places, *(f"balance over it, {place}" for place in places)], body)
    return text


def main() -> None:
    """Run what is missing and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with adult.csv")
    parser.add_argument("--out", type=Path, required=True, help="path of the results without suffix")
    parser.add_argument("--worlds", type=int, default=5)
    parser.add_argument("--cells", nargs="*", default=list(CELLS), choices=list(CELLS))
    given = parser.parse_args()
    store = given.out.with_suffix(".jsonl")
    machine.limit_threads()
    done = {(row["cell"], row["seed"]) for row in results.load(store)}
    for seed, cell in ((seed, cell) for seed in range(given.worlds) for cell in given.cells):
        if (cell, seed) not in done:
            results.add(store, measured(cell, seed, given.data))
            print(cell, seed, flush=True)
    given.out.with_suffix(".md").write_text(
        "# Filling up by subgroup\n\n`python benchmarks/balance.py --data DIR --out benchmarks/balance`\n"
        + markdown(results.load(store))
    )


if __name__ == "__main__":
    main()
