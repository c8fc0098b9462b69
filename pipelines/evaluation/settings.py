"""The group `evaluate` of the parameters."""

from typing import Any

from pydantic import Field

from gan.settings import Settings as Base


class Settings(Base):
    """How the gain of the synthetic samples is measured, and what it takes to ship them."""

    classifiers: list[str] = Field(["logistic_regression", "random_forest", "gradient_boosting", "small_cnn"], description="Classifiers that judge every arm (small_cnn: images only)", min_length=1)  # noqa: E501 - one line a setting
    estimators: dict[str, dict[str, Any]] = Field({}, description="More scikit-learn estimators, dotted path: arguments, say {sklearn.svm.SVC: {C: 10}}")  # noqa: E501
    repeats: int = Field(5, ge=1, description="Trainings of each arm and classifier, each with its own seed; fewer than 5 never ship")  # noqa: E501
    folds: int = Field(5, ge=2, description="Folds of the cross-validation on train and validation that chooses classifier and baseline")  # noqa: E501
    fold_repeats: int = Field(1, ge=1, description="How often that cross-validation is repeated with new folds")
    doses: list[float] = Field([0.0, 0.25, 0.5, 1.0], description="Doses tried on validation, as shares of what would balance a class; 0 adds nothing", min_length=1)  # noqa: E501
    acceptances: list[float] = Field([0.25, 0.5, 0.75], description="Shares of best-scored candidates whose effect is shown beside the filter's own")  # noqa: E501
    curve_repeats: int = Field(3, ge=0, description="Trainings for each point of the acceptance curve; 0 leaves the curve out")  # noqa: E501
    draws: int = Field(1000, ge=200, description="Bootstrap draws of training repeats and test rows")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="Confidence of every interval and of the gate, over all classes together (Holm)")  # noqa: E501
    min_gain: float = Field(0.01, ge=0, lt=1, description="Least gain in average precision over the best baseline that is worth shipping")  # noqa: E501
    relevant_gain: float = Field(0.05, gt=0, lt=1, description="Gain in average precision that a test set must be able to show; else 'underpowered'")  # noqa: E501
    max_loss: float = Field(0.02, ge=0, lt=1, description="Loss in mean average precision of the other classes that the gate must be able to rule out")  # noqa: E501
    min_test_samples: int = Field(10, ge=1, description="Test samples of a class below which its verdict is 'underpowered'")  # noqa: E501
    max_copies: float = Field(0.02, ge=0, le=1, description="Share of copies of training samples above which a class is held")  # noqa: E501
    min_label_agreement: float = Field(0.5, ge=0, le=1, description="A class is held when its samples are recognised less often than this times held-out real ones")  # noqa: E501
    precision: float = Field(0.8, gt=0, lt=1, description="Precision at which recall is reported; its threshold is chosen on validation")  # noqa: E501
