"""What rows of the GAN are worth on real tables, beside class weights and SMOTE.

    python benchmarks/tables.py FOLDER

FOLDER holds the CSV files of `TABLES`, as the UCI repository and OpenML publish them, with a header and the class in a
column `label`; of abalone, 20 rings or more are one class and fewer the other. Rare are the classes with less than half
of the samples of the largest, and at least 10 of them. A seed halves a table into training and test rows, class by class;
of one with more than 20,000 rows it takes 9,000 that no other seed takes. Where a training half has rows enough for all
seeds, minority classes are also cut to 25: then the halves are the same for all seeds, and no two share a minority row.

SMOTE fills the minority classes up to the size of the largest, on standardised numbers, SMOTENC where there are categories.
The GAN is `GANOverSampler` with 1,000 steps and a rehearsal, at a dose that each classifier chooses by cross-validation of the
training rows, the
GAN trained anew for each of 3 folds: a share of what a class lacks, 0 to 1. SMOTE is given the same choice in an arm of
its own, so that what the dose does is not put down to the GAN. `tuned boosting` is the product's reference for tables: its
learning rate, leaves, penalty and rounds are searched by cross-validation of the training rows, without synthetic ones
(`pipelines/evaluation/tuning.py`); the other three classifiers are scikit-learn's as they come.

Figures are average precision (AP) on the test half, which keeps its own shares, the mean over the minority classes. Gain: AP
with the GAN less that of the best baseline, which is the one with the highest mean over the same seeds, in hindsight, a
choice that favours the baselines. Its 95 % interval is Student's, for halves of the same rows with the correction of Nadeau
and Bengio; where the halves are the same for all seeds, it says nothing of other test rows. Distance: median over the
synthetic rows of that to the nearest training row, standardised numbers and one-hot categories. More rows: AP with all
rows of the minority classes in a training half less that of the best baseline with half of them, or what a generator could
be worth at most whose rows are as good as twice as many real ones. Results are added to `tables.jsonl` as they come, and a
run that is started again goes on with what is missing.
"""

import argparse
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import results
from generator_study import ending_lines, interval_of, shown
from imblearn.over_sampling import SMOTE, SMOTENC
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from throughput import processor

from gan import GANOverSampler
from gan.device import prepare_device
from pipelines.evaluation.tuning import best_boosting
from pipelines.likeness.data import Data

LARGE, TAKEN, TEST_SHARE = 20_000, 9000, 0.5  # rows
RARE, FEWEST = 0.5, 10  # share of the largest class, and rows, of a minority class
SEEDS, FEW = 5, 25  # rows that a minority class is cut to
CUT = f", {FEW} rows"  # what the name of a cell with cut classes ends in
SMOTE_NEEDS = 6  # rows of a class
TABLES = ("ecoli", "haberman", "german", "abalone", "winequality-white", "mammography", "phoneme", "adult")
DOSES, FOLDS = (0.0, 0.03, 0.1, 0.3, 1.0), 3
BASELINES = ["nothing", "class weights", "SMOTE", "SMOTE, dosed"]
GAN, HALF = "GAN", "half of the rows, "  # an arm, and what comes before those with half of the minority rows
TUNED = "tuned boosting"
CLASSIFIERS = ("random forest", "logistic regression", "gradient boosting", TUNED)


class Half(NamedTuple):
    """Training and test rows: frames and labels, 0 for the first class."""

    x: pd.DataFrame
    y: np.ndarray
    test_x: pd.DataFrame
    test_y: np.ndarray

    @property
    def wanted(self) -> dict[int, int]:
        """How many rows each minority class is filled up to."""
        counts = np.bincount(self.y)
        return {int(label): int(counts.max()) for label in np.flatnonzero(counts < RARE * counts.max())}

    def only(self, rows: np.ndarray) -> "Half":
        """Return the same with no training rows but `rows`, (m,)."""
        return self._replace(x=self.x.iloc[rows].reset_index(drop=True), y=self.y[rows])


