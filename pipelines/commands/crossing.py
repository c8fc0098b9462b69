"""Nested cross-validation of a project: a run for each part of the data, in a project of its own, and their gains together."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gan import seeds
from pipelines import files
from pipelines.commands.project import lay_out
from pipelines.driver import check, dag, dvc, growth, hold, machine, params
from pipelines.driver.run_settings import GROUPS
from pipelines.errors import UserError
from pipelines.evaluation import dealing, intervals
from pipelines.evaluation.settings import Settings
from pipelines.ingest import kept, table_rows
from pipelines.ingest.image_sources import FILLED
from pipelines.ingest.splits import FILLED_WHERE, USED, assign_splits, wholes
from pipelines.plan import Plan
from pipelines.samples import TABLE
from pipelines.stages import prepare
from pipelines.wording import figure

FOLDER = f"{files.WORK}/cross-validation"
RAW_IS = "raw.dvc"  # in a part's folder: what its copy of the raw data is a copy of


@dataclass(frozen=True)
class Finding:
    """What the samples add to a class over all parts.

    samples: of the class in all splits.   parts: in how many it has test samples.   without: mean average precision, of the
    parts that measured it, NaN where none did.   gain: of a run over the best alternative that it chose, 0 in a part where it
    tried no samples.   with_samples: both together.   p: its chance were there no gain, after Holm over the classes.
    said: what that means.
    """

    name: str
    samples: int
    parts: int
    without: float
    with_samples: float
    gain: intervals.Interval
    p: float
    said: str

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        told = {"class": self.name, "samples": self.samples, "parts": self.parts}
        means = {"without": _rounded(self.without), "with": _rounded(self.with_samples)}
        gain = {name: _rounded(value) for name, value in vars(self.gain).items()}
        return {**told, **means, "gain": gain, "p": round(self.p, 4), "said": self.said}


def cross_validate(project: Path, folds: int, repeats: int, workers: int | None) -> list[Finding]:
    """Run every part that is not up to date, and return what is found of each class that any of them grew.

    UserError where the project is none whose splits are known, where the data have too few of anything for so many parts,
    where another process runs the project, or where a run has ended with an error.
    """
    settings = growth.check(project)
    values = check.check(project, [])
    if not check.Standing(project).is_up_to_date(["prepare"]):
        raise UserError("data/prepared is not of these data and settings; bring it up to date: tailweight run prepare")
    names = names_of(project, settings)
    aside = aside_of(project, names)
    parts = [part for repeat in range(repeats) for part in dealt(names, folds, params.seed(values), repeat, settings)]
    results = []
    with hold.held(project):
        for number, splits in enumerate(parts, 1):
            place = project.resolve() / FOLDER / f"{folds}-{number:02d}"
            _lay(project, place, values, splits, growth.named_by(settings), aside)
            tested = sum(split == "test" for split in splits.values())
            print(f"part {number} of {len(parts)}: {tested} test samples", flush=True)
            _run(place, number, workers)
            results.append(measured(place))
    judged = params.group(dag.stage_named("evaluate"), values)
    assert isinstance(judged, Settings)
    return findings(pd.concat(results), names["class"].value_counts(), folds, judged)


def names_of(project: Path, settings: prepare.Settings) -> pd.DataFrame:
    """Return a row for each sample that is used: `id`, `class`, `group`, `name`, as `data/splits.csv` has it, and `unit`.

    Images that were filled are left out. Rows of a table that are equal in all but label and identifiers are one unit, as in
    `prepare`.
    """
    rows = growth.prepared(project, settings)
    whole = (rows["status"] == USED) & ~rows["reason"].str.startswith(
        FILLED_WHERE
    )  # of what a fill has seen, some is test
    names = rows.loc[whole, ["class", "group", "name"]].reset_index()
    if settings.kind != TABLE:
        return names.assign(unit=names["id"])
    known, _ = table_rows.check(project / dag.RAW, prepare.columns_of(settings), lambda *_: None)
    return names.assign(unit=names["id"].map(known.set_index("id")["unit"]))


def aside_of(project: Path, names: pd.DataFrame) -> list[str]:
    """Return the ids of all that is not in `names`: a part must not take it for new samples."""
    with files.undamaged(project / dag.MANIFEST):
        ids = pd.read_csv(project / dag.MANIFEST, dtype="str", keep_default_na=False, usecols=["id"])["id"]
    return ids[~ids.isin(names["id"])].tolist()


def dealt(names: pd.DataFrame, folds: int, seed: int, repeat: int, settings: prepare.Settings) -> list[dict[str, str]]:
    """Return for each part the split of each sample by name: that part is test, the rest is dealt as `prepare` does.

    names: of `names_of`. No group, and no unit, lies in two parts; classes are spread evenly.
    """
    whole = wholes(names)
    most = min(whole.nunique(), names["class"].value_counts().max())
    if most < folds:
        raise UserError(f"the data can be dealt to {most} parts at most; take fewer than {folds}: --folds")
    own = seeds.derive(seed, "cross-validation", repeat)
    parts = dealing.grouped(names["class"].to_numpy(str), whole.to_numpy(str), folds, own)
    return [_splits(names, tested, seed, settings) for _, tested in parts]


def _splits(names: pd.DataFrame, tested: np.ndarray, seed: int, settings: prepare.Settings) -> dict[str, str]:
    manifest = names.assign(status=USED, split="")
    manifest.loc[tested, "split"] = "test"
    new = pd.Series(False, manifest.index)
    assign_splits(manifest, manifest["split"].copy(), new, settings.test_share, settings.validation_share, seed)
    return dict(zip(manifest["name"], manifest["split"], strict=True))


def _lay(
    project: Path, place: Path, values: dict[str, Any], splits: dict[str, str], named: str, aside: list[str]
) -> None:
    """Make the project of a part, or bring the one that is there up to date with the settings and lists of `project`."""
    told = {name: group for name, group in values.items() if name not in GROUPS}
    told["evaluate"] = {**(values.get("evaluate") or {}), "min_test_samples": 1}
    told["pretrain"] = {**(values.get("pretrain") or {}), "frozen": False}  # the base has seen what a part is tested on
    raw = (project / dag.RAW_FILE).read_text(encoding="utf-8")
    if not (place / RAW_IS).is_file() or (place / RAW_IS).read_text(encoding="utf-8") != raw:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        shutil.copytree(project / dag.RAW, place / dag.RAW, ignore=shutil.ignore_patterns(f"*{FILLED}"))
        lay_out(place, told, name=place.name)
        files.write_text(place / RAW_IS, raw)
    removed = kept.read_removed(project / dag.REMOVED)
    files.write_text(place / params.FILE, params.render(demo=False, values=told))
    files.write_text(place / dvc.FILE, dvc.render(demo=False, values=told))
    dvc.write_code_hashes(place)
    kept.write_splits(place / dag.SPLITS, splits, named)
    files.write_text(place / dag.REVIEW, (project / dag.REVIEW).read_text(encoding="utf-8"))
    files.write_text(place / dag.REMOVED, "".join(f"{name}\n" for name in sorted({*removed, *aside})))


def _run(place: Path, number: int, workers: int | None) -> None:
    """Run a part up to its evaluation, in a process of its own that prints how far it is."""
    more = ["--workers", str(workers)] if workers else []
    command = [*machine.PYTHON, "pipelines", "-C", str(place), "run", "evaluate", *more]
    out = sys.stderr if sys.stdout is sys.stderr else None  # where standard output is for a document alone
    running = subprocess.Popen(command, stdout=out)
    try:
        code = running.wait()
    except KeyboardInterrupt:  # it ends its stages, which a kill would leave
        running.terminate()
        running.wait()
        raise
    if code:
        raise UserError(f"part {number}: its run ended with exit code {code}, see above; go on with the same command")


def measured(place: Path) -> pd.DataFrame:
    """Return a row for each class that a part's run wanted to grow, and for each that had too few samples for that.

    `grown`: whether it had enough.   `without`: average precision without synthetic samples, NaN where it was not measured.
    `gain`: what they add, 0 where none were tried.
    """
    evaluation = place / "data/evaluation"
    found = files.read_json(evaluation / "metrics.json")
    rows = [(name, False, np.nan, 0.0) for name in Plan.load(place / dag.PLAN).skipped]
    if decides := found.get("deciding_classifier"):
        scores = pd.read_csv(evaluation / "summary.csv", dtype={"class": str}, keep_default_na=False)
        precision = (scores["classifier"] == decides) & (scores["metric"] == "average_precision")
        alone = scores[precision & (scores["arm"] == found["best_arm"][decides])].set_index("class")["mean"]
        told = found["classes"].items()
        rows += [(name, True, float(alone[name]), one["gain"]["value"] or 0.0) for name, one in told]
    return pd.DataFrame(rows, columns=["class", "grown", "without", "gain"])


def findings(rows: pd.DataFrame, samples: pd.Series, folds: int, settings: Settings) -> list[Finding]:
    """Return what is found of each class. rows: of `measured`, of all parts. samples: of each class, in all splits."""
    # removed.txt cannot name an id with a space at its end, or a line break in it: what was set aside may have come in there
    classes = [name for name in dict.fromkeys(rows["class"]) if name in samples.index]
    own = [rows[rows["class"] == name] for name in classes]
    gains = [intervals.nadeau_bengio(one["gain"].to_numpy(float), 1 / folds, settings.confidence) for one in own]
    p = intervals.holm(np.array([gain.p for gain in gains]))
    of_loss = [1 - gain.p if gain.value < 0 and np.isfinite(gain.error) else 1.0 for gain in gains]
    losses = intervals.holm(np.array(of_loss))
    return [
        Finding(
            name,
            int(samples[name]),
            len(one),
            float(one["without"].mean()),
            float(one["without"].mean()) + gain.value,
            gain,
            float(chance),
            _said(one, gain, float(chance), float(loss), settings),
        )
        for name, one, gain, chance, loss in zip(classes, own, gains, p, losses, strict=True)
    ]


def _said(rows: pd.DataFrame, gain: intervals.Interval, p: float, of_loss: float, settings: Settings) -> str:
    """Return what a gain means. p, of_loss: its chance, and that of a loss as large, were there none, after Holm."""
    doubt = (1 - settings.confidence) / 2
    if not rows["grown"].any():
        return "too few samples for a GAN in every part (plan.min_samples)"
    if p <= doubt and gain.value >= settings.min_gain:
        return "gains"
    if of_loss <= doubt:
        return "loses"
    shown = f"; gains below {figure(gain.high)} are possible" if np.isfinite(gain.high) and gain.error > 0 else ""
    return "no gain beyond doubt" + shown


def _rounded(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None
