"""`params.yaml`, typed and strict: what it may say, what it says, and its text with every setting explained."""

import json
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from gan.errors import one_line
from gan.settings import Settings
from pipelines import files
from pipelines.driver import bounds, run_settings
from pipelines.driver.dag import Stage, stage_named, stages
from pipelines.errors import SETTINGS_FILE, SettingError, UserError, nearest
from pipelines.evaluation.settings import NETWORKS

FILE = SETTINGS_FILE
# Characters that no YAML file may have, but for those that JSON escapes.
UNPRINTABLE = re.compile("[\\x7f-\\x84\\x86-\\x9f\\ud800-\\udfff\\ufffe\\uffff]")
AnySettings = TypeVar("AnySettings", bound=Settings)

MOVED = {  # settings of earlier versions
    "train.network": "pretrain.network",
    "train.width": "pretrain.width",
    "generate.oversampling": "generate.candidates_per_sample",
}
SEED = "every random number of a run comes from this one and a stable name"


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
    names = ["seed", *run_settings.GROUPS, *(stage.name for stage in known)]
    for name in values:
        if name not in names:
            raise SettingError(str(name), f"is not a group of settings{nearest(str(name), names)}")
    seed(values)
    for name, model in run_settings.GROUPS.items():
        _validated(name, model, values)
    needed = ["seed"] + [stage.name for stage in known if type(group(stage, values)).model_fields]
    _check_columns(values)
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


def kind(values: Mapping[str, Any]) -> str:
    """Return the kind of data that the settings are for: images, table or series."""
    return str(cast(Any, group(stage_named("prepare"), values)).kind)


def _check_columns(values: Mapping[str, Any]) -> None:
    """Raise UserError where settings of a table, or of series, contradict each other."""
    about, of = _about(values), kind(values)
    judges = group(stage_named("evaluate"), values).model_dump(include={"classifiers"})
    if about["columns"] and not about["label"]:
        raise SettingError(
            "prepare.label", "is empty, and prepare.columns speaks of a table; name the column of the class"
        )
    if of == "series":
        _check_series(about)
    elif about["id"]:
        raise SettingError("prepare.time", "is empty, and prepare.id speaks of series; name the column of the time")
    if about["label"] and about["label"] == about["group"]:
        raise SettingError(
            "prepare.group", f"and prepare.label both name {about['label']!r}; a group is another column"
        )
    for name in about["attributes"]:
        for role in ("label", "id", "time"):
            if name == about[role]:
                raise SettingError("prepare.attributes", f"names {name!r}, as prepare.{role} does; name others")
    balance = cast(Any, group(stage_named("plan"), values)).balance
    if balance and balance not in about["attributes"]:
        raise SettingError("plan.balance", f"names {balance!r}, which prepare.attributes does not; put it there, too")
    _check_relations(values, about)
    for name in judges["classifiers"]:
        if NETWORKS.get(name, of) != of:
            raise SettingError(
                "evaluate.classifiers", f"names {name}, which is for {NETWORKS[name]}; use random_forest"
            )


def _check_series(about: Mapping[str, Any]) -> None:
    """Raise UserError where not each of the columns of series has a part of its own."""
    if about["columns"]:
        raise SettingError("prepare.columns", "speaks of a table, and prepare.time of series; leave one of the two out")
    taken: dict[str, str] = {}
    for name in ("id", "time", "label", "group"):
        if not about[name] and name != "group":
            raise SettingError(f"prepare.{name}", "is empty, and prepare.time speaks of series; name its column")
        if (other := taken.setdefault(about[name], name)) != name:
            raise SettingError(
                f"prepare.{name}", f"and prepare.{other} both name {about[name]!r}; it is another column"
            )


