"""The filter stage: what is said of coverage."""

import numpy as np

from pipelines.likeness.data import images_as_rows
from pipelines.likeness.distance import euclidean
from pipelines.stages.filter import covered


def test_coverage_compares_as_many_candidates() -> None:
    """Keeping the candidates that lie where the real samples do raises their coverage above that of the first ones."""
    pixels = euclidean("pixels", lambda x: x.astype(float))
    real = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 1)).astype(np.uint8)
    near = np.clip(real.astype(int) + 1, 0, 255).astype(np.uint8)
    made = np.concatenate([np.full_like(near, 255), near])
    rows = [images_as_rows(values)[0] for values in (real, made)]
    found = covered(*rows, np.arange(20), np.arange(20) >= 10, pixels)
    assert found["after"] == 1 > found["before"]  # type: ignore[operator]
    assert covered(*rows, np.arange(20), np.arange(20) < 1, pixels) == {"before": None, "after": None}
