"""Make candidates of one class, each from its own seed, each with its discriminator score."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from gan import seeds
from gan.constraints import Constraint, check
from gan.errors import ConstraintError
from gan.progress import Progress
from gan.settings import ExpertTableField, TableField
from gan.settings import Settings as Base
from pipelines.errors import UserError
from pipelines.plan import ClassPlan, slug
from pipelines.samples import TABLE, Candidates, Samples


class Settings(Base):
    """How many candidates there are to choose from."""

    oversampling: float = Field(default=2.0, ge=1, description="candidates made for each sample that the class needs")
    constraints: list[Constraint] = TableField(
        default=[],
        description="table: what each row satisfies: a list of {kind: range, column, min, max}, {kind: inequality, low, "
        "high}, {kind: fixed_combinations, columns: […]} or {kind: expression, expression}",
    )
    constraint_budget: float = ExpertTableField(
        default=20, ge=1, description="attempts for each row, on average, until all candidates satisfy the constraints"
    )


def run(
    *,
    train: Path,
    model: Path,
    upscaler: Path,
    candidates: Path,
    settings: Settings,
    factor: int,
    seed: int,
    task: ClassPlan,
    progress: Progress,
) -> None:
    """Write `Candidates`; candidate i is the same however many are asked for.

    Where the GAN makes smaller pictures, its discriminator scores those, and the upscaler makes them large.
    """
    from gan import checkpoint
    from gan.sample import generate
    from gan.score import score
    from gan.upscale import Upscaler

    count = math.ceil(settings.oversampling * task.needed)
    name = slug(task.label)
    own_seeds = np.array([seeds.derive(seed, "candidate", name, number) for number in range(count)])
    gan = checkpoint.load(model)
    everything = Samples.load(train)
    real = everything.of_class(task.index)
    smaller = everything.reduced(factor)
    small, lenders = smaller.of_class(task.index), (smaller.values, smaller.labels)
    _check_constraints(settings.constraints, real)
    try:
        made = generate(
            gan,
            small.values,
            task.index,
            own_seeds,
            progress,
            lenders,
            settings.constraints,
            settings.constraint_budget,
        )
    except ConstraintError as error:
        raise UserError(f"class {task.label!r}: {error}") from None
    rows = pd.DataFrame(
        {
            "id": [f"{name}-{number:06d}" for number in range(count)],
            "class": task.label,
            "seed": own_seeds,
            "reference_id": real.ids[made.reference_index],
            "neighbour_id": real.ids[made.neighbour_index],
            "weight": made.weight,
            "here_id": named(everything.ids, made.here_index),
            "there_id": named(everything.ids, made.there_index),
            "step": made.step,
            "raw_score": score(gan, made.samples, task.index),
        }
    )
    values = made.samples if factor == 1 else Upscaler.load(upscaler, gan.sizes.size).apply(made.samples)
    Candidates(values, rows, real.kind).save(candidates)
    print(f"generate: {count} candidates of class {task.label!r}")


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
