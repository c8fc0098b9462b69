"""Small worlds with known truth, made from scikit-learn's digits: what the tests of the evaluation run on."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from pipelines.driver import dag
from pipelines.evaluation.baseline import Baseline
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.settings import Settings
from pipelines.likeness.data import Data, Pool
from pipelines.samples import KEPT, Candidates, Samples

SHAPE = (8, 8, 1)


def digits(
    rare: tuple[int, ...] = (1, 3, 5, 8), few: int = 10, kind: str = "real", classes: int = 10, seed: int = 0
) -> Inputs:
    """Half of digits for test, the rest for train with `few` samples of each minority class and a fifth of that in validation.

    kind: what plays the candidates, 80 a class: `real` (held back), `copies` (jittered training samples), `wrong` (another
    class), `smote` (between training samples).
    """
    x, y = load_digits(return_X_y=True)
    x, y = (x[y < classes] / 16).astype(np.float32), y[y < classes]
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    test, rest = order[: len(y) // 2], order[len(y) // 2 :]
    train, validation, spare = [], [], {}
    for label in range(classes):
        rows = rest[y[rest] == label]
        size = few if label in rare else len(rows) * 4 // 5
        held = max(2, few // 5) if label in rare else len(rows) - size
        train.append(rows[:size])
        validation.append(rows[size : size + held])
        spare[label] = rows[size + held :]
    real, val = (
        Data(x[i], y[i].astype(np.int64), SHAPE, kind="images")
        for i in (np.concatenate(train), np.concatenate(validation))
    )
    pools = tuple(pool(real, label, x[spare[label]], kind, rng) for label in rare)
    targets = dict.fromkeys(rare, few + 70)
    return Inputs(
        real,
        val,
        Data(x[test], y[test].astype(np.int64), SHAPE, kind="images"),
        tuple(f"digit {c}" for c in range(classes)),
        targets,
        pools,
    )


def pool(real: Data, label: int, spare: np.ndarray, kind: str, rng: np.random.Generator) -> Pool:
    """80 candidates of one class (fewer when held-back samples run out), three in four of them kept."""
    own, other, rows = real.of_class(label), real.x[real.y != label], np.flatnonzero(real.y == label)
    parents = rng.integers(len(own), size=80)
    seconds = (parents + rng.integers(1, len(own), size=80)) % len(own)
    known = np.column_stack([rows[parents], rows[seconds]]) if kind in ("copies", "smote") else np.full((80, 2), -1)
    if kind == "real":
        x = spare[:80]
    elif kind == "copies":
        x = np.clip(own[parents] + rng.normal(0, 0.02, (80, own.shape[1])), 0, 1)
    elif kind == "wrong":
        x = other[rng.choice(len(other), 80, replace=False)]
    else:
        x = own[parents] + rng.random((80, 1)) * (own[seconds] - own[parents])
    kept = np.arange(len(x)) % 8 != 7
    ids = np.array([f"{label}-{i}" for i in range(len(x))])
    return Pool(label, 70, x.astype(np.float32), kept, rng.random(len(x)), ids, known[: len(x)])


def save(inputs: Inputs, folder: Path) -> dict[str, Path]:
    """Write `inputs` as the stages before the ones that judge would; return the paths that `run` of evaluate takes."""
    paths = {name: folder / f"{name}.parquet" for name in ("train", "validation", "test")}
    for name, path in paths.items():
        data = getattr(inputs, name)
        Samples(as_images(data.x), data.y, np.array([f"{name}-{i}" for i in range(len(data))])).save(path)
    paths |= {
        "baseline": folder / "baseline.safetensors",
        "classes": folder / "classes.json",
        "plan": folder / "plan.yaml",
        "synthetic": folder / "synthetic",
    }
    Baseline().save(paths["baseline"])  # nothing is known before
    paths["classes"].write_text(json.dumps({"kind": "images", "classes": list(inputs.names)}))
    paths["synthetic"].mkdir()
    plan = {}
    for p in inputs.pools:
        slug = f"c{p.label}"
        plan[slug] = {
            "label": inputs.names[p.label],
            "index": p.label,
            "target": inputs.targets[p.label],
            "needed": p.needed,
        }
        parents = np.where(p.parents < 0, "", np.char.add("train-", p.parents.astype(str)))
        rows = pd.DataFrame({"id": p.ids, "score": p.score, "status": np.where(p.kept, KEPT, "score")})
        rows = rows.assign(reference_id=parents[:, 0], neighbour_id=parents[:, 1])
        Candidates(as_images(p.x), rows).save(paths["synthetic"] / f"{slug}.parquet")
    paths["plan"].write_text(json.dumps({"classes": plan}))
    return paths


def told_to_baseline(settings: Settings) -> dict[str, Any]:
    """The settings of evaluate that the stage `baseline` takes."""
    keys = [path.partition(".")[2] for path in dag.stage_named("baseline").borrows]
    return {key: getattr(settings, key) for key in keys}


def as_images(x: np.ndarray) -> np.ndarray:
    """Rows in [0, 1] as (n, 8, 8, 1) uint8."""
    return np.round(x * 255).astype(np.uint8).reshape(-1, *SHAPE)


def with_test_labels(inputs: Inputs, seed: int) -> Inputs:
    """The same world with the labels of its test split shuffled."""
    return replace(inputs, test=replace(inputs.test, y=np.random.default_rng(seed).permutation(inputs.test.y)))
