"""What the GAN's samples are worth on few real ones: recipes over data sets, cuts, seeds and arms, in one table.

    python benchmarks/generator_study.py --data DIR --out benchmarks/generator_study --workers 2
    python benchmarks/generator_study.py --data DIR --out /tmp/ablation --recipes borrow_nothing base_only --cells digits-10

DIR holds `fashion-mnist/{train,test}/<class>/*` and `cifar10-lt/{train,test}/<class>/*`; the digits come with scikit-learn,
and `fonts.py` makes `fonts/`, whose classes of 140 pictures are cut to 10 or 25 in ten of 62.
A world is a cell with a seed: it draws which samples of the minority classes are kept (and, for digits, which half is test),
then the product's own stages run on it with their defaults: prepare's shares, pretrain, train, generate, filter. So of 10
samples 8 are trained on and 2 held out, for every arm alike. Results are added to OUT.jsonl as they come, and a run that
is started again goes on with what is missing; OUT.md is the table.

The best baseline is the one with the highest mean on the test rows, in hindsight, so the gain is what is left against
the luckiest choice. The first table asks what a user gets in the end, who is free in the choice of a classifier with the GAN as
without it; the second keeps to one classifier, and `decides` marks the one that a user would take without a GAN.
Fashion-MNIST was first run in 3 worlds and then in a 4th, since one interval had come close to zero.
"""

import argparse
import contextlib
import math
import os
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import results
from recipes import RECIPES, Changes, Recipe
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gan import checkpoint, seeds
from gan.sample import generate
from gan.score import score
from gan.training.train import pretrain, specialise
from pipelines import files
from pipelines.driver import dag, machine, one_stage, params
from pipelines.evaluation import classifiers, intervals, reading, synthetic
from pipelines.evaluation.arms import ARMS, Training
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.synthetic import FILTERED, RANDOM, UNFILTERED
from pipelines.ingest import image_files, image_sources
from pipelines.ingest.splits import USED
from pipelines.likeness.data import Data
from pipelines.likeness.tells import column_names, find_tells
from pipelines.plan import Plan
from pipelines.samples import Candidates, Samples
from pipelines.samples.sets import ATTRIBUTE

BASELINES = ["nothing", "class_weights", "random_oversampling", "smote"]
GAN_ARMS = [FILTERED, UNFILTERED, RANDOM]
SPLITS = ("train", "validation", "test")
VALIDATION_SHARE = 0.2
COMPONENTS = 80  # of pictures with more than 200 values, for the linear classifier
REST, TEST_ROWS = 500, 4000  # samples of a class that is not cut; most test rows
FITS = 2  # of an arm and classifier in a world, averaged: a forest alone varies by 0.01


@dataclass(frozen=True)
class Cell:
    """A data set and how its minority classes are cut. samples: real ones left in each; 0 leaves the set's own long tail."""

    dataset: str
    rare: tuple[str, ...]
    samples: int
    repeats: int
    boosting: bool = False


CLOTHES = ("boot", "pullover", "shirt")
LETTERS = tuple(f"upper {one}" for one in "BGKQR") + tuple(f"lower {one}" for one in "aeg") + ("digit 4", "digit 7")
CELLS = {
    "digits-10": Cell("digits", ("1", "3", "5", "8"), 10, 5, boosting=True),
    "fashion-10": Cell("fashion-mnist", CLOTHES, 10, 4),
    "fashion-25": Cell("fashion-mnist", CLOTHES, 25, 4),
    "fashion-50": Cell("fashion-mnist", CLOTHES, 50, 4),
    "cifar10-lt": Cell("cifar10-lt", (), 0, 3),
    "fonts-10": Cell("fonts", LETTERS, 10, 3),
    "fonts-25": Cell("fonts", LETTERS, 25, 3),
}


def linear(training: Training, seed: int) -> classifiers.Fitted:
    """Logistic regression, on 80 principal components where there are more than 200 columns."""
    wide = training.data.x.shape[1] > 200
    parts = [PCA(COMPONENTS, svd_solver="randomized", random_state=0)] if wide else []
    model = make_pipeline(*parts, StandardScaler(), LogisticRegression(max_iter=200))
    return model.fit(training.data.x, training.data.y, logisticregression__sample_weight=training.weight)


