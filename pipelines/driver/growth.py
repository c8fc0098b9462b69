"""Data that grow: what is new at their source is put into `data/raw`, and the samples that are there keep their splits."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from pipelines import files
from pipelines.driver import dag, dvc, params
from pipelines.driver.check import need_data
from pipelines.errors import UserError
from pipelines.ingest import kept, source, table_rows, table_sources
from pipelines.ingest.additions import Additions
from pipelines.ingest.source import Source
from pipelines.ingest.splits import USED
from pipelines.samples import SERIES, TABLE
from pipelines.stages import prepare
from pipelines.stages.prepare import Settings


@dataclass(frozen=True)
class Growth:
    """What the source has that the project had not. kept: how many samples keep their splits; None where nothing was done."""

    source: Source
    found: Additions
    kept: int | None = None

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        classes = [
            {
                "class": one.name,
                "before": one.before,
                "new": one.new,
                "changed": one.changed,
                "in_source": one.in_source,
            }
            for one in self.found.classes
        ]
        found = {"new": self.found.new, "changed": list(self.found.changed), "left_out": dict(self.found.left_out)}
        return {"source": self.source.shown, "brought_in": self.kept is not None, **found, "classes": classes}

    @property
    def headline(self) -> str:
        """What was found, in a line."""
        noun, where = self.found.noun, self.source.shown
        if not self.found.any:
            return f"nothing new in {where}"
        changed = f", {len(self.found.changed)} with other content" if self.found.changed else ""
        return f"{self.found.new} new {noun}(s){changed} in {where}"


def bring_in(project: Path, given: str | None = None, dry_run: bool = False) -> Growth:
    """Put what is new at the source of a project into `data/raw` and let DVC keep it; write which samples keep which split.

    given: where to read instead of what `data/source.yaml` says. dry_run: only look. Nothing is written where nothing is
    new. UserError where the source cannot be read or does not go with the data, or the splits are not known.
    """
    settings = check(project)
    origin = source.chosen(project, given)
    found = compare(project, origin, settings)
    staged = project / files.WORK / "ingest"
    interrupted = staged.exists()  # the last time by a kill, perhaps when all was in place and DVC did not know it yet
    if dry_run or not (found.any or interrupted):
        return Growth(origin, found)
    if not interrupted and dvc.status(project, dag.RAW_FILE):
        raise UserError(
            f"{project / dag.RAW}: not what {dag.RAW_FILE} names; bring that: dvc checkout {dag.RAW_FILE}, or keep what is "
            f"there: dvc add {dag.RAW}"
        )
    splits = splits_of(project, settings)
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    try:
        found.write(staged)
    except BaseException:
        shutil.rmtree(staged)
        raise
    dag.lay_empty(project)
    kept.write_splits(project / dag.SPLITS, splits, named_by(settings))
    for path in sorted(staged.rglob("*")):
        if path.is_file():
            _put(path, project / dag.RAW / path.relative_to(staged))
    dvc.command(project, "add", "--quiet", dag.RAW)
    shutil.rmtree(staged)
    return Growth(origin, found, len(splits))


def on_schedule(project: Path) -> Growth | None:
    """Bring in what is new where `data/source.yaml` says that a run on a schedule does; None where it does not."""
    origin = source.read(project)
    return bring_in(project) if origin and origin.on_schedule else None


def check(project: Path) -> Settings:
    """Return the settings of `prepare`; UserError where the project is none whose data can grow."""
    values = params.read(project)
    params.check(values, dag.is_source(project))
    if not (project / dag.RAW_FILE).is_file():
        made = "made by a stage here" if dag.is_source(project) else "not kept by DVC; keep them: dvc add data/raw"
        raise UserError(f"{project / dag.RAW_FILE}: no such file: the data are {made}")
    need_data(project)
    pipeline = project / dvc.FILE
    if not pipeline.is_file() or dag.SPLITS not in pipeline.read_text(encoding="utf-8"):
        raise UserError(f"{pipeline}: missing, or of an earlier version; write it anew: tailweight render")
    return cast(Settings, params.group(dag.stage_named("prepare"), values))


def compare(project: Path, origin: Source, settings: Settings) -> Additions:
    """Return what a source has that `data/raw` has not."""
    raw = project / dag.RAW
    if settings.kind == TABLE:
        from pipelines.ingest import table_additions

        return table_additions.compare(raw, origin, prepare.columns_of(settings))
    if source.is_url(origin.path) or origin.query or origin.test:
        raise UserError(
            f"{origin.shown}: a database, a query or a test file, and the data of this project are {settings.kind}"
        )
    removed = kept.read_removed(project / dag.REMOVED)
    if settings.kind == SERIES:
        from pipelines.ingest import series_additions

        return series_additions.compare(raw, Path(origin.path), prepare.rules_of(settings), removed)
    from pipelines.ingest import image_additions

    return image_additions.compare(raw, Path(origin.path), settings.labels, removed, settings.attributes)


def splits_of(project: Path, settings: Settings) -> dict[str, str]:
    """Return the split of each sample that has one: what `data/splits.csv` says, then what `prepare` has dealt out.

    UserError as of `prepared`.
    """
    rows = prepared(project, settings)
    known = kept.read_splits(project / dag.SPLITS, named_by(settings))
    return {**dict(zip(rows["name"], rows["split"], strict=True)), **known}


def named_by(settings: Settings) -> str:
    """Return what names a sample in the first column of `data/splits.csv`."""
    return kept.ROW if settings.kind == TABLE else kept.IMAGE


def prepared(project: Path, settings: Settings) -> pd.DataFrame:
    """Return the rows of the manifest of samples that have a split, used or taken back, with their `name` in `data/splits.csv`.

    UserError where the outputs of `prepare` are not there, or are of other data.
    """
    manifest = project / dag.MANIFEST
    if not manifest.is_file():
        raise UserError(
            f"{manifest}: not there, and only it says which samples are test; bring it: dvc pull, or make it: tailweight run "
            "prepare"
        )
    with files.undamaged(manifest):
        rows = pd.read_csv(manifest, dtype="str", keep_default_na=False).set_index("id")
        used = rows[(rows["status"] == USED) | ((rows["reason"] == kept.TAKEN_BACK) & (rows["split"] != ""))]
    if settings.kind != TABLE:
        return used.assign(name=used.index)
    names = _digests(project / dag.RAW, settings, used["class"], manifest)
    return used.assign(name=[names[str(name)] for name in used.index])


def _digests(raw: Path, settings: Settings, classes: pd.Series, manifest: Path) -> dict[str, str]:
    """Return the digests of rows by what the manifest calls them; UserError where these are other rows than in `raw`.

    classes: of the rows, by name.
    """
    frame, tested = table_rows.load(raw, settings.label, settings.group)
    names = [table_rows.plain_name(name) for name in table_rows.row_names(tested)]
    digests = dict(zip(names, table_rows.digests(frame), strict=True))
    labels = dict(zip(names, table_sources.labels_of(frame, settings.label, str(raw)), strict=True))
    plain = {name: table_rows.plain_name(name) for name in classes.index}
    for name, label in classes.items():
        there = labels.get(plain[str(name)], "")
        if label not in (there, settings.labels.get(there, there)):
            raise UserError(
                f"{manifest}: of other rows than {raw} has now; bring it up to date: tailweight run prepare"
            )
    return {name: digests[plain[name]] for name in plain}


def _put(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, target)  # never onto a folder
