"""Small worlds with known truth, scikit-learn's digits and made-up waves: what the tests of the evaluation run on."""

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
from pipelines.samples import IMAGES, KEPT, SERIES, Candidates, Samples

SHAPE = (8, 8, 1)
STEPS = (32, 2)  # of a series, and channels


def digits(
    rare: tuple[int, ...] = (1, 3, 5, 8), few: int = 10, kind: str = "real", classes: int = 10, seed: int = 0
) -> Inputs:
    """Half of digits for test, the rest for train with `few` samples of each minority class and a fifth of that in validation.

    kind: what plays the candidates, 80 a class: `real` (held back), `copies` (jittered training samples), `wrong` (another
    class), `smote` (between training samples), `noise`.
    """
    x, y = load_digits(return_X_y=True)
    x, y = (x[y < classes] / 16).astype(np.float32), y[y < classes].astype(np.int64)
    return world(Data(x, y, SHAPE, kind="images"), [f"digit {c}" for c in range(classes)], rare, few, kind, seed)


def waves(
    rare: tuple[int, ...] = (1,), few: int = 8, kind: str = "real", each: int = 160, seed: int = 0, noise: float = 0.2
) -> Inputs:
    """Sines, sawtooths and pulses of 32 steps in 2 channels, of any phase, speed and height; otherwise as `digits`."""
    y = np.repeat(np.arange(3), each)
    x = shapes(y, np.random.default_rng(seed), noise).reshape(len(y), -1)
    return world(Data(x, y, kind=SERIES, series_shape=STEPS), ["sine", "sawtooth", "pulse"], rare, few, kind, seed)


def shapes(y: np.ndarray, rng: np.random.Generator, noise: float) -> np.ndarray:
    """Series of classes `y`, (n,), as (n, 32, 2) float32: a sine (0), a sawtooth (1) or a pulse (2), and what it adds up to."""
    speed, phase, height = (rng.uniform(low, high, (len(y), 1)) for low, high in ((0.5, 2.0), (0.0, 1.0), (0.5, 1.5)))
    place = (np.arange(STEPS[0]) / 16 * speed + phase) % 1
    forms = np.stack([np.sin(2 * np.pi * place), 2 * place - 1, np.where(place < 0.25, 1.5, -0.5)])
    first = height * forms[y, np.arange(len(y))]
    clean = np.stack([first, first.cumsum(1) / 4], 2)
    return np.asarray(clean + noise * rng.normal(size=clean.shape), np.float32)


def world(everything: Data, names: list[str], rare: tuple[int, ...], few: int, kind: str, seed: int) -> Inputs:
    """Half of the samples for test, the rest as `digits` says."""
    x, y, classes = everything.x, everything.y, len(names)
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
    real, val = (everything.take(i) for i in (np.concatenate(train), np.concatenate(validation)))
    pools = tuple(pool(real, label, x[spare[label]], kind, rng) for label in rare)
    targets = dict.fromkeys(rare, few + 70)
    return Inputs(
        real,
        val,
        everything.take(test),
        tuple(names),
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
        x = own[parents] + rng.normal(0, 0.02, (80, own.shape[1]))
        x = np.clip(x, 0, 1) if real.kind == IMAGES else x
    elif kind == "noise":
        x = rng.normal(own.mean(), own.std(), (80, own.shape[1]))
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
        ids = np.array([f"{name}-{i}" for i in range(len(data))])
        Samples(values_of(data.x, data), data.y, ids, data.kind).save(path)
    paths |= {
        "baseline": folder / "baseline.safetensors",
        "classes": folder / "classes.json",
        "plan": folder / "plan.yaml",
        "synthetic": folder / "synthetic",
    }
    Baseline().save(paths["baseline"])  # nothing is known before
    paths["classes"].write_text(json.dumps({"kind": inputs.train.kind, "classes": list(inputs.names)}))
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
        Candidates(values_of(p.x, inputs.train), rows, inputs.train.kind).save(paths["synthetic"] / f"{slug}.parquet")
    paths["plan"].write_text(json.dumps({"classes": plan}))
    return paths


def told_to_baseline(settings: Settings) -> dict[str, Any]:
    """The settings of evaluate that the stage `baseline` takes."""
    keys = [path.partition(".")[2] for path in dag.stage_named("baseline").borrows]
    return {key: getattr(settings, key) for key in keys}


def values_of(x: np.ndarray, like: Data) -> np.ndarray:
    """Rows as the samples of a project that holds such data."""
    return as_images(x) if like.kind == IMAGES else x.reshape(-1, *STEPS)


def as_images(x: np.ndarray) -> np.ndarray:
    """Rows in [0, 1] as (n, 8, 8, 1) uint8."""
    return np.round(x * 255).astype(np.uint8).reshape(-1, *SHAPE)


def with_test_labels(inputs: Inputs, seed: int) -> Inputs:
    """The same world with the labels of its test split shuffled."""
    return replace(inputs, test=replace(inputs.test, y=np.random.default_rng(seed).permutation(inputs.test.y)))
