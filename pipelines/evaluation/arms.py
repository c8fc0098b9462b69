"""The arms: every way to prepare a training set that the filtered GAN is compared with.

An arm is a function of the training data and a seed. It adds rows, weighs rows, or leaves them alone. To add one, write
the function and list it in `ARMS`; the contract tests then run over it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC, RandomOverSampler
from scipy import ndimage

from gan import seeds
from pipelines.likeness.data import Data, Pool
from pipelines.samples import IMAGES


@dataclass(frozen=True)
class Training:
    """A training set made by an arm: the rows and, when they differ, the weight of each row, (n,) float."""

    data: Data
    weight: np.ndarray | None = None

    def prior(self, classes: int) -> np.ndarray:
        """Return the share of each class that a classifier trained on this set has learnt to expect, (classes,)."""
        total = np.bincount(self.data.y, self.weight, minlength=classes).astype(float)
        return total / total.sum()


@dataclass(frozen=True)
class Recipe:
    """What an arm may use besides the training data.

    targets: class index -> number of samples that the plan wants in the class.
    pools: the candidates, one pool an under-represented class (empty for baselines).
    dose: synthetic samples to add, as a share of what would balance the class.
    acceptance: share of the candidates to accept by score; None leaves the filter's own verdicts.
    """

    targets: Mapping[int, int]
    pools: tuple[Pool, ...] = ()
    dose: float = 1.0
    acceptance: float | None = None


@dataclass(frozen=True)
class Arm:
    """One way to prepare a training set.

    build: (training data, recipe, seed) -> Training.   uses_gan: needs synthetic samples; every other arm is a baseline.
    kinds: of data that it is for, empty for all.   tuned: decides with priors tempered as chosen on validation; such an arm
    is trained like the arm `nothing`.   advice: what to tell a user who should take this arm instead.
    """

    name: str
    build: Callable[[Data, Recipe, int], Training]
    uses_gan: bool = False
    kinds: tuple[str, ...] = ()
    tuned: bool = False
    advice: str = field(default="")


def nothing(data: Data, recipe: Recipe, seed: int) -> Training:
    """Return the training set as it is."""
    return Training(data)


def class_weights(data: Data, recipe: Recipe, seed: int) -> Training:
    """Weigh each row by n / (classes x rows of its class): scikit-learn's "balanced"."""
    counts = np.bincount(data.y)
    return Training(data, len(data) / (np.count_nonzero(counts) * counts[data.y]))


def oversampling(data: Data, recipe: Recipe, seed: int) -> Training:
    """Repeat rows of the under-represented classes at random, up to their targets."""
    strategy = _strategy(data, recipe)
    if not strategy:
        return Training(data)
    sampler = RandomOverSampler(sampling_strategy=strategy, random_state=seed % 2**32)
    x, y = sampler.fit_resample(data.x, data.y)
    return Training(replace(data, x=x.astype(np.float32), y=y))


def smote(data: Data, recipe: Recipe, seed: int) -> Training:
    """Fill the under-represented classes by interpolation: SMOTE, SMOTENC (some categories) or SMOTEN (categories only).

    The number of neighbours is 5, or one less than the class has rows. A class with one row has no neighbour: its row
    is repeated.
    """
    strategy = _strategy(data, recipe)
    counts = data.counts(int(data.y.max()) + 1)
    result = data
    for label, target in strategy.items():
        neighbours = min(5, int(counts[label]) - 1)
        if neighbours < 1:
            added = np.repeat(data.of_class(label), target - counts[label], axis=0)
        else:
            sampler = _smote_kind(data, {label: target}, neighbours, seeds.derive(seed, label) % 2**32)
            added = sampler.fit_resample(data.x, data.y)[0][len(data) :]
        result = result.add(added, np.full(len(added), label))
    return Training(result)


def classic_augmentation(data: Data, recipe: Recipe, seed: int) -> Training:
    """Fill the under-represented classes with shifted, slightly rotated and dimmed copies. No flips: 2 is not 5."""
    shape = data.image_shape
    assert shape is not None, "classic augmentation is for images"
    result = data
    for label, target in _strategy(data, recipe).items():
        rng = seeds.numpy_generator(seed, label)
        rows = data.of_class(label)
        parents = rows[rng.integers(len(rows), size=target - len(rows))]
        added = np.stack([moved(row.reshape(shape), rng).ravel() for row in parents])
        result = result.add(added, np.full(len(added), label))
    return Training(result)


