"""A base that stays while data grow (`pretrain.frozen`), so that only classes with other samples are trained again.

DVC knows such a stage as frozen: it does not ask whether its inputs have changed. Where starts borrow nothing from other
classes, what a class's training reads is the base and the class's own samples, of which the plan has a hash; its stage depends
on these alone.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.driver import dag, lock, params
from pipelines.errors import UserError

BASE = "data/models/base.safetensors"
CLASSES = "data/prepared/classes.json"
STARTS_WITHOUT_LENDERS = ("neighbours",)  # noise has the spread of all classes, the other starts borrow from some
UNFREEZE = "take pretrain.frozen out, type: tailweight render, and run: the base is trained anew"


def is_frozen(values: Mapping[str, Any]) -> bool:
    """Say whether the base stays as it is."""
    return bool(_settings(values).frozen)


def trains_alone(values: Mapping[str, Any]) -> bool:
    """Say whether the training of a class reads no sample of another."""
    return _settings(values).starts in STARTS_WITHOUT_LENDERS


def narrowed(parameters: list[Any]) -> list[Any]:
    """Return the parameters of a class's training with the hash of its samples, which stands for the splits."""
    own = {dag.PLAN: [f"classes.${{key}}.{name}" for name in (*dag.stage_named("train").of_plan, "samples")]}
    return [own if isinstance(one, dict) and dag.PLAN in one else one for one in parameters]


def check_settings(project: Path, values: Mapping[str, Any]) -> None:
    """Raise UserError where the base that stays was trained with other settings than there are now."""
    told = lock.recorded(project, "pretrain").get("params", {}).get(params.FILE, {})
    now = {"seed": params.seed(values), "upscale.factor": params.group(dag.stage_named("upscale"), values).factor}  # type: ignore[attr-defined]
    try:
        same = _settings(told).model_copy(update={"frozen": True}) == _settings(values)
    except UserError:
        same = False
    if not same or any(told.get(name) != value for name, value in now.items()):
        raise UserError(
            f"the base was trained with other settings than {params.FILE} has now; put those back, or {UNFREEZE}"
        )


def check_classes(project: Path) -> None:
    """Raise UserError where the base that stays was trained on other classes than there are now."""
    if lock.is_as_read(project, "pretrain", CLASSES) is False:
        raise UserError(f"the classes are others than those of the base that pretrain.frozen keeps; {UNFREEZE}")


def _settings(values: Mapping[str, Any]) -> Any:
    return params.group(dag.stage_named("pretrain"), values)