def judges(cell: Cell) -> dict[str, classifiers.Classifier]:
    """Return the classifiers of a cell; boosting takes minutes a fit on large pictures."""
    table = {"linear": linear, "forest": classifiers.random_forest}
    return table | ({"boosting": classifiers.gradient_boosting} if cell.boosting else {})


def read(dataset: str, data: Path) -> tuple[dict[str, Samples], list[str]]:
    """Return the pictures of a data set as `train` and `test`, and the names of the classes."""
    if dataset == "digits":
        found = load_digits()
        values = (found.images / 16 * 255).round().astype(np.uint8)[..., None]
        ids = np.array([f"{row:05d}" for row in range(len(values))])
        return {"train": Samples(values, found.target.astype(np.int64), ids)}, [str(digit) for digit in range(10)]
    records = image_sources.scan(data / dataset)
    names = sorted({record.label for record in records})
    splits = {}
    for split in ("train", "test"):
        chosen = [record for record in records if record.split == split]
        values = np.stack([image_files.to_square(record.content(), size_of(dataset), "crop") for record in chosen])
        labels = np.array([names.index(record.label) for record in chosen], np.int64)
        splits[split] = Samples(values, labels, np.array([record.id for record in chosen]))
    return splits, names


def size_of(dataset: str) -> int:
    """Return the side of the pictures in pixels."""
    return {"digits": 8, "fashion-mnist": 28, "fonts": 28, "cifar10-lt": 32}[dataset]


def world(cell: Cell, seed: int, data: Path) -> tuple[dict[str, Samples], Samples, list[str]]:
    """Return train, validation and test of a world, all real samples outside of test, and the names of the classes."""
    splits, names = read(cell.dataset, data)
    rng = seeds.numpy_generator(seed, "study", cell.dataset, cell.samples)
    pool = splits["train"].take(rng.permutation(len(splits["train"])))
    test = splits.get("test")
    if test is None:
        half = len(pool) // 2
        pool, test = pool.take(np.arange(half)), pool.take(np.arange(half, len(pool)))
    rows: dict[str, list[np.ndarray]] = {"train": [], "validation": []}
    for label, name in enumerate(names):
        own = np.flatnonzero(pool.labels == label)[: cell.samples if name in cell.rare else REST]
        held = max(round(VALIDATION_SHARE * len(own)), 1)
        rows["validation"].append(own[:held])
        rows["train"].append(own[held:])
    made = {split: pool.take(np.sort(np.concatenate(parts))) for split, parts in rows.items()}
    made["test"] = test.take(np.sort(rng.permutation(len(test))[:TEST_ROWS]))
    return made, pool, names


def run_recipe(project: Path, splits: Mapping[str, Samples], names: list[str], recipe: Recipe, seed: int) -> Inputs:
    """Run everything from plan to filter in the folder `project`, and return what evaluate would read.

    The product's own stages run; where a setting cannot say what a recipe changes, its functions do, see `grow`.
    """
    prepared = project / "data/prepared"
    prepared.mkdir(parents=True)
    stored = {"seed": seed, **recipe.settings}
    (project / params.FILE).write_text(params.render(demo=False, values=stored))
    for split, samples in splits.items():
        samples.save(prepared / f"{split}.parquet")
    parts = [
        pd.DataFrame(
            {"id": of.ids, "class": [names[label] for label in of.labels], "split": split, "status": USED}
        ).assign(**{ATTRIBUTE + name: values for name, values in of.attributes.items()})
        for split, of in splits.items()
    ]
    pd.concat(parts).to_csv(prepared / "manifest.csv", index=False)
    files.write_json(prepared / "classes.json", {"kind": splits["train"].kind, "classes": names})
    dag.lay_empty(project)
    for stage in ("plan", "upscale"):
        one_stage.run_stage(project, stage)
    planned = list(Plan.load(project / dag.PLAN).classes)
    if recipe.changes is None:
        one_stage.run_stage(project, "pretrain")
        for stage in ("train", "generate"):
            for slug in planned:
                one_stage.run_stage(project, stage, slug)
    else:
        grow(project, splits["train"], splits["validation"], len(names), recipe.changes())
    for slug in planned:
        one_stage.run_stage(project, "filter", slug)
    return outcome(project)


