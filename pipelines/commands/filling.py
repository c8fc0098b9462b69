"""The damaged images of a project, filled and judged, and those that earn it put beside their originals."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from PIL import Image

from gan import repair
from pipelines import files
from pipelines.driver import check, dag, dvc, growth, hold, machine, memory, params, progress
from pipelines.errors import UserError
from pipelines.evaluation import judged, reading, tables
from pipelines.evaluation.baseline import Baseline
from pipelines.evaluation.gate import SHIP
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.repaired import Finding, judge_fills
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.synthetic import AS_THEY_ARE, GENERATOR, LEFT_OUT, NEAREST, SMOOTH
from pipelines.ingest import image_files, image_sources, kept
from pipelines.ingest.splits import CAN_FILL, DAMAGED
from pipelines.likeness import views
from pipelines.plan import Plan
from pipelines.report.page import environment
from pipelines.report.pictures import Card, Picture, url
from pipelines.samples import IMAGES, Samples, png_bytes
from pipelines.stages import evaluate, prepare

FOLDER = f"{files.WORK}/repair"
HALF_WAY = f"{FOLDER}/accepting"  # there while filled images are added to the data
FOUND, PAGE, FILLED = f"{FOLDER}/found.json", f"{FOLDER}/repair.html", f"{FOLDER}/filled"
JUDGED = dag.stage_named("evaluate").keeps["judged"]
SHOWN = 12  # images of a class on the page
WAYS = {  # what becomes of damaged images, in few words
    LEFT_OUT: "left out",
    AS_THEY_ARE: "as they are",
    SMOOTH: "filled smoothly",
    NEAREST: "filled from the nearest",
    GENERATOR: "filled by the generator",
}


@dataclass(frozen=True)
class Damaged:
    """Damaged images of the training split with their names, (n,), and the name of the class of each, (n,)."""

    names: np.ndarray
    classes: np.ndarray
    images: repair.Images


@dataclass(frozen=True)
class Outcome:
    """What `fill_and_judge` gives.

    found: of each minority class with damaged images.   left: why the images of other classes are left alone, by class.
    earlier: how many other results the test split has given before.   barred: why nothing can be added to the data, "" where
    it can.
    """

    found: list[Finding]
    left: Mapping[str, str]
    earlier: int
    barred: str


def fill_and_judge(project: Path, by: str, steps: int, workers: int | None) -> Outcome:
    """Fill what is missing of the damaged images of minority classes, judge them, and draw a page.

    by: which fill is judged, see `synthetic.FILLS`; the others stand beside it.
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
    with hold.held(project), memory.in_one_line("repair", "repair"):
        (project / FOUND).unlink(missing_ok=True)  # what is filled anew may not go with it
        plan, names = Plan.load(project / dag.PLAN), files.read_json(_path(project, "classes"))["classes"]
        parts = {split: Samples.load(_path(project, split)) for split in ("train", "validation", "test")}
        damaged, left = damaged_images(project, told, parts, (names, plan))
        fills = _filled(damaged.images, parts, params.seed(values), steps)
        found = _judged(project, values, parts, plan, (by, fills), damaged, workers)
        earlier = _keep(project, found, damaged, by, fills)
    return Outcome(found, left, earlier, _barred(project))


def damaged_images(
    project: Path, settings: prepare.Settings, parts: Mapping[str, Samples], classes: tuple[list[str], Plan]
) -> tuple[Damaged, dict[str, str]]:
    """Return the images of minority classes that `prepare` has set aside for their masks, and why others are left alone.

    parts: the samples of each split.   classes: their names by label, and the plan. UserError where there is nothing to fill.
    """
    names, plan = classes
    rows = pd.read_csv(project / dag.MANIFEST, dtype=str, keep_default_na=False).set_index("id")
    can = rows[rows["reason"].str.startswith(DAMAGED) & rows["reason"].str.endswith(CAN_FILL)]
    if can.empty:
        raise UserError(
            f"{project / dag.MANIFEST} lists no damaged image that could be filled; an image is damaged where a mask lies "
            "beside it: NAME.mask.png beside NAME.png, white where pixels are missing"
        )
    planned = {entry.label for entry in plan.classes.values()}
    left = {str(one): _left_alone(str(one), names, plan) for one in sorted(set(can["class"]) - planned)}
    wanted = can[can["class"].isin(planned)]
    if wanted.empty:
        raise UserError(f"none of the {len(can)} damaged images can be filled: {'; '.join(left.values())}")
    channels = parts["train"].values.shape[3]
    measured = {image.tobytes() for split in ("validation", "test") for image in parts[split].values}
    images, masks, ids = [], [], []
    for record in image_sources.scan(project / dag.RAW, settings.labels, settings.attributes):
        if record.id in wanted.index:
            content = record.content()
            image = _with_channels(image_files.to_square(content, settings.image_size, settings.fit), channels)
            if image.tobytes() not in measured:
                images.append(image)
                masks.append(prepare.damage(record, content, settings))
                ids.append(record.id)
    if not ids:
        raise UserError("each damaged image equals one of the validation or test split: none can be filled")
    own = wanted.loc[ids, "class"].to_numpy(str)
    labels = np.array([names.index(one) for one in own], np.int64)
    return Damaged(np.array(ids), own, repair.Images(np.stack(images), labels, np.stack(masks))), left


def _left_alone(name: str, names: list[str], plan: Plan) -> str:
    """Return why the damaged images of a class are not filled."""
    if name not in names or name in plan.skipped:
        return f"class {name!r} has too few whole images to measure what filling is worth: add some"
    return f"class {name!r} is no minority class: it has enough whole images"


