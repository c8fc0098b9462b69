"""Which candidates of a class repeat a real sample or each other."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan.repeats import duplicates, repeated_share
from pipelines.likeness import copies, views
from pipelines.likeness.distance import Space, spaces
from pipelines.likeness.views import View
from pipelines.samples import KEPT, Candidates, Samples, Values
from pipelines.samples.sets import columns_of


@dataclass(frozen=True)
class Known:
    """What candidates are compared with: the class's real samples, how they are seen, and the spaces of copies.

    digests: (n) samples -> (n,) uint64, the same where all that is learnt of them is.
    """

    own: Samples
    held_out: Samples
    view: View
    where: list[Space]
    digests: Callable[[Values], np.ndarray]

    @classmethod
    def of(cls, real: Samples, own: Samples, held_out: Samples, digests: Callable[[Values], np.ndarray]) -> "Known":
        """real: the training samples of all classes.   own, held_out: those of the class to train on and for validation."""
        view = views.fit(real)
        return cls(own, held_out, view, spaces(view.data(real.values, real.labels)), digests)


def find_repeats(candidates: Path, known: Known) -> np.ndarray:
    """Return a status for each candidate in a file, (n,) object: `kept`, or of which sample it is a copy.

    An exact copy equals a training sample or an earlier candidate in all that is learnt of it; where more than one in a
    hundred samples of the class equal each other, that is normal and no copy. A near copy is what
    the evaluation would flag, see `pipelines.likeness.copies`; here validation samples alone show what is usual.
    """
    own = known.own
    look = copies.checker(known.view.rows(own.values), known.view.rows(known.held_out.values), known.where)
    near = np.array([f"near copy of training sample {name}" for name in own.ids], object)
    exact = np.array([f"copy of training sample {name}" for name in own.ids], object)
    statuses, digests = [], []
    for _, part in Candidates.parts(candidates):
        found = look(known.view.rows(part.values))
        status = np.empty(len(part), object)
        status[:] = KEPT  # one string for all; np.full makes one for each
        status[found.flagged] = near[found.index[found.flagged]]
        statuses.append(status)
        digests.append(known.digests(part.values))
    status, trained = np.concatenate(statuses), known.digests(own.values)
    del statuses
    if repeated_share(trained) > copies.QUANTILE:
        return status
    repeats = duplicates(np.concatenate(digests), trained)
    again = repeats.earlier_index >= 0
    first, place = np.unique(repeats.earlier_index[again], return_inverse=True)
    names = columns_of(candidates, ["id"])["id"].take(first).to_pylist()
    status[again] = np.array([f"copy of {name}" for name in names], object)[place]
    learnt = repeats.training_index >= 0
    status[learnt] = exact[repeats.training_index[learnt]]
    return status
