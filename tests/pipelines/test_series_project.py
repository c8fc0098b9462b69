"""The pipeline on time series: the same stages, the same promises as for images and tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan.modalities.series import SLACK
from pipelines import files
from pipelines.commands import data_card
from pipelines.driver import dag
from pipelines.plan import Plan, slug
from pipelines.samples import SERIES, Candidates, Samples
from tests.conftest import called, run, working_clone
from tests.pipelines.test_project import made_again, nothing_is_left

RARE = slug("pulse")


def test_synthetic_series_are_series_of_the_data(finished_series: Path) -> None:
    """Steps, channels, range and grid are those of the training series, and none jumps much further than they do."""
    assert set(Plan.load(finished_series / dag.PLAN).classes) == {RARE}
    real = Samples.load(finished_series / "data/prepared/train.parquet").values
    made = Candidates.load(finished_series / f"data/synthetic/{RARE}.parquet")
    assert made.kind == SERIES and made.values.shape[1:] == (16, 2) and made.values.dtype == np.float32
    assert (made.values >= real.min((0, 1))).all() and (made.values <= real.max((0, 1))).all()
    assert (made.values[:, :, 1] % 1 == 0).all()
    longest, found = (np.abs(np.diff(values, axis=1)).max((0, 1)) for values in (real, made.values))
    assert (found <= SLACK * longest + [1e-3, 1]).all()
    assert files.read_json(finished_series / f"data/synthetic/{RARE}.json")["kept"] > 10


def test_the_device_with_fewer_series_gets_more(finished_series: Path) -> None:
    """What the class needs is divided so that both devices end with as many; either parent of a series is of its device."""
    plan = Plan.load(finished_series / dag.PLAN).classes[RARE]
    ends = [one.train_samples + one.needed for one in plan.subgroups]
    assert sum(one.needed for one in plan.subgroups) == plan.needed and max(ends) - min(ends) <= 1
    rows = Candidates.load(finished_series / f"data/candidates/{RARE}.parquet").rows
    manifest = pd.read_csv(finished_series / dag.MANIFEST, index_col="id")["attribute.device"]
    for parent in ("reference_id", "neighbour_id"):
        assert (manifest.loc[rows[parent]].to_numpy() == rows["attribute.device"].to_numpy()).all()
    assert (rows["attribute.device"] == "#2").mean() > 0.4


def test_the_page_speaks_of_series(finished_series: Path) -> None:
    """It stands alone, and class names are text."""
    page = (finished_series / dag.REPORT).read_text(encoding="utf-8")
    assert "&lt;saw&gt; &amp; co" in page and "<saw>" not in page


def test_after_a_run_nothing_is_left_to_do_for_either_driver(finished_series: Path) -> None:
    """`dvc repro` runs no stage, and a second `tailweight run` says that all is up to date."""
    nothing_is_left(finished_series)


def test_another_run_makes_the_same_bytes_in_another_clone(finished_series: Path, tmp_path: Path) -> None:
    """From nothing but the raw data; that `dvc repro` gives them too is the same for all kinds of data."""
    made_again(finished_series, tmp_path / "other", "tailweight", "run")


def test_samples_are_explained_and_made_again(finished_series: Path) -> None:
    """A sample has its two parents, and comes out of its seed with the same bytes."""
    said = called("explain", f"{RARE}-000000", cwd=finished_series)
    assert "conv1d" in said and "s-0" in said and "device #" in said
    assert "6 of 6 candidate samples are the same" in run("tailweight", "verify", "--sample", "6", cwd=finished_series)


def test_export_writes_both_forms_and_init_takes_them(
    finished_series: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The long table and the arrays hold the training series, and what the card shows loads them."""
    called("export", str(tmp_path / "out"), cwd=finished_series)
    monkeypatch.chdir(tmp_path / "out")
    real = Samples.load(finished_series / "data/prepared/train.parquet")
    card = Path("README.md").read_text(encoding="utf-8")
    loaded: dict = {}
    for code in data_card.SNIPPETS[SERIES].values():
        assert code in card
        exec(code, loaded)
    assert np.array_equal(loaded["real"], real.values)
    long = pd.read_csv("train.csv")
    assert list(long) == ["who", "when", "wave", "count", "device", "shape"] and long["count"].dtype == "int64"
    values = long[["wave", "count"]].to_numpy(np.float32).reshape(-1, 16, 2)
    assert np.array_equal(values, np.load("train.npz")["x"])
    assert set(pd.read_csv("manifest.csv")["device"]) == {"#1", "#2"}
    columns = ["--id", "who", "--time", "when", "--label", "shape", "--attributes", "device"]
    for place, told in {"csv": columns, "npz": []}.items():
        said = called("init", f"again-{place}", "--series", f"train.{place}", *told, cwd=Path())
        assert "3 classes and 2 channel(s)" in said


def test_new_series_come_in_and_others_keep_their_splits(finished_series: Path, tmp_path: Path) -> None:
    """`ingest` takes what the source has more, and a dry run only says so."""
    other = working_clone(finished_series, tmp_path / "other")
    raw = pd.read_parquet(other / "data/raw/series.parquet")
    more = raw[raw["who"] == "s-000"].assign(who="new", wave=0.25)
    pd.concat([raw, more]).to_csv(tmp_path / "more.csv", index=False)
    told = ["tailweight", "ingest", "--from", str(tmp_path / "more.csv")]
    assert "1 new sample(s) in" in run(*told, "--dry-run", cwd=other)
    assert "90 sample(s) keep their splits" in run(*told, cwd=other)
    manifest = pd.read_csv(other / dag.MANIFEST, dtype=str, index_col="id")
    run("tailweight", "stage", "prepare", cwd=other)
    after = pd.read_csv(other / dag.MANIFEST, dtype=str, index_col="id")
    assert after.loc[manifest.index, "split"].equals(manifest["split"]) and "new" in after.index
