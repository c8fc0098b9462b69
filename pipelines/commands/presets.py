"""Presets: how much work a run is, as values of `params.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """Values of settings that differ from the defaults, by group, and what `tailweight init` says of them."""

    values: Mapping[str, Mapping[str, Any]]
    said: str = ""


PRESETS = {
    "fast": Preset(
        {
            "pretrain": {"steps": 200},
            "train": {"steps": 50},
            "evaluate": {
                "repeats": 2,
                "folds": 2,
                "doses": [1.0],
                "draws": 200,
            },
        },
        "preset fast: a first look; with 2 trainings of each classifier nothing ships. For a verdict: another --preset",
    ),
    "default": Preset({}),
    "thorough": Preset(
        {
            "pretrain": {"steps": 4800},
            "train": {"steps": 800},
            "generate": {"candidates_per_sample": 4.0},
            "evaluate": {"repeats": 10, "folds": 10, "fold_repeats": 2, "curve_repeats": 5, "draws": 4000},
        },
        "preset thorough: a run takes several times as long as with the defaults",
    ),
}


def with_preset(name: str, values: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return `values` and those of the preset `name`, group by group; where both have a setting, that of `values`."""
    preset = PRESETS[name].values
    return {group: {**preset.get(group, {}), **values.get(group, {})} for group in [*values, *preset]}