def read(folder: Path, table: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the columns of a table and its labels, classes of too few rows left out."""
    frame = pd.read_csv(folder / f"{table}.csv")
    enough = frame["label"].map(frame["label"].value_counts()) >= 2 * FEWEST
    frame = frame[enough].reset_index(drop=True)
    return frame.drop(columns="label"), np.unique(frame["label"], return_inverse=True)[1]


def halve(x: pd.DataFrame, y: np.ndarray, seed: int) -> Half:
    """Part a table, or the rows of a large one that belong to the seed, into halves with the same shares."""
    large = len(x) > LARGE
    rng = np.random.default_rng(0 if large else seed)
    train, test = [], []
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        if large:
            count = int(TAKEN * len(rows) / len(y))
            rows = rows[seed * count : (seed + 1) * count]
        train.append(rows[: -(-len(rows) // 2)])
        test.append(rows[-(-len(rows) // 2) :])
    if not all(map(len, test)):
        raise SystemExit(f"seed {seed}: the table has no rows left that no other seed takes")
    first, second = np.sort(np.concatenate(train)), np.sort(np.concatenate(test))
    return Half(x.iloc[first].reset_index(drop=True), y[first], x.iloc[second].reset_index(drop=True), y[second])


def thinned(half: Half, keep: Callable[[np.ndarray], np.ndarray]) -> Half:
    """Return `half` with those training rows of its minority classes that `keep` returns, (n,) -> (m,)."""
    kept = []
    for label in np.unique(half.y):
        rows = np.flatnonzero(half.y == label)
        kept.append(keep(rows) if label in half.wanted else rows)
    return half.only(np.sort(np.concatenate(kept)))


def few(half: Half, seed: int) -> Half | None:
    """Cut the minority classes to `FEW` rows that no other of `SEEDS` seeds gets; None where they have too few."""
    if min(np.bincount(half.y)[list(half.wanted)]) < SEEDS * FEW:
        return None
    return thinned(half, lambda rows: np.random.default_rng(0).permutation(rows)[seed * FEW : (seed + 1) * FEW])


def halved(half: Half, seed: int) -> Half:
    """Return `half` with a random half of the rows of its minority classes, but as many as SMOTE needs."""
    rng = np.random.default_rng(seed)
    return thinned(half, lambda rows: rng.permutation(rows)[: max(-(-len(rows) // 2), SMOTE_NEEDS)])


def features(x: pd.DataFrame) -> ColumnTransformer:
    """Learn how rows become numbers: gaps filled by the median, standardised, categories one-hot."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_exclude="number")),
    ).fit(x)


