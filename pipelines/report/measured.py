"""Tables of what was measured: classifiers on test, checks of the samples, signs of trouble in training."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipelines.report.figures import Cell, Figures, Table
from pipelines.wording import count, figure, share, signed

MEAN = "mean of these classes"
PRECISION = "average_precision"
OVERALL = {PRECISION: "average precision", "macro_f1": "macro F1", "balanced_accuracy": "balanced accuracy"}
SIDES = {"gan": "synthetic", "smote": "SMOTE", "held_out": "held-out real"}
SHARES = {
    "copies": "copies of training samples",
    "near_a_training_sample": "nearer to a training sample than real ones are",
    "label_agreement": "recognised as the class",
}
FIDELITY = ("precision", "recall", "density", "coverage")
OTHERS = {"authenticity": "authenticity", "copying_statistic": "copying statistic"}


def by_class(scores: pd.DataFrame, classifier: str, labels: Mapping[str, str], figures: Figures) -> Table:
    """Return average precision of each minority class by way to train, for the deciding classifier."""
    minority = scores.loc[scores["metric"] == "roc_auc", "class"].unique()  # only minority classes have every metric
    wanted = (scores["metric"] == PRECISION) & (scores["classifier"] == classifier) & scores["class"].isin(minority)
    own = scores[wanted].astype({"value": float})
    means = own.groupby(["arm", "repeat"], sort=False)["value"].mean().reset_index().assign(**{"class": MEAN})
    found = pd.concat([own, means]).groupby(["class", "arm"], sort=False)["value"].agg(["mean", "std"]).reset_index()
    written = figures.add("precision.csv", found.rename(columns={"std": "sd"}))
    arms = list(dict.fromkeys(written["arm"]))
    rows = [
        [Cell(str(name), figure=False), *_precisions(part, arms)] for name, part in written.groupby("class", sort=False)
    ]
    heads = ["class", *(labels.get(arm, arm) for arm in arms)]
    return Table("Average precision on test, mean and standard deviation over trainings", "precision.csv", heads, rows)


def by_subgroup(found: pd.DataFrame, figures: Figures) -> Table | None:
    """Return average precision of each minority class in each subgroup, and what the samples add there; None without any."""
    if found.empty:
        return None
    written = figures.add("subgroups.csv", found)
    rows = [
        [
            Cell(f"{row['attribute']}: {row['subgroup']}", figure=False),
            Cell(str(row["class"]), f"{row['test_samples']} test samples", figure=False),
            Cell(figure(row["without"])),
            *_change(row),
        ]
        for _, row in written.iterrows()
    ]
    heads = ["subgroup", "class", "without synthetic samples", "with them", "gain"]
    return Table("Average precision on test by subgroup, in the chosen alternative", "subgroups.csv", heads, rows)


def by_classifier(scores: pd.DataFrame, first: str | None, labels: Mapping[str, str], figures: Figures) -> list[Table]:
    """Return a table for each classifier, `first` first: its metrics by way to train."""
    minority = set(scores.loc[scores["metric"] == "roc_auc", "class"])
    ours = (scores["metric"] != PRECISION) | scores["class"].isin(minority)
    rows = scores[ours & scores["metric"].isin(OVERALL)].astype({"value": float})
    mean = rows.groupby(["classifier", "arm", "metric"], sort=False)["value"].mean().unstack()
    written = figures.add(
        "classifiers.csv", mean.reindex(columns=list(OVERALL)).dropna(axis=1, how="all").reset_index()
    )
    metrics = [name for name in OVERALL if name in written]
    heads = ["training set", *(OVERALL[name] for name in metrics)]
    tables = []
    for name in sorted(written["classifier"].unique(), key=lambda one: one != first):
        part = written[written["classifier"] == name]
        cells = [
            [Cell(labels.get(row["arm"], row["arm"]), figure=False)]
            + [Cell(figure(row[key]), best=row[key] == part[key].max() and len(part) > 1) for key in metrics]
            for _, row in part.iterrows()
        ]
        tables.append(Table(f"{name.replace('_', ' ').capitalize()} on test", "classifiers.csv", heads, cells))
    return tables


def checks(found: Mapping[str, Any], label: str, figures: Figures) -> Table | None:
    """Return what was found in the kept samples of a class, SMOTE's and held-out real ones beside; None without any."""
    if not found:
        return None
    rows, lines = [], []
    for key, name in {**SHARES, **dict.fromkeys(FIDELITY, ""), **OTHERS}.items():
        values = _sides(found, key)
        if values is None:
            continue
        lines.append({"class": label, "check": key} | dict(zip(SIDES, values, strict=True)))
        shown = [figure(value) for value in values]
        small = [""] * len(SIDES)
        if key in SHARES:
            shown = [share(value) for value in values]
            small = [f"of {count(found[key].get(side, {}).get('of'))}" for side in SIDES]
        rows.append([Cell(name or key, figure=False), *(Cell(a, b) for a, b in zip(shown, small, strict=True))])
    figures.add("checks.csv", pd.DataFrame(lines))
    return Table("Checks of the kept samples", "checks.csv", ["check", *SIDES.values()], rows, label)


