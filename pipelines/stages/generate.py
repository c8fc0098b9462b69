"""Make candidates of one class, each from its own seed, each with its discriminator score."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import pandas as pd
from pydantic import Field

from gan import seeds
from gan.constraints import Constraint, check
from gan.errors import ConstraintError
from gan.progress import Progress
from gan.relations import AnyRelation, Keeper, as_setting, find
from gan.settings import ExpertTableField, TableField
from gan.settings import Settings as Base
from gan.states import States
from pipelines import files
from pipelines.errors import UserError
from pipelines.ingest import attributes
from pipelines.plan import ClassPlan, slug
from pipelines.samples import TABLE, Candidates, Samples
from pipelines.samples.sets import ATTRIBUTE
from pipelines.wording import UNNAMED, figure

if TYPE_CHECKING:
    from gan.model import GAN
    from gan.sample import Generated, Maker, Mix


AT_ONCE = 8_192  # candidates that are held at once


class Settings(Base):
    """How many candidates there are to choose from."""

    candidates_per_sample: float = Field(
        default=2.0, ge=1, description="candidates made for each sample that the class needs"
    )
    constraints: list[Constraint] = TableField(
        default=[],
        description="table: what each row satisfies: a list of {kind: range, column, min, max}, {kind: inequality, low, "
        "high}, {kind: fixed_combinations, columns: […]} or {kind: expression, expression}",
    )
    relations: Literal["auto"] | list[AnyRelation] = ExpertTableField(
        default="auto",
        description="table: what holds between columns and is kept: auto (found on the training rows and printed), or a list "
        "of {kind: decides, column, decides: […]}, {kind: gap, columns: […], flag, values: […]}, {kind: sum, parts: […], "
        "total or constant, within}, {kind: order, low, high, strict}; []: none",
    )
    constraint_budget: float = ExpertTableField(
        default=20, ge=1, description="attempts for each row, on average, until all candidates satisfy the constraints"
    )


def run(
    *,
    train: Path,
    manifest: Path,
    model: Path,
    upscaler: Path,
    candidates: Path,
    relations: Path,
    settings: Settings,
    factor: int,
    seed: int,
    task: ClassPlan,
    progress: Progress,
    states: States | None = None,
) -> None:
    """Write `Candidates`; candidate i is the same however many are asked for. Write, too, what is kept between columns.

    Where the GAN makes smaller images, its discriminator scores those, and the upscaler makes them large.
    Where the plan divides what is needed by an attribute, each candidate is written with its value, but for rows that have
    it as a column.
    states: where what the generator made is kept, so that a stopped run goes on from there.
    """
    from gan import checkpoint
    from gan.score import score
    from gan.upscale import Upscaler

    count = math.ceil(settings.candidates_per_sample * task.needed)
    name = slug(task.label)
    own_seeds = np.array([seeds.derive(seed, "candidate", name, number) for number in range(count)])
    gan, everything = checkpoint.load(model), Samples.load(train)
    _check_constraints(settings.constraints, everything.of_class(task.index))
    known = everything.reduced(factor)
    kept = relations_of(gan, known, settings)
    for relation in kept:
        print(f"generate: kept: {relation}; in generate.relations: {as_setting(relation)}")
    enlarged = Upscaler.load(upscaler, gan.sizes.size).apply if factor > 1 else None
    mix = mix_of(manifest, everything, task)
    learnt = {name for name, kind in everything.columns.items() if kind != "identifier"}
    tally, first = Tally(gan, known, kept), 0
    with Candidates.writing(candidates, everything) as write:
        for made in candidates_of(gan, known, task, own_seeds, settings, kept, progress, states, mix, print):
            own = slice(first, first + len(made.weight))
            first = own.stop
            told = {"id": [f"{name}-{number:06d}" for number in range(own.start, own.stop)], "class": task.label}
            rows = pd.DataFrame(told | {"seed": own_seeds[own]}).join(origins(made, everything, task.index))
            if mix is not None and task.balance not in learnt:
                rows[ATTRIBUTE + task.balance] = [task.subgroups[place].value for place in made.subgroup]
            rows = rows.assign(raw_score=score(gan, made.samples, task.index))
            write(Candidates(enlarged(made.samples) if enlarged else made.samples, rows, everything.kind))
            tally.add(made)
    files.write_json(relations, tally.told())
    print(f"generate: {count} candidates of class {task.label!r}")


def candidates_of(
    gan: "GAN",
    known: Samples,
    task: ClassPlan,
    own_seeds: np.ndarray,
    settings: Settings,
    relations: Sequence[AnyRelation],
    progress: Progress | None = None,
    states: States | None = None,
    mix: "Mix | None" = None,
    say: Callable[[str], object] = lambda line: None,
) -> Iterator["Generated"]:
    """Yield candidates, one for each seed, some at a time, so that a million take no more memory than these.

    known: the training samples of all classes, as large as the GAN makes them. mix: of which subgroups, see `mix_of`.
    say: is told at the end how samples were carried over.
    """
    from gan.sample import Maker

    own, lenders, count = known.of_class(task.index), (known.values, known.labels), len(own_seeds)
    limits = settings.constraints, settings.constraint_budget, relations
    try:
        maker = Maker(gan, own.values, task.index, lenders, *limits, states, mix)
        for first in range(0, count, AT_ONCE):

            def report(done: int, _: int, figures: Mapping[str, float], before: int = first) -> None:
                if progress is not None:
                    progress(before + done, count, figures)

            yield maker.make(own_seeds[first : first + AT_ONCE], report)
        for said in _carried_in_words(maker, task):
            say(f"generate: class {task.label!r}: {said}")
    except ConstraintError as error:
        raise UserError(f"class {task.label!r}: {error}") from None


def _carried_in_words(maker: "Maker", task: ClassPlan) -> list[str]:
    """Return how images of one subgroup were carried over to another, in lines; none of other kinds, which never are."""
    if not maker.gan.codec.carried:
        return []
    lines = []
    for (_, home, subgroup), carrier in sorted(maker.starters.carriers.items()):
        here, there = (task.subgroups[place].value or UNNAMED for place in (home, subgroup))
        if carrier is None:
            lines.append(f"no map was found that carries {task.balance} {here} over to {there}")
            continue
        lines.append(
            f"{task.balance} {here} is carried over to {there} ({carrier.name}, learnt from {carrier.classes} classes; of one "
            f"left out, {figure(carrier.error, 2)} of what is its own is missed)"
        )
    return lines


def mix_of(manifest: Path, known: Samples, task: ClassPlan) -> "Mix | None":
    """Return of which subgroups the candidates of a class are; None where the plan does not say."""
    from gan.sample import Mix

    needed = np.array([one.needed for one in task.subgroups], float)
    if not needed.sum():
        return None
    values = attributes.of_training(manifest, task.balance).reindex(known.ids)
    place = {one.value: number for number, one in enumerate(task.subgroups)}
    of = values.map(place).fillna(-1).to_numpy(np.int64)
    return Mix((of[known.labels == task.index], of), needed / needed.sum())


def relations_of(gan: "GAN", known: Samples, settings: Settings) -> list[AnyRelation]:
    """Return the relations to keep, those found on `known` or those of the settings; UserError where one cannot be asked."""
    if known.kind != TABLE:
        return []
    columns = cast(Any, gan.codec).columns
    wanted = settings.relations
    found = find(known.values, known.labels, columns) if isinstance(wanted, str) else wanted
    try:
        Keeper(found, known.values, columns)
    except ValueError as error:
        raise UserError(f"params.yaml: generate.relations: {error}") from None
    return found


class Tally:
    """How many training rows and candidates there are, and for each relation how many of either break it."""

    def __init__(self, gan: "GAN", known: Samples, kept: Sequence[AnyRelation]) -> None:
        self.relations = kept
        self.keeper = Keeper(kept, known.values, cast(Any, gan.codec).columns) if kept else None
        self.candidates, self.training_rows = 0, len(known)
        self.training = self.keeper.broken(known.values).sum(0) if self.keeper else np.zeros(0, int)
        self.broken, self.left = np.zeros((2, len(kept)), int)

    def add(self, made: "Generated") -> None:
        """Count candidates."""
        self.candidates += len(made.broken)
        if self.keeper:
            self.broken += made.broken.sum(0)
            self.left += self.keeper.broken(made.samples).sum(0)

    def told(self) -> dict[str, Any]:
        """Return the counts as plain values. broken: candidates before they were mended.   left: after."""
        counts = zip(self.training.tolist(), self.broken.tolist(), self.left.tolist(), strict=True)
        rows = [dict(zip(("training", "broken", "left"), row, strict=True)) for row in counts]
        told = [relation.model_dump(mode="json") for relation in self.relations]
        relations = [{"relation": one, **row} for one, row in zip(told, rows, strict=True)]
        return {"training_rows": self.training_rows, "candidates": self.candidates, "relations": relations}


def origins(made: "Generated", known: Samples, label: int) -> pd.DataFrame:
    """Return how the start of each candidate was drawn, one row per candidate, with the ids of the samples in `known`."""
    own = known.of_class(label).ids
    return pd.DataFrame(
        {
            "reference_id": own[made.reference_index],
            "neighbour_id": own[made.neighbour_index],
            "weight": made.weight,
            "here_id": named(known.ids, made.here_index),
            "there_id": named(known.ids, made.there_index),
            "step": made.step,
        }
    )


def named(ids: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return the names of the samples at `index`, (n,), an empty one where it is -1."""
    return np.where(index < 0, "", ids[index])


def _check_constraints(constraints: list[Constraint], real: Samples) -> None:
    """Raise UserError where a constraint cannot be asked of the data; say how many real rows break one."""
    if not constraints:
        return
    if real.kind != TABLE:
        raise UserError(
            f"params.yaml: generate.constraints are for the rows of a table, and the data are {real.form.noun}"
        )
    try:
        broken = int((~check(real.values, constraints, real.values).passed).sum())
    except ValueError as error:
        raise UserError(f"params.yaml: generate.constraints: {error}") from None
    if broken:
        print(f"generate: {broken} of {len(real)} real rows break a constraint themselves")
