"""Draw one page that says what was found, made, measured and decided."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field

from gan.progress import Progress
from gan.settings import Settings as Base
from pipelines import files
from pipelines.plan import Plan
from pipelines.samples import Candidates, Samples, png_bytes


class Settings(Base):
    """The group `report` of the parameters."""

    title: str = Field(default="", description="what the report calls the project; `init` takes its folder's name")


def run(
    *,
    train: Path,
    validation: Path,
    manifest: Path,
    plan: Path,
    models: Path,
    candidates: Path,
    synthetic: Path,
    evaluation: Path,
    release: Path,
    suspects: Path,
    report: Path,
    settings: Settings,
    changed: Mapping[str, Any],
    seed: int,
    progress: Progress,
) -> None:
    """Write `report.html`, self-contained; a CSV for each of its tables and drawings that `evaluation` has none for; and
    `samples.png`, real images above the kept ones that started there.

    changed: settings that differ from their defaults, `group.key` -> value.
    """
    from pipelines.report import identity, page, sections, sheets
    from pipelines.report.sections import Sources

    planned, real = Plan.load(plan), Samples.load(train)
    sources = Sources.load(models, evaluation, real, Samples.load(validation), planned)
    classes, sheet = [], []
    for number, (slug, entry) in enumerate(planned.classes.items(), 1):
        made, own = Candidates.load(synthetic / f"{slug}.parquet"), real.of_class(entry.index)
        summary = files.read_json(synthetic / f"{slug}.json")
        classes.append(sections.of_class(sources, slug, entry, made, own, summary))
        if len(made.kept) and real.form.pixels:
            sheet += sheets.side_by_side(made.kept, own)
        progress(number, len(planned.classes), {})
    records = sections.records(pd.read_csv(manifest, keep_default_na=False))
    whole = {
        "identity": identity.of(settings.title, train, real, records, sources.measured, changed, seed),
        "classes": classes,
        **sections.decision_part(sources, files.read_json(release / "release.json")),
        **sections.data_part(sources, records),
        **sections.suspects_part(sources, suspects, real),
        **sections.relations_part(sources, candidates, real.columns),
        **sections.measured_part(sources),
        **sections.training_part(sources),
    }
    report.mkdir(parents=True, exist_ok=True)
    files.write_text(report / "report.html", page.render(whole))
    sources.figures.write(report)
    if sheet:
        (report / "samples.png").write_bytes(png_bytes(sheets.sheet(sheet)))
    print(f"report: {sources.measured['reason']}")
