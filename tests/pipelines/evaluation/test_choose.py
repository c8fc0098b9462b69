"""What is chosen, is chosen without the test split."""

import numpy as np
import pytest

from pipelines.evaluation import choose
from pipelines.evaluation.evaluate import measure, prepare
from pipelines.evaluation.settings import Settings
from tests.pipelines.evaluation.worlds import digits, with_test_labels

QUICK = Settings(
    classifiers=["logistic_regression"], estimators={"sklearn.naive_bayes.GaussianNB": {}}, curve_repeats=0
)


def test_changing_the_test_labels_changes_no_choice() -> None:
    """Classifier, best baseline, strength of the tuned threshold and dose stay; the gains on test do not."""
    world = digits((1, 3), classes=5)
    chosen = []
    for inputs in (world, with_test_labels(world, 1)):
        study, choice = prepare(inputs, QUICK, 0)
        measured = measure(study, choice, QUICK, 0, brief=True)
        chosen.append(
            (choice.classifier, choice.baseline, choice.strength, choice.scores, measured.dose, measured.gains)
        )
    assert chosen[0][:-1] == chosen[1][:-1]
    assert chosen[0][-1] != chosen[1][-1]


def answers(y: np.ndarray, noise: dict[float, float]) -> dict[float, list[np.ndarray]]:
    """Five repeats a dose of probabilities that are worse the larger the noise."""
    result = {}
    for dose, level in noise.items():
        rng = np.random.default_rng(int(dose * 100))
        said = [np.eye(3)[y] + rng.normal(0, level, (len(y), 3)) for _ in range(5)]
        result[dose] = said
    return result


@pytest.mark.parametrize(
    ("noise", "dose"),
    [
        ({0.0: 0.05, 0.5: 0.05, 1.0: 0.05}, 1.0),  # no difference: as planned
        ({0.0: 0.05, 0.5: 1.0, 1.0: 3.0}, 0.0),  # the more, the worse
        ({0.0: 3.0, 0.5: 0.05, 1.0: 1.5}, 0.5),  # some, not all
    ],
)
def test_the_planned_dose_stands_unless_another_is_clearly_better(noise: dict[float, float], dose: float) -> None:
    """By more than two standard errors, on validation."""
    y = np.repeat([0, 1, 2], [30, 12, 8])
    assert choose.choose_dose(y, answers(y, noise), [1, 2], 300, 0).value == dose


def test_without_validation_samples_the_planned_dose_stands() -> None:
    """There is nothing to choose by."""
    y = np.zeros(20, int)
    assert choose.choose_dose(y, answers(y, {0.0: 0.1, 1.0: 3.0}), [1, 2], 200, 0).value == 1.0


def test_a_class_of_one_sample_is_not_cross_validated() -> None:
    """Then the first classifier and class weights are taken."""
    world = digits((1,), classes=3)
    single = world.train.take(np.append(np.flatnonzero(world.train.y != 1), np.flatnonzero(world.train.y == 1)[0]))
    _, choice = prepare(
        type(world)(single, world.train.take(world.train.y == 0), world.test, world.names, {1: 9}, ()), QUICK, 0
    )
    assert choice.baseline[choice.classifier] == "class_weights" and np.isnan(
        choice.scores["logistic_regression", "smote"]
    )