def outcome(project: Path) -> Inputs:
    """Return what evaluate would read in a project."""
    prepared = project / "data/prepared"
    paths = {split: prepared / f"{split}.parquet" for split in SPLITS}
    return reading.whole(
        **paths,
        classes=prepared / "classes.json",
        plan=project / "data/plan.yaml",
        synthetic=project / "data/synthetic",
    )


def grow(project: Path, train: Samples, held_out: Samples, class_count: int, changes: Changes) -> None:
    """Do what the stages pretrain, train and generate do, with what is changed, and write what filter reads.

    The filter's own critics, and the networks that a checkpoint restores, know nothing of the changes. By default the
    filter drops copies alone, so what it keeps does not depend on the scores.
    """
    values = params.read(project)
    table = {stage.name: stage for stage in dag.STAGES}
    settings: dict[str, Any] = {name: params.group(table[name], values) for name in ("pretrain", "train", "generate")}
    sizes = params.borrowed(table["pretrain"], values, table)
    known, shown, seed = (train.values, train.labels), (held_out.values, held_out.labels), params.seed(values)
    told = {"loss": changes.loss, "augmentation": changes.augmentation}
    base = pretrain(
        *known, class_count, settings["pretrain"], sizes["network"], sizes["width"], seed, None, shown,
        changes.fit(train.values), policy=changes.policy, families=changes.families, **told,
    )  # fmt: skip
    for slug, task in Plan.load(project / dag.PLAN).classes.items():
        own, aside = train.of_class(task.index), held_out.of_class(task.index)
        gan = specialise(base, own.values, task.index, settings["train"], seed, None, aside.values, known, **told)
        count = math.ceil(settings["generate"].candidates_per_sample * task.needed)
        marks = np.array([seeds.derive(seed, "candidate", slug, number) for number in range(count)])
        made = generate(gan, own.values, task.index, marks, lenders=known)
        rows = {"id": [f"{slug}-{number:06d}" for number in range(count)], "class": task.label, "seed": marks}
        raw = score(gan, made.samples, task.index)
        for folder in ("data/models", "data/candidates"):
            (project / folder).mkdir(exist_ok=True)
        checkpoint.save(gan, project / f"data/models/{slug}.safetensors")
        candidates = Candidates(made.samples, pd.DataFrame(rows | {"raw_score": raw}))
        candidates.save(project / f"data/candidates/{slug}.parquet")


def measure(name: str, seed: int, recipe: str, data: Path, arms: list[str]) -> list[dict[str, Any]]:
    """Return a row for each figure of one world: `cell`, `seed`, `recipe`, `what`, `classifier`, `value`."""
    cell = CELLS[name]
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        splits, pool, names = world(cell, seed, data)
        started = time.process_time()
        inputs = run_recipe(Path(folder), splits, names, RECIPES[recipe], seed)
        found = [("seconds", "", time.process_time() - started)]
        own = {arm: [seeds.derive(seed, "study", arm, fit) for fit in range(FITS)] for arm in arms}
        built = {arm: [prepared(inputs, arm, RECIPES[recipe], one) for one in of] for arm, of in own.items()}
        found += [(what, "", value) for what, value in quality(inputs, pool, seed).items()]
        for arm, fits in built.items():
            for judge, classifier in judges(cell).items():
                used = fits[:1] if judge == "linear" else fits  # it has no chance of its own
                precisions = [mean_precision(classifier, one, inputs, seed + fit) for fit, one in enumerate(used)]
                found.append((arm, judge, float(np.mean(precisions))))
    return [
        {"cell": name, "seed": seed, "recipe": recipe, "what": what, "classifier": judge, "value": float(value)}
        for what, judge, value in found
    ]


def prepared(inputs: Inputs, arm: str, recipe: Recipe, seed: int) -> Training:
    """Return the training set of a baseline, or the real one filled up with synthetic samples."""
    if arm in ARMS:
        return ARMS[arm].build(inputs.train, inputs.targets, seed)
    data = synthetic.add(inputs.train, inputs.pools, arm, 1.0, seed)
    return Training(recipe.after(data, seed) if recipe.after else data)