def moved(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return `image`, (h, w, c) in [0, 1], shifted by up to 1/8, turned by up to 10 degrees and up to 10% brighter or
    darker, rounded to 1/255; what comes in from outside repeats the edge.
    """
    angle = np.deg2rad(rng.uniform(-10, 10))
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    centre = (np.array(image.shape) - 1) / 2
    reach = np.array(image.shape[:2]) / 8
    shift = np.append(np.round(rng.uniform(-reach, reach)), 0)
    turned = ndimage.affine_transform(image, turn, centre - turn @ (centre + shift), order=1, mode="nearest")
    return np.round(np.clip(turned * rng.uniform(0.9, 1.1), 0, 1) * 255) / 255


def gan_unfiltered(data: Data, recipe: Recipe, seed: int) -> Training:
    """Add candidates drawn from all that the generator made."""
    return _drawn(data, recipe, seed, [pool.x for pool in recipe.pools])


def gan_filtered(data: Data, recipe: Recipe, seed: int) -> Training:
    """Add candidates drawn from those that the filter kept, or from the best-scored share `recipe.acceptance`."""
    return _drawn(data, recipe, seed, [accepted(pool, recipe.acceptance) for pool in recipe.pools])


def gan_random_filter(data: Data, recipe: Recipe, seed: int) -> Training:
    """Add as many candidates as `gan_filtered` would, from a share of the candidates that chance accepted."""
    parts = []
    for pool in recipe.pools:
        count = len(accepted(pool, recipe.acceptance))
        rng = seeds.numpy_generator(seed, "accept", pool.label)
        parts.append(pool.x[rng.permutation(len(pool.x))[:count]])
    return _drawn(data, recipe, seed, parts)


def _strategy(data: Data, recipe: Recipe) -> dict[int, int]:
    counts = data.counts(max([*recipe.targets, int(data.y.max())]) + 1)
    return {label: target for label, target in sorted(recipe.targets.items()) if 0 < counts[label] < target}


def _smote_kind(data: Data, strategy: dict[int, int], neighbours: int, seed: int) -> SMOTE | SMOTENC | SMOTEN:
    common = {"sampling_strategy": strategy, "k_neighbors": neighbours, "random_state": seed}
    if data.categorical is None or not data.categorical.any():
        return SMOTE(**common)
    if data.categorical.all():
        return SMOTEN(**common)
    return SMOTENC(categorical_features=np.flatnonzero(data.categorical).tolist(), **common)


def accepted(pool: Pool, acceptance: float | None) -> np.ndarray:
    """Return the candidates that the filter kept, or the best-scored share `acceptance` of those with a score, (k, d)."""
    if acceptance is None:
        return pool.kept_x
    scored = np.flatnonzero(~np.isnan(pool.score))
    best_first = scored[np.argsort(-pool.score[scored], kind="stable")]
    return pool.x[best_first[: round(acceptance * len(best_first))]]


def _drawn(data: Data, recipe: Recipe, seed: int, parts: list[np.ndarray]) -> Training:
    for pool, part in zip(recipe.pools, parts, strict=True):
        rng = seeds.numpy_generator(seed, "draw", pool.label)
        chosen = part[rng.permutation(len(part))[: pool.wanted(recipe.dose, len(part))]]
        data = data.add(chosen, np.full(len(chosen), pool.label))
    return Training(data)


ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm("nothing", nothing, advice="train on the real samples as they are"),
        Arm("tuned_threshold", nothing, tuned=True, advice="train as is and tune the decision threshold"),
        Arm("class_weights", class_weights, advice='weigh the classes (class_weight="balanced")'),
        Arm("oversampling", oversampling, advice="repeat the samples of the class (RandomOverSampler)"),
        Arm("smote", smote, advice="interpolate between neighbours (SMOTE)"),
        Arm(
            "classic_augmentation", classic_augmentation, kinds=(IMAGES,), advice="shift, turn and dim the real images"
        ),
        Arm("gan_unfiltered", gan_unfiltered, uses_gan=True),
        Arm("gan_filtered", gan_filtered, uses_gan=True),
        Arm("gan_random_filter", gan_random_filter, uses_gan=True),
    )
}


def baselines(kind: str) -> list[str]:
    """Return the names of the arms without a GAN that fit the kind of data, simplest first."""
    return [arm.name for arm in ARMS.values() if not arm.uses_gan and (kind in arm.kinds or not arm.kinds)]
