"""What the stages that judge work on, read from the files of a project."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import files
from pipelines.errors import UserError
from pipelines.evaluation.inputs import Inputs
from pipelines.likeness import views
from pipelines.likeness.data import Pool
from pipelines.likeness.views import View
from pipelines.samples import KEPT, Candidates, Samples

PARENTS = ("reference_id", "neighbour_id")


def real(train: Samples, validation: Samples, classes: Path, plan: Path) -> Inputs:
    """Return the samples outside of test, and no candidates. classes, plan: as in `whole`."""
    return _real(train, validation, views.fit(train), classes, _planned(plan))


def whole(train: Path, validation: Path, test: Path, classes: Path, plan: Path, synthetic: Path) -> Inputs:
    """Return all samples and candidates.

    train, validation, test: Parquet of `Samples`.   classes: JSON with `classes`, the names in label order.
    plan: YAML with `classes`, slug -> {label, index, target, needed}.   synthetic: a folder with `<slug>.parquet` of each.
    UserError when the synthetic samples are not those of the plan.
    """
    planned = _planned(plan)
    _check_folder(synthetic, set(planned))
    seen, held_out, tested = (Samples.load(path) for path in (train, validation, test))
    view, place = views.fit(seen), {name: row for row, name in enumerate(seen.ids)}
    found = _real(seen, held_out, view, classes, planned)
    columns = found.train.x.shape[1]
    pools = tuple(_pool(synthetic / f"{slug}.parquet", entry, view, columns, place) for slug, entry in planned.items())
    return replace(with_test(found, view, tested), pools=pools)


def with_test(inputs: Inputs, view: View, tested: Samples) -> Inputs:
    """Return the same samples outside of test with those of the test split, and what is known of them."""
    asked = view.data(tested.values, tested.labels)
    return replace(inputs, test=asked, attributes=tested.attributes, test_groups=tested.groups)


def _real(
    train: Samples, validation: Samples, view: View, classes: Path, planned: Mapping[str, Mapping[str, Any]]
) -> Inputs:
    seen, held_out = (view.data(one.values, one.labels) for one in (train, validation))
    names = tuple(files.read_json(classes)["classes"])
    targets = {int(entry["index"]): int(entry["target"]) for entry in planned.values()}
    groups = groups_of(train, validation)
    return Inputs(seen, held_out, seen.take(np.arange(0)), names, targets, (), groups=groups)


def groups_of(train: Samples, validation: Samples) -> np.ndarray | None:
    """Return the groups of all samples outside of test, train first, see `Inputs`."""
    if train.groups is None or validation.groups is None:
        return None
    return np.concatenate([train.groups, validation.groups])


def _planned(plan: Path) -> dict[str, Mapping[str, Any]]:
    """Return the classes of the plan by slug, in the order of their labels."""
    planned = (files.read_yaml(plan) or {}).get("classes") or {}
    return dict(sorted(planned.items(), key=lambda item: item[1]["index"]))


def _check_folder(synthetic: Path, slugs: set[str]) -> None:
    found = {path.stem for path in synthetic.glob("*.parquet")} if synthetic.exists() else set()
    if found == slugs:
        return
    missing, strange = sorted(slugs - found), sorted(found - slugs)
    said = [f"{word} {', '.join(some)}" for word, some in (("missing", missing), ("not in the plan", strange)) if some]
    raise UserError(
        f"{synthetic}: the samples are not those of the plan: {'; '.join(said)}; "
        "where the plan has just changed, go on with: tailweight run (or dvc repro once more)"
    )


def _pool(path: Path, entry: Mapping[str, Any], view: View, columns: int, place: Mapping[str, int]) -> Pool:
    candidates = Candidates.load(path)
    rows = candidates.rows
    score = rows["score"].to_numpy(float) if "score" in rows else np.full(len(rows), np.nan)
    return Pool(
        label=int(entry["index"]),
        needed=int(entry["needed"]),
        x=view.rows(candidates.values).reshape(len(rows), columns),
        kept=(rows["status"] == KEPT).to_numpy(bool),
        score=score,
        ids=rows["id"].to_numpy(str),
        parents=np.array([[place.get(name, -1) for name in rows[column]] for column in PARENTS], np.int64).T,
    )
