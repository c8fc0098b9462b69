"""A third kind of data, short vectors, goes through the stages by being listed: its codec in `CODECS`, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pytest
import torch

from gan import checkpoint, modalities
from gan.modalities.arrays import Arrays
from pipelines import files
from pipelines.driver import dag
from pipelines.plan import Plan
from pipelines.samples import KEPT, Candidates, Samples
from pipelines.stages import baseline, evaluate, generate, plan, pretrain, train
from pipelines.stages import filter as filtering
from tests.pipelines.evaluation.worlds import told_to_baseline

CLASSES = ["low", "middle", "high"]
COUNTS = {"train": (60, 12, 60), "validation": (15, 3, 15), "test": (30, 30, 30)}


@dataclass(frozen=True)
class VectorCodec(Arrays):
    """Vectors (n, d) float32, each number scaled to the range that it has in training, and kept within it."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    kind: ClassVar[str] = "vectors"
    families: ClassVar[tuple[str, ...] | None] = ("mlp",)
    policies: ClassVar[tuple[str, ...]] = ("spread", "neighbours")
    noisy: ClassVar[bool] = True
    steps: ClassVar[int] = 0
    constrainable: ClassVar[bool] = False
    carried: ClassVar[bool] = False
    at_once: ClassVar[int] = 1000

    @classmethod
    def fit(cls, samples: np.ndarray, kinds: Mapping[Any, Any] | None = None) -> Self:
        return cls(tuple(samples.min(0).tolist()), tuple(samples.max(0).tolist()))

    @property
    def continuous(self) -> np.ndarray:
        return np.ones((1, 1, 1), bool)

    def shape(self, samples: np.ndarray) -> tuple[int, int]:
        if samples.ndim != 2 or samples.shape[1] != len(self.low):
            raise ValueError(f"vectors: expected (n, {len(self.low)}), got {samples.shape}")
        return len(self.low), 1

    def pack(self, samples: np.ndarray) -> np.ndarray:
        return samples

    def encode(self, samples: np.ndarray) -> torch.Tensor:
        low, high = np.array(self.low, np.float32), np.array(self.high, np.float32)
        return torch.from_numpy(((samples - low) / (high - low) * 2 - 1).astype(np.float32))[..., None, None]

    def settle(self, x: torch.Tensor, starts: torch.Tensor | None = None) -> torch.Tensor:
        return x + (x.clamp(-1, 1) - x).detach()

    def displace(self, base: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
        return base + change

    def decode(self, x: torch.Tensor, starts: torch.Tensor | None = None) -> np.ndarray:
        low, high = np.array(self.low, np.float32), np.array(self.high, np.float32)
        shares = (self.settle(x, starts).flatten(1).cpu().numpy() + 1) / 2
        return (low + shares * (high - low)).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        return {"low": list(self.low), "high": list(self.high)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(tuple(values["low"]), tuple(values["high"]))


def split(folder: Path, name: str, counts: Sequence[int]) -> Path:
    """Write vectors of 6 numbers, normal around 0, 3 and 6, so many of each class; return the file."""
    rng = np.random.default_rng(len(name))
    labels = np.repeat(np.arange(len(counts)), counts)
    values = rng.normal(3 * labels[:, None], 1, (len(labels), 6)).astype(np.float32)
    path = folder / f"{name}.parquet"
    Samples(values, labels, np.array([f"{name}-{n}" for n in range(len(labels))]), "vectors").save(path)
    return path


def show(done: int, total: int, figures: Mapping[str, float]) -> None:
    assert done <= total


def test_a_listed_kind_goes_from_samples_to_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stages from plan to evaluate run on it; what is made lies in the range of the data, and near its class."""
    monkeypatch.setitem(modalities.CODECS, "vectors", VectorCodec)
    parts = {name: split(tmp_path, name, counts) for name, counts in COUNTS.items()}
    seen, held_out = parts["train"], parts["validation"]
    classes, planned = tmp_path / "classes.json", tmp_path / "plan.yaml"
    files.write_json(classes, {"kind": "vectors", "classes": CLASSES})
    common = {"seed": 0, "progress": show}
    manifest = tmp_path / "manifest.csv"
    told = [
        (name, part, "used")
        for part, counts in COUNTS.items()
        for name, n in zip(CLASSES, counts, strict=True)
        for _ in range(n)
    ]
    frame = pd.DataFrame(told, columns=["class", "split", "status"]).assign(group="")
    frame.rename_axis("id").to_csv(manifest)
    plan.run(
        train=seen, validation=held_out, manifest=manifest, classes=classes, plan=planned, settings=plan.Settings(),
        min_test_samples=10, min_gain=0.01, **common,
    )  # fmt: skip
    ((slug, task),) = Plan.load(planned).classes.items()
    model = {name: tmp_path / f"base.{name}" for name in ("model", "curves", "health")}
    settings = {stage.name: stage.settings for stage in dag.STAGES}
    pretrain.run(
        train=seen, validation=held_out, classes=classes, factor=1,
        settings=settings["pretrain"](steps=60, width=4), **model, **common,
    )  # fmt: skip
    own = {name: tmp_path / f"own.{name}" for name in ("model", "curves", "health")}
    train.run(
        train=seen, validation=held_out, base=model["model"], settings=settings["train"](steps=10), factor=1, task=task,
        **own, **common,
    )  # fmt: skip
    candidates, synthetic = tmp_path / "candidates.parquet", tmp_path / "synthetic"
    generate.run(
        train=seen, manifest=manifest, model=own["model"], upscaler=tmp_path, candidates=candidates,
        relations=tmp_path / "kept.json", settings=settings["generate"](), factor=1, task=task, **common,
    )  # fmt: skip
    synthetic.mkdir()
    kept = synthetic / f"{slug}.parquet"
    filtering.run(
        train=seen, validation=held_out, model=own["model"], candidates=candidates, synthetic=kept,
        summary=synthetic / f"{slug}.json", settings=settings["filter"](), factor=1, task=task, **common,
    )  # fmt: skip
    made, real = Candidates.load(kept), Samples.load(seen)
    assert made.kind == "vectors" and made.values.shape == (96, 6) and made.values.dtype == np.float32
    assert (made.values >= real.values.min(0) - 1e-5).all() and (made.values <= real.values.max(0) + 1e-5).all()
    assert (made.rows["status"] == KEPT).sum() > 60 and abs(made.kept.values.mean() - 3) < 1
    assert checkpoint.load(own["model"]).codec == checkpoint.load(model["model"]).codec
    judged = settings["evaluate"](classifiers=["logistic_regression"], repeats=2, folds=2, draws=200)
    before = tmp_path / "baseline.safetensors"
    taken = told_to_baseline(judged)
    taken["suspects"] = tmp_path / "suspects.csv"
    baseline.run(train=seen, validation=held_out, classes=classes, plan=planned, baseline=before, **taken, **common)
    evaluate.run(
        **parts, classes=classes, plan=planned, synthetic=synthetic, evaluation=tmp_path / "evaluation", settings=judged,
        baseline=before,
        **common,
    )  # fmt: skip
    assert set(files.read_json(tmp_path / "evaluation/verdicts.json")["classes"]) == {"middle"}
