"""Where a synthetic sample comes from: all that is known of it, from the files of its project."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gan import checkpoint
from gan.errors import CheckpointError
from pipelines import files
from pipelines.driver import dag, git, lock, summary
from pipelines.errors import UserError
from pipelines.ingest import attributes
from pipelines.likeness import copies, views
from pipelines.likeness.distance import spaces
from pipelines.plan import ClassPlan, Plan
from pipelines.samples import KEPT, Candidates, Samples
from pipelines.samples.sets import ATTRIBUTE

MANIFEST = "data/release/manifest.csv"
MADE_BY = ("prepare", "upscale", "pretrain", "train", "generate", "filter")  # the stages behind a synthetic sample


def of(project: Path, name: str) -> dict[str, Any]:
    """Return what is known of the synthetic sample `name` as plain values; UserError where there is none."""
    slug, task = _class_of(project, name)
    stored = Candidates.load(_need(project / f"data/synthetic/{slug}.parquet", "filter"))
    place = np.flatnonzero(stored.rows["id"] == name)
    if not len(place):
        last = stored.rows["id"].iloc[-1] if len(stored) else "none"
        raise UserError(f"{name}: class {task.label!r} has no such sample; its last one is {last}")
    row = stored.rows.iloc[int(place[0])]
    value = stored.form.take(stored.values, place)
    told = files.read_json(project / f"data/synthetic/{slug}.json")
    entries = _recorded(project, slug)
    return {
        "sample": name,
        "class": task.label,
        "seed": int(row["seed"]),
        "start": _start(row),
        "subgroup": _subgroup(project, task, row),
        "raw_score": float(row["raw_score"]),
        "score": float(row["score"]),
        "scored_by": told["scored_by"],
        "threshold": told["threshold"],
        "kept": row["status"] == KEPT,
        "status": row["status"],
        "released": _is_released(project, name),
        "nearest_real": _nearest(project, task, value),
        "checkpoint": _checkpoint(project, slug),
        "parameters": _parameters(entries),
        "dvc": {out["path"]: out.get("md5") for entry in entries.values() for out in entry.get("outs", [])},
        "git": _git(project),
        "verdict": _verdict(project, task.label),
    }


def _class_of(project: Path, name: str) -> tuple[str, ClassPlan]:
    """Return the slug and the plan of the class that the id of a sample begins with."""
    planned = Plan.load(_need(project / dag.PLAN, "plan")).classes
    slug = name.rpartition("-")[0]
    if slug not in planned:
        known = ", ".join(f"{one}-000000" for one in planned) or "none yet; make them: tailweight run"
        raise UserError(f"{name!r} is not the id of a synthetic sample; ids are like {known}")
    return slug, planned[slug]


def _need(path: Path, stage: str) -> Path:
    if not path.is_file():
        raise UserError(f"{path}: not there; make it: tailweight run {stage} (or bring it: dvc pull)")
    return path


def _start(row: pd.Series) -> dict[str, Any]:
    """Return how the start was drawn: between two real samples, plus a step of the way from one to another."""
    start = {"reference": row["reference_id"], "neighbour": row["neighbour_id"], "weight": float(row["weight"])}
    lent = {"from": row["here_id"], "to": row["there_id"], "step": float(row["step"])} if row["here_id"] else None
    return {**start, "borrowed": lent}


def _subgroup(project: Path, task: ClassPlan, row: pd.Series) -> dict[str, Any] | None:
    """Return of which subgroup it is, and from which it was carried over; None where it was made without subgroups."""
    column = ATTRIBUTE + task.balance
    if not task.balance or column not in row:
        return None
    home = attributes.of_training(_need(project / dag.MANIFEST, "prepare"), task.balance)[row["reference_id"]]
    carried = str(home) if home != row[column] else None
    return {"attribute": task.balance, "value": row[column], "carried_from": carried}


def _is_released(project: Path, name: str) -> bool:
    path = project / MANIFEST
    return path.is_file() and name in set(pd.read_csv(path, usecols=["id"], dtype=str)["id"])


def _nearest(project: Path, task: ClassPlan, value: Any) -> dict[str, Any]:
    """Return the training sample of the class that lies nearest, as the filter measures it, and how near."""
    real = Samples.load(_need(project / "data/prepared/train.parquet", "prepare"))
    held_out = Samples.load(_need(project / "data/prepared/validation.parquet", "prepare")).of_class(task.index)
    view, own = views.fit(real), real.of_class(task.index)
    where = spaces(view.data(real.values, real.labels))
    found = copies.check(view.rows(value), view.rows(own.values), view.rows(held_out.values), where)
    ratio = float(found.ratio[0])  # infinite where all real samples of the class are alike
    return {"id": str(own.ids[found.index[0]]), "distance": round(ratio, 6) if np.isfinite(ratio) else None}


def _checkpoint(project: Path, slug: str) -> dict[str, Any]:
    path = _need(project / dag.stage_named("train").writes["model"].format(slug=slug), "train")
    try:
        gan = checkpoint.load(path)
    except CheckpointError as error:
        raise UserError(str(error)) from None
    place = path.relative_to(project).as_posix()
    return {"path": place, "network": gan.network, "steps": gan.total_steps, "kept": gan.health.outcome}


def _recorded(project: Path, slug: str) -> dict[str, Any]:
    """Return what DVC has recorded of the stages behind the class's samples, by name."""
    path = project / lock.FILE
    stages = lock.stages(path.read_bytes() if path.is_file() else None)
    names = [dag.stage_named(name).name_for(slug if dag.stage_named(name).per_class else None) for name in MADE_BY]
    return {name: stages[name] for name in names if name in stages}


def _parameters(entries: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that the stages ran with."""
    told = [entry.get("params", {}).get("params.yaml", {}) for entry in entries.values()]
    return {key: value for one in told for key, value in one.items()}


def _git(project: Path) -> dict[str, Any]:
    """Return the last commit that changed DVC's lock file, and whether it has changed since."""
    commit = git.answer(project, "log", "-1", "--format=%H", "--", lock.FILE)
    return {
        "commit": commit or None,
        "changed_since": bool(git.answer(project, "status", "--porcelain", "--", lock.FILE)),
    }


def _verdict(project: Path, label: str) -> dict[str, Any] | None:
    found = summary.of(project)
    own = [one for one in found.classes if one.name == label] if found else []
    return {"verdict": own[0].verdict, "why": own[0].why, "instead": own[0].instead} if own else None
