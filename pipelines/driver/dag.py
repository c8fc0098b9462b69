"""The one definition of the stages: their order, inputs, outputs and parameters. `dvc.yaml` is rendered from it."""

import ast
import hashlib
import importlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType

from gan.settings import Settings
from pipelines import files

SOURCE = Path(__file__).resolve().parents[2]  # where the packages `gan` and `pipelines` lie
RAW = "data/raw"
RAW_FILE = f"{RAW}.dvc"  # by which DVC keeps the raw data of a project elsewhere; in the demo a stage makes them
MANIFEST = "data/prepared/manifest.csv"
HEADLINE = "data/evaluation/headline.json"
PLAN = "data/plan.yaml"
SUSPECTS = "data/suspects.csv"
REPORT = "data/report/report.html"
REVIEW = "data/review.jsonl"  # in git: what reviewers decided
SPLITS = "data/splits.csv"  # in git: the split that each sample has had and keeps
REMOVED = "data/removed.txt"  # in git: the samples that were taken back
LAID_EMPTY = (REVIEW, SPLITS, REMOVED)  # stages depend on them, and DVC takes no dependency that is missing


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline.

    `reads` and `writes` map the names of the arguments of the stage's `run` to paths in the project; `{slug}` stands for
    the class in a stage that runs once for each minority class. `borrows` are single settings of other groups
    (`group.key`) that `run` takes by their key.
    """

    name: str
    about: str
    reads: dict[str, str]
    writes: dict[str, str]
    borrows: tuple[str, ...] = ()
    keeps: dict[str, str] = field(
        default_factory=dict
    )  # files in git that `run` reads and adds to, no part of what DVC hashes
    per_class: bool = False
    of_plan: tuple[
        str, ...
    ] = ()  # what a stage that runs once per class reads of its class in the plan; () for all of it
    accelerator: bool = False  # trains or runs a network
    parallel: bool = False  # `run` takes `workers`, how many processes it may use, and `elsewhere`, other machines
    configurable: bool = True  # has a group of settings, which `run` takes as `settings`
    resumes: bool = False  # `run` takes `states`, where it keeps how far it is and goes on from
    told_changes: bool = False  # `run` takes `changed`, all settings of all stages that differ from their defaults
    demo: bool = False  # part of this repository's own project only
    metrics: tuple[str, ...] = ()
    plots: dict[str, dict[str, object]] = field(default_factory=dict)  # templates: `plots.py`
    pictures: tuple[str, ...] = ()  # shown with the plots, of images alone

    @property
    def module(self) -> ModuleType:
        """The module with the stage's `run`, and its `Settings` where it is configurable."""
        return importlib.import_module(f"pipelines.stages.{self.name}")

    @property
    def code(self) -> list[str]:
        """The source files behind the stage, relative to the folder of the packages: its module and all it imports."""
        return sorted(code_behind(f"pipelines.stages.{self.name}"))

    @property
    def settings(self) -> type[Settings]:
        """The class of the stage's group of settings, one without fields where there is nothing to choose."""
        return self.module.Settings if self.configurable else Settings

    def name_for(self, slug: str | None) -> str:
        """Return the name that DVC knows the stage by: `filter`, or `filter@SLUG` for a class."""
        return f"{self.name}@{slug}" if slug else self.name


