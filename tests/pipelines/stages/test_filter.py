"""The filter stage: what is said of coverage, and that candidates are looked at some at a time."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from gan import checkpoint
from gan.modalities import ImageCodec
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise
from pipelines import files
from pipelines.likeness.repeats import Known
from pipelines.plan import ClassPlan
from pipelines.samples import Candidates, Samples
from pipelines.stages import filter as filtering
from pipelines.stages import generate
from pipelines.stages.filter import covered

TASK = ClassPlan(label="rare", index=1, train_samples=10, target=30, needed=20)


def images(count: int, seed: int) -> np.ndarray:
    """Noise images."""
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 1)).astype(np.uint8)


def samples(values: np.ndarray, name: str, label: int = 1) -> Samples:
    """Samples of one class."""
    return Samples(values, np.full(len(values), label, np.int64), np.array([f"{name}{n}" for n in range(len(values))]))


def test_coverage_compares_as_many_candidates(tmp_path: Path) -> None:
    """Keeping the candidates that lie where the real samples do raises their coverage above that of the first, all alike."""
    real = samples(images(10, 0), "r")
    near = np.clip(real.values.astype(int) + 1, 0, 255).astype(np.uint8)
    rows = pd.DataFrame({"id": [f"c{n}" for n in range(20)]})
    Candidates(np.concatenate([np.repeat(near[:1], 10, axis=0), near]), rows).save(tmp_path / "made.parquet")
    known = Known.of(real, real, samples(images(1, 1), "h"), ImageCodec.fit(real.values).digests)
    found = covered(known, tmp_path / "made.parquet", np.arange(10), np.arange(10, 20))
    assert found["training"]["after"] == 1 > found["training"]["before"]  # type: ignore[operator]
    assert found["held_out"] == {"before": None, "after": None}  # of one sample
    few = covered(known, tmp_path / "made.parquet", np.arange(1), np.arange(10, 11))
    assert few["training"] == {"before": None, "after": None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Splits, and the model of a class."""
    made = tmp_path_factory.mktemp("filter")
    train = np.concatenate([images(20, 2), images(10, 3)])
    real = Samples(train, np.repeat([0, 1], [20, 10]), np.array([f"r{n}" for n in range(30)]))
    real.save(made / "train.parquet")
    samples(images(3, 4), "v").save(made / "validation.parquet")
    base = pretrain(train, real.labels, 2, PretrainSettings(steps=2, batch_size=4, noise_dim=2), "mlp", 4, 0)
    model = specialise(base, real.of_class(1).values, 1, TrainSettings(steps=1, batch_size=4), 0)
    checkpoint.save(model, made / "model.safetensors")
    return made


@pytest.mark.parametrize("below", [0, 20])
def test_a_few_at_a_time_are_the_same_as_all(folder: Path, monkeypatch: pytest.MonkeyPatch, below: int) -> None:
    """Candidates, scores, statuses and the summary do not depend on how many are held at once, by discriminator or critics."""
    told: dict[int, Any] = {}
    for at_once in (7, 1_000):
        monkeypatch.setattr(generate, "AT_ONCE", at_once)
        out = folder / f"out-{at_once}"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        read = {"train": folder / "train.parquet", "model": folder / "model.safetensors"}
        both: dict[str, Any] = {"factor": 1, "seed": 0, "task": TASK, "progress": lambda *_: None}
        made = {"candidates": out / "made.parquet"}
        written = {"upscaler": folder / "none", "manifest": folder / "none", "relations": out / "relations.json"}
        generate.run(**read, **made, **written, settings=generate.Settings(), **both)
        split = {"validation": folder / "validation.parquet"}
        written = {"synthetic": out / "kept.parquet", "summary": out / "kept.json"}
        settings = filtering.Settings(threshold="auto", acceptance=0.5, cross_fit_below=below)
        filtering.run(**read, **split, **made, **written, settings=settings, **both)
        assert pq.ParquetFile(out / "kept.parquet").num_row_groups == -(-40 // at_once)
        told[at_once] = Candidates.load(out / "kept.parquet"), files.read_json(out / "kept.json")
    (few, said), (whole, expected) = told.values()
    pd.testing.assert_frame_equal(few.rows, whole.rows, check_exact=True)
    assert np.array_equal(few.values, whole.values) and said == expected
    assert 0 < len(few.kept) < len(few) == 40
