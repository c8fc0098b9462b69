"""What rows of a GAN are worth on real tables, beside class weights and SMOTE.

    python benchmarks/tables.py FOLDER --seeds 5

FOLDER holds the CSV files of `TABLES`, as the UCI repository and OpenML hand them out: the label last, or in a column
named `label`. Each table is asked for its rare class, as imbalanced-learn's benchmark sets are. A seed halves the table
into training and test rows, stratified, at most 5,000 rows in all. Every arm fills the rare class up to the size of the
rest, SMOTE on standardised numbers (SMOTENC where there are categories), `GANOverSampler` as it comes. Figures are average
precision (AP) of the rare class on the test half, which keeps its own shares.

Gain: AP of the GAN less that of the best baseline, which is the one with the highest mean over the same seeds, a choice
that favours the baselines. Its 95 % interval is that of Nadeau and Bengio for repeated halves. Distance: median over the
synthetic rows of that to the nearest training row, standardised numbers and one-hot categories.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, SMOTENC
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from gan import GANOverSampler
from pipelines.evaluation.intervals import Interval, nadeau_bengio

MOST_ROWS, TEST_SHARE = 5000, 0.5
TABLES = {  # file, labels of the rare class
    "ecoli": ("ecoli", ["imU"]),
    "haberman": ("haberman", ["2"]),
    "german": ("german", ["2"]),
    "abalone": ("abalone", ["7"]),
    "wine quality": ("winequality-white", ["3", "4"]),
    "mammography": ("mammography", ["'1'"]),
    "phoneme": ("phoneme", ["1"]),
    "adult": ("adult-train", [">50K"]),
}
BASELINES = ("nothing", "class weights", "SMOTE")
GAN = "GAN"
CLASSIFIERS = ("random forest", "logistic regression", "gradient boosting")


class Half(NamedTuple):
    """Training and test rows: frames and labels, 1 for the rare class."""

    x: pd.DataFrame
    y: np.ndarray
    test_x: pd.DataFrame
    test_y: np.ndarray


def read(folder: Path, table: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the columns of a table and its labels, 1 for the rare class."""
    file, rare = TABLES[table]
    path = folder / f"{file}.csv"
    named = "label" in path.read_text(encoding="utf-8").partition("\n")[0].split(",")
    frame = pd.read_csv(path, header=0 if named else None, skipinitialspace=True, na_values="?")
    label = "label" if named else frame.columns[-1]
    frame = frame.dropna(subset=[label])
    x = frame.drop(columns=label).rename(columns=str).reset_index(drop=True)
    y = frame[label].astype(str).isin(rare).to_numpy(int)
    if len(x) > MOST_ROWS:
        rows = next(StratifiedShuffleSplit(1, train_size=MOST_ROWS, random_state=0).split(x, y))[0]
        x, y = x.iloc[rows].reset_index(drop=True), y[rows]
    return x, y


def halve(x: pd.DataFrame, y: np.ndarray, seed: int) -> Half:
    """Part a table into halves with the same shares."""
    train, test = next(StratifiedShuffleSplit(1, test_size=TEST_SHARE, random_state=seed).split(x, y))
    return Half(x.iloc[train].reset_index(drop=True), y[train], x.iloc[test].reset_index(drop=True), y[test])


def features(x: pd.DataFrame) -> ColumnTransformer:
    """Learn how rows become numbers: gaps filled by the median, standardised, categories one-hot."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_exclude="number")),
    ).fit(x)


def smote_rows(x: pd.DataFrame, y: np.ndarray, seed: int) -> pd.DataFrame:
    """Return synthetic rows of SMOTE, or of SMOTENC where there are categories."""
    numbers = x.select_dtypes("number").columns
    others = [name for name in x.columns if name not in numbers]
    filled = x.copy()
    filled[numbers] = SimpleImputer(strategy="median").fit_transform(x[numbers])
    scaler = StandardScaler().fit(filled[numbers])
    filled[numbers] = scaler.transform(filled[numbers])
    filled[others] = filled[others].astype(object).fillna("missing")
    if others:
        sampler = SMOTENC([filled.columns.get_loc(name) for name in others], random_state=seed)
    else:
        sampler = SMOTE(random_state=seed)
    made = sampler.fit_resample(filled, y)[0].iloc[len(x) :].reset_index(drop=True)
    made[numbers] = scaler.inverse_transform(made[numbers])
    return made


def gan_rows(x: pd.DataFrame, y: np.ndarray, seed: int) -> pd.DataFrame:
    """Return synthetic rows of the GAN as it comes."""
    sampler = GANOverSampler(random_state=seed)
    return sampler.fit_resample(x, y)[0].iloc[sampler.synthetic_index_].reset_index(drop=True)


def precision(
    half: Half, ready: ColumnTransformer, new: pd.DataFrame | None, weight: str | None, seed: int
) -> list[float]:
    """Return the average precision of each classifier, trained with the rows `new` of the rare class."""
    x, y = ready.transform(half.x), half.y
    if new is not None:
        x, y = np.vstack([x, ready.transform(new)]), np.concatenate([y, np.ones(len(new), int)])
    models = (
        RandomForestClassifier(100, class_weight=weight, random_state=seed),
        LogisticRegression(max_iter=1000, class_weight=weight),
        HistGradientBoostingClassifier(class_weight=weight, random_state=seed),
    )
    asked = ready.transform(half.test_x)
    return [float(average_precision_score(half.test_y, model.fit(x, y).predict_proba(asked)[:, 1])) for model in models]


def measured(table: str, half: Half, seed: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each arm: AP of each classifier, and the median distance to the nearest training row."""
    ready = features(half.x)
    search = NearestNeighbors(n_neighbors=1).fit(ready.transform(half.x))
    for arm in (*BASELINES, GAN):
        made = {"SMOTE": smote_rows, GAN: gan_rows}.get(arm)
        new = made(half.x, half.y, seed) if made else None
        row = {"table": table, "seed": seed, "arm": arm}
        if new is not None:
            row["distance"] = float(np.median(search.kneighbors(ready.transform(new))[0]))
        weight = "balanced" if arm == "class weights" else None
        yield row | dict(zip(CLASSIFIERS, precision(half, ready, new, weight, seed), strict=True))


