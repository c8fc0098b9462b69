"""Candidates from a trained GAN, each from its own seed."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from gan.constraints import Constraint, check, tally
from gan.device import prepare_device
from gan.errors import ConstraintError
from gan.modalities import Samples
from gan.model import GAN, Progress
from gan.seeds import derive, numpy_generator
from gan.starts import Neighbours, between, draw

REPORT_EVERY = 200  # pictures, decoded at once
ROWS_AT_ONCE = 5000  # of a table; a frame costs more to build than its rows


class Generated(NamedTuple):
    """Candidates and where each started: at `weight` of the way from its reference to its neighbour.

    samples: (n, s, s, c) uint8, or a data frame of n rows. reference_index, neighbour_index: (n,) int64, rows of the
    references. weight: (n,), in tables that of the numbers; a category is that of one of the two.
    """

    samples: Samples
    reference_index: np.ndarray
    neighbour_index: np.ndarray
    weight: np.ndarray


def generate(
    gan: GAN,
    references: Samples,
    class_index: int,
    seeds: np.ndarray,
    progress: Progress | None = None,
    constraints: Sequence[Constraint] = (),
    constraint_budget: float = 20,
) -> Generated:
    """Make one candidate for each of `seeds`, (n,) int, from the class's real training samples, (m, s, s, c) or rows.

    A candidate depends on its own seed alone, not on how many others are made or on its place among them. So each goes
    through the network by itself, from tensors of its own: a matrix product may round a row differently with the number
    of rows, their order, or where in memory they start. What is done to many at once treats every number by itself.

    constraints: what the rows of a table must satisfy, `references` saying which combinations there are. A row that does
    not is made again from a seed that its own gives, so that it still depends on that alone.
    Raises ConstraintError when `constraint_budget` times as many rows as wanted were made and some still break one.
    """
    maker = _Maker(gan, references, class_index)
    made = maker.make(seeds, progress)
    if not constraints:
        return made
    if not isinstance(made.samples, pd.DataFrame):
        raise ValueError("constraints: only rows of a table can be checked, not pictures")
    parts: list[tuple[np.ndarray, Generated]] = []  # places among the candidates, and what is good for them
    left, attempts, tries, reasons = np.arange(len(seeds)), len(seeds), 0, Counter[str]()
    while True:
        checked = check(made.samples, constraints, references)
        parts.append((left[checked.passed], Generated(*(part[checked.passed] for part in made))))
        reasons.update(checked.reason[~checked.passed].tolist())
        left, tries = left[~checked.passed], tries + 1
        if not len(left):
            return _merged(parts)
        if attempts + len(left) > constraint_budget * len(seeds):
            raise ConstraintError(
                f"constraints: {len(left)} of {len(seeds)} rows still break one after {attempts} attempts "
                f"({tally(reasons)}); loosen it or raise the budget of {constraint_budget:g} attempts a row"
            )
        attempts += len(left)
        made = maker.make(np.array([derive(int(seeds[row]), "again", tries) for row in left]), None)


class _Maker:
    """Makes candidates of one class: what the class has to be prepared for once."""

    def __init__(self, gan: GAN, references: Samples, class_index: int):
        self.gan, self.device = gan, prepare_device()
        self.generator = gan.generator.to(self.device)
        self.encoded = gan.codec.encode(references).numpy()  # (m, c, s, s)
        self.neighbours = Neighbours.of(gan.codec.pack(references), gan.neighbours)
        self.label = torch.tensor([class_index], device=self.device)
        self.nothing = references[:0]

    @torch.inference_mode()
    def make(self, seeds: np.ndarray, progress: Progress | None) -> Generated:
        """Make one candidate for each of `seeds`, (n,)."""
        at_once = ROWS_AT_ONCE if isinstance(self.nothing, pd.DataFrame) else REPORT_EVERY
        made: list[Samples] = [self.nothing]
        reference_index, neighbour_index = np.empty((2, len(seeds)), np.int64)
        weight = np.empty(len(seeds))
        for first in range(0, len(seeds), at_once):
            rows = range(first, min(first + at_once, len(seeds)))
            starts = torch.empty(len(rows), *self.encoded.shape[1:])
            outputs = torch.empty_like(starts)
            for place, row in enumerate(rows):
                rng = numpy_generator(int(seeds[row]), "candidate")
                drawn = draw(self.encoded, rng, neighbours=self.neighbours)
                weights = self.gan.codec.weights(np.full((1, 1, 1, 1), drawn.weight), rng)[0]
                point = between(self.encoded[drawn.reference_index], self.encoded[drawn.neighbour_index], weights)
                start = torch.from_numpy(point[None]).to(self.device).clone()
                noise = rng.standard_normal((1, self.gan.sizes.noise_dim), dtype=np.float32)
                output = self.generator(start, torch.from_numpy(noise).to(self.device).clone(), self.label)
                starts[place], outputs[place] = start[0], output[0]
                _, reference_index[row], neighbour_index[row], weight[row] = drawn
            made.append(self.gan.codec.decode(outputs, starts))
            if progress is not None:
                progress(rows.stop, len(seeds), {})
        return Generated(_joined(made), reference_index, neighbour_index, weight)


def _merged(parts: list[tuple[np.ndarray, Generated]]) -> Generated:
    """Put parts of tables together, each row at the place that is said with its part."""
    order = np.argsort(np.concatenate([places for places, _ in parts]))
    frames, *others = zip(*(part for _, part in parts), strict=True)
    frame = pd.concat(frames).iloc[order].reset_index(drop=True)
    return Generated(frame, *(np.concatenate(other)[order] for other in others))


def _joined(parts: list[Samples]) -> Samples:
    """Put parts of one kind together; the first says the kind where it is the only one."""
    if isinstance(parts[0], pd.DataFrame):
        return pd.concat(parts[1:] or parts, ignore_index=True)
    return np.concatenate(parts)
