"""The classifiers that judge an arm. Each is a function that fits and returns probabilities.

To add one, write a function (training rows, labels, weights, seed, image shape) -> fitted object with `classes_` and
`predict_proba`, and list it in `CLASSIFIERS`. A user can name any scikit-learn estimator in the settings instead.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipelines.errors import SettingError
from pipelines.evaluation.arms import Training
from pipelines.likeness.data import Data
from pipelines.samples import IMAGES


class Fitted(Protocol):
    """What is left of a classifier after training."""

    classes_: np.ndarray

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (n, len(classes_)) probabilities of rows `x`, (n, d)."""


Classifier = Callable[[Training, int], Fitted]


def gradient_boosting(training: Training, seed: int) -> Fitted:
    """Boosted trees, small: 40 rounds of trees with 8 leaves over 32 bins, half of the columns a split."""
    model = HistGradientBoostingClassifier(
        max_iter=40, max_bins=32, max_leaf_nodes=8, max_features=0.5, min_samples_leaf=5,
        early_stopping=False, random_state=seed % 2**32,
    )  # fmt: skip
    return model.fit(training.data.x, training.data.y, training.weight)


def logistic_regression(training: Training, seed: int) -> Fitted:
    """Linear model on standardised columns, a column a category, with scikit-learn's usual penalty (C = 1)."""
    model = make_pipeline(_scaled(training.data), LogisticRegression(max_iter=300, random_state=seed % 2**32))
    return model.fit(training.data.x, training.data.y, logisticregression__sample_weight=training.weight)


def random_forest(training: Training, seed: int) -> Fitted:
    """A forest of 100 trees."""
    model = RandomForestClassifier(100, random_state=seed % 2**32, n_jobs=1)
    return model.fit(training.data.x, training.data.y, training.weight)


def small_cnn(training: Training, seed: int) -> Fitted:
    """A small convolutional network, for images only."""
    from pipelines.evaluation.cnn import SmallCnn

    return SmallCnn.fit(training, seed)


CLASSIFIERS: dict[str, Classifier] = {
    "logistic_regression": logistic_regression,
    "random_forest": random_forest,
    "gradient_boosting": gradient_boosting,
    "small_cnn": small_cnn,
}
ONLY_FOR = {"small_cnn": (IMAGES,)}  # kinds of data; a classifier that is not listed is for all
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

    def fit(training: Training, seed: int) -> Fitted:
        model = kind(**arguments)
        if "random_state" in model.get_params() and "random_state" not in arguments:
            model.set_params(random_state=seed % 2**32)
        takes_weight = "sample_weight" in inspect.signature(model.fit).parameters
        if not hasattr(model, "predict_proba"):
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


def _calibrated(model: BaseEstimator, training: Training) -> BaseEstimator:
    from sklearn.calibration import CalibratedClassifierCV

    smallest = int(np.bincount(training.data.y)[np.unique(training.data.y)].min())
    return CalibratedClassifierCV(model, cv=max(2, min(3, smallest)), ensemble=False)


def chosen(names: Sequence[str], extra: Mapping[str, Mapping[str, Any]], kind: str) -> dict[str, Classifier]:
    """Return the classifiers called `names` plus those of `extra` (dotted path -> arguments), in order.

    Classifiers for other kinds of data are left out. Raises SettingError for an unknown name.
    """
    unknown = [name for name in names if name not in CLASSIFIERS]
    if unknown:
        raise SettingError(
            "evaluate.classifiers", f"names {unknown[0]!r}, which is unknown; known are {', '.join(CLASSIFIERS)}"
        )
    table = {name: CLASSIFIERS[name] for name in names if kind in ONLY_FOR.get(name, (kind,))}
    return table | {path: named_estimator(path, arguments) for path, arguments in extra.items()}


def probabilities(fitted: Fitted, x: np.ndarray, classes: int) -> np.ndarray:
    """Return (n, classes) probabilities; a class that the classifier never saw gets 0."""
    result = np.zeros((len(x), classes))
    result[:, fitted.classes_.astype(int)] = fitted.predict_proba(x)
    return result
