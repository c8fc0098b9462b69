"""The pipeline as a user meets it: one project, driven by `tailweight run` and by `dvc repro`."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from pipelines import files
from pipelines.commands import data_card
from pipelines.driver import dag, dvc, params
from pipelines.plan import Plan, slug
from tests.conftest import QUICK, begun_clone, called, run


def clone(project: Path, target: Path) -> Path:
    run("git", "clone", "--quiet", str(project), str(target), cwd=target.parent)
    return target


def nothing_is_left(project: Path) -> None:
    assert "Running stage" not in run("dvc", "repro", cwd=project)
    assert "all is up to date" in run("tailweight", "run", cwd=project)
    assert run("git", "status", "--porcelain", cwd=project) == ""


def made_again(project: Path, target: Path, *driver: str) -> Path:
    """Assert that a driver in a clone with the raw data alone gives the hashes of `project`; return the clone."""
    other = begun_clone(project, target)
    before = lock(other)
    run(*driver, cwd=other)
    assert lock(other) == before
    return other


def lock(project: Path) -> dict:
    return files.read_yaml(project / "dvc.lock")["stages"]


def test_a_run_ends_with_a_report_that_stands_alone(finished: Path) -> None:
    """The report names every class, loads nothing from anywhere, and text from the data is text."""
    page = (finished / dag.REPORT).read_text(encoding="utf-8")
    assert "Größe @ 10" not in Plan.load(finished / dag.PLAN).classes
    assert "it&#39;s &#34;5&#34;" in page
    assert "tail" in page
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    assert "https://" not in page.replace("https://matplotlib.org", "")


def test_a_class_too_small_for_a_gan_is_named_with_what_to_do(finished: Path) -> None:
    """A class below `plan.min_samples` gets no model and a line that says what to use instead."""
    plan = Plan.load(finished / dag.PLAN)
    assert slug("lone") not in plan.classes
    assert "class weights" in plan.skipped["lone"]
    assert "class weights" in (finished / dag.REPORT).read_text(encoding="utf-8")


def test_only_classes_of_the_plan_have_models(finished: Path) -> None:
    """There is one file a planned class and per-class stage, and no other."""
    slugs = set(Plan.load(finished / dag.PLAN).classes)
    assert slugs == {slug('it\'s "5"'), slug("tail")}
    for folder, suffix in (("models", "safetensors"), ("candidates", "parquet"), ("synthetic", "parquet")):
        assert {path.stem for path in (finished / "data" / folder).glob(f"*.{suffix}")} - {"base", "upscaler"} == slugs


def test_every_candidate_says_kept_or_why_not(finished: Path) -> None:
    """Each row of a synthetic file has a status; what is kept is as the summary counts it."""
    for name in Plan.load(finished / dag.PLAN).classes:
        rows = pd.read_parquet(finished / f"data/synthetic/{name}.parquet")
        summary = files.read_json(finished / f"data/synthetic/{name}.json")
        assert (rows["status"] != "").all()
        assert (rows["status"] == "kept").sum() == summary["kept"]
        assert {"id", "class", "seed", "reference_id", "raw_score", "score", "status"} <= set(rows.columns)


def test_after_a_run_nothing_is_left_to_do_for_either_driver(finished: Path) -> None:
    """`dvc repro` runs no stage, and a second `tailweight run` says that all is up to date."""
    assert "all is up to date" in called("status", cwd=finished)
    nothing_is_left(finished)


def test_dvc_alone_makes_the_same_bytes_in_another_clone(finished: Path, tmp_path: Path) -> None:
    """`dvc repro` from nothing gives the hashes that the flow gave, and the flow then finds nothing to do."""
    other = made_again(finished, tmp_path / "other", "dvc", "repro")
    assert "all is up to date" in run("tailweight", "run", cwd=other)


def test_pushed_outputs_come_back_in_a_fresh_clone(finished: Path, tmp_path: Path) -> None:
    """After `dvc push`, a clone plus `dvc pull` has every output, and `dvc status` is clean."""
    run("dvc", "push", cwd=finished)
    other = clone(finished, tmp_path / "other")
    run("dvc", "pull", cwd=other)
    assert (other / dag.REPORT).read_bytes() == (finished / dag.REPORT).read_bytes()
    assert dvc.status(other) == {}


@pytest.mark.parametrize(
    ("group", "key", "value", "expected"),
    [
        ("filter", "threshold", "probability", {"filter"}),
        ("generate", "candidates_per_sample", 2.5, {"generate"}),
        ("evaluate", "repeats", 3, {"evaluate"}),
        ("evaluate", "folds", 4, {"baseline", "evaluate"}),
        ("train", "steps", 21, {"train"}),
        ("pretrain", "width", 8, {"pretrain"}),
        ("pretrain", "ema", 0.1, {"pretrain"}),  # not in the file until it is changed
    ],
)
def test_a_setting_makes_its_own_stage_stale_and_no_other(
    finished: Path, tmp_path: Path, group: str, key: str, value: object, expected: set[str]
) -> None:
    """Changing one setting makes only the stages that read it stale, and the report, which names what was changed."""
    other = clone(finished, tmp_path / "other")
    run("dvc", "pull", "--quiet", cwd=other, code=None)
    run("dvc", "checkout", "--quiet", cwd=other, code=None)
    run("dvc", "config", "--local", "cache.dir", str(finished / ".dvc/cache"), cwd=other)
    run("dvc", "checkout", "--quiet", cwd=other)
    changed = {**QUICK, group: {**QUICK.get(group, {}), key: value}}  # type: ignore[dict-item]
    (other / "params.yaml").write_text(params.render(demo=False, values=changed))
    assert {name.split("@")[0] for name in dvc.status(other)} == expected | {"report"}


def test_a_class_that_leaves_the_plan_takes_its_files_along(finished: Path, tmp_path: Path) -> None:
    """Files and lock entries of a class that is no longer planned are pruned, those of the others stay."""
    other = clone(finished, tmp_path / "other")
    run("dvc", "config", "--local", "cache.dir", str(finished / ".dvc/cache"), cwd=other)
    run("dvc", "checkout", "--quiet", cwd=other)
    gone, stays = slug("tail"), slug('it\'s "5"')
    removed = dvc.prune(other, {stays})
    assert f"data/models/{gone}.safetensors" in removed
    assert f"train@{gone}" in removed
    assert (other / f"data/models/{stays}.safetensors").exists()
    assert (other / "data/models/base.safetensors").exists()
    assert f"train@{stays}" in lock(other)
    assert dvc.prune(other, {stays}) == []


def test_export_writes_what_the_manifest_says(finished: Path, tmp_path: Path) -> None:
    """Each row of the exported manifest is an image that opens, under its class, test samples excepted."""
    called("export", str(tmp_path / "out"), cwd=finished)
    manifest = pd.read_csv(tmp_path / "out/manifest.csv")
    assert set(manifest["label"]) == {"round one", "Größe @ 10", 'it\'s "5"', "tail", "lone"}
    assert all((tmp_path / "out" / path).is_file() for path in manifest["path"])
    assert set(manifest["split"]) <= {"train", "validation"}
    again = called("export", str(tmp_path / "out"), cwd=finished, code=2)
    assert "exists already" in again


def test_an_export_is_a_data_set_that_init_takes(finished: Path, tmp_path: Path) -> None:
    """What `export` wrote can be brought in again by its manifest."""
    called("export", str(tmp_path / "out"), cwd=finished)
    said = called("init", "again", "--images", "out/manifest.csv", cwd=tmp_path)
    assert "5 classes" in said
    assert dvc.status(tmp_path / "again") != {}


def test_new_images_are_taken_in_by_the_next_run(finished: Path, tmp_path: Path) -> None:
    """An image dropped into data/raw makes the raw data and what depends on it stale."""
    other = clone(finished, tmp_path / "other")
    run("dvc", "config", "--local", "cache.dir", str(finished / ".dvc/cache"), cwd=other)
    run("dvc", "checkout", "--quiet", cwd=other)
    source = next((other / "data/raw/tail").glob("*.png"))
    (other / "data/raw/tail/new.png").write_bytes(source.read_bytes())
    assert {"data/raw.dvc", "prepare"} <= set(dvc.status(other))


def test_an_enforced_gate_fails_the_run_when_nothing_ships(finished: Path) -> None:
    """With gate.enforce, exit code 3 says that all ran and nothing ships; no stage depends on the setting."""
    before = (finished / params.FILE).read_text()
    try:
        (finished / params.FILE).write_text(before.replace("enforce: false", "enforce: true"))
        assert dvc.status(finished) == {}
        assert "nothing ships, and gate.enforce is set" in run("tailweight", "run", cwd=finished, code=3)
    finally:
        (finished / params.FILE).write_text(before)


def test_the_release_says_what_to_use_instead(finished: Path) -> None:
    """With too few repeats nothing may ship: the release is the real samples, and each class says what helps more."""
    release = files.read_json(finished / "data/release/release.json")
    rows = pd.read_parquet(finished / "data/release/samples.parquet")
    assert release["synthetic"] == 0 and set(rows["origin"]) == {"real"}
    assert all(entry["verdict"] != "ship" and entry["instead"] for entry in release["classes"].values())


def test_dvc_shows_metrics_of_each_class(finished: Path) -> None:
    """`dvc metrics show` has every arm, and of each class the verdict and how it does without and with synthetic samples."""
    shown = json.loads(run("dvc", "metrics", "show", "--json", cwd=finished))
    (found,) = [one["data"] for one in shown[""]["data"].values()]
    assert "nothing" in found["average_precision"]
    assert set(found["classes"]) == {'it\'s "5"', "tail"}
    for one in found["classes"].values():
        assert one["verdict"] and "without" in one["average_precision"] and "without" in one["recall"]


def test_dvc_draws_every_plot(finished: Path, tmp_path: Path) -> None:
    """`dvc plots show` finds all it is told of; no plot is without rows, and the training of each class is drawn."""
    drawn = run("dvc", "plots", "show", "--out", str(tmp_path), cwd=finished)
    assert "failed" not in drawn and "WARNING" not in drawn
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    specs = {
        name: json.loads(spec) for name, spec in re.findall(r'<div id = "(.+?)">.*?var spec = (.*?);\n', page, re.S)
    }
    assert set(specs) == {"training", "gains_and_alternatives", "dose_and_acceptance", "data_report_reliability_csv"}
    assert all(spec["data"]["values"] for spec in specs.values())
    trained = {row["filename"] for row in specs["training"]["data"]["values"]}
    assert trained == {"base.csv", *(f"{name}.csv" for name in Plan.load(finished / dag.PLAN).classes)}
    assert "samples.png" in page


@pytest.mark.slow
def test_an_experiment_runs_and_is_shown(finished: Path, tmp_path: Path) -> None:
    """`dvc exp run -S` runs what a setting touches, and `dvc exp show` puts it beside what was there."""
    other = clone(finished, tmp_path / "other")
    run("dvc", "config", "--local", "cache.dir", str(finished / ".dvc/cache"), cwd=other)
    run("dvc", "checkout", "--quiet", cwd=other)
    said = run("dvc", "exp", "run", "--name", "half", "-S", "filter.acceptance=0.5", "filter", cwd=other)
    assert "Running stage 'filter" in said and "Running stage 'train" not in said
    assert "half" in run("dvc", "exp", "show", "--csv", "--only-changed", cwd=other)


@pytest.fixture(scope="module")
def exported(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release of `finished`, written to a folder."""
    folder = tmp_path_factory.mktemp("exported") / "out"
    called("export", str(folder), "--licence", "CC0 1.0", cwd=finished)
    return folder


def test_an_export_has_a_data_card(exported: Path) -> None:
    """It says licence, counts and verdicts; `metadata.csv` of a split names each image in its first column."""
    card = (exported / "README.md").read_text(encoding="utf-8")
    assert "CC0 1.0" in card and "| Größe @ 10 | " in card and "- **lone**: no GAN" in card
    for split in ("train", "validation"):
        rows = pd.read_csv(exported / split / "metadata.csv")
        assert rows.columns[0] == "file_name" and all((exported / split / name).is_file() for name in rows["file_name"])


@pytest.mark.parametrize("library", data_card.SNIPPETS["images"])
def test_the_snippets_of_the_card_load_the_export(
    exported: Path, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the card shows for a library runs in the folder, and finds every real training sample."""
    pytest.importorskip(library)
    code = data_card.SNIPPETS["images"][library]
    assert code in (exported / "README.md").read_text(encoding="utf-8")
    monkeypatch.chdir(exported)
    loaded: dict = {}
    exec(code, loaded)
    rows = pd.read_csv("manifest.csv")
    assert len(loaded["real"]) == ((rows["split"] == "train") & (rows["origin"] == "real")).sum()
