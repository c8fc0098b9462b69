"""Where a generator starts: near real samples of the class, moved the way samples of majority classes differ.

A start is a point between a real sample and one of its nearest neighbours of the same class, which is what SMOTE returns
(Chawla et al. 2002, arXiv 1106.1813, section 4.2), plus a borrowed difference: a step of the way that leads, in a majority
class near by, from a sample that resembles the reference to any other. Ten samples of a class do not show how it varies; the
hundreds of the classes beside it do (few-shot learning borrows their covariance for the same reason: Yang et al. 2021,
arXiv 2101.06395). Or plus normal noise, the smoothed bootstrap (Menardi and Torelli 2014, doi 10.1007/s10618-012-0295-5), which
needs no other class. A `Policy` says how far to go; neighbours alone are SMOTE, the floor.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch

from gan.carry import Carrier, Mean, learn
from gan.modalities import Codec, Samples

BLOCK = 500  # samples whose neighbours are looked for at once
MOST = 2000  # samples of a class that starts are made from; finding neighbours takes the square of it
ALIKE = 10  # samples of a majority class that count as resembling a reference
PRIOR = 10  # samples of the class that the variance of all samples counts as much as
LEAST_TO_START = 2  # samples of a subgroup that others are started from: a start lies between two
MAJORITY = 0.5  # a class with this share of the largest class is a majority class


class Policy(NamedTuple):
    """How starts are drawn.

    neighbours: nearest ones that a start may lean to. lenders: nearest majority classes to borrow from. borrow: the longest
    step of a borrowed difference, 0 borrows nothing. spread: noise, in standard deviations of the class.
    A subclass with another `start` starts elsewhere; it goes wherever the policy goes.
    """

    neighbours: int = 5
    lenders: int = 2
    borrow: float = 1.0
    spread: float = 0.0

    def start(self, starters: "Starters", drawn: "Drawn") -> torch.Tensor:
        """Return the starts of `drawn`, (n, c, s, s) float32."""
        return starters.displaced(starters.between(drawn), drawn)

    def __str__(self) -> str:
        """Say it in words."""
        said = f"between a sample and one of its {self.neighbours} nearest"
        if self.borrow:
            said += f", plus a difference borrowed from one of {self.lenders} majority classes"
        return said + (f", plus noise of {self.spread:g} standard deviations" if self.spread else "")


class Drawn(NamedTuple):
    """How starts were drawn, n of them; the first four, (n,), are rows of the training samples.

    start = (1 - weight) * reference + weight * neighbour + step * (there - here) + noise, see `Starters.starts`.
    here, there: -1 where nothing was borrowed.
    weights: `weight` for each channel, (n, 1 or d, 1, 1), see `weights` of the codec. noise: (n, c, s, s), or (n, 0) for none.
    home, subgroup: of which subgroup the parents are, and the sample is to be, (n,); -1 where that was not asked.
    """

    reference: np.ndarray
    neighbour: np.ndarray
    here: np.ndarray
    there: np.ndarray
    weight: np.ndarray
    step: np.ndarray
    weights: np.ndarray
    noise: np.ndarray
    home: np.ndarray
    subgroup: np.ndarray


@dataclass(frozen=True)
class _Class:
    """What starts of one class are made from: rows of the training samples.

    references: (m,). neighbours: (m, k). alike: a majority class each, (m, a), samples that resemble each reference.
    others: all samples of those classes. deviation: (c, s, s) of the noise, or (0,) for none.
    """

    references: np.ndarray
    neighbours: np.ndarray
    alike: list[np.ndarray]
    others: list[np.ndarray]
    deviation: np.ndarray


class Starters:
    """Draws starts for every class of a training set; what a class needs is found out when it is first asked for."""

    def __init__(
        self,
        samples: np.ndarray,
        labels: np.ndarray,
        codec: Codec,
        policy: Policy,
        subgroups: np.ndarray | None = None,
    ):
        """samples: (n, ...), as `codec.pack` returns them. labels: (n,) int.

        subgroups: (n,) int, of which one each sample is, for draws from one of them.
        """
        self.samples, self.labels, self.codec, self.policy, self.subgroups = samples, labels, codec, policy, subgroups
        self.classes: dict[tuple[int, int | None], _Class] = {}
        self.carriers: dict[tuple[int, int, int], Carrier | None] = {}
        self.sides: dict[tuple[int, int], Mean] = {}
        self.homes: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}

    def draw(self, label: int, count: int, rng: np.random.Generator, subgroup: int | None = None) -> Drawn:
        """Draw `count` starts of class `label`, each uniformly among references, neighbours, weights, lenders and so on.

        subgroup: the samples are to be of this one of the class; None for any. Both parents, reference and neighbour, are of
        it, or of another one whose samples can be carried over; what is borrowed is of the subgroup of the parents.
        Raises ValueError for a class, or a subgroup of it, without a single sample.
        """
        home = None if subgroup is None else self._home(label, subgroup, rng)
        found = self._class(label, home)
        row = rng.integers(len(found.references), size=count)
        reference = found.references[row]
        neighbour = found.neighbours[row, rng.integers(found.neighbours.shape[1], size=count)]
        weight = rng.random(count)
        here, there = np.full((2, count), -1)
        step = np.zeros(count)
        if found.alike:
            lender, alike, other = rng.integers(len(found.alike), size=count), rng.random(count), rng.random(count)
            step = self.policy.borrow * rng.random(count)
            for place, (table, rows) in enumerate(zip(found.alike, found.others, strict=True)):
                own = lender == place
                here[own] = table[row[own], (alike[own] * table.shape[1]).astype(int)]
                there[own] = rows[(other[own] * len(rows)).astype(int)]
        weights = self.codec.weights(weight.astype(np.float32)[:, None, None, None], rng)
        noise = found.deviation * rng.standard_normal((count, *found.deviation.shape), np.float32)
        of = [np.full(count, -1 if one is None else one) for one in (home, subgroup)]
        return Drawn(reference, neighbour, here, there, weight, step, weights, noise, *of)

    def starts(self, drawn: Drawn) -> torch.Tensor:
        """Return the starts, (n, c, s, s) float32, by the policy; see `Drawn` for what it does by default."""
        return self.policy.start(self, drawn)

    def carried(self, made: Samples, drawn: Drawn) -> Samples:
        """Return what was made of the starts of `drawn`, each as it looks in the subgroup that it is to be of.

        It is carried over after the network has worked on it, which knows the look of the parents.
        """
        for row in np.flatnonzero(drawn.home != drawn.subgroup):
            label = int(self.labels[drawn.reference[row]])
            carrier = self.carrier(label, int(drawn.home[row]), int(drawn.subgroup[row]))
            assert carrier is not None, "parents of another subgroup are drawn only where there is a map"
            own = self.codec.encode(self.codec.pack(made[row : row + 1])).numpy()
            moved = torch.from_numpy(carrier.carry(own))
            moved = self.codec.displace(moved, torch.zeros_like(moved))  # back to where samples can be
            made[row : row + 1] = self.codec.decode(moved, moved)
        return made

    def carrier(self, label: int, home: int, subgroup: int) -> Carrier | None:
        """Return what carries images of class `label` from one subgroup over to another, learnt from the other classes.

        None where too few of these have samples of both, where no map does well, or where samples are no images.
        """
        key = label, home, subgroup
        if key not in self.carriers:
            others = [int(other) for other in self.counts[0] if other != label] if self.codec.carried else []
            sides = [[self._mean(other, side) for other in others] for side in (home, subgroup)]
            self.carriers[key] = learn(*sides)
        return self.carriers[key]

    def _mean(self, label: int, subgroup: int) -> Mean:
        if (label, subgroup) not in self.sides:
            rows = self._rows(label, subgroup)
            parts = [rows[first : first + BLOCK] for first in range(0, len(rows), BLOCK)]
            sums = [self.codec.encode(self.samples[part]).numpy().sum(0, dtype=np.float64) for part in parts]
            self.sides[label, subgroup] = Mean(np.sum(sums, axis=0) / max(len(rows), 1), len(rows))
        return self.sides[label, subgroup]

    def _home(self, label: int, subgroup: int, rng: np.random.Generator) -> int:
        """Draw the subgroup of the parents: each sample of the class that can be one is as likely as any other."""
        if (label, subgroup) not in self.homes:
            assert self.subgroups is not None, "a draw from a subgroup needs to know which sample is of which"
            there, counts = np.unique(self.subgroups[self.labels == label], return_counts=True)
            lends = counts >= LEAST_TO_START
            can = np.array([one == subgroup or self.carrier(label, int(one), subgroup) is not None for one in there])
            can &= lends | (there == subgroup)
            if not can.any():
                raise ValueError(f"starts: class {label} has no sample of subgroup {subgroup}, nor one to carry over")
            self.homes[label, subgroup] = there[can], counts[can] / counts[can].sum()
        there, shares = self.homes[label, subgroup]
        return int(rng.choice(there, p=shares))

    def between(self, drawn: Drawn) -> torch.Tensor:
        """Return points between both parents, (n, c, s, s); exactly the common value wherever the parents are equal."""
        first, second = (self.codec.encode(self.samples[rows]) for rows in (drawn.reference, drawn.neighbour))
        return first + torch.from_numpy(drawn.weights) * (second - first)

    def displaced(self, start: torch.Tensor, drawn: Drawn) -> torch.Tensor:
        """Return `start`, (n, c, s, s), which may be changed, with the borrowed differences and the noise of `drawn`."""
        if (lent := np.flatnonzero(drawn.here >= 0)).size:
            here, there = (self.codec.encode(self.samples[rows[lent]]) for rows in (drawn.here, drawn.there))
            start[lent] = self.codec.displace(start[lent], _column(drawn.step[lent]) * (there - here))
        if drawn.noise.size:
            start = self.codec.displace(start, torch.from_numpy(drawn.noise))
        return start

    def _class(self, label: int, subgroup: int | None) -> _Class:
        if (label, subgroup) not in self.classes:
            references = self._rows(label, subgroup)
            near = [rows for lender in self._lenders(label) if len(rows := self._rows(lender, subgroup))]
            self.classes[label, subgroup] = _Class(
                references,
                references[neighbours(self.samples[references], self.policy.neighbours)],
                [rows[nearest(self.samples[references], self.samples[rows], ALIKE)] for rows in near],
                near,
                self._deviation(references),
            )
        return self.classes[label, subgroup]

    def _deviation(self, references: np.ndarray) -> np.ndarray:
        """Return the standard deviation of noise: that of the class, the less of its own the fewer samples it has."""
        if self.policy.spread == 0:
            return np.empty(0, np.float32)
        own = self.codec.encode(self.samples[references]).numpy()
        every = self.codec.encode(self.samples[:: -(-len(self.samples) // MOST)]).numpy()
        pooled = (len(own) * own.var(0) + PRIOR * every.var(0)) / (len(own) + PRIOR)
        return np.asarray(self.policy.spread * np.sqrt(pooled) * self.codec.continuous, np.float32)

    def _lenders(self, label: int) -> list[int]:
        """Return the majority classes whose mean lies nearest to that of the class, nearest first."""
        majority = self.counts[1] >= MAJORITY * self.counts[1].max()
        others = [int(other) for other in self.counts[0][majority] if other != label]
        distance = {other: float(np.linalg.norm(self.means[other] - self.means[label])) for other in others}
        return sorted(others, key=distance.__getitem__)[: self.policy.lenders if self.policy.borrow > 0 else 0]

    def _rows(self, label: int, subgroup: int | None = None) -> np.ndarray:
        wanted = self.labels == label
        if subgroup is not None:
            assert self.subgroups is not None, "a draw from a subgroup needs to know which sample is of which"
            wanted &= self.subgroups == subgroup
        rows = np.flatnonzero(wanted)
        return rows[:: -(-len(rows) // MOST) or 1]

    @cached_property
    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """The classes and how many samples each has."""
        return np.unique(self.labels, return_counts=True)

    @cached_property
    def means(self) -> dict[int, np.ndarray]:
        """The mean sample of each class, (d,) float64."""
        return {int(label): _flat(self.samples[self._rows(int(label))]).mean(0) for label in self.counts[0]}


def stacked(parts: list[Drawn]) -> Drawn:
    """Put draws one after the other, at least one."""
    return Drawn(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def neighbours(references: np.ndarray, k: int) -> np.ndarray:
    """Return the nearest neighbours of each of `references`, (m, ...), among the others: (m, min(k, m - 1)) int64.

    By Euclidean distance of their values, nearest first; a single sample is its own neighbour, (1, 1). Raises ValueError
    when there is no reference.
    """
    count = len(references)
    if count == 0:
        raise ValueError("starts: a class without a single sample has nothing to start from")
    if count == 1:
        return np.zeros((1, 1), np.int64)
    flat = _flat(references)
    return _nearest(flat, flat, min(k, count - 1), among_others=True)


def nearest(references: np.ndarray, others: np.ndarray, k: int) -> np.ndarray:
    """Return the up to `k` of `others`, (p, ...), nearest to each of `references`, (m, ...): (m, k) int64."""
    return _nearest(_flat(references), _flat(others), min(k, len(others)))


def _nearest(asked: np.ndarray, known: np.ndarray, k: int, among_others: bool = False) -> np.ndarray:
    """Return the `k` rows of `known`, (p, d), nearest to each of `asked`, (m, d), nearest first: (m, k) int64.

    among_others: they are the same rows, and none is its own neighbour. (scikit-learn would take two seconds to load.)
    """
    lengths = (known**2).sum(1)
    found = [np.zeros((0, k), np.int64)]
    for first in range(0, len(asked), BLOCK):
        some = asked[first : first + BLOCK]
        farness = lengths - 2 * some @ known.T  # the squared distance, less what is the same for all of a row
        if among_others:
            rows = np.arange(len(some))
            farness[rows, first + rows] = np.inf
        near = np.argpartition(farness, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(farness, near, 1), axis=1, kind="stable")
        found.append(np.take_along_axis(near, order, 1))
    return np.concatenate(found)


def _flat(samples: np.ndarray) -> np.ndarray:
    return samples.reshape(len(samples), -1).astype(np.float64)


def _column(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))[:, None, None, None]
