"""The stage as a whole, on small worlds."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from gan.states import States
from pipelines.errors import UserError
from pipelines.evaluation import judged, tables
from pipelines.evaluation.baseline import Baseline
from pipelines.evaluation.evaluate import evaluate
from pipelines.evaluation.settings import Settings
from pipelines.samples import Candidates
from pipelines.stages import baseline
from pipelines.stages import evaluate as stage
from tests.pipelines.evaluation.worlds import digits, save, told_to_baseline, waves

QUICK = Settings(
    classifiers=["logistic_regression"],
    estimators={"sklearn.naive_bayes.GaussianNB": {}},
    folds=3,
    doses=[0.25, 1.0],
    acceptances=[0.5],
    curve_repeats=1,
    draws=300,
)
BRIEF = QUICK.model_copy(update={"curve_repeats": 0, "estimators": {}})
FILES = {f"{name}.csv" for name in tables.COLUMNS} | {"metrics.json", "verdicts.json", "headline.json"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `run` has evaluated held-back real samples."""
    folder = tmp_path_factory.mktemp("world")
    paths = save(digits((1, 8), classes=9), folder)
    stage.run(**paths, evaluation=folder / "one", judged=folder / "judged.json", settings=QUICK, seed=3)
    return folder


def paths_of(folder: Path) -> dict[str, Path]:
    """The stage's inputs in `folder`."""
    names = {
        "classes": "classes.json",
        "plan": "plan.yaml",
        "synthetic": "synthetic",
        "baseline": "baseline.safetensors",
    }
    return {n: folder / f"{n}.parquet" for n in ("train", "validation", "test")} | {
        k: folder / v for k, v in names.items()
    }


def test_every_table_is_written_with_its_columns(finished: Path) -> None:
    """And nothing else; these samples have no attributes, so there are no subgroups."""
    assert {path.name for path in (finished / "one").iterdir()} == FILES
    for name, columns in tables.COLUMNS.items():
        found = pd.read_csv(finished / "one" / f"{name}.csv")
        assert list(found.columns) == columns and found.empty == (name == "subgroups")


def test_two_processes_give_the_same_bytes_as_one(finished: Path) -> None:
    """Nothing depends on who computes what, nor on the clock."""
    stage.run(**paths_of(finished), evaluation=finished / "two", settings=QUICK, seed=3, workers=2)
    for name in FILES:
        assert (finished / "one" / name).read_bytes() == (finished / "two" / name).read_bytes(), name


def test_a_stopped_evaluation_goes_on_with_the_fits_that_are_left(finished: Path) -> None:
    """It ends with the same bytes, at another number of processes too; a damaged fit is said and made anew."""
    folder, lines = finished / "states", list[str]()

    def stop(done: int, total: int, figures: Mapping[str, float]) -> None:
        if done == 40:
            raise KeyboardInterrupt

    inputs = paths_of(finished)
    with pytest.raises(KeyboardInterrupt):
        stage.run(
            **inputs, evaluation=finished / "none", settings=QUICK, seed=3, progress=stop, states=States(folder, 0.01)
        )
    parts = sorted(folder.iterdir())
    assert len(parts) == 40
    parts[7].write_bytes(parts[7].read_bytes()[:-9])
    made_before = {path.name: path.stat().st_mtime_ns for path in parts}
    kept = States(folder, 0.01, lines.append)
    stage.run(**inputs, evaluation=finished / "three", settings=QUICK, seed=3, workers=2, states=kept)
    made_again = [name for name, made in made_before.items() if (folder / name).stat().st_mtime_ns != made]
    assert made_again == [parts[7].name] and len(lines) == 1 and parts[7].name in lines[0]
    for name in FILES:
        assert (finished / "one" / name).read_bytes() == (finished / "three" / name).read_bytes(), name