def _with_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """Return an image, (s, s, 1 or 3) uint8, with as many channels as the whole ones have."""
    if image.shape[2] > channels:
        return np.asarray(Image.fromarray(image).convert("L"))[..., None]
    return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], channels)))


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
    plan: Plan,
    fills: tuple[str, Mapping[str, np.ndarray]],
    damaged: Damaged,
    workers: int | None,
) -> list[Finding]:
    """Judge the first of `fills`, the name of a fill, beside the others."""
    (by, made), test = fills, parts["test"]
    view = views.fit(parts["train"])
    labels = damaged.images.labels
    known = reading.real(parts["train"], parts["validation"], _path(project, "classes"), project / dag.PLAN)
    targets = {label: target for label, target in known.targets.items() if (labels == label).any()}
    inputs = replace(reading.with_test(known, view, test), targets=targets)
    by_class = {way: {c: view.rows(images[labels == c]) for c in targets} for way, images in made.items()}
    before = Baseline.load(_path(project, "baseline")) if len(targets) == len(plan.classes) else None
    settings = cast(Settings, params.group(dag.stage_named("evaluate"), values))
    with progress.shown("judge") as report:
        return judge_fills(
            inputs, by_class, by, settings, params.seed(values), report, workers or machine.cores(), before
        )


def _keep(project: Path, found: list[Finding], damaged: Damaged, by: str, fills: Mapping[str, np.ndarray]) -> int:
    """Write the filled images, the page and, when all else is there, what was found; remember that the test split has judged.

    Return how many other results it had given before.
    """
    images = []
    for row, (name, label) in enumerate(zip(damaged.names, damaged.classes, strict=True)):
        images.append({"id": str(name), "class": str(label), "file": f"{row:05d}.png"})
    told = {"state": _state(project), "filled": by, "classes": [plain(one) for one in found], "images": images}
    result = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
    earlier = judged.remember(project / JUDGED, evaluate.digest(_path(project, "test")), result)
    for one, image in zip(images, fills[by], strict=True):
        files.write_bytes(project / FILLED / one["file"], png_bytes(image))
    page = environment().get_template("repair.html.j2")
    files.write_text(project / PAGE, page.render(found=told["classes"], cards=_cards(damaged, fills), ways=WAYS))
    files.write_json(project / FOUND, told)
    return earlier


def plain(one: Finding) -> dict[str, Any]:
    """Return a finding as JSON has it."""

    def interval(gain: Interval) -> dict[str, float]:
        return {name: getattr(gain, name) for name in ("value", "low", "high")}

    told = {
        "class": one.verdict.name,
        "verdict": one.verdict.verdict,
        "reasons": one.reasons,
        "classifier": one.classifier,
        "whole": one.whole,
        "filled": one.filled,
        "average_precision": one.precisions,
        "gain_over": {way: interval(gain) for way, gain in one.gains.items()},
        "as_they_are_over_left_out": None if one.as_they_are is None else interval(one.as_they_are),
    }
    return cast(dict[str, Any], tables.plain(told))


def _cards(damaged: Damaged, fills: Mapping[str, np.ndarray]) -> dict[str, list[Card]]:
    """Return for each class what becomes of its first images."""
    cards = {}
    for name in dict.fromkeys(damaged.classes.tolist()):
        rows = np.flatnonzero(damaged.classes == name)[:SHOWN]
        cards[name] = [
            Card(
                [Picture(url(_masked(damaged.images, row)), "what is there"),
                 *(Picture(url(fills[way][row]), said) for way, said in WAYS.items() if way in fills)],
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

    Stopped half way, the same call does the rest.
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
    if barred := _barred(project):
        raise UserError(barred)
    form, place = image_sources.form_of(project / dag.RAW)
    root, half_way = place.parent if form else place, project / HALF_WAY
    with hold.held(project):
        if not half_way.is_file() and dvc.status(project, dag.RAW_FILE):
            raise UserError(
                f"{project / dag.RAW}: not what {dag.RAW_FILE} names; bring that: dvc checkout {dag.RAW_FILE}, or keep what is "
                f"there: dvc add {dag.RAW}"
            )
        files.write_text(half_way, "")
        kept.write_splits(project / dag.SPLITS, growth.splits_of(project, settings), growth.named_by(settings))
        names = []
        for one in told["images"]:
            if one["class"] in shipped:
                target = (root / one["id"]).with_suffix(image_sources.FILLED)
                files.write_bytes(target, (project / FILLED / one["file"]).read_bytes())
                names.append(one["id"])
        dvc.command(project, "add", "--quiet", dag.RAW)
        half_way.unlink()
    return names


def _barred(project: Path) -> str:
    """Return why filled images cannot be added to the data, "" where they can."""
    form, place = image_sources.form_of(project / dag.RAW)
    if form in ("", ".csv"):
        return ""
    return f"{place}: no image can be added to a {form} file; unpack it, and: tailweight init DIR --images FOLDER"


def _state(project: Path) -> str:
    """Return a short hash of what the findings rest on: the raw data, and what was made of them."""
    paths = (project / dag.RAW_FILE, project / dag.MANIFEST, _path(project, "train"), _path(project, "test"))
    return " ".join(evaluate.digest(path) for path in paths if path.is_file())


def _path(project: Path, name: str) -> Path:
    """Return where the input `name` of the stage `evaluate` lies."""
    return project / dag.stage_named("evaluate").reads[name]
