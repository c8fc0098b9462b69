"""Which starts are worth having, tried out on rich classes: there the truth is known.

A few rich classes are cut to as many samples as the poor ones have, filled up again with each kind of start, and a forest
says how much better it finds the samples that were cut away. What helps them is taken to help the poor classes too,
which have no samples to spare for the question.
"""

from collections.abc import Iterator

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score

from gan.modalities import Codec
from gan.seeds import derive, numpy_generator
from gan.starts import RICH, Policy, Starters
from gan.train_settings import PretrainSettings

ROUNDS, PRETENDERS = 8, 3  # rehearsals, and classes cut in each; as many must stay rich
SHOWN = 150  # samples of a rich class to train with, and as many to test with, at most
TREES = 60
FEWEST = 6  # samples that a class is cut to, at least
MARGIN = 2.0  # standard errors by which another policy must beat the preferred one


def policies(neighbours: int) -> dict[str, Policy]:
    """Return what there is to choose from, by name."""
    return {"neighbours": Policy(neighbours, borrow=0.0), "borrowed": Policy(neighbours)}


def choose_policy(
    samples: np.ndarray, labels: np.ndarray, codec: Codec, settings: PretrainSettings, seed: int
) -> Policy:
    """Return the policy that `settings` name, or for `auto` the one that does best in rehearsal.

    samples: (n, ...), as `codec.pack` returns them. Where there are too few rich classes to rehearse with, starts lie between
    neighbours.
    """
    known = policies(settings.neighbours)
    if settings.starts != "auto":
        return known[settings.starts]
    return known[best(rehearse(samples, labels, codec, known, seed))]


def best(figures: dict[str, np.ndarray]) -> str:
    """Return the name of the policy to take: `borrowed`, unless another is clearly better, round for round.

    figures: policy -> (rounds,) average precision; empty where there was nothing to rehearse with.
    """
    chosen = "borrowed" if figures else "neighbours"
    for name, values in figures.items():
        ahead = values - figures[chosen]
        if ahead.mean() > MARGIN * ahead.std(ddof=1) / np.sqrt(len(ahead)):
            chosen = name
    return chosen


def rehearse(
    samples: np.ndarray, labels: np.ndarray, codec: Codec, known: dict[str, Policy], seed: int
) -> dict[str, np.ndarray]:
    """Return for each policy the average precision of a forest on rich classes that were cut, (rounds,)."""
    classes, counts = np.unique(labels, return_counts=True)
    rich = classes[counts >= RICH * counts.max()]
    if len(rich) < 2 * PRETENDERS or len(rich) == len(classes):
        return {}
    few = max(int(np.median(counts[counts < RICH * counts.max()])), FEWEST)
    parts = list(_rounds(labels, rich, few, seed))
    return {
        name: np.array(
            [
                _precision(samples, labels, codec, policy, *part, derive(seed, number))
                for number, part in enumerate(parts)
            ]
        )
        for name, policy in known.items()
    }


def _rounds(
    labels: np.ndarray, rich: np.ndarray, few: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield rows to train with, rows to test with, and the classes that were cut."""
    for number in range(ROUNDS):
        rng = numpy_generator(seed, "rehearsal", number)
        cut = np.sort(rng.permutation(rich)[:PRETENDERS])
        train, test = [], []
        for label in rich:
            rows = rng.permutation(np.flatnonzero(labels == label))
            kept = few if label in cut else min(SHOWN, len(rows) // 2)
            train.append(rows[:kept])
            test.append(rows[kept : kept + SHOWN])
        yield np.concatenate(train), np.concatenate(test), cut


def _precision(
    samples: np.ndarray,
    labels: np.ndarray,
    codec: Codec,
    policy: Policy,
    train: np.ndarray,
    test: np.ndarray,
    cut: np.ndarray,
    seed: int,
) -> float:
    """Return the average precision on the rows `test`, the mean over the classes in `cut`, filled up by `policy`."""
    starters = Starters(samples[train], labels[train], codec, policy)
    x, y = [codec.encode(samples[train]).flatten(1).numpy()], [labels[train]]
    most = np.unique(labels[train], return_counts=True)[1].max()
    for label in cut:
        count = int(most - (labels[train] == label).sum())
        start = starters.starts(starters.draw(int(label), count, numpy_generator(seed, "rehearsal", int(label))))
        x.append(codec.settle(start, start).flatten(1).numpy())
        y.append(np.full(count, label))
    forest = RandomForestClassifier(TREES, random_state=seed % 2**32, n_jobs=1)
    forest.fit(np.concatenate(x), np.concatenate(y))
    answers = forest.predict_proba(codec.encode(samples[test]).flatten(1).numpy())
    columns = {label: place for place, label in enumerate(forest.classes_)}
    return float(np.mean([average_precision_score(labels[test] == label, answers[:, columns[label]]) for label in cut]))
