"""Put together what is shipped: all real training samples, and the synthetic ones of the classes that earned it."""

from pathlib import Path

import pandas as pd

from gan.progress import Progress
from pipelines import files
from pipelines.ingest import attributes
from pipelines.ingest.splits import FILLED_WHERE
from pipelines.plan import Plan, at_dose
from pipelines.samples import Candidates, Samples, cells, is_value
from pipelines.samples.release import assemble, real_rows, synthetic_rows
from pipelines.samples.sets import ATTRIBUTE


def run(
    *,
    train: Path,
    validation: Path,
    classes: Path,
    manifest: Path,
    plan: Path,
    synthetic: Path,
    evaluation: Path,
    release: Path,
    seed: int,
    progress: Progress,
) -> None:
    """Write `samples.parquet`, `manifest.csv` without the values, and `release.json`.

    `samples.parquet` has one row per sample, an image as PNG bytes in `image`, the columns of a table as `value.…`.

    Test samples are never part of a release.
    """
    about = files.read_json(classes)
    names = about.pop("classes")
    measured = files.read_json(evaluation / "metrics.json")
    verdicts = measured["classes"]
    text = {"dtype": "str", "keep_default_na": False, "na_values": {"group": [""]}}
    everything = pd.read_csv(manifest, index_col="id", **text)
    real = {"train": Samples.load(train), "validation": Samples.load(validation)}
    learnt = {
        ATTRIBUTE + name for name, kind in real["train"].columns.items() if kind != "identifier"
    }  # columns anyway
    known = everything[["group", *(name for name in attributes.columns_of(everything) if name not in learnt)]]
    filled = everything.index[everything["reason"].str.startswith(FILLED_WHERE)]
    parts = [real_rows(samples, split, names, known, filled) for split, samples in real.items()]
    shipped = {}
    planned = Plan.load(plan)
    for slug, entry in planned.classes.items():
        if verdicts[entry.label]["verdict"] == "ship":
            kept = Candidates.load(synthetic / f"{slug}.parquet").kept
            added = kept.head(at_dose(entry.needed, measured["way"]["dose"]))
            parts.append(synthetic_rows(added))
            shipped[entry.label] = len(added)
    rows = assemble(parts)
    release.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(release / "samples.parquet", index=False, compression="zstd")
    about_them = rows.drop(columns=[name for name in rows if is_value(name)])
    files.write_text(release / "manifest.csv", cells.csv_text(about_them))
    said = describe(planned, verdicts, shipped, len(rows))
    files.write_json(release / "release.json", about | said | {"way": measured.get("way"), "arm": _arm(measured)})
    progress(1, 1, {})
    print(f"release: {len(rows)} samples, {sum(shipped.values())} of them synthetic")


def _arm(measured: dict) -> str | None:
    """Return the arm that the samples were measured with, which a user should train with too."""
    decides = measured.get("deciding_classifier")
    return measured["labels"][measured["best_arm"][decides]] if decides else None


def describe(plan: Plan, verdicts: dict[str, dict], shipped: dict[str, int], total: int) -> dict:
    """Return what a user of the release should know: for each class the verdict, what was added, what to use instead."""
    classes = {
        entry.label: {
            "verdict": verdicts[entry.label]["verdict"],
            "reasons": verdicts[entry.label]["reasons"],
            "added": shipped.get(entry.label, 0),
            "instead": verdicts[entry.label]["instead"],
        }
        for entry in plan.classes.values()
    }
    return {"samples": total, "synthetic": sum(shipped.values()), "classes": classes, "no_gan": plan.skipped}
