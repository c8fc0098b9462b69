"""Count the training samples of each class, say which classes need how many more, and which cannot ship anyway."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from gan.progress import Progress
from gan.settings import ExpertField
from gan.settings import Settings as Base
from pipelines import files
from pipelines.errors import UserError
from pipelines.ingest import attributes
from pipelines.ingest.splits import wholes
from pipelines.plan import ClassPlan, Plan, SubgroupPlan, slug
from pipelines.samples import Samples
from pipelines.samples.decisions import digests
from pipelines.wording import UNNAMED

LEAST_TO_START = 2  # samples of a subgroup, as in gan/starts.py, which loads torch


class Settings(Base):
    """When a class counts as a minority class, and what it should have."""

    minority_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="a class with less than this share of the largest class is a minority class",
    )
    sampling_strategy: str | float | dict[str, int] = Field(
        default="auto",
        description="target of such a class: auto (as many as the largest), a share of the largest, or {class: count}",
    )

    @field_validator("sampling_strategy", mode="before")
    @classmethod
    def _names_are_text(cls, strategy: Any) -> Any:
        if isinstance(strategy, str) and strategy != "auto":
            raise ValueError("expected auto, a share such as 0.5, or a count for each class")
        return {str(label): count for label, count in strategy.items()} if isinstance(strategy, dict) else strategy

    balance: str = ExpertField(
        default="",
        description="an attribute of prepare.attributes, such as site: what a class needs goes first to its subgroups with "
        "the fewest samples; empty: each sample is as likely a start as any other",
    )
    min_samples: int = Field(default=5, ge=2, description="a class with fewer training samples gets no GAN")


def run(
    *,
    train: Path,
    validation: Path,
    manifest: Path,
    classes: Path,
    plan: Path,
    settings: Settings,
    min_test_samples: int,
    min_gain: float,
    seed: int,
    progress: Progress,
) -> None:
    """Write `plan.yaml`, and say which classes cannot ship whatever is made for them.

    UserError where `sampling_strategy` names a class that does not exist or asks for too little.
    """
    names = files.read_json(classes)["classes"]
    seen, held_out = Samples.load(train), Samples.load(validation)
    counts = np.bincount(seen.labels, minlength=len(names))
    made = make_plan(dict(zip(names, counts.tolist(), strict=True)), settings)
    told = attributes.of_training(manifest, settings.balance) if settings.balance else None
    for name, entry in made.classes.items():
        own = seen.of_class(entry.index), held_out.of_class(entry.index)
        update: dict[str, Any] = {"samples": _digest(*own)}
        if told is not None:
            update |= {"balance": settings.balance, "subgroups": filled_up(told.reindex(own[0].ids), entry.needed)}
        made.classes[name] = entry.model_copy(update=update)
    made.save(plan)
    for entry in made.classes.values():
        print(f"plan: class {entry.label!r} has {entry.train_samples} training samples, target {entry.target}")
        for said in _mix_in_words(entry):
            print(f"plan: class {entry.label!r}: {said}")
    hopeless = _hopeless(made, seen, held_out, manifest, min_test_samples, 1 - min_gain, seed)
    for reason in [*made.skipped.values(), *hopeless]:
        print(f"plan: {reason}")
    if not made.classes:
        print("plan: no class is a minority class; nothing will be trained")


def _digest(*parts: Samples) -> str:
    """Return a short hash of the values of some samples, in their order."""
    told = "\n".join(" ".join(digests(part.values)) for part in parts)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _hopeless(
    plan: Plan, seen: Samples, held_out: Samples, manifest: Path, least: int, level: float, seed: int
) -> list[str]:
    """Return a line for each planned class that has too few test samples, or is found already without synthetic ones."""
    if not plan.classes:
        return []
    from pipelines.evaluation import outlook, reading  # loads scikit-learn
    from pipelines.likeness import views

    names = {entry.index: entry.label for entry in plan.classes.values()}
    columns = ["id", "class", "split", "group", "status"]
    rows = pd.read_csv(manifest, dtype="str", keep_default_na=False, usecols=columns)
    used = rows[rows["status"] == "used"]
    whole = wholes(used.assign(unit=used["id"]))  # equal rows are independent samples in test
    collected, tested = (
        part.groupby(used["class"]).nunique().reindex(names.values(), fill_value=0).to_dict()
        for part in (whole, whole[used["split"] == "test"])
    )
    view = views.fit(seen)
    real = view.data(seen.values, seen.labels).join(view.data(held_out.values, held_out.labels))
    found = outlook.found_already(real, reading.groups_of(seen, held_out), list(names), level, seed)
    lines = [
        f"class {names[label]!r} is solved: a plain forest finds it with average precision {score:.3f} out of fold, so "
        "there is nothing to gain for it"
        for label, score in found.items()
    ]
    noun = "groups of test samples" if (used["group"] != "").any() else "test samples"
    return [*lines, *outlook.too_few_to_judge(tested, collected, least, noun).values()]


def filled_up(values: pd.Series, needed: int) -> list[SubgroupPlan]:
    """Return how many of `needed` samples each subgroup of a class gets, so that the smallest end as large as can be.

    values: (m,) str, the subgroup of each training sample. A subgroup of one sample gets none, since a start lies between two;
    an empty list where all are so.
    """
    counts = values.value_counts().sort_index()
    grown = counts[counts >= LEAST_TO_START].sort_values(kind="stable")
    if grown.empty:
        return []
    sizes = grown.to_numpy()
    levels = (needed + sizes.cumsum()) / np.arange(1, len(sizes) + 1)  # of the smallest, where no other grows
    level = levels[levels >= sizes].min()
    given = np.maximum(np.floor(level - sizes), 0).astype(int)
    given[: needed - given.sum()] += 1
    of = dict(zip(grown.index, given.tolist(), strict=True))
    return [
        SubgroupPlan(value=str(value), train_samples=int(count), needed=of.get(value, 0))
        for value, count in counts.items()
    ]


def _mix_in_words(entry: ClassPlan) -> list[str]:
    """Return how the samples that a class needs are divided between its subgroups, in lines."""
    if entry.balance and not entry.subgroups:
        return [
            f"no {entry.balance} has the {LEAST_TO_START} samples that a start lies between, so nothing is balanced"
        ]
    lines = []
    for one in entry.subgroups:
        said = f"{one.train_samples} of {entry.balance} {one.value or UNNAMED}, {one.needed} needed"
        few = one.train_samples < LEAST_TO_START
        lines.append(f"{said}: a start lies between {LEAST_TO_START} samples, so none can be made" if few else said)
    return lines


def make_plan(counts: dict[str, int], settings: Settings) -> Plan:
    """Return the plan for training counts by class name, in the order of the names."""
    largest = max(counts.values())
    targets = _targets(counts, largest, settings)
    grown, skipped = {}, {}
    for label, target in targets.items():
        count = counts[label]
        if count < settings.min_samples:
            skipped[label] = (
                f"class {label!r} has {count} training samples, at least {settings.min_samples} are needed for a GAN; "
                "collect more, use class weights or repeat its samples, or lower plan.min_samples"
            )
        elif target > count:
            index = list(counts).index(label)
            grown[slug(label)] = ClassPlan(
                label=label, index=index, train_samples=count, target=target, needed=target - count
            )
    return Plan(classes=grown, skipped=skipped, counts=counts)


def _targets(counts: dict[str, int], largest: int, settings: Settings) -> dict[str, int]:
    strategy = settings.sampling_strategy
    minority = [label for label, count in counts.items() if count < settings.minority_share * largest]
    if isinstance(strategy, dict):
        return _counted_targets(counts, strategy)
    if strategy == "auto":
        return dict.fromkeys(minority, largest)
    assert not isinstance(strategy, str), "the settings take no other word"
    if not 0 < strategy <= 1:
        raise UserError(
            f"params.yaml: plan.sampling_strategy is {strategy}, expected a share of the largest class in (0, 1]"
        )
    return {label: max(round(strategy * largest), counts[label]) for label in minority}


def _counted_targets(counts: dict[str, int], strategy: dict[str, int]) -> dict[str, int]:
    for label, target in strategy.items():
        if label not in counts:
            raise UserError(
                f"params.yaml: plan.sampling_strategy names the class {label!r}; known are {', '.join(counts)}"
            )
        if target < counts[label]:
            raise UserError(
                f"params.yaml: plan.sampling_strategy asks for {target} samples of {label!r}, which has {counts[label]}; "
                "samples are only ever added"
            )
    return strategy
