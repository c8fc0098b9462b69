"""The damaged images of a project, filled and judged, and those that earn it put beside their originals."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from gan import repair
from pipelines import files
from pipelines.driver import check, dag, dvc, growth, hold, machine, params, progress
from pipelines.errors import UserError
from pipelines.evaluation import judged
from pipelines.evaluation.baseline import Baseline
from pipelines.evaluation.gate import SHIP
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.repaired import Finding, judge_fills
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.synthetic import AS_THEY_ARE, GENERATOR, NEAREST, SMOOTH
from pipelines.ingest import image_files, image_sources, kept
from pipelines.likeness import views
from pipelines.plan import Plan
from pipelines.report.page import environment
from pipelines.report.pictures import Card, Picture, url
from pipelines.samples import IMAGES, Samples, png_bytes
from pipelines.stages import prepare

FOLDER = f"{files.WORK}/repair"
FOUND, PAGE, FILLED = f"{FOLDER}/found.json", f"{FOLDER}/repair.html", f"{FOLDER}/filled"
JUDGED = dag.stage_named("evaluate").keeps["judged"]
SHOWN = 12  # images of a class on the page
WAYS = {
    AS_THEY_ARE: "as it is",
    SMOOTH: "smoothly",
    NEAREST: "from the nearest",
    GENERATOR: "by the generator",
}


@dataclass(frozen=True)
class Damaged:
    """Damaged images of the training split with their names, (n,), and the name of the class of each, (n,)."""

    names: np.ndarray
    classes: np.ndarray
    images: repair.Images


def fill_and_judge(project: Path, by: str, steps: int, workers: int | None) -> tuple[list[Finding], Mapping[str, str]]:
    """Fill what is missing of the damaged images of minority classes, judge them, and draw a page.

    by: which fill is judged, see `synthetic.FILLS`; the others stand beside it. Return what is found of each of these classes,
    and why images of others stay set aside, by class.
    UserError where the project has no such images, or is not up to date as far as `baseline`.
    """
    values = check.check(project, [])
    told = cast(prepare.Settings, params.group(dag.stage_named("prepare"), values))
    if told.kind != IMAGES:
        raise UserError(
            f"repair fills images, and the data of this project are {told.kind}; empty cells of a table are kept as they are"
        )
    if not check.Standing(project).is_up_to_date(["baseline"]):
        raise UserError(
            "what would be trained without the damaged images is not known yet; find it out: tailweight run baseline"
        )
    with hold.held(project):
        plan, names = Plan.load(project / dag.PLAN), files.read_json(_path(project, "classes"))["classes"]
        damaged, left = _split(damaged_images(project, told, names), plan)
        parts = {split: Samples.load(_path(project, split)) for split in ("train", "validation", "test")}
        fills = _filled(damaged.images, parts, params.seed(values), steps)
        found = _judged(project, values, parts, (names, plan), (by, fills), damaged, workers)
        _keep(project, found, damaged, by, fills)
    return found, left


def damaged_images(project: Path, settings: prepare.Settings, names: list[str]) -> Damaged:
    """Return what `prepare` has set aside because it is damaged and can be filled. names: of the classes, by label.

    UserError where there is nothing.
    """
    rows = pd.read_csv(project / dag.MANIFEST, dtype=str, keep_default_na=False).set_index("id")
    wanted = rows[rows["reason"].str.startswith(prepare.DAMAGED) & rows["reason"].str.endswith(prepare.CAN_FILL)]
    wanted = wanted[wanted["class"].isin(names)]
    if wanted.empty:
        raise UserError(
            f"{project / dag.MANIFEST} lists no damaged image that could be filled; an image is damaged where a mask lies "
            "beside it: NAME.mask.png beside NAME.png, white where pixels are missing"
        )
    channels = Samples.load(_path(project, "train")).values.shape[3]
    shape = (settings.image_size, settings.image_size, channels)
    images, masks, ids = [], [], []
    for record in image_sources.scan(project / dag.RAW, settings.labels, settings.attributes):
        if record.id in wanted.index:
            content = record.content()
            image = image_files.to_square(content, settings.image_size, settings.fit)
            images.append(np.broadcast_to(image, shape))
            masks.append(prepare.damage(record, content, settings))
            ids.append(record.id)
    classes = wanted.loc[ids, "class"].to_numpy(str)
    labels = np.array([names.index(one) for one in classes], np.int64)
    return Damaged(np.array(ids), classes, repair.Images(np.stack(images), labels, np.stack(masks)))


def _split(damaged: Damaged, plan: Plan) -> tuple[Damaged, dict[str, str]]:
    """Return the images of minority classes, and why those of other classes are left alone; UserError where none is left."""
    planned = [entry.label for entry in plan.classes.values()]
    left = {
        str(name): plan.skipped.get(name, f"class {name!r} is no minority class: it has enough whole images")
        for name in sorted(set(damaged.classes) - set(planned))
    }
    own = np.isin(damaged.classes, planned)
    if not own.any():
        raise UserError(
            f"none of the {len(own)} damaged images is of a class that needs more samples ({'; '.join(left.values())})"
        )
    images = damaged.images
    taken = repair.Images(images.values[own], images.labels[own], images.missing[own])
    return Damaged(damaged.names[own], damaged.classes[own], taken), left


def _filled(damaged: repair.Images, parts: Mapping[str, Samples], seed: int, steps: int) -> dict[str, np.ndarray]:
    """Return the images treated in each way, by way; the generator has learnt on all whole images outside of test."""
    whole = parts["train"], parts["validation"]
    known = np.concatenate([one.values for one in whole]), np.concatenate([one.labels for one in whole])
    with progress.shown("repair") as report:
        filler = repair.Filler.train(known, damaged.missing, seed, steps, report)
    return {
        AS_THEY_ARE: damaged.values,
        SMOOTH: repair.smooth(damaged),
        NEAREST: repair.from_neighbours(damaged, known),
        GENERATOR: filler.fill(damaged),
    }


def _judged(
    project: Path,
    values: Mapping[str, Any],
    parts: Mapping[str, Samples],
    classes: tuple[list[str], Plan],
    fills: tuple[str, Mapping[str, np.ndarray]],
    damaged: Damaged,
    workers: int | None,
) -> list[Finding]:
    """Judge the first of `fills`, the name of a fill, beside the others. classes: their names by label, and the plan."""
    (names, plan), (by, made) = classes, fills
    view = views.fit(parts["train"])
    train, held_out, test = (view.data(one.values, one.labels) for one in parts.values())
    own = {int(label) for label in damaged.images.labels}
    targets = {entry.index: entry.target for entry in plan.classes.values() if entry.index in own}
    inputs = Inputs(train, held_out, test, tuple(names), dict(sorted(targets.items())), (), parts["test"].attributes)
    by_class = {
        way: {label: view.rows(images[damaged.images.labels == label]) for label in inputs.targets}
        for way, images in made.items()
    }
    known = Baseline.load(_path(project, "baseline")) if len(targets) == len(plan.classes) else None
    settings = cast(Settings, params.group(dag.stage_named("evaluate"), values))
    with progress.shown("judge") as report:
        return judge_fills(
            inputs, by_class, by, settings, params.seed(values), report, workers or machine.cores(), known
        )


def _keep(project: Path, found: list[Finding], damaged: Damaged, by: str, fills: Mapping[str, np.ndarray]) -> None:
    """Write the filled images, what was found of them, and the page; remember that the test split has judged once more."""
    images = []
    for row, (name, label) in enumerate(zip(damaged.names, damaged.classes, strict=True)):
        images.append({"id": str(name), "class": str(label), "file": f"{row:05d}.png"})
        files.write_bytes(project / FILLED / f"{row:05d}.png", png_bytes(fills[by][row]))
    told = {"state": _state(project), "filled": by, "classes": [plain(one) for one in found], "images": images}
    files.write_json(project / FOUND, told)
    cards = _cards(damaged, fills)
    files.write_text(
        project / PAGE, environment().get_template("repair.html.j2").render(found=told["classes"], cards=cards)
    )
    test, result = (_digest(path) for path in (_path(project, "test"), project / FOUND))
    judged.remember(project / JUDGED, test, result)


def plain(one: Finding) -> dict[str, Any]:
    """Return a finding as JSON has it."""

    def interval(gain: Interval) -> dict[str, float]:
        return {name: round(float(getattr(gain, name)), 4) for name in ("value", "low", "high")}

    return {
        "class": one.verdict.name,
        "verdict": one.verdict.verdict,
        "reasons": one.reasons,
        "classifier": one.classifier,
        "whole": one.whole,
        "filled": one.filled,
        "average_precision": {way: round(value, 4) for way, value in one.precisions.items()},
        "gain_over": {way: interval(gain) for way, gain in one.gains.items()},
        "as_they_are_over_left_out": None if one.as_they_are is None else interval(one.as_they_are),
    }


def _cards(damaged: Damaged, fills: Mapping[str, np.ndarray]) -> dict[str, list[Card]]:
    """Return for each class what becomes of its first images."""
    cards = {}
    for name in dict.fromkeys(damaged.classes.tolist()):
        rows = np.flatnonzero(damaged.classes == name)[:SHOWN]
        cards[name] = [
            Card(
                [Picture(url(_masked(damaged.images, row)), "what is there"),
                 *(Picture(url(fills[way][row]), said) for way, said in WAYS.items())],
                pd.Series({"id": damaged.names[row]}),
            )
            for row in rows
        ]  # fmt: skip
    return cards


def _masked(images: repair.Images, row: int) -> np.ndarray:
    """Return an image with its missing pixels gray."""
    return np.where(images.missing[row][..., None], np.uint8(128), images.values[row])


def accept(project: Path) -> list[str]:
    """Put the filled images of the classes that ship beside their originals in `data/raw`; return the names of these.

    UserError where nothing was found to ship, where it was found of other data, or where nothing can be added to the data.
    """
    settings = growth.check(project)
    if not (project / FOUND).is_file():
        raise UserError("nothing is filled yet; fill and judge it with: tailweight repair")
    told = files.read_json(project / FOUND)
    if told["state"] != _state(project):
        raise UserError("the data or what was made of them has changed since; fill and judge anew: tailweight repair")
    shipped = {one["class"] for one in told["classes"] if one["verdict"] == SHIP}
    if not shipped:
        raise UserError("the filled images of no class have earned it: nothing was added (tailweight repair says why)")
    raw = project / dag.RAW
    form, place = image_sources.form_of(raw)
    if form not in ("", ".csv"):
        raise UserError(
            f"{place}: a {form} file, to which no image can be added; the filled ones lie in {project / FILLED}"
        )
    root = place if form == "" else place.parent
    with hold.held(project):
        if dvc.status(project, dag.RAW_FILE):
            raise UserError(f"{raw}: not what {dag.RAW_FILE} names; bring that: dvc checkout {dag.RAW_FILE}")
        kept.write_splits(project / dag.SPLITS, growth.splits_of(project, settings), growth.named_by(settings))
        names = []
        for one in told["images"]:
            if one["class"] in shipped:
                target = (root / one["id"]).with_suffix(image_sources.FILLED)
                files.write_bytes(target, (project / FILLED / one["file"]).read_bytes())
                names.append(one["id"])
        dvc.command(project, "add", "--quiet", dag.RAW)
    return names


def _state(project: Path) -> str:
    """Return a short hash of what the findings rest on: which images there are, in which splits, and the whole ones."""
    return " ".join(_digest(path) for path in (project / dag.MANIFEST, _path(project, "train"), _path(project, "test")))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _path(project: Path, name: str) -> Path:
    """Return where the input `name` of the stage `evaluate` lies."""
    return project / dag.stage_named("evaluate").reads[name]
