"""`params.yaml`, typed and strict: what it may say, what it says, and its text with every setting explained."""

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from gan.settings import Settings
from pipelines import files
from pipelines.driver.dag import Stage, stage_named, stages
from pipelines.errors import SETTINGS_FILE, SettingError, UserError

FILE = SETTINGS_FILE
AnySettings = TypeVar("AnySettings", bound=Settings)


class Gate(Settings):
    """What the command line makes of the verdicts; no stage depends on it."""

    enforce: bool = Field(default=False, description="end `tailweight run` with exit code 3 when nothing ships, for CI")


MOVED = {"train.network": "pretrain.network", "train.width": "pretrain.width"}  # settings of earlier versions
SEED_ABOUT = "every random number of a run comes from this one and a stable name"


def read(project: Path) -> dict[str, Any]:
    """Return `params.yaml` of a project as plain values; UserError where it is missing or no YAML mapping."""
    path = project / FILE
    if not path.is_file():
        raise UserError(
            f"{path}: no such file; run this inside a project, or make one: tailweight init DIR --images PATH"
        )
    values = files.read_yaml(path)
    if not isinstance(values, dict):
        raise UserError(f"{path}: expected settings such as 'seed: 0', found {type(values).__name__}")
    return values


def check(values: Mapping[str, Any], demo: bool) -> None:
    """Validate all settings, every group; UserError names the first key that is wrong and what it may be."""
    known = stages(demo)
    names = ["seed", "gate", *(stage.name for stage in known)]
    for name in values:
        if name not in names:
            raise SettingError(str(name), f"is not a group of settings{_nearest(str(name), names)}")
    seed(values)
    gate(values)
    needed = ["seed"] + [stage.name for stage in known if type(group(stage, values)).model_fields]
    _check_table(values)
    missing = [name for name in needed if name not in values]
    missing += sorted({path for stage in known for path in stage.borrows if not _says(values, path)} - set(missing))
    if missing:
        raise SettingError(", ".join(missing), "missing, and DVC needs every group; write them: tailweight render")


def _says(values: Mapping[str, Any], path: str) -> bool:
    """Say whether `values` have the setting `group.key`, or lack its whole group."""
    name, key = path.split(".")
    return name not in values or key in (values[name] or {})


def _about(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the settings say of the data; UserError names the first key that is wrong."""
    return group(stage_named("prepare"), values).model_dump()


def _check_table(values: Mapping[str, Any]) -> None:
    """Raise UserError where settings of a table contradict each other."""
    about = _about(values)
    judges = group(stage_named("evaluate"), values).model_dump(include={"classifiers", "estimators"})
    if about["columns"] and not about["label"]:
        raise SettingError(
            "prepare.label", "is empty, and prepare.columns speaks of a table; name the column of the class"
        )
    if about["label"] and about["label"] == about["group"]:
        raise SettingError(
            "prepare.group", f"and prepare.label both name {about['label']!r}; a group is another column"
        )
    if about["label"] and judges == {"classifiers": ["small_cnn"], "estimators": {}}:
        raise SettingError("evaluate.classifiers", "has small_cnn alone, which is for images; add random_forest")


def gate(values: Mapping[str, Any]) -> Gate:
    """Return what the command line makes of the verdicts; UserError names the first key that is wrong."""
    return _validated("gate", Gate, values)


def seed(values: Mapping[str, Any]) -> int:
    """Return the run's seed; UserError where it is no whole number."""
    found = values.get("seed", 0)
    if isinstance(found, bool) or not isinstance(found, int):
        raise SettingError("seed", f"is {found!r}, expected a whole number such as 0")
    return found


def group(stage: Stage, values: Mapping[str, Any]) -> Settings:
    """Return the settings of one stage; UserError names the first key that is wrong."""
    return _validated(stage.name, stage.settings, values)


def _validated(name: str, model: type[AnySettings], values: Mapping[str, Any]) -> AnySettings:
    given = values.get(name) or {}
    if not isinstance(given, dict):
        key = next(iter(model.model_fields), "key")
        raise SettingError(name, f"is {given!r}, expected settings such as '{key}: …'")
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _first_problem(name, model, error) from None


def borrowed(stage: Stage, values: Mapping[str, Any], known: Mapping[str, Stage]) -> dict[str, Any]:
    """Return the single settings that `stage` takes from other groups, by their key."""
    result = {}
    for path in stage.borrows:
        name, key = path.split(".")
        result[key] = getattr(group(known[name], values), key)
    return result


def render(demo: bool, values: Mapping[str, Any] | None = None) -> str:
    """Return the text of `params.yaml`: every setting with its value in `values` or its default, and its meaning.

    Left out are settings that mean nothing to the kind of data that `values` are for; without `values`, none.
    """
    kind = None if values is None else "table" if _about(values)["label"] else "images"
    values = values or {}
    lines = [
        "# Every setting of a run, a group a stage. `tailweight params` explains them; `tailweight run` checks them.",
        "",
        f"seed: {seed(values)}  # {SEED_ABOUT}",
        *_rendered("gate", "what the command line makes of the verdicts", gate(values)),
    ]
    for stage in stages(demo):
        lines += _rendered(stage.name, stage.about, group(stage, values), kind)
    return "\n".join(lines) + "\n"


def _rendered(name: str, about: str, settings: Settings, kind: str | None = None) -> list[str]:
    """Return a group as text, without the settings of another than `kind` that have their defaults."""
    values = settings.model_dump(mode="json")
    lines = []
    for key, field in type(settings).model_fields.items():
        extra = field.json_schema_extra
        only = extra.get("only") if isinstance(extra, dict) else None
        if kind is None or only in (None, kind) or getattr(settings, key) != field.default:
            lines += _lines(key, values[key], field.description or "")
    return ["", f"{name}:  # {about}", *lines] if lines else []


def _lines(key: str, value: Any, about: str) -> list[str]:
    """Return a setting as text: a mapping that says something has a line an entry, since it may be long."""
    if not isinstance(value, dict) or not value:
        return [f"  {key}: {json.dumps(value, ensure_ascii=False)}  # {about}"]
    entries = [
        f"    {json.dumps(k, ensure_ascii=False)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items()
    ]
    return [f"  {key}:  # {about}", *entries]


def _first_problem(name: str, model: type[Settings], error: ValidationError) -> SettingError:
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    path = f"{name}.{key}"
    if path in MOVED:
        return SettingError(path, f"is now {MOVED[path]}; move its line there, then: tailweight render")
    if problem["type"] == "extra_forbidden":
        return SettingError(path, f"is not a setting{_nearest(key, list(model.model_fields))}")
    top = model.model_fields.get(str(problem["loc"][0])) if problem["loc"] else None
    meaning = f" ({top.description})" if top else ""
    return SettingError(path, f"is {problem['input']!r}: {problem['msg'].lower()}{meaning}")


def _nearest(word: str, words: list[str]) -> str:
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(words)}"
