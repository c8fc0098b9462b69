"""Which starts are worth having, tried out where the truth is known.

A few majority classes are cut to as many samples as the minority ones have, filled up again with each kind of start, and a
forest says how much better it finds the samples that were cut away. What helps them is taken to help the minority classes too,
which have no samples to spare for the question. Where there are too few majority classes, the minority ones are halved instead.
"""

from collections.abc import Iterator

import numpy as np

from gan.modalities import Codec
from gan.seeds import derive, numpy_generator
from gan.starts import MAJORITY, Policy, Starters
from gan.training.settings import PretrainSettings

ROUNDS, PRETENDERS = 8, 3  # rehearsals, and classes cut in each; as many must stay majority
SHOWN = 150  # samples of a majority class to train with, and as many to test with, at most
SHOWN_WHOLE = 500  # the same, where minority classes are halved
TREES = 60
FEWEST = 6  # samples that a class is cut to, or is halved with, at least
SPREAD, WIDE = 0.2, 0.5  # standard deviations of noise
MARGIN = 2.0  # standard errors by which another policy must beat the preferred one


def policies(neighbours: int, policy: type[Policy] = Policy) -> dict[str, Policy]:
    """Return all policies by name, each made by `policy`."""
    return {
        "neighbours": policy(neighbours, borrow=0.0),
        "borrowed": policy(neighbours),
        "spread": policy(neighbours, borrow=0.0, spread=SPREAD),
        "wide_spread": policy(neighbours, borrow=0.0, spread=WIDE),
    }


def choose_policy(
    samples: np.ndarray,
    labels: np.ndarray,
    codec: Codec,
    settings: PretrainSettings,
    seed: int,
    policy: type[Policy] = Policy,
) -> Policy:
    """Return the policy that `settings` name, or for `auto` the one that does best in rehearsal, made by `policy`.

    samples: (n, ...), as `codec.pack` returns them. Raises ValueError for noise with images.
    """
    known, name = policies(settings.neighbours, policy), settings.starts
    if name == "auto":
        return known[rehearsed(samples, labels, codec, known, seed)]
    if known[name].spread and not codec.noisy:
        raise ValueError(
            f"starts: {name!r} is not made for data of kind {codec.kind}; use {', '.join(codec.policies)} or auto"
        )
    return known[name]


def rehearsed(samples: np.ndarray, labels: np.ndarray, codec: Codec, known: dict[str, Policy], seed: int) -> str:
    """Return the name of the policy that does best in rehearsal, or of the preferred one where there is none.

    Which are tried, and which is preferred, the codec says; where there are majority classes to show that it pays, borrowing
    from them is preferred if it is tried.
    """
    tried = {name: known[name] for name in codec.policies}
    preferred = codec.policies[0]
    classes, counts = np.unique(labels, return_counts=True)
    enough = counts >= MAJORITY * counts.max()
    majority, minority = classes[enough], classes[~enough & (counts >= FEWEST)]
    if not len(minority):
        return preferred
    rounds = _halves(labels, classes, minority, seed)
    if len(majority) >= 2 * PRETENDERS:
        rounds = _rounds(labels, majority, max(int(np.median(counts[~enough])), FEWEST), seed)
        preferred = "borrowed" if "borrowed" in tried else preferred
    return best(rehearse(samples, labels, codec, tried, list(rounds), seed), preferred)


def best(figures: dict[str, np.ndarray], preferred: str) -> str:
    """Return the name of the policy to take: `preferred`, unless another is clearly better, round for round.

    figures: policy -> (rounds,) average precision. Of several that are, the best on average.
    """

    def lead(name: str) -> float:
        ahead = figures[name] - figures[preferred]
        clear = ahead.mean() > MARGIN * ahead.std(ddof=1) / np.sqrt(len(ahead))
        return float(ahead.mean()) if clear else 0.0

    return max([preferred, *figures], key=lead)


Round = tuple[np.ndarray, np.ndarray, np.ndarray]  # rows to train with, rows to test with, the classes that were cut


def rehearse(
    samples: np.ndarray, labels: np.ndarray, codec: Codec, known: dict[str, Policy], rounds: list[Round], seed: int
) -> dict[str, np.ndarray]:
    """Return for each policy the average precision of a forest on the classes that were cut, (rounds,)."""
    return {
        name: np.array(
            [
                _precision(samples, labels, codec, policy, *part, derive(seed, number))
                for number, part in enumerate(rounds)
            ]
        )
        for name, policy in known.items()
    }


def _rounds(labels: np.ndarray, majority: np.ndarray, few: int, seed: int) -> Iterator[Round]:
    """Yield rounds in which some of the classes `majority` are cut to `few` samples; the minority classes stay away."""
    for number in range(ROUNDS):
        rng = numpy_generator(seed, "rehearsal", number)
        cut = np.sort(rng.permutation(majority)[:PRETENDERS])
        train, test = [], []
        for label in majority:
            rows = rng.permutation(np.flatnonzero(labels == label))
            kept = few if label in cut else min(SHOWN, len(rows) // 2)
            train.append(rows[:kept])
            test.append(rows[kept : kept + SHOWN])
        yield np.concatenate(train), np.concatenate(test), cut


def _halves(labels: np.ndarray, classes: np.ndarray, minority: np.ndarray, seed: int) -> Iterator[Round]:
    """Yield rounds in which all classes are halved, the classes `minority` being those that count."""
    for number in range(ROUNDS):
        rng = numpy_generator(seed, "rehearsal", number)
        train, test = [], []
        for label in classes:
            rows = rng.permutation(np.flatnonzero(labels == label))[: 2 * SHOWN_WHOLE]
            train.append(rows[: -(-len(rows) // 2)])
            test.append(rows[-(-len(rows) // 2) :])
        yield np.concatenate(train), np.concatenate(test), minority


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
    from sklearn.ensemble import RandomForestClassifier  # takes seconds to load; most trainings rehearse nothing
    from sklearn.metrics import average_precision_score

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
