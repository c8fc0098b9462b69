"""What does not depend on the generator: the cross-validation without synthetic samples, as it is kept in a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from gan.states import DamagedState, State, read, write
from pipelines import files
from pipelines.errors import UserError
from pipelines.evaluation import tuning
from pipelines.evaluation.classifiers import chosen
from pipelines.evaluation.fitting import Key, Outcome
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.settings import Settings


@dataclass(frozen=True)
class Baseline:
    """What is known before there are synthetic samples.

    searched: classifier -> the arguments that a search found for it.   known: (training, fold) -> what it gave there.
    """

    searched: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    known: dict[tuple[Key, int], Outcome] = field(default_factory=dict)

    @classmethod
    def begun(cls, inputs: Inputs, settings: Settings, seed: int) -> Self:
        """Return what is to be known before the first training: the arguments of the classifiers."""
        return cls(
            tuning.searched(
                chosen(settings.classifiers, settings.estimators, inputs.train.kind), inputs.real, seed, inputs.groups
            )
        )

    def save(self, path: Path) -> None:
        """Write it, without the times of the fits: the same bytes for the same figures."""
        arrays, fits = {}, []
        for number, ((key, place), outcome) in enumerate(self.known.items()):
            (arrays[f"{number:05d}/probabilities"],) = outcome.probabilities
            arrays[f"{number:05d}/prior"] = outcome.prior
            fits.append([key.classifier, key.arm, place])
        write(State(arrays, {"searched": self.searched, "fits": fits}), path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; UserError where it is damaged."""
        try:
            arrays, notes = read(path)
        except DamagedState as error:
            raise UserError(f"{path}: damaged ({error}); {files.REMEDY}") from None
        known = {}
        for number, (classifier, arm, place) in enumerate(notes["fits"]):
            answers = (arrays[f"{number:05d}/probabilities"],)
            known[Key(classifier, arm, 0), place] = Outcome(answers, arrays[f"{number:05d}/prior"], 0.0)
        return cls(notes["searched"], known)
