"""The search for the nearest sample is the plain one, only faster."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from pipelines.likeness import distance
from pipelines.likeness.data import Data


@pytest.mark.parametrize("kind", ["images", "table"])
def test_the_nearest_is_that_of_all_distances(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pixels and in columns, block by block: equal to the plain formula to 1e-6, exact copies lie at 0."""
    monkeypatch.setattr(distance, "BLOCK", 1000)
    rng = np.random.default_rng(0)
    real = rng.random((90, 36), dtype=np.float32)
    asked = np.concatenate([rng.random((150, 36), dtype=np.float32), real[:20], real[:20] + np.float32(1e-6)])
    data = Data(real, np.zeros(90, int), (6, 6, 1) if kind == "images" else None, kind=kind)
    space = distance.spaces(data)[0]
    found, index = distance.nearest(space, asked, real)
    metric, scale = ("euclidean", 1.0) if kind == "images" else ("cityblock", distance.column_ranges(real))
    plain = cdist(asked / scale, real / scale, metric) / (1 if kind == "images" else 36)
    np.testing.assert_allclose(found, plain.min(1), atol=1e-6)
    assert (found[150:170] == 0).all() and (index[150:] == np.tile(np.arange(20), 2)).all()
    assert distance.nearest(space, asked[:0], real)[0].shape == (0,)