def health(trainings: Mapping[str, Mapping[str, Any]], figures: Figures) -> Table:
    """Return the signs of trouble of each training. trainings: name -> what `gan.health.Health.to_dict` says."""
    lines = [{"training": name} | sign for name, found in trainings.items() for sign in found["signs"]]
    columns = ["training", "name", "value", "limit", "bad"]
    written = figures.add("health.csv", pd.DataFrame(lines, columns=columns).astype({"value": float, "limit": float}))
    signs = list(dict.fromkeys(written["name"]))
    limits = written.groupby("name")["limit"].agg(["nunique", "first"])
    same = {name: row["first"] for name, row in limits.iterrows() if row["nunique"] == 1}
    heads = [f"{name} (limit {same[name]:g})" if name in same else name for name in signs]
    rows = []
    for training, part in written.groupby("training", sort=False):
        by_name = part.set_index("name")
        cells = [_sign(by_name.loc[name], name in same) if name in by_name.index else Cell("–") for name in signs]
        rows.append([Cell(str(training), figure=False), *cells])
    return Table("Signs of trouble in training", "health.csv", ["training", *heads], rows)


def _change(row: pd.Series) -> list[Cell]:
    """Return what a class reaches in a subgroup with synthetic samples, and its gain; dashes where that was not measured."""
    if pd.isna(row["gain"]):
        return [Cell("–"), Cell("–")]
    sign = "✗ " if row["lost"] else ""
    return [
        Cell(figure(row["with"])),
        Cell(f"{sign}{signed(row['gain'])}", f"{signed(row['low'])} to {signed(row['high'])}"),
    ]


def _precisions(part: pd.DataFrame, arms: list[str]) -> list[Cell]:
    known = part.set_index("arm")
    top = known["mean"].max() if known["mean"].nunique() > 1 else None
    return [
        Cell(figure(known.loc[arm, "mean"]), f"± {figure(known.loc[arm, 'sd'])}", best=known.loc[arm, "mean"] == top)
        if arm in known.index
        else Cell("–")
        for arm in arms
    ]


def _sides(found: Mapping[str, Any], key: str) -> list[Any] | None:
    """Return what a check says of each side, None of one that has too few samples for it; None where it was not made."""
    if (part := "fidelity" if key in FIDELITY else key) not in found:
        return None
    values = [found[part].get(side) for side in SIDES]
    inner = key if key in FIDELITY else "share" if key in SHARES else None
    return values if inner is None else [None if value is None else value[inner] for value in values]


def _sign(sign: pd.Series, limit_said: bool) -> Cell:
    limit = "" if limit_said else f"limit {figure(sign['limit'])}"
    if pd.isna(sign["value"]):
        return Cell("✗ not finite", limit, best=True) if sign["bad"] else Cell("–")
    return Cell(f"{'✗' if sign['bad'] else '✓'} {figure(sign['value'])}", limit, best=bool(sign["bad"]))
