"""The stage refuses settings that make no sense for the data before it trains."""

from pathlib import Path

import numpy as np
import pytest

from pipelines import files
from pipelines.errors import UserError
from pipelines.samples import Samples
from pipelines.stages import pretrain


def test_noise_for_images_is_refused_in_one_line(tmp_path: Path) -> None:
    """The line names the setting and what it may be; nothing is written."""
    images = Samples(np.zeros((4, 8, 8, 1), np.uint8), np.array([0, 0, 1, 1]), np.array(list("abcd")))
    images.save(tmp_path / "train.parquet")
    files.write_json(tmp_path / "classes.json", {"kind": "images", "classes": ["a", "b"]})
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UserError, match="not made for images; they take auto, neighbours or borrowed") as raised:
        pretrain.run(
            train=tmp_path / "train.parquet",
            validation=tmp_path / "train.parquet",
            classes=tmp_path / "classes.json",
            model=tmp_path / "base.safetensors",
            curves=tmp_path / "base.csv",
            health=tmp_path / "base.json",
            settings=pretrain.Settings(starts="spread"),
            factor=1,
            seed=0,
            progress=lambda done, total, figures: None,
        )
    assert "\n" not in str(raised.value) and sorted(tmp_path.iterdir()) == before
