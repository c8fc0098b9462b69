"""The tell: what gives synthetic samples away, if a classifier can say which they are.

A classifier two-sample test (Lopez-Paz and Oquab 2017), cross-fitted: area under the ROC curve 0.5 when synthetic and
held-out real samples cannot be told apart. A tell that no eye sees, say a background that is never quite zero, makes
trees learn "synthetic" instead of the class.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gan import seeds
from pipelines.likeness.data import Data
from pipelines.samples import IMAGES, SERIES

PLAIN = 0.5  # standard deviations between two means from which one looks larger than the other
MOST_ROWS, FEWEST_ROWS = 500, 10
REMEDIES = {
    "zeros": "its zeros are not quite zero: put samples back on the data's own grid, with hard zeros",
    "off_grid": "it has values that real samples never have: round to the data's own grid",
    "roughness": "it is smoother or rougher than real samples: train longer, or mix fewer samples",
    "mean": "it is brighter or darker than real samples: check the scaling of the outputs",
    "spread": "it has more or less contrast than real samples: check the scaling of the outputs",
    "level": "it lies higher or lower than real samples: check the scaling of the outputs",
    "swing": "it swings more or less than real samples: train longer, or mix fewer samples",
}
LOOK = "look at it in real and synthetic samples side by side; train longer if it is not a fault of the outputs' grid"


@dataclass(frozen=True)
class Tell:
    """What one classifier found.

    auc, low, high: area under the ROC curve, 95% interval.   uses: what it looks at most, in words.
    remedy: what to try first; empty when the interval holds 0.5.
    """

    classifier: str
    auc: float
    low: float
    high: float
    uses: str
    remedy: str


def find_tells(synthetic: np.ndarray, real: np.ndarray, train: Data, names: list[str], seed: int) -> list[Tell]:
    """Return what a forest and a linear model find. synthetic: (n, d).   real: (m, d), not used to make `synthetic`.

    train: real training samples, which show the data's grid of values.   names: (d,) names of the columns.
    Of more than 500 rows a side 500 are drawn. Nothing is returned for fewer than 10 rows on a side.
    """
    if min(len(synthetic), len(real)) < FEWEST_ROWS:
        return []
    rng = seeds.numpy_generator(seed, "evaluate", "tell")
    sides = [part[np.sort(rng.permutation(len(part))[:MOST_ROWS])] for part in (real, synthetic)]
    summaries = [summarise(part, train) for part in sides]
    x = np.concatenate(
        [np.concatenate([part, np.stack(list(s.values()), 1)], 1) for part, s in zip(sides, summaries, strict=True)]
    )
    y = np.repeat([0, 1], [len(part) for part in sides])
    names = [*names, *(f"summary {name}" for name in summaries[0])]
    state = seeds.derive(seed, "evaluate", "tell", "forest") % 2**32
    forest = RandomForestClassifier(40, min_samples_leaf=2, random_state=state, n_jobs=1)
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
    return [
        _judge("random_forest", forest, lambda: forest.feature_importances_, x, y, names, state),
        _judge("logistic_regression", linear, lambda: np.abs(linear[-1].coef_[0]), x, y, names, state),
    ]


def summarise(x: np.ndarray, train: Data) -> dict[str, np.ndarray]:
    """Return figures of whole samples that no single column shows, each (n,).

    zeros: share of exact zeros.   off_grid: share of values that no training sample has in any column of its kind.
    roughness: mean absolute difference of neighbouring pixels (images) or steps (series).   mean, spread: of the sample's
    values, for series `level` and `swing`.
    """
    result = {"zeros": (x == 0).mean(1), "off_grid": (~np.isin(x, np.unique(train.x))).mean(1)}
    if train.kind == SERIES:
        return result | _of_series(x, train)
    if train.kind != IMAGES:
        columns = [~np.isin(x[:, c], np.unique(train.x[:, c])) for c in range(x.shape[1])]
        return result | {"off_grid": np.stack(columns, 1).mean(1)}
    assert train.image_shape is not None
    images = x.reshape(-1, *train.image_shape)
    steps = [np.abs(np.diff(images, axis=axis)).mean((1, 2, 3)) for axis in (1, 2) if images.shape[axis] > 1]
    rough = np.mean(steps, axis=0) if steps else np.zeros(len(x))
    return result | {"roughness": rough, "mean": x.mean(1), "spread": x.std(1)}


def _of_series(x: np.ndarray, train: Data) -> dict[str, np.ndarray]:
    """Return the figures of series, channels over their standard deviation in training."""
    assert train.series_shape is not None, "a series has steps"
    series, seen = (part.reshape(-1, *train.series_shape) for part in (x, train.x))
    spread = seen.std((0, 1))
    scaled = series / np.where(spread > 0, spread, 1)
    strange = [~np.isin(series[..., c], np.unique(seen[..., c])) for c in range(series.shape[2])]
    return {
        "off_grid": np.stack(strange, 2).mean((1, 2)),
        "roughness": np.abs(np.diff(scaled, axis=1)).mean((1, 2)) if scaled.shape[1] > 1 else np.zeros(len(x)),
        "level": scaled.mean((1, 2)),
        "swing": scaled.std(1).mean(1),
    }


def auc_interval(auc: float, positives: int, negatives: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of an area under the ROC curve (Hanley and McNeil 1982, eq. 2), within [0, 1]."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    reach = float(norm.ppf((1 + confidence) / 2)) * np.sqrt(max(variance, 0) / (positives * negatives))
    return max(0.0, float(auc - reach)), min(1.0, float(auc + reach))


def column_names(data: Data) -> list[str]:
    """Return what to call the columns: pixels by row and column, values by step, from 0, else their names or numbers."""
    if data.names is not None:
        return list(data.names)
    if data.series_shape is not None:
        steps, channels = data.series_shape
        last = [""] if channels == 1 else [f" channel {c}" for c in range(channels)]
        return [f"step {t}{k}" for t in range(steps) for k in last]
    if data.kind != IMAGES:
        return [f"column {i}" for i in range(data.x.shape[1])]
    assert data.image_shape is not None
    height, width, channels = data.image_shape
    last = [""] if channels == 1 else [f" channel {c}" for c in range(channels)]
    return [f"pixel row {r} column {c}{k}" for r in range(height) for c in range(width) for k in last]


def _judge(
    name: str,
    model: ClassifierMixin,
    weights: Callable[[], np.ndarray],
    x: np.ndarray,
    y: np.ndarray,
    names: list[str],
    state: int,
) -> Tell:
    folds = StratifiedKFold(3, shuffle=True, random_state=state)
    said = cross_val_predict(model, x, y, cv=folds, method="predict_proba")[:, 1]
    auc = float(roc_auc_score(y, said))
    low, high = auc_interval(auc, int(y.sum()), int((1 - y).sum()))
    model.fit(x, y)
    top = np.argsort(-weights(), kind="stable")[:3]
    uses = "; ".join(_describe(names[c], x[y == 1, c], x[y == 0, c]) for c in top)
    return Tell(name, auc, low, high, uses, _remedy(names[top[0]], x[:, top[0]], y) if low > 0.5 else "")


def _describe(name: str, synthetic: np.ndarray, real: np.ndarray) -> str:
    zeros = f", zero in {np.mean(synthetic == 0):.0%} against {np.mean(real == 0):.0%}" if (real == 0).any() else ""
    return f"{name} (mean {synthetic.mean():.3g} against {real.mean():.3g} in real samples{zeros})"


def _remedy(name: str, column: np.ndarray, y: np.ndarray) -> str:
    """Return what to try first against a tell; of a figure that hardly differs by itself no fault of it is spoken of."""
    if name.startswith("summary "):
        apart = abs(column[y == 1].mean() - column[y == 0].mean())
        return REMEDIES[name.removeprefix("summary ")] if apart > PLAIN * column[y == 0].std() else f"{name}: {LOOK}"
    if np.mean(column[y == 0] == 0) - np.mean(column[y == 1] == 0) > 0.2:
        return f"{name}: {REMEDIES['zeros']}"
    return f"{name}: {LOOK}"