def _check_relations(values: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Raise UserError where a relation names a column that no row has."""
    relations, of = cast(Any, group(stage_named("generate"), values)).relations, kind(values)
    for place, relation in enumerate([] if isinstance(relations, str) else relations):
        path = f"generate.relations.{place}"
        if of != "table":
            raise SettingError(path, f"speaks of the columns of a table, and the data are {of}; leave it out")
        for name in relation.names:
            if name in (about["label"], about["group"]):
                what = "class" if name == about["label"] else "group"
                raise SettingError(
                    path, f"names {name!r}, the column of the {what}, which is not generated; name others"
                )
            if about["columns"] and name not in about["columns"]:
                raise SettingError(
                    path, f"names the column {name!r}, which is not there{nearest(str(name), about['columns'])}"
                )


def gate(values: Mapping[str, Any]) -> run_settings.Gate:
    """Return what the command line makes of the verdicts; UserError names the first key that is wrong."""
    return _validated("gate", run_settings.Gate, values)


def resume(values: Mapping[str, Any]) -> run_settings.Resume:
    """Return how a stage that was stopped goes on; UserError names the first key that is wrong."""
    return _validated("resume", run_settings.Resume, values)


def publish(values: Mapping[str, Any]) -> run_settings.Publish:
    """Return what becomes of what a run has made; UserError names the first key that is wrong."""
    return _validated("publish", run_settings.Publish, values)


def seed(values: Mapping[str, Any]) -> int:
    """Return the run's seed; UserError where it is no whole number."""
    found = values.get("seed", 0)
    if isinstance(found, bool) or not isinstance(found, int):
        raise SettingError("seed", f"is {one_line(repr(found), 60)}, expected a whole number such as 0")
    return found


def group(stage: Stage, values: Mapping[str, Any]) -> Settings:
    """Return the settings of one stage; UserError names the first key that is wrong."""
    return _validated(stage.name, stage.settings, values)


def _validated(name: str, model: type[AnySettings], values: Mapping[str, Any]) -> AnySettings:
    given = values.get(name) or {}
    if not isinstance(given, dict):
        key = next(iter(model.model_fields), "key")
        raise SettingError(name, f"is {one_line(repr(given), 60)}, expected settings such as '{key}: …'")
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


def changed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of all stages that differ from their defaults, `group.key` -> value."""
    result: dict[str, Any] = {}
    for stage in stages(demo=True):
        if stage.name in values and stage.configurable:
            plain, usual = group(stage, values).model_dump(mode="json"), stage.settings().model_dump(mode="json")
            result |= {f"{stage.name}.{key}": value for key, value in plain.items() if value != usual[key]}
    return result


def render(demo: bool, values: Mapping[str, Any] | None = None, everything: bool = False) -> str:
    """Return the text of `params.yaml`: settings with their value in `values` or their default, and their meaning.

    Left out are settings that are hardly ever changed and have their defaults, and those that mean nothing to the kind of
    data that `values` are for (without `values`, none). `everything` leaves out neither and adds what each may be.
    """
    of = None if values is None or everything else kind(values)
    values = values or {}
    show = partial(_rendered, kind=of, everything=everything)
    lines = [
        "# The settings of a run, one group per stage. `tailweight params` explains them, `tailweight params --all` those that",
        "# are hardly ever changed as well; each may be added here. `tailweight run` checks them.",
        "",
        f"seed: {seed(values)}  # {SEED}",
    ]
    for name, model in run_settings.GROUPS.items():
        settings = _validated(name, model, values)
        if everything or settings != model() or any(is_shown(one, of) for one in model.model_fields.values()):
            lines += show(name, run_settings.ABOUT[name], settings)
    for stage in stages(demo):
        lines += show(stage.name, stage.about, group(stage, values))
    return "\n".join(lines) + "\n"


def all_values(demo: bool, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every setting by group and name, that in `values` or else its default."""
    groups = {stage.name: group(stage, values).model_dump(mode="json") for stage in stages(demo)}
    known = {name: settings for name, settings in groups.items() if settings}
    ours = {name: _validated(name, one, values).model_dump(mode="json") for name, one in run_settings.GROUPS.items()}
    return {"seed": seed(values), **ours, **known}


def _rendered(name: str, about: str, settings: Settings, kind: str | None, everything: bool) -> list[str]:
    """Return a group as text; one without anything to show stays, as `{}`, since DVC depends on it."""
    values = settings.model_dump(mode="json")
    fields = type(settings).model_fields
    lines = []
    for key, field in fields.items():
        if everything or is_shown(field, kind) or getattr(settings, key) != field.default:
            meaning = [field.description or "", bounds.in_words(field) if everything else ""]
            lines += _lines(key, values[key], "; ".join(filter(None, meaning)))
    if not fields:
        return []
    return ["", f"{name}:  # {about}" if lines else f"{name}: {{}}  # {about}", *lines]


def schema(demo: bool) -> str:
    """Return a JSON schema of `params.yaml`; a group is required where DVC needs it."""
    groups: dict[str, Any] = {
        "seed": (int, Field(description=SEED)),
    }
    for name, model in run_settings.GROUPS.items():
        groups[name] = (model, Field(model(), description=run_settings.ABOUT[name]))
    for stage in stages(demo):
        if stage.settings.model_fields:
            groups[stage.name] = (stage.settings, Field(description=stage.about))
    return bounds.schema(f"Tailweight's {FILE}", groups)


def is_shown(field: FieldInfo, kind: str | None) -> bool:
    """Say whether `params.yaml` shows a setting that has its default. kind: of data; None for all kinds."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    only = extra.get("only")
    return not extra.get("expert") and (
        kind is None or only in (None, kind) or (isinstance(only, list) and kind in only)
    )


def _lines(key: str, value: Any, about: str) -> list[str]:
    """Return a setting as text: a mapping that says something has a line an entry, since it may be long."""
    if not isinstance(value, dict) or not value:
        return [f"  {key}: {_quoted(value)}  # {about}"]
    entries = [f"    {_quoted(k)}: {_quoted(v)}" for k, v in value.items()]
    return [f"  {key}:  # {about}", *entries]


def _first_problem(name: str, model: type[Settings], error: ValidationError) -> SettingError:
    problem = _most_precise(error)
    parts = [str(part) for part in problem["loc"] if "[" not in str(part)]  # of a word or a list: which was tried
    path = ".".join([name, *parts])
    if path in MOVED:
        return SettingError(path, f"is now {MOVED[path]}; move its line there, then: tailweight render")
    top = model.model_fields.get(parts[0]) if parts else None
    meaning = f" ({top.description})" if top else ""
    if problem["type"] == "extra_forbidden":
        known = meaning or nearest(".".join(parts), list(model.model_fields))
        return SettingError(path, one_line(f"is not a setting{known}", 280))
    if problem["type"] in ("missing", "union_tag_not_found"):
        lost = "has no kind" if problem["type"] == "union_tag_not_found" else "is missing"
        return SettingError(path, one_line(f"{lost}{meaning}", 280))
    found, why = one_line(repr(problem["input"]), 60), one_line(problem["msg"].lower(), 140)
    return SettingError(path, one_line(f"is {found}: {why}{meaning}", 280))


def _most_precise(error: ValidationError) -> ErrorDetails:
    """Return what is wrong with the first wrong setting; of one that may be a word or a list, in which item."""
    first, *others = error.errors()
    same = [first, *(one for one in others if one["loc"][:1] == first["loc"][:1])]
    return max(same, key=lambda one: len(one["loc"]))


def _quoted(value: Any) -> str:
    """Return a value as JSON, which YAML reads, with the characters escaped that YAML takes for a damaged file."""
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
