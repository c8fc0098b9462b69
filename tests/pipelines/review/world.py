"""Projects that have been filtered, made by hand in no time: what a review needs, and nothing else."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.driver import params
from pipelines.plan import ClassPlan, Plan, slug
from pipelines.samples import KEPT, Candidates, Samples

LABEL = "it's <b>rare</b>"
SLUG = slug(LABEL)
REALS, HELD_OUT = 8, 20  # of the class; so many training samples that all are references of some candidate


def pictures(count: int, rng: np.random.Generator, size: int = 8) -> np.ndarray:
    return rng.integers(0, 256, (count, size, size, 1)).astype(np.uint8)


def table(count: int, rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "who": np.arange(count) - 1000,
            "<i>size</i>": rng.normal(size=count).round(2),
            "visits": pd.array(rng.integers(0, 9, count), "Int64"),
            "colour": np.where(rng.random(count) < 0.5, "red", "blue"),
        }
    )


def vectors(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(count, 3))


def series(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(count, 20, 2)).astype(np.float32)


KINDS = {"who": "identifier", "<i>size</i>": "numeric", "visits": "integer", "colour": "categorical"}


def write_project(folder: Path, kept: int = 40, kind: str = "images") -> Path:
    """Write a project with one planned class of `kept` candidates that passed the filter and two that did not."""
    rng = np.random.default_rng(0)
    draw = {"images": pictures, "series": series, "table": table}.get(kind, vectors)
    labels = np.r_[np.zeros(30, np.int64), np.ones(REALS, np.int64)]
    kinds = KINDS if kind == "table" else {}
    (folder / "data/prepared").mkdir(parents=True)
    (folder / "data/synthetic").mkdir()
    names = np.array([f"t{n}" for n in range(len(labels))])
    Samples(draw(len(labels), rng), labels, names, kind, kinds).save(folder / "data/prepared/train.parquet")
    held_out = Samples(
        draw(HELD_OUT, rng), np.ones(HELD_OUT, np.int64), np.array([f"v{n}" for n in range(HELD_OUT)]), kind, kinds
    )
    held_out.save(folder / "data/prepared/validation.parquet")
    count = kept + 2
    rows = pd.DataFrame(
        {
            "id": [f"{SLUG}-{n:06d}" for n in range(count)],
            "class": LABEL,
            "seed": np.arange(count),
            "reference_id": [f"t{30 + n % REALS}" for n in range(count)],
            "raw_score": rng.normal(size=count),
            "score": rng.random(count),
            "status": [KEPT] * kept + ["copy of training sample t30"] * 2,
        }
    )
    Candidates(draw(count, rng), rows, kind).save(folder / f"data/synthetic/{SLUG}.parquet")
    task = ClassPlan(label=LABEL, index=1, train_samples=REALS, target=30, needed=22)
    Plan(classes={SLUG: task}).save(folder / "data/plan.yaml")
    (folder / "params.yaml").write_text(params.render(demo=False, values={"seed": 0}))
    return folder