def mean_precision(classifier: classifiers.Classifier, training: Training, inputs: Inputs, seed: int) -> float:
    """Return the average precision on the test rows, the mean over the minority classes."""
    fitted = classifier(training, seeds.derive(seed, "study", "fit"))
    answers = classifiers.probabilities(fitted, inputs.test.x, len(inputs.names))
    return float(
        np.mean([average_precision_score(inputs.test.y == rare, answers[:, rare]) for rare in inputs.minority])
    )


def quality(inputs: Inputs, pool: Samples, seed: int) -> dict[str, float]:
    """Return what is known of the kept samples beside what they are worth, the mean over the minority classes.

    kept: share of the candidates. agreement_synthetic, agreement_real: how often a forest and a linear model, trained on all
    real samples, the part that was cut away included, say the label of kept and of test samples, the mean of the two.
    tell_gan, tell_smote: area under the ROC curve with which a forest tells them, and SMOTE's rounded to the grid, from
    test samples. distance_gan, distance_smote: median distance to the nearest training sample of the class.
    """
    x = pool.values.reshape(len(pool), -1).astype(np.float32) / 255
    everything = Training(Data(x, pool.labels, inputs.train.image_shape, kind=inputs.train.kind))
    knowing = [fit(everything, seed) for fit in (classifiers.random_forest, linear)]
    smote = ARMS["smote"].build(inputs.train, inputs.targets, seeds.derive(seed, "study", "smote")).data
    new = slice(len(inputs.train), None)
    added, added_y = np.round(smote.x[new] * 255) / np.float32(255), smote.y[new]
    figures: list[dict[str, float]] = []
    for one in inputs.pools:
        real, made = inputs.test.of_class(one.label), one.x[one.kept][: one.needed]
        between = added[added_y == one.label]
        own = inputs.train.of_class(one.label)
        figures.append({
            "kept": float(one.kept.mean()),
            "agreement_synthetic": agreement(knowing, made, one.label),
            "agreement_real": agreement(knowing, real, one.label),
            "tell_gan": tell(made, real, inputs.train, seed),
            "tell_smote": tell(between, real, inputs.train, seed),
            "distance_gan": nearest(made, own),
            "distance_smote": nearest(between, own),
        })  # fmt: skip
    return pd.DataFrame(figures).mean().to_dict()


def agreement(knowing: list[classifiers.Fitted], x: np.ndarray, label: int) -> float:
    """Return how often classifiers of all classes say `label` of rows `x`, the mean over them."""
    return float(np.mean([(one.predict_proba(x).argmax(1) == label).mean() for one in knowing]))


def tell(made: np.ndarray, real: np.ndarray, train: Data, seed: int) -> float:
    """Return the area under the ROC curve with which a forest tells `made` from `real`."""
    found = [tell.auc for tell in find_tells(made, real, train, column_names(train), seed)]
    return found[0] if found else float("nan")


def nearest(made: np.ndarray, real: np.ndarray) -> float:
    """Return the median Euclidean distance of `made` to the nearest of `real`."""
    squares = (made**2).sum(1)[:, None] + (real**2).sum(1)[None] - 2 * made @ real.T
    return float(np.median(np.sqrt(np.maximum(squares.min(1), 0))))


def arms_of(recipe: str) -> list[str]:
    """Return the arms to measure. Baselines do not depend on the recipe; a filter that keeps all has no rivals."""
    if recipe == "default":
        return [*BASELINES, "gan_filtered"]
    return GAN_ARMS if RECIPES[recipe].settings.get("filter") else ["gan_filtered"]


