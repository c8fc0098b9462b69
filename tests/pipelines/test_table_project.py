"""The pipeline on a table: the same stages, the same promises as for images."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines import files
from pipelines.commands import data_card
from pipelines.driver import dag, dvc, params
from pipelines.plan import Plan, slug
from pipelines.samples import Candidates, Samples
from tests.conftest import called, run
from tests.pipelines.test_project import clone, made_again, nothing_is_left

RARE = slug("b <i>&")


def test_the_report_stands_alone_and_text_from_the_data_is_text(finished_table: Path) -> None:
    """Class and column names are escaped, in drawings too, and nothing is loaded from anywhere."""
    page = (finished_table / dag.REPORT).read_text(encoding="utf-8")
    assert "b &lt;i&gt;&amp;" in page and "<i>&" not in page
    assert "&lt;b&gt;size&lt;/b&gt;" in page and "<b>size" not in page
    assert "nearest real" in page and "columns named value.…" in page and "<img" not in page


def test_dvc_draws_every_plot_of_a_table(finished_table: Path, tmp_path: Path) -> None:
    """A table has no pictures, and none are asked for."""
    drawn = run("dvc", "plots", "show", "--out", str(tmp_path), cwd=finished_table)
    assert "failed" not in drawn and "WARNING" not in drawn


def test_the_snippets_of_the_card_load_the_export(
    finished_table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the card shows for pandas runs in the folder, and finds every real training row."""
    called("export", str(tmp_path / "out"), cwd=finished_table)
    monkeypatch.chdir(tmp_path / "out")
    card = Path("README.md").read_text(encoding="utf-8")
    assert "not stated" in card and data_card.SNIPPETS["table"]["pandas"] in card
    loaded: dict = {}
    exec(data_card.SNIPPETS["table"]["pandas"], loaded)
    rows = pd.read_csv("manifest.csv")
    assert len(loaded["real"]) == ((rows["split"] == "train") & (rows["origin"] == "real")).sum()
    assert set(loaded["real"].columns) >= {"income", "größe"}


def test_a_class_too_small_for_a_gan_is_named(finished_table: Path) -> None:
    """One class is grown, one is not, and the plan says why."""
    plan = Plan.load(finished_table / dag.PLAN)
    assert set(plan.classes) == {RARE} and "class weights" in plan.skipped["lone"]


def test_synthetic_rows_are_rows_of_the_table(finished_table: Path) -> None:
    """Columns, types, categories and grid are those of the training rows; identifiers are new; the constraint holds."""
    real = Samples.load(finished_table / "data/prepared/train.parquet")
    made = Candidates.load(finished_table / f"data/synthetic/{RARE}.parquet").values
    pd.testing.assert_series_equal(made.dtypes, real.values.dtypes)
    assert not set(made["id"].dropna()) & set(real.values["id"])
    assert set(made["größe"].dropna()) <= set(real.values["größe"].dropna())
    assert (made["no. of visits"] <= 5).all() and (made["no. of visits"] % 1 == 0).all()
    assert made["empty"].isna().all()


def test_after_a_run_nothing_is_left_to_do_for_either_driver(finished_table: Path) -> None:
    """`dvc repro` runs no stage, and a second `tailweight run` says that all is up to date."""
    nothing_is_left(finished_table)


def test_another_run_makes_the_same_bytes_in_another_clone(finished_table: Path, tmp_path: Path) -> None:
    """From nothing but the raw data; that `dvc repro` gives them too is the same for all kinds of data."""
    made_again(finished_table, tmp_path / "other", "tailweight", "run")


@pytest.mark.parametrize(
    ("group", "key", "value", "expected"),
    [("generate", "constraints", [], {"generate"}), ("prepare", "group", "größe", {"prepare"})],
)
def test_a_setting_makes_its_own_stage_stale(
    finished_table: Path, tmp_path: Path, group: str, key: str, value: object, expected: set[str]
) -> None:
    """Changing a setting of tables makes only the stage that reads it stale, and the report, which names what was changed."""
    other = clone(finished_table, tmp_path / "other")
    run("dvc", "config", "--local", "cache.dir", str(finished_table / ".dvc/cache"), cwd=other)
    run("dvc", "checkout", "--quiet", cwd=other)
    values = params.read(other)
    values[group][key] = value
    (other / "params.yaml").write_text(params.render(demo=False, values=values))
    assert {name.split("@")[0] for name in dvc.status(other)} == expected | {"report"}


def test_a_run_of_some_stages_does_not_speak_of_old_verdicts(finished_table: Path, tmp_path: Path) -> None:
    """What evaluate said of other settings is no result of this run."""
    other = clone(finished_table, tmp_path / "other")
    run("dvc", "config", "--local", "cache.dir", str(finished_table / ".dvc/cache"), cwd=other)
    assert "dvc checkout data/raw.dvc" in run("tailweight", "run", cwd=other, code=2)
    run("dvc", "checkout", "--quiet", cwd=other)
    assert "verdicts and report are of" not in run("tailweight", "run", "prepare", cwd=other)
    values = params.read(other)
    values["prepare"]["test_share"] = 0.3
    (other / "params.yaml").write_text(params.render(demo=False, values=values))
    said = run("tailweight", "run", "prepare", cwd=other)
    assert "verdicts and report are of an earlier run" in said and "class 'b" not in said and "report.html" not in said


def test_export_writes_what_the_manifest_says_and_init_takes_it(finished_table: Path, tmp_path: Path) -> None:
    """Each row of the manifest is a row of the CSV that it names, of that class; test rows are no part of it."""
    called("export", str(tmp_path / "out"), cwd=finished_table)
    manifest = pd.read_csv(tmp_path / "out/manifest.csv")
    assert set(manifest["path"]) == {"train.csv", "validation.csv"}
    for path, rows in manifest.groupby("path"):
        table = pd.read_csv(tmp_path / "out" / path)
        assert table["income"].iloc[rows["row"] - 1].tolist() == rows["label"].tolist()
        assert len(table) == len(rows)
    said = called("init", "again", "--table", "out/train.csv", "--label", "income", cwd=tmp_path)
    assert "3 classes" in said


def test_an_impossible_constraint_ends_with_one_line(finished_table: Path, tmp_path: Path) -> None:
    """The line names the constraint and how many rows it rejected; a misspelt column is named with those there are."""
    other = clone(finished_table, tmp_path / "other")
    run("dvc", "config", "--local", "cache.dir", str(finished_table / ".dvc/cache"), cwd=other)
    run("dvc", "checkout", "--quiet", cwd=other)
    for limit, said in (
        ({"kind": "range", "column": "no. of visits", "min": 99}, "range: 99.0 <= no. of visits rejected"),
        ({"kind": "range", "column": "visits", "min": 0}, "there is no column 'visits'; there are id,"),
    ):
        values = params.read(other)
        values["generate"]["constraints"] = [limit]
        (other / "params.yaml").write_text(params.render(demo=False, values=values))
        text = run("tailweight", "stage", "generate", RARE, cwd=other, code=2)
        assert said in text and "Traceback" not in text


def test_the_release_holds_the_real_rows_and_says_what_to_use(finished_table: Path) -> None:
    """With too few repeats nothing may ship: the release is the real rows."""
    release = files.read_json(finished_table / "data/release/release.json")
    rows = pd.read_parquet(finished_table / "data/release/samples.parquet")
    assert release["kind"] == "table" and release["label"] == "income" and release["synthetic"] == 0
    assert set(rows["origin"]) == {"real"} and "value.größe" in rows
