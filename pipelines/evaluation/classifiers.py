"""The classifiers that judge: what a data team would train on this kind of data.

To add one, write a function (training, seed) -> fitted object with `classes_` and `predict_proba`, list it in `CLASSIFIERS`,
and in `DEFAULTS` where it should judge unless told otherwise. A user can name any scikit-learn classifier in the settings
instead.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, Protocol

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipelines.errors import SettingError
from pipelines.evaluation import features
from pipelines.evaluation.arms import Training
from pipelines.evaluation.settings import NETWORKS
from pipelines.likeness.data import Data
from pipelines.samples import IMAGES, SERIES


class Fitted(Protocol):
    """What is left of a classifier after training."""

    @property
    def classes_(self) -> np.ndarray:
        """The classes that it has seen, (k,), sorted."""

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (n, len(classes_)) probabilities of rows `x`, (n, d)."""


Classifier = Callable[[Training, int], Fitted]


def convnet(training: Training, seed: int) -> Fitted:
    """The reference for images: a small residual network, trained until it has converged, see `convnet.ConvNet`."""
    from pipelines.evaluation.convnet import ConvNet  # loads torch

    data = training.data
    assert data.image_shape is not None, "the network is for images"
    return ConvNet.fit(data.x, data.y, data.image_shape, training.style, seed, training.weight, data.synthetic)


def convnet1d(training: Training, seed: int) -> Fitted:
    """The reference for series: a small residual network over time, see `convnet1d.ConvNet1d`."""
    from pipelines.evaluation.convnet1d import ConvNet1d  # loads torch

    data = training.data
    assert data.series_shape is not None, "the network is for series"
    return ConvNet1d.fit(data.x, data.y, data.series_shape, training.style, seed, training.weight, data.synthetic)


def _of_columns(fit: Callable[..., Fitted]) -> Callable[..., Fitted]:
    """Let a classifier of columns see the features of series in place of their values; nothing else changes."""

    @wraps(fit)
    def seeing(training: Training, seed: int, **arguments: Any) -> Fitted:
        seen = features.columns(training.data)
        if seen is training.data:
            return fit(training, seed, **arguments)
        return features.asked_by_rows(fit(replace(training, data=seen), seed, **arguments), training.data)

    return seeing


@_of_columns
def gradient_boosting(
    training: Training, seed: int, rounds: int = 100, rate: float = 0.1, leaves: int = 15, l2: float = 0.0
) -> Fitted:
    """Boosted trees; rounds, learning rate, leaves and regularisation are searched by cross-validation (`tuning`)."""
    model = HistGradientBoostingClassifier(
        max_iter=rounds, learning_rate=rate, max_leaf_nodes=leaves, l2_regularization=l2, min_samples_leaf=5,
        early_stopping=False, random_state=seed % 2**32,
    )  # fmt: skip
    return model.fit(training.data.x, training.data.y, training.weight)


@_of_columns
def logistic_regression(training: Training, seed: int) -> Fitted:
    """Linear model on standardised columns, one column per category, with scikit-learn's usual penalty (C = 1)."""
    model = make_pipeline(_scaled(training.data), LogisticRegression(max_iter=300, random_state=seed % 2**32))
    return model.fit(training.data.x, training.data.y, logisticregression__sample_weight=training.weight)


@_of_columns
def random_forest(training: Training, seed: int) -> Fitted:
    """A forest of 100 trees."""
    model = RandomForestClassifier(100, random_state=seed % 2**32, n_jobs=1)
    return model.fit(training.data.x, training.data.y, training.weight)


CLASSIFIERS: dict[str, Classifier] = {
    "convnet": convnet,
    "convnet1d": convnet1d,
    "gradient_boosting": gradient_boosting,
    "random_forest": random_forest,
    "logistic_regression": logistic_regression,
}
DEFAULTS = {  # by kind of data, other kinds have those for columns
    IMAGES: ["convnet"],
    SERIES: ["convnet1d", "random_forest", "logistic_regression"],
}
COLUMNS = ["gradient_boosting", "random_forest", "logistic_regression"]
_SETTING = "evaluate.estimators"


