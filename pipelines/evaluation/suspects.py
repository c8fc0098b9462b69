"""Real samples that may not be what they are said to be: of another class, or unlike the others.

Nothing here looks at the test split.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from pipelines.evaluation.fitting import Key
from pipelines.evaluation.folds import Folds
from pipelines.evaluation.inputs import Inputs
from pipelines.likeness.distance import nearest, spaces
from pipelines.wording import figure

DOUBTFUL, STRANGE = 0.5, 2.0  # from which `doubts` and `strangeness` are a reason to look
SHARE = 0.01  # of the samples, that are listed for one reason at most
NEIGHBOUR = 5
MOST_KNOWN = 10_000  # samples of a class, evenly spread, that the nearest ones are looked for among
COLUMNS = ["sample", "class", "likely", "why", "nearest"]
MOST_COMPONENTS, SHRUNK = 256, 0.1  # principal components; the share of their mean variance that is added to each one's


def table(inputs: Inputs, ids: Sequence[str], folds: Folds | None, classifier: str) -> pd.DataFrame:
    """Return the samples to look at, the most suspicious first: those that may be of another class, then strange ones.

    ids: of `inputs.real`.   folds, classifier: what has been trained on parts of the samples, None for nothing, and which of
    it is asked. Columns: sample, an id; class; likely, the class that it may be of, "" where it is unlike the others of its
    own; why, in words; nearest, the id of the nearest sample of the class `likely`.
    """
    found = [*(_mislabelled(inputs, ids, folds, classifier) if folds and folds.splits else []), *_strange(inputs, ids)]
    return pd.DataFrame(found, columns=COLUMNS).drop_duplicates("sample", ignore_index=True)


def _mislabelled(inputs: Inputs, ids: Sequence[str], folds: Folds, classifier: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of samples that a classifier which has not seen them finds in another class."""
    said, real, names = out_of_fold(folds, classifier), inputs.real, inputs.names
    doubt, other = doubts(said, real.y)
    space = spaces(inputs.train)[0]
    for row in listed(doubt, DOUBTFUL):
        own, likely = names[real.y[row]], names[other[row]]
        like = np.flatnonzero(real.y == other[row])
        near = like[nearest(space, real.x[[row]], real.x[like])[1][0]]
        why = f"looks like {likely} ({figure(said[row, other[row]], 2)}, as {own} {figure(said[row, real.y[row]], 2)})"
        yield ids[row], own, likely, why, ids[near]


def _strange(inputs: Inputs, ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of samples that are unlike the others of their class."""
    strange = strangeness(inputs)
    for row in listed(strange, STRANGE):
        times = f"{strange[row]:.1f} times as far from the others of its class as is usual there"
        why = times if np.isfinite(strange[row]) else "the others of its class are all alike, and it is not"
        yield ids[row], inputs.names[inputs.real.y[row]], "", why, ""


def out_of_fold(folds: Folds, classifier: str) -> np.ndarray:
    """Return the class probabilities of the real samples, (n, classes), by trainings on them as they are that had not seen
    the sample: of `classifier`, the mean over repetitions of the folds.
    """
    key = Key(classifier, "nothing", 0)
    total = np.zeros((len(folds.inputs.real), len(folds.inputs.names)))
    for (_, rows), outcome in zip(folds.splits, folds.train([key], "suspects")[key], strict=True):
        total[rows] += outcome.probabilities[0]
    return total / total.sum(1, keepdims=True)


def doubts(probabilities: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how unlikely the class of each sample is, (n,) in [0, 1], and the likeliest of the others, (n,).

    One less the self-confidence by which confident learning ranks label errors (Northcutt et al. 2021, arXiv 1911.00068,
    section 3.2). y: (n,) the classes that the samples are said to be of.
    """
    others, rows = probabilities.copy(), np.arange(len(y))
    others[rows, y] = -np.inf
    return 1 - probabilities[rows, y], others.argmax(1)


def strangeness(inputs: Inputs) -> np.ndarray:
    """Return how far each real sample lies from the others of its class, (n,), in units of what is usual there.

    By the distance to its 5th nearest one, or an earlier one in a class of ten or less (Ramaswamy et al. 2000,
    doi 10.1145/342009.335437): the larger ratio of that in pixels or columns and that in these whitened, where what hardly
    ever varies counts as much as what always does.
    """
    real, points = inputs.real, spaces(inputs.train)[0].embed(inputs.real.x)
    result = np.ones(len(real))
    for space in (points, _whitened(points)):
        for label in range(len(inputs.names)):
            rows = np.flatnonzero(real.y == label)
            if len(rows) > 1:
                result[rows] = np.maximum(result[rows], _farness(space[rows]))
    return result


def _whitened(points: np.ndarray) -> np.ndarray:
    """Return principal components of `points`, (n, d), on scales of their own; none grows over ten times in variance."""
    components = min(*points.shape, MOST_COMPONENTS)
    fitted = PCA(components, svd_solver="full" if points.shape[1] <= MOST_COMPONENTS else "randomized", random_state=0)
    made, variance = fitted.fit_transform(points), fitted.explained_variance_
    return np.asarray(made / np.sqrt(variance + SHRUNK * variance.mean() + np.finfo(float).tiny))


def _farness(points: np.ndarray) -> np.ndarray:
    """Return the distance of each of `points`, (n, d), n > 1, to a near other, in units of the median of these."""
    known = np.arange(0, len(points), -(-len(points) // MOST_KNOWN))
    count = min(NEIGHBOUR, max((len(known) - 1) // 2, 1)) + 1  # one more, as a sample may be its own nearest
    far, near = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(points[known]).kneighbors(points)
    far[known[near] == np.arange(len(points))[:, None]] = np.inf
    distance = np.sort(far, axis=1)[:, count - 2]
    usual = np.median(distance)
    return np.asarray(distance / usual) if usual > 0 else np.where(distance > 0, np.inf, 1.0)


def listed(scores: np.ndarray, least: float) -> np.ndarray:
    """Return the rows with the highest `scores`, highest first: those above `least`, at most 1 in 100 of all, and one at least
    where there is one.
    """
    order = np.argsort(-scores, kind="stable")[: max(round(SHARE * len(scores)), 1)]
    return order[scores[order] > least]
