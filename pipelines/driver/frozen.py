"""A base that stays while data grow (`pretrain.frozen`), so that only classes with other samples are trained again.

DVC knows such a stage as frozen: it does not ask whether its inputs have changed. Where starts borrow nothing from other
classes, what a class's training reads is the base and the class's own samples, of which the plan has a hash; its stage depends
on these alone.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines import files
from pipelines.driver import dag, lock, params
from pipelines.errors import UserError

BASE = "data/models/base.safetensors"
CLASSES = "data/prepared/classes.json"
ALONE = ("neighbours", "spread", "wide_spread")  # starts for which other classes lend nothing
READ = ("label", "index", "samples")  # of a class's plan, what its training reads


def is_frozen(values: Mapping[str, Any]) -> bool:
    """Say whether the base stays as it is."""
    return bool(_settings(values).frozen)


def is_apart(values: Mapping[str, Any]) -> bool:
    """Say whether the training of a class reads no sample of another."""
    return _settings(values).starts in ALONE


def narrowed(parameters: list[Any]) -> list[Any]:
    """Return the parameters of a class's stage with those of its plan alone that its training reads."""
    own = {dag.PLAN: [f"classes.${{key}}.{name}" for name in READ]}
    return [own if isinstance(one, dict) and dag.PLAN in one else one for one in parameters]


def check_classes(project: Path, values: Mapping[str, Any]) -> None:
    """Raise UserError where the base stays and was trained on other classes, or on data of another form, than there are now."""
    if not is_frozen(values) or not (project / lock.FILE).is_file():
        return
    recorded = files.read_yaml(project / lock.FILE).get("stages", {}).get("pretrain", {}).get("deps", [])
    trained = {one["path"]: one.get("md5") for one in recorded}.get(CLASSES)
    now = hashlib.md5((project / CLASSES).read_bytes(), usedforsecurity=False).hexdigest()
    if trained not in (None, now):
        raise UserError(
            "the classes, or what their samples are made of, are others than those that the base was trained on, and "
            "pretrain.frozen keeps it; take pretrain.frozen out, type tailweight render, and run: the base is trained anew"
        )


def _settings(values: Mapping[str, Any]) -> Any:
    return params.group(dag.stage_named("pretrain"), values)
