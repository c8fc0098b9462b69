"""The contract of every classifier; a new one is tested by being listed."""

from typing import get_args

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from pipelines.errors import UserError
from pipelines.evaluation.arms import Training
from pipelines.evaluation.classifiers import CLASSIFIERS, chosen, probabilities
from pipelines.evaluation.settings import Settings
from pipelines.samples import IMAGES
from tests.pipelines.evaluation.worlds import digits

EXTRA = {"sklearn.svm.SVC": {"C": 10}, "sklearn.neighbors.KNeighborsClassifier": {"n_neighbors": 3}}
TABLE = chosen(list(CLASSIFIERS), EXTRA, IMAGES)


@pytest.fixture(scope="module")
def world():
    return digits((1,), few=20, classes=4)


def test_the_setting_names_every_classifier() -> None:
    """What `evaluate.classifiers` takes are the classifiers that there are; none named means those for the kind of data."""
    field = Settings.model_fields["classifiers"]
    (names,) = get_args(field.annotation)
    assert get_args(names) == tuple(CLASSIFIERS) and field.default == []


@pytest.mark.parametrize("name", TABLE)
def test_a_classifier_learns_and_repeats_itself(world, name: str) -> None:
    """It finds most digits, gives a row of probabilities that sums to 1, and the same ones for the same seed."""
    training = Training(world.train, np.ones(len(world.train)))
    said = [probabilities(TABLE[name](training, 5), world.test.x, 4) for _ in range(2)]
    assert np.array_equal(said[0], said[1])
    assert said[0].shape == (len(world.test), 4) and said[0].sum(1) == pytest.approx(1)
    assert balanced_accuracy_score(world.test.y, said[0].argmax(1)) > 0.85


@pytest.mark.parametrize("name", TABLE)
def test_a_class_never_seen_gets_probability_zero(world, name: str) -> None:
    """And keeps its column."""
    fitted = TABLE[name](Training(world.train.take(world.train.y != 1)), 0)
    said = probabilities(fitted, world.test.x[:7], 4)
    assert said.shape == (7, 4) and (said[:, 1] == 0).all()


@pytest.mark.parametrize("name", [n for n in TABLE if n != "sklearn.neighbors.KNeighborsClassifier"])
def test_weights_reach_the_classifier(world, name: str) -> None:
    """A class of weight (almost) zero is hardly ever named."""
    weight = np.where(world.train.y == 2, 1e-3, 1.0)
    said = probabilities(TABLE[name](Training(world.train, weight), 0), world.test.x, 4)
    plain = probabilities(TABLE[name](Training(world.train), 0), world.test.x, 4)
    assert said[:, 2].mean() < plain[:, 2].mean()


def test_each_kind_of_data_has_its_classifiers() -> None:
    """Nobody fits boosted trees to pixels, and a network sees images only; a user may name others."""
    assert list(chosen([], {}, IMAGES)) == ["convnet"]
    assert list(chosen([], {}, "table")) == ["gradient_boosting", "random_forest", "logistic_regression"]
    assert list(chosen([], {"sklearn.svm.SVC": {}}, IMAGES)) == ["sklearn.svm.SVC"]
    with pytest.raises(UserError, match="names convnet, which is for images"):
        chosen(["convnet"], {}, "table")


@pytest.mark.parametrize(
    ("names", "extra", "line"),
    [
        (["forest"], {}, "names 'forest', which is unknown"),
        ([], {"sklearn.svm.SVM": {}}, "sklearn.svm.SVM"),
        ([], {"sklearn.svm.SVC": {"D": 1}}, "sklearn.svm.SVC"),
        ([], {"sklearn.preprocessing.StandardScaler": {}}, "not a scikit-learn classifier"),
        ([], {"sklearn.utils.parallel.Parallel": {"n_jobs": 1}}, "not a scikit-learn classifier"),
        ([], {"sklearn.datasets.load_files": {"container_path": "."}}, "not a scikit-learn classifier"),
    ],
)
def test_an_unknown_classifier_is_refused_by_name(names: list[str], extra: dict, line: str) -> None:
    """Before anything is trained."""
    with pytest.raises(UserError, match=line):
        chosen(names, extra, IMAGES)
