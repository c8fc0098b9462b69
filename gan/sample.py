"""Candidates from a trained GAN, each from its own seed."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch

from gan.blocks import blockwise
from gan.constraints import Constraint, check, tally
from gan.device import prepare_device
from gan.errors import ConstraintError
from gan.modalities import Samples
from gan.model import GAN, Labelled, Subgroups, starters
from gan.progress import Progress
from gan.relations import AnyRelation, Keeper
from gan.relations.known import Parents
from gan.seeds import derive, numpy_generator
from gan.starts import Drawn, stacked
from gan.states import State, States, kept_or_made


class Generated(NamedTuple):
    """Candidates and how the start of each was drawn.

    samples: (n, s, s, c) uint8, or a data frame of n rows. The others are those of `starts.Drawn`: rows of the
    references, `here_index` and `there_index` rows of the lenders (-1 where nothing was borrowed). In tables
    `weight` is that of the numbers; a category is that of one of the two. subgroup: of which one each is, -1 where that was
    not asked. broken: (n, r) bool, which of the relations each row broke before it was mended.
    """

    samples: Samples
    reference_index: np.ndarray
    neighbour_index: np.ndarray
    here_index: np.ndarray
    there_index: np.ndarray
    weight: np.ndarray
    step: np.ndarray
    subgroup: np.ndarray
    broken: np.ndarray


class Mix(NamedTuple):
    """Of which subgroups of a class its candidates are, and how many of each.

    subgroups: which one each reference is of, (m,) int, and each of the lenders, (k,), -1 for one that the class has not.
    shares: (g,) of the candidates, for subgroups 0 to g - 1, summing to 1.
    """

    subgroups: Subgroups
    shares: np.ndarray


def generate(
    gan: GAN,
    references: Samples,
    class_index: int,
    seeds: np.ndarray,
    progress: Progress | None = None,
    lenders: Labelled | None = None,
    constraints: Sequence[Constraint] = (),
    constraint_budget: float = 20,
    relations: Sequence[AnyRelation] = (),
    states: States | None = None,
) -> Generated:
    """Make one candidate for each of `seeds`, (n,) int; all else is as of `Maker`."""
    limits = constraints, constraint_budget, relations
    return Maker(gan, references, class_index, lenders, *limits, states).make(seeds, progress)


class Maker:
    """Makes candidates of one class: what the class has to be prepared for once."""

    def __init__(
        self,
        gan: GAN,
        references: Samples,
        class_index: int,
        lenders: Labelled | None = None,
        constraints: Sequence[Constraint] = (),
        constraint_budget: float = 20,
        relations: Sequence[AnyRelation] = (),
        states: States | None = None,
        mix: Mix | None = None,
    ):
        """references: the class's real training samples, (m, s, s, c) or rows.

        lenders: training samples of other classes with their labels, which starts borrow differences from.
        constraints: what the rows of a table must satisfy, `references` saying which combinations there are. A row that
        does not is made again from a seed that its own gives, so that it still depends on that alone.
        relations: what is kept in the rows of a table by mending each, see `gan.relations`; constraints are checked after
        that.   states: where what the network has made is kept, so that the same calls in the same order go on from there.
        mix: from which subgroups; without one, each reference is as likely as any other.
        """
        self.gan, self.device = gan, prepare_device()
        self.states, self.blocks = states, 0
        self.wanted, self.attempts = 0, 0
        self.generator = gan.generator.to(self.device)
        self.class_index = class_index
        self.mix = mix
        own_labels, subgroups = np.full(len(references), class_index), mix.subgroups if mix else None
        self.starters = starters(gan, references, own_labels, lenders, subgroups)
        own = np.full(len(references), -1)
        lent = np.flatnonzero(lenders[1] != class_index) if lenders is not None else own[:0]
        self.lender_rows = np.concatenate([own, lent])  # of a row of the starters' samples
        self.nothing, self.references = references[:0], references
        self.constraints, self.constraint_budget = constraints, constraint_budget
        if constraints and not gan.codec.constrainable:
            raise ValueError(f"constraints: only rows of a table can be checked, the data are {gan.codec.kind}")
        self.keeper: Keeper | None = None
        if relations:
            if not gan.codec.constrainable:
                raise ValueError(f"relations: only rows of a table have columns, the data are {gan.codec.kind}")
            self.keeper = Keeper(relations, references if lenders is None else lenders[0], cast(Any, gan.codec).columns)

    def make(self, seeds: np.ndarray, progress: Progress | None = None) -> Generated:
        """Make one candidate for each of `seeds`, (n,) int.

        A candidate depends on its own seed alone, not on how many others are made or on its place among them: they go
        through the network in blocks of one shape, see `blockwise`. What else is done to many at once treats every number
        by itself.

        Raises ConstraintError when `constraint_budget` times as many rows as wanted were made, in all calls, and some still
        break one.
        """
        self.wanted, self.attempts = self.wanted + len(seeds), self.attempts + len(seeds)
        made = self._made(seeds, progress)
        if not self.constraints:
            return made
        parts: list[tuple[np.ndarray, Generated]] = []  # places among the candidates, and what is good for them
        left, tries, reasons = np.arange(len(seeds)), 0, Counter[str]()
        while True:
            checked = check(made.samples, self.constraints, self.references)
            parts.append((left[checked.passed], Generated(*(part[checked.passed] for part in made))))
            reasons.update(checked.reason[~checked.passed].tolist())
            left, tries = left[~checked.passed], tries + 1
            if not len(left):
                return self._merged(parts)
            if self.attempts + len(left) > self.constraint_budget * self.wanted:
                raise ConstraintError(
                    f"constraints: {len(left)} of {self.wanted} rows still break one after {self.attempts} attempts "
                    f"({tally(reasons)}); loosen it or raise the budget of {self.constraint_budget:g} attempts a row"
                )
            self.attempts += len(left)
            made = self._made(np.array([derive(int(seeds[row]), "again", tries) for row in left]))

    @torch.inference_mode()
    def _made(self, seeds: np.ndarray, progress: Progress | None = None) -> Generated:
        """Make one candidate for each of `seeds`, (n,), whether or not it satisfies the constraints."""
        at_once = self.gan.codec.at_once
        made: list[Samples] = [self.nothing]
        broken = [np.zeros((0, 0 if self.keeper is None else len(self.keeper.relations)), bool)]
        draws = [self.starters.draw(self.class_index, 0, numpy_generator(0, "none"))]
        for first in range(0, len(seeds), at_once):
            rows = range(first, min(first + at_once, len(seeds)))
            rngs = [numpy_generator(int(seeds[row]), "candidate") for row in rows]
            drawn = stacked([self._drawn(rng) for rng in rngs])
            starts = self.starters.starts(drawn)
            outputs = self._outputs(starts, rngs)
            decoded = self.starters.carried(self.gan.codec.decode(outputs, starts), drawn)
            kept, before = self._kept(decoded, drawn.reference, drawn.neighbour)
            made.append(kept)
            broken.append(before)
            draws.append(drawn)
            if progress is not None:
                progress(rows.stop, len(seeds), {})
        drawn = stacked(draws)
        here, there = (np.where(rows < 0, -1, self.lender_rows[rows]) for rows in (drawn.here, drawn.there))
        origin = drawn.reference, drawn.neighbour, here, there, drawn.weight, drawn.step, drawn.subgroup
        return Generated(self.gan.codec.joined(made), *origin, np.concatenate(broken))

    def _drawn(self, rng: np.random.Generator) -> Drawn:
        """Draw one start, of a subgroup that chance names where a mix is asked for."""
        subgroup = int(rng.choice(len(self.mix.shares), p=self.mix.shares)) if self.mix else None
        return self.starters.draw(self.class_index, 1, rng, subgroup)

    def _outputs(self, starts: torch.Tensor, rngs: Sequence[np.random.Generator]) -> torch.Tensor:
        """Return what the network makes of each start, shaped as they are, or what a stopped call has kept of it."""

        def make() -> State:
            noise = np.stack([rng.standard_normal(self.gan.sizes.noise_dim, dtype=np.float32) for rng in rngs])
            labels = torch.full((len(starts),), self.class_index)
            given = [part.to(self.device) for part in (starts, torch.from_numpy(noise), labels)]
            return State({"outputs": blockwise(self.generator, given).cpu().numpy()}, {})

        part, self.blocks = f"{self.blocks:06d}", self.blocks + 1
        return torch.from_numpy(kept_or_made(self.states, part, make).arrays["outputs"])

    def _kept(self, made: Samples, reference: np.ndarray, neighbour: np.ndarray) -> tuple[Samples, np.ndarray]:
        """Return rows with the relations kept, and what each broke; reference, neighbour: (n,) rows of the references."""
        if self.keeper is None:
            return made, np.zeros((len(made), 0), bool)
        take = self.gan.codec.take
        return self.keeper.keep(made, Parents(take(self.references, reference), take(self.references, neighbour)))

    def _merged(self, parts: list[tuple[np.ndarray, Generated]]) -> Generated:
        """Put parts together, each candidate at the place that is said with its part."""
        order = np.argsort(np.concatenate([places for places, _ in parts]))
        samples, *others = zip(*(part for _, part in parts), strict=True)
        codec = self.gan.codec
        return Generated(codec.take(codec.joined(samples), order), *(np.concatenate(other)[order] for other in others))
