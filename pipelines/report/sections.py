"""The parts of the page: what each shows, from the files that the stages wrote."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from pipelines import files
from pipelines.likeness import distance, views
from pipelines.likeness.distance import Space
from pipelines.likeness.views import View
from pipelines.plan import ClassPlan, Plan, SubgroupPlan
from pipelines.report import charts, decision, drawings, measured, nearness, relations, suspects
from pipelines.report.figures import Figures
from pipelines.report.nearness import Surroundings
from pipelines.report.page import mini
from pipelines.report.svg import spread
from pipelines.samples import Candidates, Samples
from pipelines.wording import DIGITS, UNNAMED

SEEN = 2000  # images from which the space is learnt that distances are measured in
BINS = ["class", "low", "high", "samples", "predicted", "observed"]
ALL_CLASSES = "all classes"
MEAN = "mean of minority classes"
NAMES = {"class": str, "attribute": str, "subgroup": str}
# Where these are blank there is no figure; elsewhere a text such as "NA" is a name.
BLANK = {name: [""] for name in ("value", "gain", "low", "high", "error", "p", "auc", "average_precision", "with")}


@dataclass(frozen=True)
class Sources:
    """What all parts of the page are made from.

    models: the folder of what was trained.   held_out: validation samples.   view, space: how samples are seen and compared.
    measured: `metrics.json`.   tables: the tables of the evaluation by name.   figures: keeps what the page shows.
    """

    models: Path
    held_out: Samples
    view: View
    space: Space
    plan: Plan
    measured: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    figures: Figures

    @classmethod
    def load(cls, models: Path, evaluation: Path, real: Samples, held_out: Samples, plan: Plan) -> Self:
        """Read what the evaluation wrote, and learn how samples are compared from `real`, the training samples."""
        view = views.fit(real)
        some = real.take(spread(len(real), SEEN)) if real.form.pixels else real
        space = distance.spaces(view.data(some.values, some.labels))[-1]
        tables = {
            name: pd.read_csv(evaluation / f"{name}.csv", keep_default_na=False, na_values=BLANK, dtype=NAMES)
            for name in ("scores", "gains", "subgroups", "ways", "acceptance", "tell")
        }
        found = files.read_json(evaluation / "metrics.json")
        return cls(models, held_out, view, space, plan, found, tables, Figures())

    @property
    def labels(self) -> Mapping[str, str]:
        """What to call the arms."""
        return dict(self.measured["labels"])

    def gains(self, label: str) -> pd.DataFrame:
        """Return the gains of a class under the classifier that decides."""
        table = self.tables["gains"]
        return table[table["decides"].astype(bool) & (table["class"] == label)]

    def on_test(self) -> dict[str, dict[str, float]]:
        """Return class -> alternative -> its average precision on test, under the classifier that decides."""
        scores, found = self.tables["scores"], self.measured
        arms = ["nothing", *found.get("rivals", [])]
        own = scores[scores["arm"].isin(arms) & (scores["metric"] == measured.PRECISION)]
        own = own[own["classifier"] == found.get("deciding_classifier")].astype({"value": float})
        means = own.groupby(["class", "arm"])["value"].mean().round(DIGITS)
        return {name: dict(part.droplevel(0)) for name, part in means.groupby(level=0)}

    def curves(self, name: str) -> pd.DataFrame:
        """Return the figures of a training."""
        return pd.read_csv(self.models / f"{name}.csv")


def decision_part(sources: Sources, release: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first screen: the decision, the classes in a table, what to do."""
    found, verdicts = sources.measured, sources.measured["classes"]
    table = decision.overview(found, sources.tables["gains"], sources.on_test(), sources.plan.skipped)
    table = sources.figures.add("overview.csv", table)
    slugs = {entry.label: slug for slug, entry in sources.plan.classes.items()}
    enough = [name for name in found["counts"] if name not in verdicts and name not in sources.plan.skipped]
    return {
        "headline": decision.headline(verdicts),
        "explained": decision.explained(verdicts),
        "overview": table.assign(slug=table["class"].map(slugs), mini=mini(table)).to_dict("records"),
        "enough": enough,
        "steps": decision.next_steps(found, release),
        "release": release,
    }


