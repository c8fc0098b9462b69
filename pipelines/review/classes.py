"""A class as it is reviewed: its queue, and the values that are shown, each decoded when it is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from gan import seeds
from pipelines.errors import UserError
from pipelines.plan import ClassPlan
from pipelines.review import queue
from pipelines.samples import KEPT, Samples, Values, form_of
from pipelines.samples.decisions import REJECTED, Key, keys

if TYPE_CHECKING:
    from pipelines.likeness.distance import Space
    from pipelines.likeness.views import View

BLOCK = 500  # samples that are decoded at once
NEIGHBOURS = 3  # of a real sample, one of which is shown as its reference


@dataclass(frozen=True)
class Real:
    """The real samples that a review shows, of all classes, and how they are compared."""

    train: Samples
    validation: Samples
    view: "View"
    space: "Space"

    @classmethod
    def load(cls, train: Path, validation: Path) -> "Real":
        """Read the two splits, and learn from the first how samples are compared."""
        from pipelines.likeness import views
        from pipelines.likeness.distance import spaces

        samples = Samples.load(train)
        view = views.fit(samples)
        return cls(samples, Samples.load(validation), view, spaces(view.data(samples.values, samples.labels))[-1])


@dataclass(frozen=True)
class Reviewed:
    """One class under review.

    queue: one row per sample in the order it is shown: `real`, `score`, `distance`, `row` (of `made`, or of `mixed`),
    `reference` and `nearest` (of `own`). keys: of the samples, in the same order. made: the file's rows, values packed.
    mixed: the real samples that are mixed in. own: the training samples of the class. known: the keys of all its real samples,
    of which an earlier review may have mixed in others.
    """

    label: str
    queue: pd.DataFrame
    keys: list[Key]
    made: pd.DataFrame
    mixed: list[Values]
    own: Samples
    known: list[Key]

    def shown(self, number: int) -> list[Values]:
        """Return the sample at a place of the queue, its reference and its nearest training sample, one of each."""
        row = self.queue.iloc[number]
        at, form = np.array([row["row"]]), self.own.form
        sample = self.mixed[row["row"]] if row["real"] else form.values(self.made.iloc[at])
        return [sample, *(form.take(self.own.values, np.array([row[name]])) for name in ("reference", "nearest"))]


def load(path: Path, real: Real, task: ClassPlan, seed: int) -> Reviewed:
    """Return the class of `task` as it is reviewed: what the filter kept, and what a review has rejected since."""
    rng = seeds.numpy_generator(seed, "review", task.index)
    made = pq.read_table(path).to_pandas()
    made = made[made["status"].isin([KEPT, REJECTED])].reset_index(drop=True)
    own, held_out = real.train.of_class(task.index), real.validation.of_class(task.index)
    found, of_made = _made_rows(made, real, own)
    reals, mixed, of_real = _mixed_in(found, real, own, held_out, rng)
    mixed_queue = queue.mix_in(queue.doubts_first(found), reals, rng)
    told = [(of_real if row.real else of_made)[row.row] for row in mixed_queue.itertuples()]
    known = [key for part in (own, held_out) for key in keys(part.ids, part.values)]
    return Reviewed(task.label, mixed_queue, told, made, mixed, own, known)


def _made_rows(made: pd.DataFrame, real: Real, own: Samples) -> tuple[pd.DataFrame, list[Key]]:
    """Return the columns of a queue for each synthetic sample, and the keys of the samples."""
    from pipelines.likeness.distance import nearest

    form, around = form_of(own.kind), real.view.rows(own.values)
    distance, index, told = [np.zeros(0)], [np.zeros(0, int)], []
    for start in range(0, len(made), BLOCK):
        part = made.iloc[start : start + BLOCK]
        values = form.values(part)
        far, places = nearest(real.space, real.view.rows(values), around)
        distance.append(far)
        index.append(places)
        told += keys(part["id"].to_numpy(), values)
    reference = pd.Series(np.arange(len(own)), index=own.ids).reindex(made["reference_id"])
    if reference.isna().any():
        raise UserError(
            f"sample {reference.index[reference.isna()][0]!r} is no training sample any more, and synthetic ones were made "
            "from it; bring them up to date: tailweight run filter"
        )
    rows = {
        "score": made["score"].to_numpy(float),
        "distance": np.concatenate(distance),
        "row": np.arange(len(made)),
        "reference": reference.to_numpy(int),
        "nearest": np.concatenate(index),
    }
    return pd.DataFrame(rows), told


def _mixed_in(
    found: pd.DataFrame, real: Real, own: Samples, held_out: Samples, rng: np.random.Generator
) -> tuple[pd.DataFrame, list[Values], list[Key]]:
    """Return the columns of a queue for each real sample that is mixed in, the values of each, and their keys.

    They are held-out samples, and then training samples that are shown beside no synthetic one: a real sample that was seen
    as a reference before would be known at once.
    """
    unseen = np.setdiff1d(np.arange(len(own)), found[["reference", "nearest"]].to_numpy())
    count = queue.how_many_reals(len(found), len(held_out) + len(unseen))
    first = rng.permutation(len(held_out))[:count]
    second = rng.permutation(unseen)[: count - len(first)]
    others = np.setdiff1d(np.arange(len(own)), second)
    chosen = [part for part in (held_out.take(first), own.take(second)) if len(part)]
    if not chosen:
        return pd.DataFrame({"row": [], "reference": [], "nearest": []}, dtype=int), [], []
    form = own.form
    rows = np.concatenate([real.view.rows(part.values) for part in chosen])
    table = real.space.between(rows, real.view.rows(form.take(own.values, others)))
    near = others[np.argsort(table, axis=1, kind="stable")[:, :NEIGHBOURS]]
    reference = near[np.arange(count), rng.integers(0, near.shape[1], count)]
    shown = [form.take(part.values, np.array([row])) for part in chosen for row in range(len(part))]
    told = [key for part in chosen for key in keys(part.ids, part.values)]
    return pd.DataFrame({"row": np.arange(count), "reference": reference, "nearest": near[:, 0]}), shown, told
