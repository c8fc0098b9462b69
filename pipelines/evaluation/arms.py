"""The arms: what a team would do for its minority classes without a single synthetic sample, each with its source.

An arm is a function of the training data and a seed. It adds, drops or weighs rows, or says how a network is trained. To add
one, write the function and list it in `ARMS`; the contract tests then run over it. Rows that are synthetic stay as they are:
an arm repeats, interpolates and drops real ones alone, so that "this arm plus synthetic samples" is the same arm.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

from gan import seeds
from pipelines.evaluation.styles import Style
from pipelines.likeness.data import Data
from pipelines.samples import SERIES

Targets = Mapping[int, int]  # class index -> samples that the plan wants in the class, one entry per minority class


@dataclass(frozen=True)
class Training:
    """A training set made by an arm.

    data: the rows.   weight: of each row, (n,) float, where they differ.   style: how a network draws and changes them;
    classifiers that are fitted at once look at the rows and weights alone.
    """

    data: Data
    weight: np.ndarray | None = None
    style: Style = field(default_factory=Style)

    def prior(self, classes: int) -> np.ndarray:
        """Return the share of each class that a classifier trained on this set has learnt to expect, (classes,).

        Where synthetic rows are drawn in place of real ones, these alone say how often a class is seen.
        """
        counted = np.ones(len(self.data), bool) if self.style.synthetic_share is None else ~self.data.made
        y, weight = self.data.y[counted], None if self.weight is None else self.weight[counted]
        total = np.bincount(y, weight, minlength=classes).astype(float) ** self.style.power
        total[np.bincount(y, minlength=classes) == 0] = 0
        return total / total.sum()


@dataclass(frozen=True)
class Arm:
    """One way to prepare a training set or to train on it.

    build: (training data, targets, seed) -> Training.   label: what to call it.   advice: what to tell a user who should
    take it.   network: whether it is for networks alone (True), for classifiers fitted at once alone (False), or for both.
    series: whether it is for series alone (True), for other kinds of data alone (False), or for all.
    tuned: decides with priors tempered as chosen out of fold; such an arm is trained like the arm `nothing`.
    """

    name: str
    label: str
    build: Callable[[Data, Targets, int], Training]
    advice: str
    network: bool | None = None
    tuned: bool = False
    series: bool | None = None

    def suits(self, kind: str) -> bool:
        """Say whether it makes sense for a kind of data."""
        return self.series in (None, kind == SERIES)


def nothing(data: Data, targets: Targets, seed: int) -> Training:
    """Return the training set as it is."""
    return Training(data)


def class_weights(data: Data, targets: Targets, seed: int) -> Training:
    """Weigh each row by n / (classes x rows of its class): scikit-learn's "balanced" (King and Zeng 2001)."""
    counts = np.bincount(data.y)
    return Training(data, len(data) / (np.count_nonzero(counts) * counts[data.y]))


def random_oversampling(data: Data, targets: Targets, seed: int) -> Training:
    """Repeat real rows of the minority classes at random, up to their targets (Japkowicz and Stephen 2002)."""
    result = data
    for label, missing in _missing(data, targets).items():
        rows = data.real.of_class(label)
        drawn = rows[seeds.numpy_generator(seed, label).integers(len(rows), size=missing)]
        result = result.add(drawn, np.full(missing, label))
    return Training(result)


def jitter(data: Data, targets: Targets, seed: int) -> Training:
    """Fill the minority classes with real series with noise of 0.05 deviations of a channel (Um et al. 2017)."""
    from pipelines.evaluation.warps import jittered  # loads torch

    return _varied(data, targets, seed, partial(jittered, strength=0.05))


def scaling(data: Data, targets: Targets, seed: int) -> Training:
    """Fill the minority classes with real series, each channel times a factor of deviation 0.1 (Um et al. 2017)."""
    from pipelines.evaluation.warps import scaled  # loads torch

    return _varied(data, targets, seed, partial(scaled, strength=0.1))


def time_warp(data: Data, targets: Targets, seed: int) -> Training:
    """Fill the minority classes with real series in which time passes now faster, now slower (Um et al. 2017)."""
    from pipelines.evaluation.warps import warped  # loads torch

    return _varied(data, targets, seed, partial(warped, strength=0.2))


def _varied(data: Data, targets: Targets, seed: int, change: Callable[..., Any]) -> Training:
    """Fill the minority classes with real series drawn at random, each with a change of its own; see `warps`."""
    import torch

    assert data.series_shape is not None, "the arm is for series"
    steps, channels = data.series_shape
    seen = data.real.x.reshape(-1, channels)
    mean, deviation = seen.mean(0), np.where(seen.std(0) > 0, seen.std(0), 1)
    result = data
    for label, missing in _missing(data, targets).items():
        rows = data.real.of_class(label)
        drawn = rows[seeds.numpy_generator(seed, label).integers(len(rows), size=missing)]
        standard = (drawn.reshape(missing, steps, channels) - mean) / deviation
        series = torch.from_numpy(standard.astype(np.float32)).transpose(1, 2)
        changed = change(series, generator=seeds.torch_generator(seed, "change", label)).transpose(1, 2).numpy()
        result = result.add((changed * deviation + mean).reshape(missing, -1), np.full(missing, label))
    return Training(result)


