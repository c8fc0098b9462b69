"""A GAN of small images and an upscaler: what comes out is as large as what went in."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from gan import checkpoint
from gan.score import score
from pipelines.driver import dag, params
from pipelines.driver.one_stage import run_stage
from pipelines.errors import UserError
from pipelines.plan import slug
from pipelines.samples import Candidates, Samples
from tests.conftest import QUICK, write_classes

TAIL = slug("tail")


def project(folder: Path, factor: int, size: int = 16) -> Path:
    """Make a project with images of 16 pixels in `folder` and run it up to the plan; return it."""
    write_classes(folder / "data/raw", {"round": 30, "flat": 30, "tail": 10}, size=16)
    values = {**QUICK, "prepare": {"image_size": size}, "upscale": {"factor": factor, "steps": 30}}
    (folder / "params.yaml").write_text(params.render(demo=False, values=values))
    dag.lay_empty(folder)
    for name in ("prepare", "plan"):
        run_stage(folder, name)
    return folder


def test_candidates_are_as_large_as_the_data(tmp_path: Path) -> None:
    """With factor 2 the GAN makes 8 pixels and scores them, and the candidates that are filtered have 16."""
    made = project(tmp_path, factor=2)
    for name in ("upscale", "pretrain"):
        run_stage(made, name)
    for name in ("train", "generate", "filter"):
        run_stage(made, name, TAIL)
    gan = checkpoint.load(made / f"data/models/{TAIL}.safetensors")
    kept = Candidates.load(made / f"data/synthetic/{TAIL}.parquet")
    real = Samples.load(made / "data/prepared/train.parquet")
    assert gan.sizes.size == 8
    assert kept.values.shape[1:] == real.values.shape[1:] == (16, 16, 1)
    assert np.isfinite(kept.rows["score"]).all()
    small = real.reduced(2).of_class(2)
    assert score(gan, small.values[:1], 2).shape == (1,)


def test_without_a_factor_nothing_is_trained(tmp_path: Path) -> None:
    """With factor 1 the stage leaves a file without tensors, and the GAN makes images of the full size."""
    made = project(tmp_path, factor=1)
    run_stage(made, "upscale")
    assert load_file(made / "data/models/upscaler.safetensors") == {}


@pytest.mark.parametrize(("factor", "size"), [(4, 16), (2, 17)])
@pytest.mark.parametrize("stage", ["upscale", "pretrain"])
def test_a_factor_that_does_not_fit_is_refused(tmp_path: Path, factor: int, size: int, stage: str) -> None:
    """Images that would become too small, or not whole, are one line with both settings to change."""
    made = project(tmp_path, factor, size)
    with pytest.raises(UserError, match=rf"upscale\.factor is {factor}, and {size} pixels.*prepare\.image_size"):
        run_stage(made, stage)
