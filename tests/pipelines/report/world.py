"""The inputs of the report stage, written without a training: classes of any number and size, verdicts of any kind."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gan import health
from pipelines import files
from pipelines.evaluation import gate, tables
from pipelines.evaluation.evaluate import labels
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.suspects import COLUMNS
from pipelines.plan import ClassPlan, Plan, slug
from pipelines.samples import IMAGES, SERIES, TABLE, Candidates, Samples
from pipelines.stages import report

CLASSIFIER = "convnet"
RIVALS = ("deferred", "balanced")
CLEAR = Interval(0.10, 0.06, 0.14, 0.02, 0.001)
NULL = Interval(-0.004, -0.021, 0.012, 0.01, 0.5)
LEVELS = {"nothing": 0.83, "deferred": 0.86, "balanced": 0.89, "gan_filtered": 0.87}  # average precision on test
RELATIONS = [  # with how many training rows break it, and how many candidates did
    ({"kind": "decides", "column": "<b>town</b>", "decides": ["member"]}, 0, 7),
    ({"kind": "order", "low": "width", "high": "height", "strict": False}, 1, 3),
]
KINDS = {"width": "numeric", "height": "numeric", "<b>town</b>": "categorical", "member": "boolean"}


def evidence(name: str, **changes: Any) -> gate.Evidence:
    """Return what the gate is told of a class: no gain, and training as is advised, unless changed."""
    known = {
        "baseline": "deferred", "gains": dict.fromkeys(RIVALS, NULL), "rest": None, "test_samples": 60, "repeats": 5,
        "added": 40, "real_samples": 12, "collected": 90, "advised": "nothing",
        "instead": "train on the real samples as they are (deferred reweighting is +0.010 out of fold, within noise)",
    }  # fmt: skip
    return gate.Evidence(name, **known | changes)


FOUND: Mapping[str, Mapping[str, Any]] = {
    "ship": {"gains": dict.fromkeys(RIVALS, CLEAR), "worth": 6.4},
    "hold": {},
    "solved": {"solved": 0.997},
    "underpowered": {"test_samples": 4},
}


@dataclass(frozen=True)
class World:
    """The arguments of the report stage, but for those that only say how a run is watched."""

    folder: Path
    arguments: dict[str, Any]

    @property
    def page(self) -> Path:
        """The page, drawn anew."""
        report.run(**self.arguments, progress=lambda *_: None)
        return self.arguments["report"] / "report.html"

    def figures(self, name: str) -> pd.DataFrame:
        """Return a table that lies beside the page."""
        return pd.read_csv(self.arguments["report"] / name, dtype={"class": str}, keep_default_na=False, na_values=[""])


def world(
    folder: Path, verdicts: Mapping[str, str], kind: str = IMAGES, real: int = 12, made: int = 40, side: int = 8
) -> World:
    """Write the inputs for classes with these verdicts: `real` training samples each, `made` candidates, images of `side`."""
    rng, names = np.random.default_rng(0), [*verdicts, "majority"]
    for split, count in (("train", real), ("validation", max(real // 4, 2))):
        labels = np.repeat(np.arange(len(names)), count)
        ids = np.array([f"{split}/{number}" for number in range(len(labels))])
        columns = KINDS if kind == TABLE else {}
        Samples(_values(rng, len(labels), kind, side), labels, ids, kind, columns).save(folder / f"{split}.parquet")
        if split == "train":
            own = ids
    plan = Plan(
        counts=dict.fromkeys(names, real), skipped={"tiny": "class 'tiny' has 2 training samples; collect more"}
    )
    for index, name in enumerate(verdicts):
        key = slug(name)
        plan.classes[key] = ClassPlan(label=name, index=index, train_samples=real, target=2 * real, needed=real)
        values = _values(rng, made, kind, side)
        _write_class(folder, key, name, values, kind, own[index * real : (index + 1) * real], rng)
    plan.save(folder / "plan.yaml")
    _write_training(folder / "models/base", rng, 300)
    pd.DataFrame({"id": own, "class": "x", "split": "train", "status": "used", "reason": ""}).to_csv(
        folder / "manifest.csv", index=False
    )
    _write_evaluation(folder / "evaluation", verdicts, {**dict.fromkeys(names, real), "tiny": 2}, made, kind)
    shipped = sum(kind == "ship" for kind in verdicts.values()) * real
    files.write_json(folder / "release/release.json", {"kind": kind, "samples": 5 * real, "synthetic": shipped})
    paths = {name: folder / f"{name}.parquet" for name in ("train", "validation")}
    paths |= {name: folder / name for name in ("models", "candidates", "synthetic", "evaluation", "release", "report")}
    paths |= {"manifest": folder / "manifest.csv", "plan": folder / "plan.yaml", "suspects": folder / "suspects.csv"}
    doubted = ("train/0", names[0], "majority", "looks like <b>majority</b> (0.80, as it 0.10)", own[-1])
    strange = ("validation/0", names[0], "", "3.0 times as far from the others of its class as is usual there", "")
    pd.DataFrame([doubted, strange], columns=COLUMNS).to_csv(paths["suspects"], index=False)
    settings = report.Settings(title="a <world>")
    return World(folder, {**paths, "settings": settings, "changed": {"train.steps": 7}, "seed": 3})


def _values(rng: np.random.Generator, count: int, kind: str, side: int) -> Any:
    if kind == IMAGES:
        return rng.integers(0, 256, (count, side, side, 1), dtype=np.uint8)
    if kind == SERIES:
        return rng.normal(0, 1, (count, 4 * side, 2)).astype(np.float32).cumsum(1)
    width = rng.normal(0, 1, count)
    town, member = rng.choice(["ab", "cd", "ef"], count), rng.random(count) < 0.4
    return pd.DataFrame(
        {"width": width, "height": width + rng.normal(0, 1, count), "<b>town</b>": town, "member": member}
    )


def _write_class(
    folder: Path, key: str, name: str, values: Any, kind: str, own: np.ndarray, rng: np.random.Generator
) -> None:
    count = len(values)
    status = np.where(np.arange(count) % 10 == 9, f"near copy of training sample {own[0]}", "kept")
    rows = pd.DataFrame(
        {
            "id": [f"{key}-{number:06d}" for number in range(count)], "class": name, "seed": range(count),
            "reference_id": rng.choice(own, count), "neighbour_id": rng.choice(own, count),
            "score": rng.gamma(4, 0.25, count), "status": status,
        }
    )  # fmt: skip
    (folder / "synthetic").mkdir(exist_ok=True)
    Candidates(values, rows, kind).save(folder / f"synthetic/{key}.parquet")
    bins = [
        {"low": low, "high": low + 0.1, "samples": 20, "predicted": low + 0.05, "observed": low} for low in (0.4, 0.5)
    ]
    files.write_json(
        folder / f"synthetic/{key}.json",
        {
            "class": name, "candidates": count, "kept": int((status == "kept").sum()), "needed": len(own), "copies": 4,
            "scored_by": "critics", "calibration": {"slope": 0.71, "intercept": -0.05, "real_count": 9, "fake_count": 40},
            "z": 0.31, "log_loss": 0.662, "reliability": bins, "threshold": {"note": ""},
            "coverage": {"training": {"before": 0.9, "after": 0.95}, "held_out": {"before": None, "after": None}},
            "review": {"kept": 3, "rejected": 2, "reals": 4, "reals_rejected": 1, "outdated": 0, "reviewers": 1},
        },
    )  # fmt: skip
    told = [{"relation": one, "training": few, "broken": many, "left": 0} for one, few, many in RELATIONS]
    kept = {"training_rows": 4 * len(own), "candidates": count, "relations": told if kind == TABLE else []}
    files.write_json(folder / f"candidates/{key}.json", kept)
    _write_training(folder / "models" / key, rng, 400)


def _write_training(stem: Path, rng: np.random.Generator, steps: int) -> None:
    history = [{"discriminator_loss": 0.7, "generator_loss": 0.7, "generator_gradient": 1.0}] * 8
    told = health.Health(outcome="kept: step 200, energy score 2.5", signs=health.signs_of_losses(history, 2))
    files.write_json(stem.with_suffix(".json"), told.to_dict())
    scores = {f"score_{name}": rng.normal(0, 0.2, steps // 50) for name in ("real", "held_out", "fake")}
    pd.DataFrame({"step": np.arange(50, steps + 1, 50), **scores}).to_csv(stem.with_suffix(".csv"), index=False)


def _write_evaluation(
    folder: Path, verdicts: Mapping[str, str], counts: Mapping[str, int], made: int, kind: str
) -> None:
    told = [evidence(name, **FOUND[kind]) for name, kind in verdicts.items()]
    judged = {verdict.name: asdict(verdict) for verdict in gate.judge(told, Settings())}
    assert {name: one["verdict"] for name, one in judged.items()} == dict(verdicts)
    shares = {side: {"count": 1, "of": made, "share": 1 / made} for side in ("gan", "smote", "held_out")}
    fidelity = {side: dict.fromkeys(("precision", "recall", "density", "coverage"), 0.7234) for side in shares}
    checks = {"copies": shares, "fidelity": fidelity, "authenticity": dict.fromkeys(shares, 0.412)}
    grown = {"needed": made // 2, "candidates": made, "kept": made}
    metrics = {
        "verdict": "hold", "reason": "as made up", "classes": judged, "deciding_classifier": CLASSIFIER,
        "rivals": list(RIVALS), "labels": labels(kind), "arms": {CLASSIFIER: {}},
        "way": {"dose": 0.1, "use": "mixed", "reason": "the smallest dose", "worthwhile": True},
        "counts": {name: {"train": count} | (grown if name in verdicts else {}) for name, count in counts.items()},
        "samples": dict.fromkeys(verdicts, checks),
    }  # fmt: skip
    files.write_json(folder / "metrics.json", tables.plain(metrics))
    rows: dict[str, list[tuple[Any, ...]]] = {
        name: [] for name in ("scores", "gains", "subgroups", "ways", "acceptance", "tell")
    }
    rows["ways"] = [(0.1, "mixed", 0.86, 0.0, 5, True), (1.0, "drawn", 0.85, float("nan"), 2, False)]
    for one in told:
        for arm, gain in one.gains.items():
            figures = (gain.value, gain.low, gain.high, gain.error, gain.p, 0.03)
            of = [one.name] if one is not told[0] else [one.name, "mean of minority classes"]
            rows["gains"] += [(CLASSIFIER, arm, name, True, arm == one.baseline, *figures) for name in of]
        rows["subgroups"] += [
            ("<site>", "NA", one.name, 31, 0.81, 0.86, 0.05, 0.02, 0.08, False),
            ("<site>", "south", one.name, 9, 0.74, 0.61, -0.13, -0.21, -0.05, True),
            ("camera", "(none)", one.name, 12, 0.79, *[float("nan")] * 3, float("nan"), False),
        ]
        rows["tell"].append(
            (one.name, "gan", "random_forest", 0.81, 0.7, 0.9, "width (mean 1 against 2)", "look at it")
        )
    for arm, level in LEVELS.items():
        for repeat in range(3):
            head = (arm, CLASSIFIER, repeat)
            for name in verdicts:
                value = 0.997 if verdicts[name] == "solved" else level + repeat / 1000
                rows["scores"] += [(*head, name, "average_precision", value), (*head, name, "roc_auc", 0.9)]
            rows["scores"] += [(*head, "", "macro_f1", level), (*head, "", "balanced_accuracy", level)]
    for share in (0.25, 0.5, 0.75):
        for by in ("score", "random"):
            gained = share / 20 if by == "score" else 0.0
            rows["acceptance"] += [("x", share, by, r, 0.81 + gained + r / 50, 9) for r in (0, 1)]
    for name, table in rows.items():
        tables.frame(name, table).to_csv(folder / f"{name}.csv", index=False, float_format="%.4f")
