"""The contract of every classifier; a new one is tested by being listed."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from pipelines.errors import UserError
from pipelines.evaluation.arms import Training
from pipelines.evaluation.classifiers import CLASSIFIERS, chosen, named_estimator, probabilities
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.settings import NETWORKS, Settings
from pipelines.likeness.data import Data
from pipelines.samples import IMAGES, SERIES
from tests.pipelines.evaluation.worlds import digits, waves

EXTRA = {"sklearn.svm.SVC": {"C": 10}, "sklearn.neighbors.KNeighborsClassifier": {"n_neighbors": 3}}
NAMES = {kind: [name for name in CLASSIFIERS if NETWORKS.get(name, kind) == kind] for kind in (IMAGES, SERIES)}
TABLE = {kind: chosen(names, EXTRA, kind) for kind, names in NAMES.items()}
WORLDS = {IMAGES: digits((1,), few=20, classes=4), SERIES: waves((1,), few=30, noise=0.05)}
LEAST = {IMAGES: 0.85, SERIES: 0.75}  # balanced accuracy; three neighbours find 0.83 of the waves, all others over 0.95
CASES = [(kind, name) for kind, table in TABLE.items() for name in table]


def said(kind: str, name: str, training: Training, seed: int, ask: np.ndarray) -> np.ndarray:
    """What a classifier says of rows, after it was trained."""
    return probabilities(TABLE[kind][name](training, seed), ask, len(WORLDS[kind].names))


def test_the_setting_names_every_classifier() -> None:
    """What `evaluate.classifiers` takes are the classifiers that there are; none named means those for the kind of data."""
    field = Settings.model_fields["classifiers"]
    (names,) = get_args(field.annotation)
    assert get_args(names) == tuple(CLASSIFIERS) and field.default == []


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_classifier_learns_and_repeats_itself(kind: str, name: str) -> None:
    """It finds most samples, gives a row of probabilities that sums to 1, and the same ones for the same seed."""
    world = WORLDS[kind]
    training = Training(world.train, np.ones(len(world.train)))
    first, again = (said(kind, name, training, 5, world.test.x) for _ in range(2))
    assert np.array_equal(first, again)
    assert first.shape == (len(world.test), len(world.names)) and first.sum(1) == pytest.approx(1)
    assert balanced_accuracy_score(world.test.y, first.argmax(1)) > LEAST[kind]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_class_never_seen_gets_probability_zero(kind: str, name: str) -> None:
    """And keeps its column."""
    world = WORLDS[kind]
    found = said(kind, name, Training(world.train.take(world.train.y != 1)), 0, world.test.x[:7])
    assert found.shape == (7, len(world.names)) and (found[:, 1] == 0).all()


@pytest.mark.parametrize(("kind", "name"), [case for case in CASES if "KNeighbors" not in case[1]])
def test_weights_reach_the_classifier(kind: str, name: str) -> None:
    """A class of weight (almost) zero is hardly ever named."""
    world = WORLDS[kind]
    weight = np.where(world.train.y == 2, 1e-3, 1.0)
    weighed, plain = (said(kind, name, Training(world.train, one), 0, world.test.x) for one in (weight, None))
    assert weighed[:, 2].mean() < plain[:, 2].mean()


@pytest.mark.parametrize("name", ["random_forest", "logistic_regression", "gradient_boosting"])
def test_a_classifier_of_columns_sees_what_a_series_is_like_not_when(name: str) -> None:
    """Waves start anywhere in their period: on plain values it finds less than on the features that it is given."""
    world: Inputs = WORLDS[SERIES]
    plain = replace(world.train, kind="vectors", series_shape=None)
    found = [
        balanced_accuracy_score(world.test.y, said(SERIES, name, Training(data), 0, world.test.x).argmax(1))
        for data in (world.train, plain)
    ]
    assert found[0] > found[1] + 0.05


def test_an_estimator_is_calibrated_where_a_class_has_one_row() -> None:
    """As a fold of a class of two has."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [50, 10, 1])
    x = (rng.normal(size=(61, 4)) + 2 * y[:, None]).astype(np.float32)
    fitted = named_estimator("sklearn.svm.SVC", {})(Training(Data(x, y)), 0)
    said = probabilities(fitted, x, 3)
    assert said.sum(1) == pytest.approx(1) and (said[:50].argmax(1) == 0).mean() > 0.9


def test_each_kind_of_data_has_its_classifiers() -> None:
    """Nobody fits boosted trees to pixels, and a network sees one kind only; a user may name others."""
    assert list(chosen([], {}, IMAGES)) == ["convnet"]
    assert list(chosen([], {}, SERIES)) == ["convnet1d", "random_forest", "logistic_regression"]
    assert list(chosen([], {}, "table")) == ["gradient_boosting", "random_forest", "logistic_regression"]
    assert list(chosen([], {"sklearn.svm.SVC": {}}, IMAGES)) == ["sklearn.svm.SVC"]
    with pytest.raises(UserError, match="names convnet, which is for images"):
        chosen(["convnet"], {}, "table")
    with pytest.raises(UserError, match="names convnet1d, which is for series"):
        chosen(["convnet1d"], {}, IMAGES)


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