def random_undersampling(data: Data, targets: Targets, seed: int) -> Training:
    """Drop real rows of the other classes at random, down to the largest minority class (Drummond and Holte 2003)."""
    counts = data.counts(int(data.y.max()) + 1)
    largest = max(int(counts[label]) for label in targets)
    kept = [np.flatnonzero(data.made)]
    for label in np.flatnonzero(counts):
        rows = np.flatnonzero((data.y == label) & ~data.made)
        chosen = seeds.numpy_generator(seed, int(label)).permutation(rows)[:largest]
        kept.append(rows if label in targets else chosen)
    return Training(data.take(np.sort(np.concatenate(kept))))


def smote(data: Data, targets: Targets, seed: int) -> Training:
    """Fill the minority classes by interpolation: SMOTE, SMOTENC (some categories) or SMOTEN (categories only).

    Chawla et al. 2002, arXiv 1106.1813. The number of neighbours is 5, or one less than the class has rows. A class with one
    row has no neighbour: its row is repeated.
    """
    result, real = data, data.real
    for label, missing in _missing(data, targets).items():
        rows = real.of_class(label)
        if len(rows) < 2:
            added = np.repeat(rows, missing, axis=0)
        else:
            own = {label: len(rows) + missing}
            sampler = _smote_kind(data, own, min(5, len(rows) - 1), seeds.derive(seed, label) % 2**32)
            added = sampler.fit_resample(real.x, real.y)[0][len(real) :]
        result = result.add(added, np.full(len(added), label))
    return Training(result)


def styled(data: Data, targets: Targets, seed: int, style: Style) -> Training:
    """Return the training set as it is, for a network to be trained in a style."""
    return Training(data, style=style)


def _missing(data: Data, targets: Targets) -> dict[int, int]:
    """Return how many rows each class that has some lacks to its target, where any."""
    counts = data.counts(max([*targets, int(data.y.max())]) + 1)
    real = data.real.counts(len(counts))
    return {c: int(t - counts[c]) for c, t in sorted(targets.items()) if real[c] > 0 and counts[c] < t}


def _smote_kind(data: Data, strategy: dict[int, int], neighbours: int, seed: int) -> SMOTE | SMOTENC | SMOTEN:
    common = {"sampling_strategy": strategy, "k_neighbors": neighbours, "random_state": seed}
    if data.categorical is None or not data.categorical.any():
        return SMOTE(**common)
    if data.categorical.all():
        return SMOTEN(**common)
    return SMOTENC(categorical_features=np.flatnonzero(data.categorical).tolist(), **common)


MOVED = Style(augment=True)  # of all classes, on the fly


def _network(name: str, label: str, style: Style, advice: str, series: bool | None = None) -> Arm:
    return Arm(name, label, partial(styled, style=style), advice, network=True, series=series)


ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm("nothing", "as is", nothing, "train on the real samples as they are"),
        Arm("tuned_threshold", "tuned threshold", nothing, "train as is and tune the decision threshold", False, True),
        Arm("class_weights", "class weights", class_weights, 'weigh the classes (class_weight="balanced")', False),
        Arm(
            "random_oversampling", "random oversampling", random_oversampling,
            "repeat the samples of the class (RandomOverSampler)", False,
        ),
        Arm(
            "random_undersampling", "random undersampling", random_undersampling,
            "drop samples of the other classes (RandomUnderSampler)", False,
        ),
        Arm("smote", "SMOTE", smote, "interpolate between neighbours (SMOTE)", False),
        Arm("jitter", "jitter", jitter, "repeat the samples of the class with a little noise (jitter)", False, series=True),
        Arm("scaling", "scaling", scaling, "repeat the samples of the class at other scales", False, series=True),
        Arm("time_warp", "time warping", time_warp, "repeat the samples of the class, their time warped", False, series=True),
        _network(
            "augmentation", "augmentation", MOVED, "augment the samples of all classes on the fly",
        ),
        _network(
            "square_root", "augmentation, square-root sampling", replace(MOVED, power=0.5),
            "augment all classes, and draw batches by the square root of a class's size",
        ),
        _network(
            "balanced", "augmentation, balanced sampling", replace(MOVED, power=0.0),
            "augment all classes, and draw every class equally often",
        ),
        _network(
            "mixup", "mixup, square-root sampling", replace(MOVED, power=0.5, mixup=0.2),
            "augment all classes, draw batches by the square root of a class's size, and mix pairs of samples (mixup)",
        ),
        _network(
            "mixup_balanced", "mixup, balanced sampling", replace(MOVED, power=0.0, mixup=0.2),
            "augment all classes, draw every class equally often, and mix pairs of samples (mixup)",
        ),
        _network(
            "cmo", "CMO", replace(MOVED, power=0.5, cmo=0.5),
            "augment all classes, and paste patches of minority images on others (CMO)", series=False,
        ),
        _network(
            "deferred", "deferred reweighting", replace(MOVED, deferred=0.2),
            "augment all classes, and weigh them by size in the last fifth of training (DRW)",
        ),
    )
}  # fmt: skip


def baselines(network: bool, kind: str) -> list[str]:
    """Return the names of the arms that make sense for a network, or for a classifier fitted at once, and a kind of data,
    simplest first.
    """
    return [arm.name for arm in ARMS.values() if arm.network in (None, network) and arm.suits(kind)]
