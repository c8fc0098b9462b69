"""What people call a stage: `train 5` for DVC's `train@5-ac3478`."""

from pathlib import Path

from pipelines.driver import dag
from pipelines.plan import Plan


def shown(name: str, project: Path) -> str:
    """Return the stage's name with the name of the class in place of its slug.

    A slug that the plan does not know stays as it is.
    """
    stage, _, slug = name.partition("@")
    return f"{stage} {class_of(name, project) or slug}".rstrip()


def class_of(name: str, project: Path) -> str | None:
    """Return the class that a stage runs for; None for a stage of all classes, and where the plan does not know the slug."""
    slug = name.partition("@")[2]
    if not slug or not (project / dag.PLAN).is_file():
        return None
    planned = Plan.load(project / dag.PLAN).classes
    return planned[slug].label if slug in planned else None
