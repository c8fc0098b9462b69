"""Filled images judged: what is as good as whole images ships, and nothing that only does what the damage does as well."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.evaluation.gate import SHIP
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.repaired import Finding, judge_fills
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.synthetic import AS_THEY_ARE, FILLS, GENERATOR, LEFT_OUT, NEAREST
from tests.pipelines.evaluation.worlds import digits

SETTINGS = Settings(
    classifiers=["logistic_regression"],
    repeats=5,
    folds=3,
    doses=[1.0],
    draws=200,
    curve_repeats=0,
    min_test_samples=20,
)


@pytest.fixture(scope="module")
def world() -> tuple[Inputs, dict[int, np.ndarray]]:
    """Digits, four classes with 6 images, without candidates; and whole images that were held back, by class."""
    inputs = digits(few=6, kind="real")
    return replace(inputs, pools=()), {pool.label: pool.x for pool in inputs.pools}


def torn(images: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Return the images with the upper five of eight rows white."""
    return {label: np.where(np.arange(64) < 40, np.float32(1), x) for label, x in images.items()}


def judged(world: tuple[Inputs, dict[int, np.ndarray]], fills: dict[str, dict[int, np.ndarray]]) -> list[Finding]:
    return judge_fills(world[0], fills, GENERATOR, SETTINGS, seed=0)


def test_what_is_as_good_as_whole_images_ships(world) -> None:
    """And stands beside every other way, with the gain over each."""
    found = judged(world, {GENERATOR: world[1], AS_THEY_ARE: torn(world[1]), NEAREST: torn(world[1])})
    assert [one.verdict.name for one in found] == ["digit 1", "digit 3", "digit 5", "digit 8"]
    assert sum(one.verdict.verdict == SHIP for one in found) >= 2
    for one in found:
        assert one.whole == 8 and one.filled == len(world[1][int(one.verdict.name[-1])])
        assert set(one.precisions) == {LEFT_OUT, AS_THEY_ARE, NEAREST, GENERATOR} and set(one.gains) == {
            *one.precisions
        } - {GENERATOR}
        expected = one.precisions[GENERATOR] - one.precisions[AS_THEY_ARE]
        assert one.gains[AS_THEY_ARE].value == pytest.approx(expected, abs=1e-9)
        assert one.precisions[NEAREST] == one.precisions[AS_THEY_ARE]  # the same images, the same seeds


def test_what_the_damage_does_as_well_is_held(world) -> None:
    """The advice is to train on the damage then, not to leave it out."""
    found = judged(world, {GENERATOR: world[1], AS_THEY_ARE: world[1]})
    assert all(one.verdict.verdict != SHIP for one in found)
    sure = [one for one in found if one.as_they_are is not None and one.as_they_are.low > 0]
    assert sure and all(
        one.reasons[-1].startswith("instead: train on the damaged images as they are, which adds +") for one in sure
    )
    assert all(sum(reason.startswith("instead:") for reason in one.reasons) == 1 for one in sure)


def test_noise_in_place_of_what_is_missing_does_not_ship(world) -> None:
    """Images of nothing at all."""
    rng = np.random.default_rng(0)
    noise = {label: rng.random(x.shape).astype(np.float32) for label, x in world[1].items()}
    assert all(one.verdict.verdict != SHIP for one in judged(world, {GENERATOR: noise, AS_THEY_ARE: torn(world[1])}))


def test_every_way_has_a_name_for_people() -> None:
    """That begins as a sentence of the gate goes on."""
    assert all(said.startswith("the damaged images ") for said in FILLS.values())
