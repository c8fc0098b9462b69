"""What is advised without synthetic samples, and the evidence beside it."""

import numpy as np
import pytest

from pipelines.evaluation import advice
from pipelines.evaluation.arms import ARMS
from pipelines.evaluation.choose import Choice, Scored

DRAWN = np.random.default_rng(0).normal(0, 0.02, 200)


def choice(lead: float, best: str = "smote") -> Choice:
    """Return a choice whose best arm is ahead of training as is by `lead`, give or take 0.02."""
    plain, ahead = Scored(0.80, DRAWN * 0, {}), Scored(0.80 + lead, DRAWN, {})
    scores = {("forest", "nothing"): plain} | {("forest", best): ahead}
    return Choice("forest", {"forest": best}, scores, {"forest": [best]}, {})


@pytest.mark.parametrize(
    ("lead", "best", "advised"), [(0.10, "smote", "smote"), (0.03, "smote", "nothing"), (0.0, "nothing", "nothing")]
)
def test_an_arm_is_advised_where_it_is_better_beyond_noise(lead: float, best: str, advised: str) -> None:
    """Two standard errors out of fold; else training as is."""
    made = choice(lead, best)
    assert advice.advised(made) == advised
    assert advice.instead(made, {}).startswith(ARMS[advised].advice)


def test_what_did_better_on_test_is_named_with_its_figure() -> None:
    """And that it could not be chosen by that."""
    said = advice.instead(choice(0.10), {"nothing": 0.7, "smote": 0.812, "class_weights": 0.9})
    assert "it reaches 0.812" in said and "class weights 0.900, which could not be known" in said


def test_no_other_is_named_where_the_advised_one_is_as_good() -> None:
    """A difference of a hair is not spoken of."""
    assert "could not be known" not in advice.instead(choice(0.10), {"smote": 0.812, "class_weights": 0.815})
