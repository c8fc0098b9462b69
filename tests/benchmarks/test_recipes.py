"""The study of the generator can be repeated: every recipe in its table is stated, and each trains."""

import re
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gan.sample import generate
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise
from tests.architecture import ROOT

TABLE = (ROOT / "benchmarks/generator_study.md").read_text(encoding="utf-8").split("| cell | recipe |")[1]
LISTED = set(re.findall(r"^\| \S+ \| (\w+) \| \d+ \|", TABLE, re.MULTILINE))


@pytest.fixture(scope="module")
def recipes() -> Iterator[Any]:
    """The module, which scripts of its folder import by its bare name."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    import recipes

    yield recipes
    sys.path.remove(str(ROOT / "benchmarks"))


def test_every_recipe_of_the_table_is_stated(recipes: Any) -> None:
    """What `generator_study.md` lists can be run under the name that it has there."""
    assert len(LISTED) > 30 and set(recipes.RECIPES) >= LISTED


def test_each_recipe_that_no_setting_says_trains_and_samples(recipes: Any) -> None:
    """Handed to the product's functions as values, each gives another generator, or other samples, than the default."""
    rng = np.random.default_rng(0)
    images = (rng.integers(0, 9, (60, 8, 8, 1)) * 28).astype(np.uint8)
    labels = np.repeat(np.arange(3), [25, 25, 10])

    def samples(changes: Any, starts: str) -> np.ndarray:
        settings = PretrainSettings(
            steps=6, batch_size=8, noise_dim=2, starts=starts, penalty_every=2, learning_rate=1e-2
        )
        told = {"loss": changes.loss, "augmentation": changes.augmentation}
        base = pretrain(
            images, labels, 3, settings, "mlp", 4, 0, codec=changes.fit(images), policy=changes.policy,
            families=changes.families, **told,
        )  # fmt: skip
        own, lenders = images[labels == 2], (images, labels)
        gan = specialise(
            base, own, 2, TrainSettings(steps=4, batch_size=8, learning_rate=1e-2), 0, lenders=lenders, **told
        )
        return generate(gan, own, 2, np.arange(4), lenders=lenders).samples

    plain = {starts: samples(recipes.Changes(), starts) for starts in ("neighbours", "borrowed")}
    for name, recipe in recipes.RECIPES.items():
        if recipe.changes is not None:
            starts = recipe.settings.get("pretrain", {}).get("starts", "borrowed")
            assert not np.array_equal(samples(recipe.changes(), starts), plain[starts]), name