def gains(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per cell, recipe and classifier: the arms' means, and the gain of the filtered GAN with its interval.

    table: rows of `measure`. The interval is Student's over worlds. Digits share their rows between train and test of
    different worlds, so there it has the correction of Nadeau and Bengio.
    """
    rows = []
    judged = table[table["classifier"] != ""]
    for (cell, recipe, judge), part in judged.groupby(["cell", "recipe", "classifier"], sort=False):
        wide = part.pivot(index="seed", columns="what", values="value")
        if not set(BASELINES) <= set(wide):  # baselines do not depend on the recipe and are measured once
            base = judged[(judged["cell"] == cell) & (judged["recipe"] == "default") & (judged["classifier"] == judge)]
            known = base[base["what"].isin(BASELINES)].pivot(index="seed", columns="what", values="value")
            wide = wide.join(known, how="inner")
        if wide.empty or "gan_filtered" not in wide:
            continue
        best = str(wide[BASELINES].mean().idxmax())
        rows.append(
            {"cell": cell, "recipe": recipe, "classifier": judge, "worlds": len(wide), "best": best}
            | wide.mean().to_dict()
            | {
                name: interval_of(wide["gan_filtered"] - wide[other], test_share(str(cell)))
                for name, other in compared(best).items()
                if other in wide
            }
        )
    found = pd.DataFrame(rows)
    found["best_baseline"] = found[BASELINES].max(axis=1)
    found["decides"] = found["best_baseline"] == found.groupby(["cell", "recipe"])["best_baseline"].transform("max")
    return found


def compared(best: str) -> dict[str, str]:
    """What the filtered GAN is compared with."""
    return {"gain": best, "over_unfiltered": "gan_unfiltered", "over_random": "gan_random_filter"}


def test_share(cell: str) -> float:
    """Return the share of the rows that are for test in one world and for training in another."""
    return 0.5 if CELLS[cell].dataset == "digits" else 0.0


def interval_of(differences: pd.Series, test_share: float) -> intervals.Interval:
    """Return the interval of the mean of differences between arms, one a world."""
    return intervals.nadeau_bengio(differences.to_numpy(), test_share)


def shown(found: intervals.Interval) -> str:
    """Return `+0.041 [+0.030, +0.052]`."""
    return f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def markdown(table: pd.DataFrame, command: str) -> str:
    """Return the tables as text: gains by cell and classifier, what is known of the samples, filters, and recipes."""
    found = gains(table)
    default = found[found["recipe"] == "default"]
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, a thread a world"
    lines = ["# The generator study", "", f"`{command}`, {machine}.", ""]
    lines += ending_lines(table[table["recipe"] == "default"], BASELINES, "gan_filtered", test_share)
    lines += ["", *gain_lines(default), ""]
    lines += [*quality_lines(table[table["recipe"] == "default"]), "", *filter_lines(found), "", *recipe_lines(table)]
    return "\n".join(lines) + "\n"


def ending_lines(table: pd.DataFrame, baselines: list[str], gan: str, share: Callable[[str], float]) -> list[str]:
    """Return what a user gets in the end, one row per cell: the best of all classifiers with the GAN, less that without it.

    table: rows of `measure`. share: see `interval_of`, of a cell.
    """
    judges = table["classifier"].replace("", np.nan).nunique()
    lines = [
        "In the end: the best pair of baseline and classifier against the best classifier with the GAN, each by its",
        f"mean in hindsight (a choice among up to {judges * len(baselines)} against one among up to {judges}). Average "
        "precision, the mean",
        "over the minority classes and worlds; the interval is 95 %, over worlds.",
        "",
        "| cell | worlds | without the GAN | with it | gain |",
        "|---|---|---|---|---|",
    ]
    judged = table[table["classifier"] != ""]
    for cell, part in judged.groupby("cell", sort=False):
        wide = part.pivot(index="seed", columns=["what", "classifier"], values="value")
        without, with_it = (wide[arms].mean().idxmax() for arms in (baselines, [gan]))
        gain = interval_of(wide[with_it] - wide[without], share(str(cell)))
        before = f"{without[0].replace('_', ' ')}, {without[1]}: {wide[without].mean():.3f}"
        after = f"{with_it[1]}: {wide[with_it].mean():.3f}"
        lines.append(f"| {cell} | {len(wide)} | {before} | {after} | {shown(gain)} |")
    return lines


def gain_lines(default: pd.DataFrame) -> list[str]:
    """Return the product's defaults against the baselines, one row per cell and classifier."""
    arms = [*BASELINES, "gan_filtered"]
    lines = ["Each classifier by itself, against its own best baseline:", ""]
    named = " | ".join(arm.replace("_", " ") for arm in arms)
    lines += [f"| cell | classifier | worlds | {named} | gain over the best baseline |", "|---" * (4 + len(arms)) + "|"]
    for row in default.to_dict("records"):
        figures = [f"**{row[arm]:.3f}**" if arm == row["best"] else f"{row[arm]:.3f}" for arm in arms]
        judge = f"{row['classifier']}{' (decides)' if row['decides'] else ''}"
        lines.append(f"| {row['cell']} | {judge} | {row['worlds']} | {' | '.join(figures)} | {shown(row['gain'])} |")
    return lines


def filter_lines(found: pd.DataFrame) -> list[str]:
    """Return what filtering by score is worth against no filter and one by chance, one row per cell, recipe and classifier."""
    if "gan_random_filter" not in found:
        return []
    lines = [
        "| cell | filter | classifier | worlds | over unfiltered | over a random filter |",
        "|---|---|---|---|---|---|",
    ]
    for row in found[found["gan_random_filter"].notna()].to_dict("records"):
        compared = f"{shown(row['over_unfiltered'])} | {shown(row['over_random'])}"
        about = RECIPES[str(row["recipe"])].about
        lines.append(f"| {row['cell']} | {about} | {row['classifier']} | {row['worlds']} | {compared} |")
    return lines


def quality_lines(table: pd.DataFrame) -> list[str]:
    """Return what is known of the kept samples, one row per cell."""
    wide = table[table["classifier"] == ""].pivot_table(index="cell", columns="what", values="value", sort=False)
    columns = [name for name in QUALITY if name in wide]
    rows = [f"| {cell} | " + " | ".join(f"{row[name]:.3g}" for name in columns) + " |" for cell, row in wide.iterrows()]
    return [
        "| cell | " + " | ".join(name.replace("_", " ") for name in columns) + " |",
        "|---" * (1 + len(columns)) + "|",
        *rows,
    ]


QUALITY = [
    "kept",
    "agreement_synthetic",
    "agreement_real",
    "tell_gan",
    "tell_smote",
    "distance_gan",
    "distance_smote",
    "seconds",
]


def recipe_lines(table: pd.DataFrame) -> list[str]:
    """Return what each recipe gives, one row per cell and recipe: the filtered GAN less the default's, both in the
    worlds that the recipe was run in.
    """
    lines = [
        "| cell | recipe | worlds | what is changed | filtered GAN, less the default's in the same worlds |",
        "|---|---|---|---|---|",
    ]
    found = table[table["what"] == "gan_filtered"]
    for (cell, recipe), part in found[found["recipe"] != "default"].groupby(["cell", "recipe"], sort=False):
        default = found[(found["cell"] == cell) & (found["recipe"] == "default")]
        pairs = part.merge(default, on=["seed", "classifier"], suffixes=("", "_default"))
        means = pairs.groupby("classifier", sort=False)[["value", "value_default"]].mean()
        cells = [
            f"{judge} {row['value']:.3f} ({row['value'] - row['value_default']:+.3f})"
            for judge, row in means.iterrows()
        ]
        lines.append(
            f"| {cell} | {recipe} | {pairs['seed'].nunique()} | {RECIPES[str(recipe)].about} | {', '.join(cells)} |"
        )
    return lines


def main() -> None:
    """Run what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("."), help="folder with fashion-mnist/ and cifar10-lt/")
    parser.add_argument("--out", type=Path, required=True, help="path of the results without suffix")
    parser.add_argument("--cells", nargs="*", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--recipes", nargs="*", default=["default"], choices=list(RECIPES))
    parser.add_argument("--seeds", type=int, help="worlds a cell; by default what the cell says")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    store = given.out.with_suffix(".jsonl")
    done = {(row["cell"], row["seed"], row["recipe"]) for row in results.load(store)}
    wanted = [
        (cell, seed, recipe)
        for recipe in given.recipes
        for seed in range(given.seeds or max(cell.repeats for cell in CELLS.values()))
        for cell in given.cells
        if seed < (given.seeds or CELLS[cell].repeats) and (cell, seed, recipe) not in done
    ]
    machine.limit_threads()
    calls = (joblib.delayed(measure)(*one, given.data, arms_of(one[2])) for one in wanted)
    started = time.monotonic()
    for number, rows in enumerate(joblib.Parallel(given.workers, return_as="generator_unordered")(calls), 1):
        results.add(store, rows)
        print(f"{number}/{len(wanted)} worlds, {time.monotonic() - started:.0f} s", flush=True)
    table = pd.DataFrame(results.load(store))
    command = f"python benchmarks/generator_study.py --data DIR --out {given.out}"
    given.out.with_suffix(".md").write_text(markdown(table, command))
    print(given.out.with_suffix(".md").read_text())


if __name__ == "__main__":
    main()