def named_estimator(path: str, arguments: Mapping[str, Any]) -> Classifier:
    """Return a classifier made from any scikit-learn estimator, by its dotted path, say `sklearn.svm.SVC`.

    Columns are standardised first, and categories become a column each. An estimator without `predict_proba` is
    calibrated (sigmoid, 3 folds). `Settings.estimators` has seen to it that the path lies in a known package.
    Raises SettingError when there is no such class, it is not a classifier with scikit-learn's interface, or an argument
    does not fit. Nothing is called before its class is known to be such a classifier.
    """
    kind = _classifier_class(path)
    try:
        kind(**arguments)
    except (TypeError, ValueError) as error:
        raise SettingError(_SETTING, f"names {path}, which cannot be made with {dict(arguments)}: {error}") from error

    @_of_columns
    def fit(training: Training, seed: int) -> Fitted:
        model = kind(**arguments)
        if "random_state" in model.get_params() and "random_state" not in arguments:
            model.set_params(random_state=seed % 2**32)
        takes_weight = "sample_weight" in inspect.signature(model.fit).parameters
        if not hasattr(model, "predict_proba"):
            training = _in_twos(training)
            model = _calibrated(model, training)
        pipeline = make_pipeline(_scaled(training.data), model)
        weight = {f"{pipeline.steps[-1][0]}__sample_weight": training.weight} if takes_weight else {}
        return pipeline.fit(training.data.x, training.data.y, **weight)

    return fit


def _classifier_class(path: str) -> type[BaseEstimator]:
    module, _, name = path.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SettingError(
            _SETTING, f"names {path}, and there is no {path} ({error}); is the package installed, the name right?"
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, BaseEstimator) and issubclass(kind, ClassifierMixin)):
        raise SettingError(_SETTING, f"names {path}, which is not a scikit-learn classifier, such as sklearn.svm.SVC")
    return kind


def _scaled(data: Data) -> BaseEstimator:
    """Return what standardises the columns of `data` and gives each category a column; an unknown one has none."""
    if data.categorical is None or not data.categorical.any():
        return StandardScaler()
    kinds = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)
    return make_column_transformer(
        (StandardScaler(), np.flatnonzero(~data.categorical)), (kinds, np.flatnonzero(data.categorical))
    )


def _in_twos(training: Training) -> Training:
    """Return the training set with the row of each class that has one alone repeated: either fold that calibrates has one."""
    counts = np.bincount(training.data.y)
    rows = np.concatenate([np.arange(len(training.data)), np.flatnonzero(counts[training.data.y] == 1)])
    weight = None if training.weight is None else training.weight[rows]
    return replace(training, data=training.data.take(rows), weight=weight)


def _calibrated(model: BaseEstimator, training: Training) -> BaseEstimator:
    from sklearn.calibration import CalibratedClassifierCV

    smallest = int(np.bincount(training.data.y)[np.unique(training.data.y)].min())
    return CalibratedClassifierCV(model, cv=min(3, smallest), ensemble=False)


def chosen(names: Sequence[str], extra: Mapping[str, Mapping[str, Any]], kind: str) -> dict[str, Classifier]:
    """Return the classifiers called `names` and those of `extra`, in order; where there are none, those for the kind of data.

    extra: dotted path -> arguments.   Raises SettingError for an unknown name, and for a network that cannot see the data.
    """
    wanted = names or ([] if extra else DEFAULTS.get(kind, COLUMNS))
    for name in wanted:
        if name not in CLASSIFIERS:
            known = ", ".join(CLASSIFIERS)
            raise SettingError("evaluate.classifiers", f"names {name!r}, which is unknown; known are {known}")
        if NETWORKS.get(name, kind) != kind:
            said = f"names {name}, which is for {NETWORKS[name]}; use {', '.join(COLUMNS)}"
            raise SettingError("evaluate.classifiers", said)
    table = {name: CLASSIFIERS[name] for name in wanted}
    return table | {path: named_estimator(path, arguments) for path, arguments in extra.items()}


def probabilities(fitted: Fitted, x: np.ndarray, classes: int) -> np.ndarray:
    """Return (n, classes) probabilities; a class that the classifier never saw gets 0."""
    result = np.zeros((len(x), classes))
    result[:, fitted.classes_.astype(int)] = fitted.predict_proba(x)
    return result
