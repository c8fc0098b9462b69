"""Candidates by subgroup: how many of each, whose they are, and how they look."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan import checkpoint
from gan.training.train import PretrainSettings, pretrain
from pipelines.plan import ClassPlan, SubgroupPlan
from pipelines.samples import Candidates, Samples
from pipelines.stages import generate
from tests.gan.test_carry import CLASSES, LOOKS, sides

PARTS = [SubgroupPlan(value="old", train_samples=12, needed=10), SubgroupPlan(value="new", train_samples=2, needed=30)]
TASK = ClassPlan(label="rare", index=0, train_samples=14, target=54, needed=40, balance="camera", subgroups=PARTS)


def test_the_camera_with_fewer_images_gets_more_from_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each candidate looks as pictures of its camera do, most of them made from the other camera's, and the run says so."""
    here, there = sides(LOOKS["negative"], count=12)
    there[0] = there[0][:2]
    values = np.concatenate([np.concatenate([one, other]) for one, other in zip(here, there, strict=True)])
    labels = np.concatenate(
        [np.full(len(one) + len(other), k) for k, (one, other) in enumerate(zip(here, there, strict=True))]
    )
    cameras = np.concatenate(
        [["old"] * len(one) + ["new"] * len(other) for one, other in zip(here, there, strict=True)]
    )
    images = np.round((values + 1) * 127.5).astype(np.uint8).transpose(0, 2, 3, 1)
    train = Samples(images, labels, np.array([f"i{n:03d}" for n in range(len(labels))]))
    train.save(tmp_path / "train.parquet")
    rows = pd.DataFrame({"id": train.ids, "split": "train", "status": "used", "attribute.camera": cameras})
    rows.to_csv(tmp_path / "manifest.csv", index=False)
    gan = pretrain(images, labels, CLASSES, PretrainSettings(steps=2, batch_size=16), "mlp", 4, seed=0)
    checkpoint.save(gan, tmp_path / "model.safetensors")
    paths = {"train": tmp_path / "train.parquet", "manifest": tmp_path / "manifest.csv"}
    paths |= {"model": tmp_path / "model.safetensors", "upscaler": tmp_path / "none"}
    paths |= {"candidates": tmp_path / "candidates.parquet", "relations": tmp_path / "relations.json"}
    generate.run(**paths, settings=generate.Settings(), factor=1, seed=0, task=TASK, progress=lambda *_: None)
    said = capsys.readouterr().out
    assert f"camera old is carried over to new (scaled, learnt from {CLASSES - 1} classes" in said
    made = Candidates.load(tmp_path / "candidates.parquet")
    new = (made.rows["attribute.camera"] == "new").to_numpy()
    assert 50 <= new.sum() <= 70 and len(new) == 80
    of = rows.set_index("id")["attribute.camera"]
    parents = [of[made.rows[name]].to_numpy() for name in ("reference_id", "neighbour_id")]
    assert (parents[0] == parents[1]).all() and (parents[0][new] == "old").mean() > 0.6
    assert made.values[new].mean() > 200 > 60 > made.values[~new].mean()
