"""Make candidates of one class, each from its own seed, each with its discriminator score."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from gan import seeds
from gan.settings import Settings as Base
from pipelines.plan import ClassPlan, slug
from pipelines.samples import Candidates, Samples
from pipelines.stages import Progress


class Settings(Base):
    """How many candidates there are to choose from."""

    oversampling: float = Field(default=3.0, ge=1, description="candidates made for each sample that the class needs")


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
    real = Samples.load(train).of_class(task.index)
    made = generate(gan, real.reduced(factor).values, task.index, own_seeds, progress)
    rows = pd.DataFrame(
        {
            "id": [f"{name}-{number:06d}" for number in range(count)],
            "class": task.label,
            "seed": own_seeds,
            "reference_id": real.ids[made.reference_index],
            "neighbour_id": real.ids[made.neighbour_index],
            "weight": made.weight,
            "raw_score": score(gan, made.samples, task.index),
        }
    )
    values = made.samples if factor == 1 else Upscaler.load(upscaler, gan.sizes.size).apply(made.samples)
    Candidates(values, rows).save(candidates)
    print(f"generate: {count} candidates of class {task.label!r}")