def shown(gain: Interval) -> str:
    """Write a gain with its interval."""
    return f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"


def report(results: pd.DataFrame) -> str:
    """Write the results as Markdown."""
    lines = [
        "# Rows of a GAN on real tables",
        "",
        f"`python benchmarks/tables.py FOLDER --seeds {results['seed'].nunique()}`; what is compared, and how, stands there.",
        "",
        "| table | rare : rest in training | classifier | best baseline | its AP | AP of the GAN | gain, 95 % interval |",
        "|---|---|---|---|---|---|---|",
    ]
    for table, rows in results.groupby("table", sort=False):
        shares = rows["shares"].iloc[0]
        for classifier in CLASSIFIERS:
            by_arm = rows.pivot(index="seed", columns="arm", values=classifier)
            best = by_arm[list(BASELINES)].mean().idxmax()
            gain = nadeau_bengio((by_arm[GAN] - by_arm[best]).to_numpy(), TEST_SHARE)
            lines.append(
                f"| {table} | {shares} | {classifier} | {best} | {by_arm[best].mean():.3f} | {by_arm[GAN].mean():.3f} "
                f"| {shown(gain)} |"
            )
    lines += [
        "",
        "Beside SMOTE alone, mean over the seeds (AP of random forest / logistic regression / gradient boosting; the gain is",
        "that of their mean):",
        "",
        "| table | AP SMOTE | AP GAN | gain, 95 % interval | distance SMOTE | distance GAN |",
        "|---|---|---|---|---|---|",
    ]
    for table, rows in results.groupby("table", sort=False):
        means = rows.groupby("arm")[[*CLASSIFIERS, "distance"]].mean()
        ap = {
            arm: " / ".join(f"{means.loc[arm, classifier]:.3f}" for classifier in CLASSIFIERS) for arm in ("SMOTE", GAN)
        }
        smote, ours = means.loc["SMOTE"], means.loc[GAN]
        mean_ap = rows.assign(mean=rows[list(CLASSIFIERS)].mean(axis=1)).pivot(
            index="seed", columns="arm", values="mean"
        )
        gain = nadeau_bengio((mean_ap[GAN] - mean_ap["SMOTE"]).to_numpy(), TEST_SHARE)
        lines.append(
            f"| {table} | {ap['SMOTE']} | {ap[GAN]} | {shown(gain)} | {smote['distance']:.3f} | {ours['distance']:.3f} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure what is asked for, keep what `tables.json` has of other tables, and write it and `tables.md` anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the CSV files")
    parser.add_argument("--seeds", type=int, default=5, help="halves of each table, 2 or more")
    parser.add_argument(
        "--tables", nargs="*", choices=TABLES, default=list(TABLES), help="only these; none: write the report again"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of the results")
    given = parser.parse_args()
    kept = given.out / "tables.json"
    rows: list[dict[str, Any]] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else []
    rows = [row for row in rows if row["table"] not in given.tables]
    for table in given.tables:
        x, y = read(given.folder, table)
        for seed in range(given.seeds):
            half = halve(x, y, seed)
            shares = f"{half.y.sum()} : {(half.y == 0).sum()}"
            rows += [row | {"shares": shares} for row in measured(table, half, seed)]
            print(f"{table}, seed {seed}", flush=True)
        kept.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    (given.out / "tables.md").write_text(report(pd.DataFrame(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()