def data_part(sources: Sources, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the data are: records, and samples by class."""
    counts = [(name, one["train"], one.get("needed", 0)) for name, one in sources.measured["counts"].items()]
    table = sources.figures.add("counts.csv", pd.DataFrame(counts, columns=["class", "train", "needed"]))
    return {"records": known, "counts": charts.counts(table)}


def relations_part(sources: Sources, candidates: Path, kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return what is kept between the columns of a table. kinds: of the columns; none where the data are no table."""
    if not kinds or not sources.plan.classes:
        return {"tabular": False, "relations": None}
    found = [files.read_json(candidates / f"{slug}.json") for slug in sources.plan.classes]
    dates = {name for name, kind in kinds.items() if kind == "datetime"}
    return {"tabular": True, "relations": relations.shown(found, dates, sources.figures)}


def suspects_part(sources: Sources, path: Path, train: Samples) -> dict[str, Any]:
    """Return the real samples that may not be what they are said to be, the worst of them with pictures."""
    listed = sources.figures.add(suspects.FILE, suspects.read(path))
    worst = listed.head(suspects.SHOWN)
    shown = {
        "cards": suspects.cards(worst, train, sources.held_out),
        "table": suspects.table(worst),
        "all": len(listed),
    }
    return {"suspects": shown if len(listed) else None}


def records(manifest: pd.DataFrame) -> dict[str, Any]:
    """Return how many records there are by split, and the reasons for which others are quarantined."""
    used = manifest[manifest["status"] == "used"]
    reasons = manifest.loc[manifest["status"] != "used", "reason"]
    reasons = reasons.str.replace(r"^duplicate of [^,]*", "duplicate", regex=True)
    reasons = reasons.str.replace(r"^damaged: .* of it is masked", "damaged, with a mask", regex=True)
    return {
        "total": len(manifest),
        "splits": used["split"].value_counts().to_dict(),
        "reasons": reasons.value_counts().head(10).to_dict(),
    }


def measured_part(sources: Sources) -> dict[str, Any]:
    """Return what was measured for all classes together."""
    found, tables, scores = sources.measured, sources.tables, sources.tables["scores"]
    decides = found.get("deciding_classifier")
    mean, ways, kept = sources.gains(MEAN), tables["ways"], mean_acceptance(tables["acceptance"])
    return {
        "decides": decides,
        "way": found.get("way"),
        "gains": charts.gains(mean, sources.labels, "the minority classes") if len(mean) else None,
        "ways": charts.ways(ways) if len(ways) else None,
        "acceptance": charts.acceptance(sources.figures.add("acceptance.csv", kept)) if len(kept) else None,
        "by_class": measured.by_class(scores, decides, sources.labels, sources.figures) if decides else None,
        "by_subgroup": measured.by_subgroup(tables["subgroups"], sources.figures),
        "by_classifier": measured.by_classifier(scores, decides, sources.labels, sources.figures),
    }


def mean_acceptance(table: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over classes of average precision by share kept, with its standard error over the repeats."""
    keys = ["by", "acceptance"]
    by_repeat = table.groupby([*keys, "repeat"], sort=False)["average_precision"].mean()
    found = by_repeat.groupby(level=keys, sort=False).agg(["mean", "sem"]).reset_index().sort_values(keys)
    return found.rename(columns={"mean": "average_precision", "sem": "error"}).fillna({"error": 0.0})


def training_part(sources: Sources) -> dict[str, Any]:
    """Return how the trainings went: of the base, and of every class."""
    slugs = sources.plan.classes
    if not slugs:
        return {"health": None, "base": None, "base_curve": None, "troubles": []}
    names = {ALL_CLASSES: "base"} | {f"class {entry.label}": slug for slug, entry in slugs.items()}
    found = {name: files.read_json(sources.models / f"{stem}.json") for name, stem in names.items()}
    troubles = [(name, sign) for name, one in found.items() for sign in one["signs"] if sign["bad"]]
    return {
        "health": measured.health(found, sources.figures),
        "base": found[ALL_CLASSES],
        "base_curve": charts.training(sources.curves("base"), None, ALL_CLASSES),
        "troubles": troubles,
    }


def of_class(
    sources: Sources, slug: str, entry: ClassPlan, made: Candidates, own: Samples, summary: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the page says of one minority class."""
    label, figures = entry.label, sources.figures
    around = Surroundings(own, sources.view, sources.space)
    gains, found = sources.gains(label), sources.measured["samples"].get(label, {})
    tells = sources.tables["tell"]
    return {
        "slug": slug,
        "label": label,
        "verdict": sources.measured["classes"][label],
        "gains": charts.gains(gains, sources.labels, f"class {label}") if len(gains) else None,
        "checks": measured.checks(found, label, figures),
        "tells": tells[(tells["class"] == label) & (tells["kind"] == "gan")].to_dict("records"),
        "summary": summary,
        "balance": entry.balance,
        "subgroups": "; ".join(_divided(one) for one in entry.subgroups),
        "statuses": statuses(made),
        "health": files.read_json(sources.models / f"{slug}.json"),
        "curve": charts.training(sources.curves(slug), float(sources.curves("base")["step"].max()), f"class {label}"),
        **_reliability(summary, label, figures),
        **_nearness(around, sources.held_out.of_class(entry.index), made.kept, label, figures),
        **drawings.of_class(made, around, len(sources.plan.classes), figures, label),
    }


def statuses(made: Candidates) -> dict[str, int]:
    """Return how many candidates have each status; of copies it is not said of what."""
    plain = made.rows["status"].str.replace(r"^(near )?copy of .*", r"\1copy", regex=True)
    return plain.value_counts().to_dict()


def _divided(part: SubgroupPlan) -> str:
    """Return what a subgroup has and gets, in words."""
    return f"{part.needed:,} for {part.value or UNNAMED}, which has {part.train_samples:,}"


def _reliability(summary: Mapping[str, Any], label: str, figures: Figures) -> dict[str, Any]:
    bins = pd.DataFrame([{"class": label} | one for one in summary["reliability"]], columns=BINS)
    written = figures.add("reliability.csv", bins)
    return {"reliability": charts.reliability(written, f"class {label}") if len(bins) else None}


def _nearness(
    around: Surroundings, held_out: Samples, kept: Candidates, label: str, figures: Figures
) -> dict[str, Any]:
    if not len(kept):
        return {"map": None, "strip": None}
    groups = nearness.groups_of(around, held_out, kept)
    points, shares = nearness.embedding(groups, around.space)
    points = figures.add("embedding.csv", points.assign(**{"class": label}))
    far = figures.add("distances.csv", nearness.distances(groups, around).assign(**{"class": label}))
    name = f"class {label}"
    return {"map": nearness.map_of(points, shares, name), "strip": nearness.strip(far, name) if len(far) else None}
