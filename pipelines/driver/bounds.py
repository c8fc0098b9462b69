"""What the settings may be: the bounds of each in words, and all of them as a JSON schema, for editors."""

import json
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import ConfigDict, create_model
from pydantic.fields import FieldInfo

LIMITS = (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below"))


def in_words(field: FieldInfo) -> str:
    """Return what a setting may be, in words; empty where its type says all.

    >>> from gan.training.settings import PretrainSettings
    >>> in_words(PretrainSettings.model_fields["sampling_power"])
    'at least 0, at most 1'
    """
    limits = [
        f"{word} {limit:g}"
        for constraint in field.metadata
        for name, word in LIMITS
        if (limit := getattr(constraint, name, None)) is not None
    ]
    named = choices(field.annotation)
    if named:
        limits.append(
            f"one of {', '.join(named)}" if get_origin(field.annotation) is Literal else f"of {', '.join(named)}"
        )
    if any(getattr(constraint, "min_length", None) for constraint in field.metadata):
        limits.append("not empty")
    return ", ".join(limits)


def choices(annotation: Any) -> list[str]:
    """Return the words that a type takes, or that the entries of a list or mapping take; none where any will do.

    >>> choices(list[Literal["a", "b"]])
    ['a', 'b']
    """
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation)]
    return [choice for part in get_args(annotation) for choice in choices(part)]


def schema(title: str, groups: Mapping[str, Any]) -> str:
    """Return a JSON schema of groups of settings, (type, field) by name: types, bounds, defaults and meanings.

    Unknown names are errors.
    """
    model = create_model("Params", __config__=ConfigDict(extra="forbid", title=title), **groups)
    return json.dumps(model.model_json_schema(), indent=2, ensure_ascii=False)