def smote_rows(half: Half, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return synthetic rows of SMOTE, or of SMOTENC where there are categories, and their labels."""
    x = half.x
    numbers = x.select_dtypes("number").columns
    others = [name for name in x.columns if name not in numbers]
    filled = x.copy()
    filled[numbers] = SimpleImputer(strategy="median").fit_transform(x[numbers])
    scaler = StandardScaler().fit(filled[numbers])
    filled[numbers] = scaler.transform(filled[numbers])
    filled[others] = filled[others].astype(object).fillna("missing")
    if others:
        places = [filled.columns.get_loc(name) for name in others]
        sampler = SMOTENC(places, sampling_strategy=half.wanted, random_state=seed)
    else:
        sampler = SMOTE(sampling_strategy=half.wanted, random_state=seed)
    made, y = sampler.fit_resample(filled, half.y)
    made = made.iloc[len(x) :].reset_index(drop=True)
    made[numbers] = scaler.inverse_transform(made[numbers])
    return made, y[len(x) :]


Made = tuple[pd.DataFrame, np.ndarray]  # rows and their labels


def gan_rows(half: Half, seed: int) -> Made:
    """Return synthetic rows of the GAN, and their labels."""
    sampler = GANOverSampler(sampling_strategy=half.wanted, random_state=seed, steps=1000, rehearse=True)
    made, y = sampler.fit_resample(half.x, half.y)
    return made.iloc[sampler.synthetic_index_].reset_index(drop=True), y[sampler.synthetic_index_]


def by_dose(made: Made) -> dict[float, Made]:
    """Return the first of the rows of each class, as many as each dose takes of them."""
    rows, y = made
    own = [np.flatnonzero(y == label) for label in np.unique(y)]
    kept = {dose: np.concatenate([part[: round(dose * len(part))] for part in own]) for dose in DOSES}
    return {dose: (rows.iloc[some], y[some]) for dose, some in kept.items()}


def searched(ready: ColumnTransformer, half: Half, seed: int) -> dict[str, Any]:
    """Return the arguments of `TUNED` that suit the training rows of `half`."""
    return best_boosting(Data(ready.transform(half.x).astype(np.float32), half.y), seed)


def models(seed: int, found: dict[str, Any], weight: str | None = None) -> dict[str, Any]:
    """Return the classifiers by name. found: what `searched` gave."""
    best = HistGradientBoostingClassifier(
        max_iter=found["rounds"], learning_rate=found["rate"], max_leaf_nodes=found["leaves"], l2_regularization=found["l2"],
        min_samples_leaf=5, early_stopping=False, class_weight=weight, random_state=seed,
    )  # fmt: skip
    return {
        "random forest": RandomForestClassifier(100, class_weight=weight, random_state=seed),
        "logistic regression": LogisticRegression(max_iter=1000, class_weight=weight),
        "gradient boosting": HistGradientBoostingClassifier(class_weight=weight, random_state=seed),
        TUNED: best,
    }


def trained(model: Any, x: np.ndarray, y: np.ndarray, ready: ColumnTransformer, new: Made | None) -> Any:
    """Return `model`, trained on `x`, (n, d), and on the rows `new`."""
    if new is not None and len(new[1]):
        x, y = np.vstack([x, ready.transform(new[0])]), np.concatenate([y, new[1]])
    return model.fit(x, y)


def precision(model: Any, asked: np.ndarray, y: np.ndarray, rare: list[int]) -> float:
    """Return the average precision of a trained classifier on rows `asked`, (n, d), with labels `y`, (n,), the mean over
    the classes `rare`.
    """
    said = model.predict_proba(asked)
    return float(np.mean([average_precision_score(y == label, said[:, label]) for label in rare]))


def baseline(
    half: Half, ready: ColumnTransformer, new: Made | None, weight: str | None, found: dict[str, Any], seed: int
) -> list[float]:
    """Return the average precision of each classifier, trained with the rows `new` or with weights. found: see `models`."""
    x, asked = ready.transform(half.x), ready.transform(half.test_x)
    judges = [trained(model, x, half.y, ready, new) for model in models(seed, found, weight).values()]
    return [precision(judge, asked, half.test_y, list(half.wanted)) for judge in judges]


def dosed(
    half: Half,
    ready: ColumnTransformer,
    make: Callable[[Half, int], Made],
    made: Made,
    arguments: dict[str, Any],
    seed: int,
) -> list[tuple[str, float, float]]:
    """Return the dose and the average precision of each classifier.

    made: what `make` makes of all training rows.   arguments: what `searched` gave for them.
    """
    x, asked, rare = ready.transform(half.x), ready.transform(half.test_x), list(half.wanted)
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, half.y))
    by_fold = [by_dose(make(half.only(seen), seed)) for seen, _ in folds]
    found = []
    for judge in CLASSIFIERS:
        scores = dict.fromkeys(DOSES, 0.0)
        for (seen, out), rows in zip(folds, by_fold, strict=True):
            for dose in DOSES:
                model = trained(models(seed, arguments)[judge], x[seen], half.y[seen], ready, rows[dose])
                scores[dose] += precision(model, x[out], half.y[out], rare)
        dose = max(scores, key=lambda one: scores[one])
        model = trained(models(seed, arguments)[judge], x, half.y, ready, by_dose(made)[dose])
        found.append((judge, dose, precision(model, asked, half.test_y, rare)))
    return found


def measured(cell: str, half: Half, seed: int) -> list[dict[str, Any]]:
    """Return a row for each figure: AP by arm and classifier, and median distances to the nearest training row."""
    ready = features(half.x)
    search = NearestNeighbors(n_neighbors=1).fit(ready.transform(half.x))
    found = [("rows", str(label), float(count)) for label, count in enumerate(np.bincount(half.y))]
    made = {"SMOTE": smote_rows(half, seed), GAN: gan_rows(half, seed)}
    smaller = halved(half, seed)
    for prefix, own, smote in (("", half, made["SMOTE"]), (HALF, smaller, smote_rows(smaller, seed))):
        arguments = searched(ready, own, seed)
        for arm, new, weight in (("nothing", None, None), ("class weights", None, "balanced"), ("SMOTE", smote, None)):
            values = baseline(own, ready, new, weight, arguments, seed)
            found += [(prefix + arm, judge, value) for judge, value in zip(CLASSIFIERS, values, strict=True)]
    for arm, name, make in (("SMOTE, dosed", "SMOTE", smote_rows), (GAN, GAN, gan_rows)):
        for judge, dose, value in dosed(half, ready, make, made[name], searched(ready, half, seed), seed):
            found += [(arm, judge, value), (f"dose of {name}", judge, dose)]
        distance = np.median(search.kneighbors(ready.transform(made[name][0]))[0])
        found.append(("distance", name, float(distance)))
    return [
        {"cell": cell, "seed": seed, "what": what, "classifier": judge, "value": value} for what, judge, value in found
    ]


def share(cell: str) -> float:
    """Return the share of the rows that are for test in one world and for training in another."""
    return 0.0 if cell == "adult" or cell.endswith(CUT) else TEST_SHARE


def report(rows: pd.DataFrame) -> str:
    """Write the results as Markdown."""
    judged = rows[rows["what"].isin([*BASELINES, GAN])]
    lines = [
        "# Rows of the GAN on real tables",
        "",
        "`python benchmarks/tables.py FOLDER`; what is compared, and how, stands there.",
    ]
    lines += [f"Machine: {processor()}, one thread, Python {platform.python_version()}.", ""]
    lines += [*ending_lines(judged, BASELINES, GAN, share), ""]
    lines += [*more_rows_lines(rows), ""]
    named = " | ".join((*BASELINES, GAN))
    lines += ["Each classifier by itself, against its own best baseline, in bold, and against SMOTE:", ""]
    lines += [f"| cell | classifier | {named} | gain over the best | over SMOTE | over SMOTE, dosed | doses |"]
    lines += ["|---" * 11 + "|"]
    for (cell, judge), part in judged.groupby(["cell", "classifier"], sort=False):
        chosen = rows[(rows["what"] == f"dose of {GAN}") & (rows["cell"] == cell) & (rows["classifier"] == judge)]
        doses = " ".join(f"{dose:g}" for dose in chosen["value"])
        lines.append(f"| {cell} | {judge} | {gains(wide(part), cell)} | {doses} |")
    lines += ["", *cheap_lines(judged), ""]
    lines += ["The mean of the classifiers, and the distance to the nearest training row:", ""]
    lines += [
        f"| cell | rows of minority classes | {named} | gain over the best | over SMOTE | over SMOTE, dosed "
        "| distance of SMOTE, of the GAN |"
    ]
    lines += ["|---" * 11 + "|"]
    for cell, part in judged.groupby("cell", sort=False):
        mean = part.pivot_table(index="seed", columns="what", values="value")
        others = rows[rows["cell"] == cell]
        distance = others[others["what"] == "distance"].groupby("classifier")["value"].mean()
        counts = others[others["what"] == "rows"].groupby("classifier", sort=False)["value"].mean()
        rare = ", ".join(f"{count:.0f}" for count in counts[counts < RARE * counts.max()])
        lines.append(
            f"| {cell} | {rare} of {counts.sum():.0f} | {gains(mean, cell)} | {distance['SMOTE']:.3f}, {distance[GAN]:.3f} |"
        )
    return "\n".join([*lines, ""])


def more_rows_lines(rows: pd.DataFrame) -> list[str]:
    """Say what a user ends with who has all rows of the minority classes instead of half of them, without the GAN."""
    lines = [
        "What more rows are worth: the best pair of baseline (but for SMOTE, dosed) and classifier with half of the rows of",
        "the minority classes, and with all of them.",
        "",
        "| cell | half of the rows | all of them | gain |",
        "|---|---|---|---|",
    ]
    cheap = BASELINES[:3]
    for cell, part in rows.groupby("cell", sort=False):
        table = wide(part[part["what"].isin([*cheap, *(HALF + arm for arm in cheap)])], ["what", "classifier"])
        before, after = (table[arms].mean().idxmax() for arms in ([HALF + arm for arm in cheap], cheap))
        gain = shown(interval_of(table[after] - table[before], share(str(cell))))
        said = [f"{arm.removeprefix(HALF)}, {judge}: {table[arm, judge].mean():.3f}" for arm, judge in (before, after)]
        lines.append(f"| {cell} | {' | '.join(said)} | {gain} |")
    return lines


def cheap_lines(judged: pd.DataFrame) -> list[str]:
    """Say how often class weights and SMOTE themselves are worth more, or less, than nothing beyond doubt."""
    lines = []
    for arm in BASELINES[1:]:
        found = []
        for (cell, _), part in judged.groupby(["cell", "classifier"], sort=False):
            table = wide(part)
            found.append(interval_of(table[arm] - table["nothing"], share(str(cell))))
        better, worse = sum(one.low > 0 for one in found), sum(one.high < 0 for one in found)
        lines.append(
            f"- Of the {len(found)} rows, {arm}: better than nothing beyond doubt in {better}, worse in {worse}."
        )
    return lines


def wide(part: pd.DataFrame, columns: str | list[str] = "what") -> pd.DataFrame:
    """Return one row per seed and one column per arm."""
    return part.pivot(index="seed", columns=columns, values="value")


def gains(table: pd.DataFrame, cell: Any) -> str:
    """Return cells of AP by arm and of the gains. table: (seeds, arms)."""
    best = table[BASELINES].mean().idxmax()
    values = [
        f"**{table[arm].mean():.3f}**" if arm == best else f"{table[arm].mean():.3f}" for arm in (*BASELINES, GAN)
    ]
    over = [shown(interval_of(table[GAN] - table[arm], share(str(cell)))) for arm in (best, "SMOTE", "SMOTE, dosed")]
    return " | ".join([*values, *over])


def worlds(folder: Path, table: str, seed: int) -> Iterator[tuple[str, Half]]:
    """Yield the cells of a table, and what a seed makes of them."""
    x, y = read(folder, table)
    yield table, halve(x, y, seed)
    if (cut := few(halve(x, y, 0), seed)) is not None:
        yield table + CUT, cut


def main() -> None:
    """Measure what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the CSV files")
    parser.add_argument("--tables", nargs="*", choices=TABLES, default=list(TABLES))
    parser.add_argument("--seeds", type=int, nargs="*", default=range(SEEDS))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "tables", help="path without suffix")
    given = parser.parse_args()
    prepare_device()
    store = given.out.with_suffix(".jsonl")
    done = {(row["cell"], row["seed"]) for row in results.load(store)}
    for seed in given.seeds:
        for table in given.tables:
            for cell, half in worlds(given.folder, table, seed):
                if (cell, seed) not in done:
                    results.add(store, measured(cell, half, seed))
                    print(f"{cell}, seed {seed}", flush=True)
    rows = pd.DataFrame(results.load(store))
    order = [table + cut for cut in ("", CUT) for table in TABLES]
    rows = rows.sort_values("cell", key=lambda cells: cells.map(order.index), kind="stable")
    given.out.with_suffix(".md").write_text(report(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
