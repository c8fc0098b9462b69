"""Synthetic samples made once more from their rows: the class, the seed, and the checkpoint of the class."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from gan import checkpoint
from gan.errors import CheckpointError
from gan.seeds import numpy_generator
from gan.upscale import Upscaler
from pipelines.driver import dag, one_stage, params
from pipelines.errors import UserError
from pipelines.plan import ClassPlan, Plan
from pipelines.samples import Candidates, Samples, Values
from pipelines.samples.forms import form_of
from pipelines.samples.release import SYNTHETIC, read
from pipelines.stages import generate

RELEASED, CANDIDATES = "released", "candidate"
RELEASE = "data/release/samples.parquet"
PARENTS = ["reference_id", "neighbour_id"]
BUDGET = 1000.0  # attempts a row: that each can be made is known, and few rows have bad luck more often than many


@dataclass(frozen=True)
class Checked:
    """What was found of a class: how many samples were made again, and the ids of those that came out otherwise."""

    name: str
    count: int
    different: list[str]

    @property
    def plain(self) -> dict[str, Any]:
        """The same as JSON has it."""
        same = self.count - len(self.different)
        return {"class": self.name, "checked": self.count, "same": same, "different": self.different}


def verify(project: Path, sample: int | None, workers: int) -> tuple[str, list[Checked]]:
    """Make the released samples again, or all candidates where nothing shipped; return which it was and what was found.

    sample: how many of them, drawn by the run's seed; None for all.
    """
    values = params.read(project)
    word, stored = _stored(project)
    total = sum(len(one) for one in stored.values())
    chosen = numpy_generator(params.seed(values), "verify").permutation(total)[: total if sample is None else sample]
    done, first = [], 0
    for slug, one in stored.items():
        rows = np.sort(chosen[(chosen >= first) & (chosen < first + len(one))] - first)
        first += len(one)
        if len(rows):
            done.append(_checked(project, slug, _taken(one, rows), workers))
    return word, done


def _checked(project: Path, slug: str, stored: Candidates, workers: int) -> Checked:
    parts = [_taken(stored, rows) for rows in np.array_split(np.arange(len(stored)), min(workers, len(stored)))]
    found = joblib.Parallel(n_jobs=workers)(joblib.delayed(different)(project, slug, part) for part in parts)
    return Checked(str(stored.rows["class"].iloc[0]), len(stored), [name for part in found for name in part])


def different(project: Path, slug: str, stored: Candidates) -> list[str]:
    """Make the candidates again from their seeds; return the ids of those whose values or references are others."""
    made, origins = again(project, slug, stored.rows["seed"].to_numpy(np.int64))
    form = form_of(stored.kind)
    old, new = form.columns(stored.values), form.columns(made)
    same = (stored.rows[PARENTS].to_numpy() == origins[PARENTS].to_numpy()).all(axis=1)
    for name in new:
        left, right = old[name].to_numpy(object), new[name].to_numpy(object)
        same &= (left == right) | (pd.isna(left) & pd.isna(right))
    return [str(name) for name in stored.rows["id"][~same]]


def again(project: Path, slug: str, seeds: np.ndarray) -> tuple[Values, pd.DataFrame]:
    """Return the samples of a class that `seeds` give, (n,), and how the start of each was drawn."""
    stage = dag.stage_named("generate")
    told = one_stage.told_to(project, stage, slug, params.read(project))
    settings = told["settings"].model_copy(update={"constraint_budget": BUDGET})
    task, factor = told["task"], told["factor"]
    reads = {name: project / path.format(slug=slug) for name, path in stage.reads.items()}
    known = Samples.load(reads["train"])
    try:
        gan = checkpoint.load(reads["model"])
        small = known.reduced(factor)
        relations = generate.relations_of(gan, small, settings)
        mix = generate.mix_of(reads["manifest"], known, task)
        parts = list(generate.candidates_of(gan, small, task, seeds, settings, relations, mix=mix))
        made = gan.codec.joined([part.samples for part in parts])
        large = made if factor == 1 else Upscaler.load(reads["upscaler"], gan.sizes.size).apply(made)
    except (CheckpointError, FileNotFoundError) as error:
        raise UserError(f"{error}; bring it back: dvc checkout, or dvc pull") from None
    return large, pd.concat([generate.origins(part, known, task.index) for part in parts], ignore_index=True)


def _stored(project: Path) -> tuple[str, dict[str, Candidates]]:
    """Return the synthetic samples of the release by the slug of their class, or all candidates where it has none."""
    path, planned = project / RELEASE, _planned(project)
    if path.is_file():
        kind = Samples.load(project / dag.stage_named("generate").reads["train"]).kind
        rows, values = read(path, kind)
        released = {
            slug: found for slug, task in planned.items() if len(found := _of_class(rows, values, kind, task.label))
        }
        if released:
            return RELEASED, released
    return CANDIDATES, dict(_candidates(project, planned))


def _of_class(rows: pd.DataFrame, values: Values, kind: str, label: str) -> Candidates:
    return _taken(
        Candidates(values, rows, kind), np.flatnonzero((rows["origin"] == SYNTHETIC) & (rows["class"] == label))
    )


def _candidates(project: Path, planned: dict[str, ClassPlan]) -> Iterator[tuple[str, Candidates]]:
    for slug in planned:
        path = project / dag.stage_named("generate").writes["candidates"].format(slug=slug)
        if not path.is_file():
            raise UserError(f"{path}: no candidates; make them: tailweight run generate (or bring them: dvc pull)")
        yield slug, Candidates.load(path)


def _planned(project: Path) -> dict[str, ClassPlan]:
    path = project / dag.PLAN
    planned = Plan.load(path).classes if path.is_file() else {}
    if not planned:
        raise UserError(f"{path}: no class is planned, so there are no synthetic samples; make them: tailweight run")
    return planned


def _taken(stored: Candidates, index: np.ndarray) -> Candidates:
    rows = stored.rows.iloc[index].reset_index(drop=True)
    return Candidates(stored.form.take(stored.values, index), rows, stored.kind)