STAGES = (
    Stage(
        "digits",
        "write scikit-learn's handwritten digits as class folders, four classes cut to a few samples",
        reads={},
        writes={"raw": "data/raw"},
        demo=True,
    ),
    Stage(
        "prepare",
        "check every record, quarantine the bad, drop exact duplicates, split into train, validation and test",
        reads={"raw": RAW, "splits": SPLITS, "removed": REMOVED},
        writes={"prepared": "data/prepared"},
    ),
    Stage(
        "plan",
        "count, name the minority classes, say how many samples each needs",
        reads={
            "train": "data/prepared/train.parquet",
            "validation": "data/prepared/validation.parquet",
            "manifest": MANIFEST,
            "classes": "data/prepared/classes.json",
        },
        writes={"plan": PLAN},
        borrows=("evaluate.min_test_samples", "evaluate.min_gain"),
    ),
    Stage(
        "upscale",
        "train an upscaler, where the GAN is to make smaller images than the data set has",
        reads={"train": "data/prepared/train.parquet", "validation": "data/prepared/validation.parquet"},
        writes={"upscaler": "data/models/upscaler.safetensors"},
        accelerator=True,
        resumes=True,
    ),
    Stage(
        "pretrain",
        "train one conditional GAN on all classes: majority classes teach how samples vary",
        reads={
            "train": "data/prepared/train.parquet",
            "validation": "data/prepared/validation.parquet",
            "classes": "data/prepared/classes.json",
        },
        writes={
            "model": "data/models/base.safetensors",
            "curves": "data/models/base.csv",
            "health": "data/models/base.json",
        },
        borrows=("upscale.factor",),
        accelerator=True,
        resumes=True,
        plots={
            "training": {"x": "step", "y": "${curves}", "template": "training", "title": "Scores in training"},
        },
    ),
    Stage(
        "train",
        "specialise the GAN for one minority class",
        reads={
            "train": "data/prepared/train.parquet",
            "validation": "data/prepared/validation.parquet",
            "base": "data/models/base.safetensors",
        },
        writes={
            "model": "data/models/{slug}.safetensors",
            "curves": "data/models/{slug}.csv",
            "health": "data/models/{slug}.json",
        },
        borrows=("upscale.factor",),
        per_class=True,
        of_plan=("label", "index"),
        accelerator=True,
        resumes=True,
    ),
    Stage(
        "generate",
        "make candidates of the class, each from its own seed, each with its discriminator score",
        reads={
            "train": "data/prepared/train.parquet",
            "manifest": MANIFEST,
            "model": "data/models/{slug}.safetensors",
            "upscaler": "data/models/upscaler.safetensors",
        },
        writes={"candidates": "data/candidates/{slug}.parquet", "relations": "data/candidates/{slug}.json"},
        borrows=("upscale.factor",),
        per_class=True,
        accelerator=True,
        resumes=True,
    ),
    Stage(
        "filter",
        "calibrate the scores on held-out real samples and keep the candidates that pass the threshold",
        reads={
            "train": "data/prepared/train.parquet",
            "validation": "data/prepared/validation.parquet",
            "model": "data/models/{slug}.safetensors",
            "candidates": "data/candidates/{slug}.parquet",
            "decisions": REVIEW,
        },
        writes={"synthetic": "data/synthetic/{slug}.parquet", "summary": "data/synthetic/{slug}.json"},
        borrows=("upscale.factor",),
        per_class=True,
        of_plan=("label", "index", "needed"),
        accelerator=True,
        resumes=True,
    ),
    Stage(
        "baseline",
        "find out what classifiers reach without synthetic samples, with every cheap alternative",
        reads={
            "train": "data/prepared/train.parquet",
            "validation": "data/prepared/validation.parquet",
            "classes": "data/prepared/classes.json",
            "plan": PLAN,
        },
        writes={"baseline": "data/baseline.safetensors", "suspects": SUSPECTS},
        borrows=tuple(f"evaluate.{key}" for key in ("classifiers", "estimators", "folds", "fold_repeats")),
        parallel=True,
        configurable=False,
        resumes=True,
    ),
    Stage(
        "evaluate",
        "measure what classifiers gain against every cheap alternative, and judge",
        reads={
            "train": "data/prepared/train.parquet",
            "validation": "data/prepared/validation.parquet",
            "test": "data/prepared/test.parquet",
            "classes": "data/prepared/classes.json",
            "plan": PLAN,
            "synthetic": "data/synthetic",
            "baseline": "data/baseline.safetensors",
        },
        writes={"evaluation": "data/evaluation"},
        keeps={"judged": "data/judged.json"},
        parallel=True,
        resumes=True,
        metrics=(HEADLINE,),
        plots={
            "gains and alternatives": {
                "x": {"data/evaluation/gains.csv": "gain", "data/evaluation/selection.csv": "average_precision"},
                "y": {"data/evaluation/gains.csv": "baseline", "data/evaluation/selection.csv": "arm"},
                "template": "gains",
                "title": "Gain of the synthetic samples, and how the alternatives do without them",
            },
            "dose and acceptance": {
                "x": {"data/evaluation/ways.csv": "dose", "data/evaluation/acceptance.csv": "acceptance"},
                "y": {f"data/evaluation/{name}.csv": "average_precision" for name in ("ways", "acceptance")},
                "template": "ways",
                "title": "How many samples, and which",
            },
        },
    ),
    Stage(
        "release",
        "put the real training set and the synthetic samples that earned it together, with a manifest",
        reads={
            "train": "data/prepared/train.parquet",
            "validation": "data/prepared/validation.parquet",
            "classes": "data/prepared/classes.json",
            "manifest": MANIFEST,
            "plan": PLAN,
            "synthetic": "data/synthetic",
            "evaluation": "data/evaluation",
        },
        writes={"release": "data/release"},
        configurable=False,
    ),
    Stage(
        "report",
        "draw one page that says what was found, made, measured and decided",
        reads={
            "train": "data/prepared/train.parquet",
            "validation": "data/prepared/validation.parquet",
            "manifest": MANIFEST,
            "plan": PLAN,
            "models": "data/models",
            "candidates": "data/candidates",
            "synthetic": "data/synthetic",
            "evaluation": "data/evaluation",
            "release": "data/release",
            "suspects": SUSPECTS,
        },
        writes={"report": "data/report"},
        told_changes=True,
        plots={
            "data/report/reliability.csv": {
                "x": "predicted",
                "y": "observed",
                "template": "reliability",
                "title": "Reliability of the calibrated scores",
            }
        },
        pictures=("data/report/samples.png",),
    ),
)

