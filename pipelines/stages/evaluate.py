"""evaluate: what classifiers gain from the synthetic samples, against every cheap alternative, and a verdict a class.

The only stage that reads the test split.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan.progress import Progress
from gan.states import States
from pipelines import files
from pipelines.evaluation.judged import remember
from pipelines.evaluation.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.evaluation.evaluate import Result
    from pipelines.evaluation.fitting import Spread

__all__ = ["Settings", "run"]


def run(
    *,
    train: Path,
    validation: Path,
    test: Path,
    classes: Path,
    plan: Path,
    synthetic: Path,
    baseline: Path,
    evaluation: Path,
    judged: Path | None = None,
    settings: Settings,
    seed: int,
    progress: Progress | None = None,
    workers: int = 1,
    states: States | None = None,
    elsewhere: "Spread | None" = None,
) -> None:
    """Evaluate and write `metrics.json`, `verdicts.json`, `headline.json` and a CSV a table (see `tables.COLUMNS`).

    train, validation, test: Parquet of `Samples`.   classes: JSON with `classes`, the names in label order.
    plan: YAML with `classes`, slug -> {label, index, target, needed}.   synthetic: a folder with `<slug>.parquet` of each.
    baseline: what the stage of that name wrote.
    judged: a JSON file that remembers which runs this test split has judged; it is read and written, and what it says is
    printed only, so that the outputs depend on nothing but the inputs, settings and seed. So are the times.
    states: where fits are kept, so that a stopped evaluation goes on with those that are left.
    elsewhere: what runs the fits on other machines.
    Raises UserError when the synthetic samples are not those of the plan, or a classifier is unknown.
    """
    from pipelines.evaluation import reading  # this and the next load scikit-learn
    from pipelines.evaluation.baseline import Baseline
    from pipelines.evaluation.evaluate import evaluate

    inputs = reading.whole(train, validation, test, classes, plan, synthetic)
    before = Baseline.load(baseline)
    result = evaluate(inputs, settings, seed, progress, workers, states, elsewhere, before)
    write(result, evaluation)
    print(result.costs.round(2).to_string(index=False))
    print(f"{result.verdicts['verdict']}: {result.verdicts['reason']}")
    if judged is not None:
        earlier = remember(judged, digest(test), digest(evaluation / "metrics.json"))
        print(f"this test split has judged {earlier} other result(s) before; a test set wears out")


def write(result: "Result", folder: Path) -> None:
    """Write the result's files: the same bytes for the same result."""
    from pipelines.evaluation import tables
    from pipelines.samples import cells

    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "metrics.json": result.metrics,
        "verdicts.json": result.verdicts,
        "headline.json": headline(result.metrics, result.frames["summary"]),
    }
    for name, value in texts.items():
        text = json.dumps(tables.plain(value), indent=2, ensure_ascii=False)
        (folder / name).write_text(text + "\n", encoding="utf-8")
    for name, table in result.frames.items():
        files.write_text(folder / f"{name}.csv", cells.csv_text(table, f"%.{tables.DIGITS}f"))


def headline(metrics: Mapping[str, Any], means: "pd.DataFrame") -> dict[str, Any]:
    """Return the few figures that `dvc metrics show` and `diff` put side by side, of what decides.

    Average precision by arm, over all minority classes; and of each class the verdict, the gain over the arm that
    cross-validation chose, and average precision and recall without and with synthetic samples.
    means: the table `summary`.
    """
    classifier = metrics.get("deciding_classifier")
    arms = metrics["arms"].get(classifier, {}) if classifier else {}
    return {
        "verdict": metrics["verdict"],
        "average_precision": {arm: figures["average_precision"] for arm, figures in arms.items()},
        "classes": {
            name: {
                "verdict": found["verdict"],
                "gain": found["gain"]["value"],
                **_by_metric(found, name, classifier, means),
            }
            for name, found in metrics["classes"].items()
        },
    }


def _by_metric(found: Mapping[str, Any], name: str, classifier: Any, means: "pd.DataFrame") -> dict[str, Any]:
    """Return average precision and recall of a class, `without` synthetic samples, in the chosen arm, and `with` them."""
    own = means[(means["classifier"] == classifier) & (means["class"] == name)].set_index(["metric", "arm"])["mean"]
    arms = {"without": found["baseline"], "with": "gan_filtered"}
    return {
        metric: {key: own[metric, arm] for key, arm in arms.items() if (metric, arm) in own.index}
        for metric in ("average_precision", "recall")
    }


def digest(path: Path) -> str:
    """Return the first 16 hexadecimal digits of a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
