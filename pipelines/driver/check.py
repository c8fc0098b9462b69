"""What a run has to do: the settings and targets are checked, DVC is asked what is stale."""

from collections.abc import Mapping, Set
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines import files
from pipelines.driver import dag, dvc, frozen, graph, params
from pipelines.errors import UserError, nearest


def check(project: Path, targets: list[str]) -> dict[str, Any]:
    """Validate settings and targets before anything runs, and note which code the stages would run; return the settings."""
    demo = dag.is_source(project)
    values = params.read(project)
    params.check(values, demo)
    known = [stage.name for stage in dag.stages(demo)]
    for target in targets:
        if target not in known:
            raise UserError(f"{target!r} is not a stage{nearest(target, known)}")
    if not (project / dvc.FILE).is_file():
        raise UserError(f"{project / dvc.FILE}: no such file; write it with: tailweight render")
    _need_rendered(project, values)
    dag.lay_empty(project)
    dvc.write_code_hashes(project)
    return values


def _need_rendered(project: Path, values: Mapping[str, Any]) -> None:
    """Raise UserError where `dvc.yaml` says of the base otherwise than the settings do: whether it stays, and what is read."""
    asked, stages = frozen.is_frozen(values), _part(files.read_yaml(project / dvc.FILE), "stages")
    alone = _part(_part(stages, "train"), "do").get("deps") == [frozen.BASE]
    if _part(stages, "pretrain").get("frozen", False) != asked or alone != (asked and frozen.trains_alone(values)):
        raise UserError(
            f"pretrain.frozen or pretrain.starts has changed, and {dvc.FILE} does not say so yet; type: tailweight render"
        )


def _part(document: Any, name: str) -> dict[str, Any]:
    """Return a mapping in a document; an empty one where it has none."""
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def need_base(project: Path, values: Mapping[str, Any]) -> None:
    """Raise UserError where the base is to stay, and it is not there, was changed, or was trained with other settings."""
    if not frozen.is_frozen(values):
        return
    if not (project / frozen.BASE).is_file() or dvc.status(project, "pretrain"):
        raise UserError(
            f"pretrain.frozen keeps the base, and it is not there as it was trained ({frozen.BASE}); bring it back: "
            f"dvc checkout, or dvc pull; or {frozen.UNFREEZE}"
        )
    frozen.check_settings(project, values)


def need_data(project: Path) -> None:
    """Raise UserError where DVC keeps the raw data of a project and they are not there."""
    if (project / dag.RAW_FILE).is_file() and not (project / dag.RAW).exists():
        raise UserError(
            f"{project / dag.RAW}: the data are gone; bring them back: dvc checkout {dag.RAW_FILE}, or dvc pull"
        )


class Standing:
    """How a project stands at one moment: DVC is asked for each of the two answers once, when it is first needed."""

    def __init__(self, project: Path) -> None:
        self.project = project

    @cached_property
    def changed(self) -> Mapping[str, Any]:
        """What DVC calls changed, by stage; empty where all is up to date."""
        return dvc.status(self.project)

    @cached_property
    def graph(self) -> graph.Graph:
        """The stages, each with those that it directly depends on."""
        return dvc.graph(self.project)

    def wanted(self, targets: list[str]) -> set[str]:
        """Return the names of the targets and of all that they depend on."""
        return graph.ancestors(self.graph, graph.expand(self.graph, targets))

    def is_up_to_date(self, targets: list[str]) -> bool:
        """Say whether there is nothing to do for the targets and what they depend on."""
        return not self.changed or (bool(targets) and not self.wanted(targets) & set(self.changed))

    def stale(self, names: Set[str]) -> set[str]:
        """Return which of the stages `names` are to run: what is changed, and what depends on it among them."""
        return graph.descendants(graph.part(self.graph, names), set(self.changed) & names)
