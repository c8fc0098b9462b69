"""Which candidates of a class repeat a real sample or each other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gan.repeats import duplicates, repeated_share
from pipelines.likeness import copies, views
from pipelines.likeness.distance import Space, spaces
from pipelines.likeness.views import View
from pipelines.samples import KEPT, Candidates, Samples, Values


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


def find_repeats(parts: Iterable[Candidates], known: Known) -> np.ndarray:
    """Return a status for each candidate, (n,) object: `kept`, or of which sample it is a copy.

    An exact copy equals a training sample or an earlier candidate in all that is learnt of it; where more than one in a
    hundred samples of the class equal each other, that is normal and no copy. A near copy is what
    the evaluation would flag, see `pipelines.likeness.copies`; here validation samples alone show what is usual.
    """
    own = known.own
    look = copies.checker(known.view.rows(own.values), known.view.rows(known.held_out.values), known.where)
    statuses, digests, ids = [], [], []
    for part in parts:
        near = look(known.view.rows(part.values))
        status = np.full(len(part), KEPT, object)
        for row in np.flatnonzero(near.flagged):
            status[row] = f"near copy of training sample {own.ids[near.index[row]]}"
        statuses.append(status)
        digests.append(known.digests(part.values))
        ids.append(part.rows["id"])
    status, trained = np.concatenate(statuses), known.digests(own.values)
    if repeated_share(trained) > copies.QUANTILE:
        return status
    exact, names = duplicates(np.concatenate(digests), trained), pd.concat(ids, ignore_index=True)
    for row in np.flatnonzero(exact.any):
        copied, earlier = exact.training_index[row], exact.earlier_index[row]
        status[row] = f"copy of training sample {own.ids[copied]}" if copied >= 0 else f"copy of {names[earlier]}"
    return status