# Folders that hold one file a class. They exist before any class does, so that a stage can depend on them.
SHARED_FOLDERS = ("data/models", "data/candidates", "data/synthetic")


def stages(demo: bool) -> list[Stage]:
    """Return the stages of a project in order; `demo` adds the one that makes this repository's raw data."""
    return [stage for stage in STAGES if demo or not stage.demo]


def lay_empty(project: Path) -> None:
    """Write the files in git that stages depend on where a project has none of them yet."""
    files.lay_empty(*(project / path for path in LAID_EMPTY))


def stage_named(name: str) -> Stage:
    """Return the stage called `name`; KeyError where there is none."""
    return {stage.name: stage for stage in STAGES}[name]


def is_source(project: Path) -> bool:
    """Say whether `project` is the checkout that the running code lies in, which is its own first project."""
    return project.resolve() == SOURCE and (project / "pyproject.toml").exists()


def code_hash(stage: Stage) -> str:
    """Return a short hash over the source files behind a stage; stages depend on it through `code.yaml`."""
    digest = hashlib.sha256()
    for name in stage.code:
        digest.update(name.encode() + b"\0" + (SOURCE / name).read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@cache
def code_behind(module: str) -> frozenset[str]:
    """Return the files of `gan` and `pipelines` that `module` needs, itself included, found by reading its imports.

    Templates that lie beside a module belong to it.
    """
    found: set[str] = set()
    waiting = [module]
    while waiting:
        path = _file_of(waiting.pop())
        if path and path not in found:
            found.add(path)
            waiting += _imports(path)
    folders = {Path(path).parent for path in found}
    data = {path.relative_to(SOURCE).as_posix() for folder in folders for path in (SOURCE / folder).glob("*.j2")}
    return frozenset(found | data)


def _file_of(module: str) -> str | None:
    stem = module.replace(".", "/")
    for path in (f"{stem}.py", f"{stem}/__init__.py"):
        if "/" in stem and (SOURCE / path).is_file():
            return path
    return None


@cache
def _imports(path: str) -> tuple[str, ...]:
    """Return the modules of `gan` and `pipelines` that a file may import: of `from a import b` both `a` and `a.b`."""
    found: list[str] = []
    for node in ast.walk(ast.parse((SOURCE / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.startswith(("gan.", "pipelines."))]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ("gan", "pipelines"):
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(found)
