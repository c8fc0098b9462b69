"""baseline: what classifiers find without synthetic samples, with every cheap alternative, out of fold.

It needs no generator: it runs beside its training, and is not repeated when only that changes.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan.progress import Progress
from gan.states import States
from pipelines import files
from pipelines.evaluation.settings import Settings as Judging
from pipelines.samples import Samples, cells

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.evaluation.fitting import Spread


def run(
    *,
    train: Path,
    validation: Path,
    classes: Path,
    plan: Path,
    baseline: Path,
    suspects: Path,
    classifiers: list[Any],
    estimators: dict[str, dict[str, Any]],
    folds: int,
    fold_repeats: int,
    seed: int,
    progress: Progress | None = None,
    workers: int = 1,
    states: States | None = None,
    elsewhere: "Spread | None" = None,
) -> None:
    """Train each classifier with each arm by cross-validation, and write what every fold was told as safetensors; and
    `suspects`, a CSV of the samples that may not be what they are said to be, see `evaluation.suspects.table`.

    train, validation: Parquet of `Samples`.   classes: JSON with `classes`, the names in label order.
    plan: YAML with `classes`, slug -> {label, index, target, needed}.
    classifiers, estimators, folds, fold_repeats: as in the settings of `evaluate`.
    states: where fits are kept, so that a stopped run goes on with those that are left.
    elsewhere: what runs the fits on other machines.
    Raises UserError when a classifier is unknown.
    """
    from pipelines.evaluation import advice, reading, tables  # these load scikit-learn
    from pipelines.evaluation import suspects as suspicion
    from pipelines.evaluation.baseline import Baseline
    from pipelines.evaluation.evaluate import prepare

    settings = Judging(classifiers=classifiers, estimators=estimators, folds=folds, fold_repeats=fold_repeats)
    seen, held_out = Samples.load(train), Samples.load(validation)
    inputs, ids = reading.real(seen, held_out, classes, plan), [*seen.ids, *held_out.ids]
    if not inputs.targets:
        Baseline().save(baseline)
        _write(suspicion.table(inputs, ids, None, ""), suspects)
        print("no class is a minority class: nothing is to be compared")
        return
    found = Baseline.begun(inputs, settings, seed)
    study, choice = prepare(inputs, settings, seed, progress, workers, states, elsewhere, found)
    found.save(baseline)
    _write(suspicion.table(inputs, ids, study.folds, choice.classifier), suspects)
    print(tables.costs(study.fitter).round(2).to_string(index=False))
    print(advice.beforehand(choice, inputs.names))


def _write(table: "pd.DataFrame", path: Path) -> None:
    files.write_text(path, cells.csv_text(cells.marked(table)))
