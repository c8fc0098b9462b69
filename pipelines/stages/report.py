"""Draw one page that says what was found, made, measured and decided."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from gan.progress import Progress
from pipelines import files
from pipelines.likeness import views
from pipelines.plan import Plan
from pipelines.report import charts, drawings, sheets
from pipelines.samples import Candidates, Samples

INSTEAD = {
    "ship": "Use the release: it helps.",
    "hold": "Do not add these samples.",
    "solved": "There is nothing to gain.",
    "underpowered": "This test set cannot tell.",
}


def run(
    *,
    train: Path,
    manifest: Path,
    plan: Path,
    models: Path,
    synthetic: Path,
    evaluation: Path,
    release: Path,
    report: Path,
    seed: int,
    progress: Progress,
) -> None:
    """Write `report.html`, self-contained, `samples.png`, real images above the kept ones that started there, and
    `reliability.csv`, how often samples of a predicted probability were real.
    """
    planned, measured = Plan.load(plan), files.read_json(evaluation / "metrics.json")
    real = Samples.load(train)
    view = views.fit(real)
    classes, rows, reliability = [], [], []
    for number, (slug, entry) in enumerate(planned.classes.items(), 1):
        made, own = Candidates.load(synthetic / f"{slug}.parquet"), real.of_class(entry.index)
        shown = class_section(slug, entry.label, made, measured) | drawings.of_class(made, own, view)
        shown |= training_section(models, synthetic, slug)
        reliability += [{"class": entry.label, **found} for found in shown["summary"]["reliability"]]
        classes.append(shown)
        if len(made.kept) and real.form.pixels:
            rows += sheets.side_by_side(made.kept, own)[::2]
        progress(number, len(planned.classes), {})
    page = {
        "classes": classes,
        "base_health": files.read_json(models / "base.json") if classes else None,
        "measured": measured,
        "skipped": planned.skipped,
        "counts": charts.counts(count_table(measured)),
        "records": record_table(pd.read_csv(manifest, keep_default_na=False)),
        "release": files.read_json(release / "release.json"),
        "seed": seed,
        **evaluation_section(evaluation, bool(classes), measured["labels"]),
    }
    write(report, page, reliability, rows)
    print(f"report: {measured['reason']}")


def training_section(models: Path, synthetic: Path, slug: str) -> dict[str, Any]:
    """Return what the page says of a class's training, and of the calibration of its scores."""
    summary = files.read_json(synthetic / f"{slug}.json")
    return {
        "summary": summary,
        "reliability": charts.reliability(summary["reliability"]) if summary["reliability"] else None,
        "curves": charts.training(pd.read_csv(models / f"{slug}.csv")),
        "health": files.read_json(models / f"{slug}.json"),
    }


def write(report: Path, page: dict[str, Any], reliability: list[dict[str, Any]], rows: list[np.ndarray]) -> None:
    """Write the page, the bins of the calibration, and one sheet of images where there are any."""
    report.mkdir(parents=True, exist_ok=True)
    bins = pd.DataFrame(reliability, columns=["class", "low", "high", "samples", "predicted", "observed"])
    bins.to_csv(report / "reliability.csv", index=False)
    files.write_text(report / "report.html", environment().get_template("page.html.j2").render(page))
    if rows:
        (report / "samples.png").write_bytes(sheets.png_bytes(sheets.sheet(rows)))


def environment() -> Environment:
    """Return the template engine: every value is escaped unless a template says otherwise, a missing one is an error."""
    made = Environment(
        loader=PackageLoader("pipelines.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    made.filters["signed"] = lambda value: "–" if value is None or pd.isna(value) else f"{value:+.3f}"
    made.filters["figure"] = lambda value: "–" if value is None or pd.isna(value) else f"{value:.3f}"
    made.filters["share"] = lambda value: "–" if value is None or pd.isna(value) else f"{value:.0%}"
    return made


def class_section(slug: str, label: str, made: Candidates, measured: dict[str, Any]) -> dict[str, Any]:
    """Return what the page says of one minority class."""
    reasons = made.rows["status"].str.replace(r"^(near )?copy of .*", r"\1copy", regex=True).value_counts()
    return {
        "slug": slug,
        "label": label,
        "verdict": measured["classes"][label],
        "advice": INSTEAD[measured["classes"][label]["verdict"]],
        "statuses": reasons.to_dict(),
        "inspected": measured["samples"].get(label, {}),
    }


def evaluation_section(evaluation: Path, any_classes: bool, labels: dict[str, str]) -> dict[str, Any]:
    """Return the drawings and tables of the measurement."""
    scores = pd.read_csv(evaluation / "scores.csv", keep_default_na=False, dtype={"class": str})
    if not any_classes:
        return {"gains": None, "ways": None, "acceptance": None, "arms": overall_table(scores), "tells": []}
    gains = pd.read_csv(evaluation / "gains.csv", keep_default_na=False, dtype={"class": str})
    ways = pd.read_csv(evaluation / "ways.csv")
    acceptance = pd.read_csv(evaluation / "acceptance.csv", dtype={"class": str})
    tells = pd.read_csv(evaluation / "tell.csv", keep_default_na=False, dtype={"class": str})
    return {
        "gains": charts.gains(gains, labels) if len(gains) else None,
        "ways": charts.ways(ways) if len(ways) else None,
        "acceptance": charts.curve(acceptance, "acceptance", "acceptance rate") if len(acceptance) else None,
        "arms": overall_table(scores),
        "tells": tells.to_dict("records"),
    }


def overall_table(scores: pd.DataFrame) -> dict[str, Any]:
    """Return mean average precision over the minority classes, macro F1 and balanced accuracy, by arm and classifier."""
    minority = set(scores.loc[scores["metric"] == "roc_auc", "class"])  # only minority classes have every metric
    wanted = {
        "average precision of the minority classes": scores[
            (scores["metric"] == "average_precision") & scores["class"].isin(minority)
        ],
        "macro F1": scores[scores["metric"] == "macro_f1"],
        "balanced accuracy": scores[scores["metric"] == "balanced_accuracy"],
    }
    tables = {}
    for name, rows in wanted.items():
        if len(rows):
            mean = (
                rows.assign(value=rows["value"].astype(float))
                .groupby(["arm", "classifier"], sort=False)["value"]
                .mean()
                .unstack()
            )
            tables[name] = {
                "columns": list(mean.columns),
                "rows": [(arm, row.tolist()) for arm, row in mean.iterrows()],
            }
    return tables


def count_table(measured: dict[str, Any]) -> pd.DataFrame:
    """Return `class`, `train` and `needed` of each class."""
    rows = [(name, found["train"], found.get("needed", 0)) for name, found in measured["counts"].items()]
    return pd.DataFrame(rows, columns=["class", "train", "needed"])


def record_table(manifest: pd.DataFrame) -> dict[str, Any]:
    """Return how many records there are by split, and the reasons for which others are quarantined."""
    used = manifest[manifest["status"] == "used"]
    reasons = manifest.loc[manifest["status"] != "used", "reason"].str.replace(
        r"^duplicate of [^,]*", "duplicate", regex=True
    )
    return {
        "total": len(manifest),
        "splits": used["split"].value_counts().to_dict(),
        "reasons": reasons.value_counts().head(10).to_dict(),
    }
