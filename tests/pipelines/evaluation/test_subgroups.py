"""Gains and losses by subgroup: on planted cases, and as the gate takes them."""

from dataclasses import replace
from functools import reduce

import numpy as np
import pandas as pd
import pytest

from pipelines.evaluation import subgroups
from pipelines.evaluation.evaluate import Result, evaluate
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.settings import Settings
from pipelines.likeness.data import Data, Pool
from pipelines.wording import UNNAMED

SETTINGS = Settings(classifiers=["logistic_regression"], folds=3, doses=[1.0])
COMMON, RARE = 0, 1


def rows(count: int, label: int, site: int, shift: float, rng: np.random.Generator) -> Data:
    """Rows of a class at one site: twelve figures, shifted for the rare class, and zeros for the twelve of the other site."""
    x = np.zeros((count, 2, 12), np.float32)
    x[:, site] = rng.normal(label * shift, 1, (count, 12))
    return Data(x.reshape(count, 24), np.full(count, label))


def two_sites(second: float, seed: int = 1) -> Inputs:
    """A rare class that is shifted by 0.6 at either of two sites; most of its test rows are of the first.

    Samples are real ones of the first site, and for the second site such as are shifted by `second`.
    """
    rng = np.random.default_rng(seed)

    def split(*counts: tuple[int, int, int]) -> Data:
        return reduce(Data.join, (rows(count, label, site, 0.6, rng) for count, label, site in counts))

    train = split((150, COMMON, 0), (150, COMMON, 1), (5, RARE, 0), (11, RARE, 1))
    validation = split((40, COMMON, 0), (40, COMMON, 1), (2, RARE, 0), (4, RARE, 1))
    test = split((300, COMMON, 0), (100, COMMON, 1), (250, RARE, 0), (50, RARE, 1))
    x = rows(120, RARE, 0, 0.6, rng).join(rows(20, RARE, 1, second, rng)).x
    ids = np.array([f"made-{number}" for number in range(len(x))])
    kept, parents = np.ones(len(x), bool), np.full((len(x), 2), -1)
    pool = Pool(RARE, len(x), x, kept, np.full(len(x), np.nan), ids, parents)
    sites = np.where(test.x[:, 0] != 0, "first", "second")
    return Inputs(train, validation, test, ("common", "rare"), {RARE: len(x)}, (pool,), {"site": sites})


@pytest.fixture(scope="module")
def harmful() -> Result:
    """The samples for the second site lie on the wrong side of its common class."""
    return evaluate(two_sites(second=-0.3), SETTINGS, 0)


def test_a_gain_overall_is_held_where_one_site_loses(harmful: Result) -> None:
    """The mean over all test rows gains beyond doubt; the verdict names the site, and what is lost there."""
    table = harmful.frames["subgroups"].set_index("subgroup")
    assert table.loc["first", "low"] > 0 > table.loc["second", "high"]
    assert table["lost"].to_dict() == {"first": False, "second": True}
    found = harmful.verdicts["classes"]["rare"]
    assert found["verdict"] == "hold" and found["gain"]["low"] > 0 and found["gain"]["value"] > SETTINGS.min_gain
    assert found["reasons"][0].startswith("average precision falls where site is second: -0.")
    assert found["reasons"][0].endswith("on 50 test samples")


def test_without_subgroups_the_same_samples_ship(harmful: Result) -> None:
    """So what holds them is the loss at one site alone; the gain is the same figure."""
    found = evaluate(replace(two_sites(second=-0.3), attributes={}), SETTINGS, 0)
    assert found.verdicts["verdict"] == "ship" and found.frames["subgroups"].empty
    assert found.verdicts["classes"]["rare"]["gain"] == harmful.verdicts["classes"]["rare"]["gain"]


def test_a_loss_may_be_allowed(harmful: Result) -> None:
    """By as much as the settings say."""
    allowed = SETTINGS.model_copy(update={"max_subgroup_loss": 0.5})
    found = evaluate(two_sites(second=-0.3), allowed, 0)
    assert found.verdicts["verdict"] == "ship" and not found.frames["subgroups"]["lost"].any()
    pd.testing.assert_frame_equal(
        found.frames["subgroups"].drop(columns="lost"), harmful.frames["subgroups"].drop(columns="lost")
    )


def test_samples_that_help_at_both_sites_ship() -> None:
    """Nothing is lost anywhere."""
    found = evaluate(two_sites(second=0.6), SETTINGS, 0)
    assert found.verdicts["verdict"] == "ship"
    assert (found.frames["subgroups"]["gain"] > -0.05).all() and not found.frames["subgroups"]["lost"].any()


@pytest.mark.parametrize(("samples", "level", "lost"), [(50, 0.025, True), (5, 0.025, False), (50, 0.0005, False)])
def test_a_loss_is_sure_by_students_t(samples: int, level: float, lost: bool) -> None:
    """Two and a half standard errors: enough with 50 samples, not with 5, nor where many subgroups are asked about."""
    assert subgroups.surely_below(Interval(-0.05, -0.09, -0.01, 0.02, 1.0), 0.0, samples, level) == lost


def test_few_samples_say_nothing_of_a_subgroup() -> None:
    """Neither does a subgroup without other classes; both are left out."""
    inputs = two_sites(second=0.6)
    sites = np.where(np.arange(len(inputs.test)) < 2, "tiny", "")
    sites[np.flatnonzero(inputs.test.y == RARE)[:20]] = "only rare ones"
    brief = SETTINGS.model_copy(update={"repeats": 2})
    found = evaluate(replace(inputs, attributes={"site": sites}), brief, 0).frames["subgroups"]
    assert found["subgroup"].tolist() == [UNNAMED]