def test_what_is_known_before_is_not_trained_again(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`baseline` writes the same bytes at two processes and at one, and with them evaluate gives what it gives alone."""
    inputs = paths_of(finished)
    given = {name: inputs[name] for name in ("train", "validation", "classes", "plan")}
    told = told_to_baseline(QUICK)
    known = [finished / "known.safetensors", finished / "known again.safetensors"]
    listed = [path.with_suffix(".csv") for path in known]
    for workers, paths in enumerate(zip(known, listed, strict=True), start=1):
        baseline.run(**given, baseline=paths[0], suspects=paths[1], **told, seed=3, workers=workers)
    assert known[0].read_bytes() == known[1].read_bytes() and listed[0].read_bytes() == listed[1].read_bytes()
    said = capsys.readouterr().out
    assert "cross-validation" in said and re.search(r"digit 8 \d\.\d+; train on", said), said
    stage.run(**inputs | {"baseline": known[0]}, evaluation=finished / "four", settings=QUICK, seed=3)
    assert "cross-validation" not in capsys.readouterr().out
    for name in FILES:
        assert (finished / "one" / name).read_bytes() == (finished / "four" / name).read_bytes(), name


def test_a_damaged_baseline_is_named(finished: Path, tmp_path: Path) -> None:
    """In a line that says how to bring it back."""
    cut = tmp_path / "cut.safetensors"
    Baseline().save(cut)
    cut.write_bytes(cut.read_bytes()[:-4])
    with pytest.raises(UserError, match=r"cut\.safetensors: damaged .* dvc checkout"):
        stage.run(**paths_of(finished) | {"baseline": cut}, evaluation=tmp_path / "out", settings=QUICK, seed=3)


def test_held_back_real_samples_ship_and_the_verdict_says_why(finished: Path) -> None:
    """With the figures of the gain, what it is worth in real samples, and the smallest effect that could be seen.

    Every arm had to be beaten, and SMOTE used in the very way that the samples are used.
    """
    said = json.loads((finished / "one" / "verdicts.json").read_text())
    assert said["verdict"] == "ship"
    shipped = [one for one in said["classes"].values() if one["verdict"] == "ship"]
    rivals = json.loads((finished / "one" / "metrics.json").read_text())["rivals"]
    assert {"nothing", "smote", "smote_in_place"} <= set(rivals)
    for one in shipped:
        assert one["gain"]["low"] > 0 and one["detectable"] > 0
        assert "gain +" in one["reasons"][0] and "more real samples, of" in one["reasons"][0] and one["worth"] > 1


def test_the_gain_is_the_same_arm_with_and_without_samples(finished: Path) -> None:
    """In `summary`, the filtered GAN less the best arm of the same classifier is the gain that the verdict is about."""
    said = json.loads((finished / "one" / "metrics.json").read_text())
    name = said["deciding_classifier"]
    table = pd.read_csv(finished / "one" / "summary.csv", keep_default_na=False)
    for label, verdict in said["classes"].items():
        own = table[
            (table["classifier"] == name) & (table["class"] == label) & (table["metric"] == "average_precision")
        ]
        means = own.set_index("arm")["mean"].astype(float)
        assert verdict["gain"]["value"] == pytest.approx(
            means["gan_filtered"] - means[said["best_arm"][name]], abs=2e-4
        )


def test_a_solved_class_is_called_solved() -> None:
    """Where real samples alone reach 1.000 out of fold nothing is trained with synthetic ones, and nothing is underpowered."""
    result = evaluate(digits((0,), classes=2, few=20), BRIEF, 0)
    said = result.verdicts["classes"]["digit 0"]
    assert said["verdict"] == "solved" and "nothing to gain" in said["reasons"][0]
    assert not result.costs["arm"].str.startswith("gan").any()


def test_the_same_result_is_not_counted_as_another_judgement(finished: Path) -> None:
    """Only other results of the same test split wear it out."""
    file = finished / "judged.json"
    ((test, results),) = json.loads(file.read_text()).items()
    assert judged.remember(file, test, results[0]) == 0
    assert judged.remember(file, test, "another") == 1 and judged.remember(file, test, results[0]) == 1
    assert judged.remember(file, "another test split", results[0]) == 0


def test_held_back_real_series_ship(tmp_path: Path) -> None:
    """Read from files, judged on their features by more arms than tables have; the labels name the arms of series alone."""
    paths = save(waves(each=300, noise=0.4), tmp_path)
    stage.run(**paths, evaluation=tmp_path / "out", settings=BRIEF, seed=0)
    said = json.loads((tmp_path / "out" / "metrics.json").read_text())
    one = said["classes"]["sawtooth"]
    assert one["verdict"] == "ship" and one["gain"]["low"] > 0.02, one["reasons"]
    tried = set(pd.read_csv(tmp_path / "out" / "selection.csv")["arm"])
    assert {"smote", "jitter", "scaling", "time_warp"} <= tried <= set(said["labels"])
    assert "cmo" not in said["labels"] and "mixup" in said["labels"]


@pytest.mark.parametrize("kind", ["noise", "wrong", "copies"])
def test_series_that_are_no_help_do_not_ship(kind: str) -> None:
    """Noise at the level and spread of the class, series of other classes, copies of its own; the last are named."""
    result = evaluate(waves(each=300, kind=kind, noise=0.4), BRIEF, 0)
    said = result.verdicts["classes"]["sawtooth"]
    assert said["verdict"] != "ship"
    if kind == "copies":
        assert any("copies of training samples" in reason for reason in said["reasons"])
    else:
        assert not any("copies of training samples" in reason for reason in said["reasons"])


def test_wrong_labels_are_held() -> None:
    """Samples of other classes under the class's name."""
    result = evaluate(digits((1,), classes=5, kind="wrong"), BRIEF, 0)
    assert {one["verdict"] for one in result.verdicts["classes"].values()} == {"hold"}


def test_what_cannot_ship_is_not_measured_against_every_rival() -> None:
    """Samples that do not beat the best arm are compared with that arm and with training as is; no fold is trained twice."""
    result = evaluate(digits((1,), classes=5, kind="copies"), BRIEF, 0)
    costs, best = result.costs, result.metrics["best_arm"]["logistic_regression"]
    assert result.metrics["rivals"] == [best]
    assert set(costs[costs["purpose"] == "arms"]["arm"]) <= {"nothing", best, "gan_filtered"}
    ways = costs[costs["purpose"] == "dose and use"]["fits"].sum()
    assert ways <= BRIEF.folds * len(result.frames["ways"])


def test_copies_are_held_and_named() -> None:
    """Whatever they gain."""
    result = evaluate(digits((1,), classes=5, kind="copies"), BRIEF, 0)
    assert any("copies of training samples" in reason for reason in result.verdicts["classes"]["digit 1"]["reasons"])
    assert result.frames["copies"]["flag"].mean() > 0.9


def test_no_rare_class_means_nothing_to_ship(tmp_path: Path) -> None:
    """The classifiers are measured all the same."""
    paths = save(digits((), classes=4), tmp_path)
    stage.run(**paths, evaluation=tmp_path / "out", settings=QUICK, seed=0)
    said = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert said["verdict"] == "hold" and "nothing to ship" in said["reason"]
    assert said["arms"]["logistic_regression"]["nothing"]["macro_f1"] > 0.9
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES


def test_a_class_without_kept_candidates_is_held(tmp_path: Path) -> None:
    """An empty file is a result of the filter, not an error."""
    paths = save(digits((1, 2), classes=4), tmp_path)
    Candidates.load(tmp_path / "synthetic" / "c1.parquet").head(0).save(tmp_path / "synthetic" / "c1.parquet")
    stage.run(**paths, evaluation=tmp_path / "out", settings=BRIEF, seed=0)
    said = json.loads((tmp_path / "out" / "verdicts.json").read_text())["classes"]["digit 1"]
    assert said["verdict"] == "hold" and "no candidate passed the filter" in said["reasons"][0]


def test_the_samples_must_be_those_of_the_plan(tmp_path: Path) -> None:
    """A missing class and a stale one are both named."""
    paths = save(digits((1,), classes=3), tmp_path)
    (tmp_path / "synthetic" / "c1.parquet").rename(tmp_path / "synthetic" / "c9.parquet")
    with pytest.raises(UserError, match="missing c1; not in the plan c9"):
        stage.run(**paths, evaluation=tmp_path / "out", settings=QUICK, seed=0)
