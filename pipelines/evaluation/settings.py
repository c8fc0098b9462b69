"""The group `evaluate` of the parameters."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from gan.settings import ExpertField
from gan.settings import Settings as Base

ESTIMATOR_PACKAGES = ("sklearn", "imblearn", "lightgbm", "xgboost", "catboost")  # that `estimators` may name classes of
NETWORKS = {"convnet": "images", "convnet1d": "series"}  # classifiers that see one kind of data alone
PUBLIC_PATH = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+")


class Settings(Base):
    """How the gain of the synthetic samples is measured, and what it takes to ship them."""

    classifiers: list[Literal["convnet", "convnet1d", "gradient_boosting", "random_forest", "logistic_regression"]] = (
        Field(
            default=[],
            description="classifiers that judge; none named: convnet for images, convnet1d, a forest and a linear model for "
            "series, the last three for tables",
        )
    )
    estimators: dict[str, dict[str, Any]] = Field(
        default={},
        description="more scikit-learn estimators, dotted path: arguments, say {lightgbm.LGBMClassifier: {}}",
    )
    repeats: int = Field(
        default=5,
        ge=1,
        description="trainings of each arm and classifier, each with its own seed; fewer than 5 never ship",
    )
    folds: int = Field(
        default=5,
        ge=2,
        description="folds of the cross-validation on train and validation that chooses classifier, arm, dose and use",
    )
    fold_repeats: int = Field(default=1, ge=1, description="how often that cross-validation is repeated with new folds")
    doses: list[Annotated[float, Field(gt=0, le=1)]] = Field(
        default=[0.1, 0.25, 1.0],
        description="doses tried by cross-validation, as shares of what would balance a class",
        min_length=1,
    )
    acceptances: list[Annotated[float, Field(gt=0, le=1)]] = ExpertField(
        default=[0.25, 0.5, 0.75],
        description="shares of best-scored candidates whose effect is shown beside the filter's own (curve_repeats above 0)",
    )
    curve_repeats: int = ExpertField(
        default=0, ge=0, description="trainings for each point of the acceptance curve; 0 leaves the curve out"
    )
    draws: int = ExpertField(default=1000, ge=200, description="bootstrap draws of training repeats and test rows")
    confidence: float = Field(
        default=0.95,
        gt=0.5,
        lt=1,
        description="confidence of every interval and of the gate, over all classes together (Holm)",
    )
    min_gain: float = Field(
        default=0.01,
        ge=0,
        lt=1,
        description="least gain in average precision, over every alternative that was measured, that is worth shipping",
    )
    relevant_gain: float = ExpertField(
        default=0.05,
        gt=0,
        lt=1,
        description="gain in average precision that a test set must be able to show; else 'underpowered'",
    )
    max_loss: float = ExpertField(
        default=0.02,
        ge=0,
        lt=1,
        description="loss in mean average precision of the other classes that the gate must be able to rule out",
    )
    max_subgroup_loss: float = ExpertField(
        default=0.0,
        ge=0,
        le=1,
        description="a class is held where its average precision surely falls by more in a subgroup (prepare.attributes)",
    )
    min_test_samples: int = Field(
        default=10,
        ge=1,
        description="test samples of a class, or groups of them, below which its verdict is 'underpowered'",
    )
    max_copies: float = ExpertField(
        default=0.02, ge=0, le=1, description="share of copies of training samples above which a class is held"
    )
    min_label_agreement: float = ExpertField(
        default=0.5,
        ge=0,
        le=1,
        description="a class is held when its samples are recognised less often than this times held-out real ones",
    )
    precision: float = ExpertField(
        default=0.8,
        gt=0,
        lt=1,
        description="precision at which recall is reported; its threshold is chosen out of fold",
    )

    @field_validator("estimators")
    @classmethod
    def _named_safely(cls, estimators: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Refuse what is no path into a known package. Nothing is imported here: reading settings runs no code."""
        for path in estimators:
            if not PUBLIC_PATH.fullmatch(path) or path.split(".")[0] not in ESTIMATOR_PACKAGES:
                raise ValueError(
                    f"{path!r} is not the path of a class of {', '.join(ESTIMATOR_PACKAGES)}, such as sklearn.svm.SVC"
                )
        return estimators
