"""`tailweight cross-validate`: how parts are dealt, what their gains come to, and a project through."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines import files
from pipelines.commands import crossing
from pipelines.driver import dag, growth, hold
from pipelines.errors import UserError
from pipelines.evaluation.settings import Settings
from pipelines.ingest.splits import SPLITS
from pipelines.stages import prepare
from tests.conftest import called, run, working_clone


def names(group: str = "") -> pd.DataFrame:
    """60 and 13 samples of two classes; two rows of the first are one unit."""
    rows = pd.DataFrame({"id": [f"i{n}" for n in range(73)], "class": ["many"] * 60 + ["few"] * 13, "group": group})
    return rows.assign(name=rows["id"], unit=rows["id"].replace("i1", "i0"))


def parts(rows: pd.DataFrame, folds: int = 5, repeat: int = 0) -> list[pd.Series]:
    """Return the split of each row in each part."""
    dealt = crossing.dealt(rows, folds, 3, repeat, prepare.Settings())
    return [rows["name"].map(splits) for splits in dealt]


def test_every_sample_is_tested_once_and_classes_are_spread() -> None:
    """In each part each class has its share of test and validation samples; equal rows are in one split."""
    rows, found = names(), parts(names())
    assert (sum((split == "test").astype(int) for split in found) == 1).all()
    for split in found:
        assert set(split) == set(SPLITS) and split[0] == split[1]
        tested = rows.loc[split == "test", "class"].value_counts()
        assert 11 <= tested["many"] <= 13 and 2 <= tested["few"] <= 3
        assert rows.loc[split == "validation", "class"].value_counts()["few"] >= 1


def test_no_group_lies_in_two_splits() -> None:
    """Samples of one group are tested together and learnt from together."""
    rows = names().assign(group=[f"g{n % 20}" if n < 60 else "" for n in range(73)], unit=names()["id"])
    for split in parts(rows):
        assert (split[rows["group"] != ""].groupby(rows["group"]).nunique() == 1).all()


def test_a_repeat_deals_anew_and_the_same_call_deals_alike() -> None:
    """What is dealt depends on the seed and the number of the repeat alone."""
    first, again, other = parts(names()), parts(names()), parts(names(), repeat=1)
    assert all(one.equals(two) for one, two in zip(first, again, strict=True))
    assert not all(one.equals(two) for one, two in zip(first, other, strict=True))


def test_what_has_too_few_groups_is_refused() -> None:
    """The line says how many there are, and what to type."""
    with pytest.raises(UserError, match="can be dealt to 1 parts at most; take fewer than 5: --folds"):
        parts(names(group="g"))
    with pytest.raises(UserError, match="can be dealt to 60 parts at most; take fewer than 61: --folds"):
        parts(names(), folds=61)


def test_equal_rows_of_a_table_are_one_unit(tmp_path: Path) -> None:
    """Rows that differ in identifier and label alone are tested together, as prepare deals them; all of them are used."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"key": [f"k{n:03d}" for n in range(90)], "a": rng.integers(0, 5, 90), "b": rng.integers(0, 4, 90)}
    )
    rows.assign(label=rng.choice(["x", "y"], 90)).to_csv(tmp_path / "rows.csv", index=False)
    called("init", "project", "--table", "rows.csv", "--label", "label", cwd=tmp_path)
    project = tmp_path / "project"
    run("tailweight", "stage", "prepare", cwd=project)
    settings = growth.check(project)
    known = crossing.names_of(project, settings)
    assert len(known) == 90 and known["unit"].nunique() < 25 and known["name"].nunique() == 90
    for splits in crossing.dealt(known, 4, 0, 0, settings):
        assert known["name"].map(splits).groupby(known["unit"]).nunique().max() == 1


def test_what_is_held_or_not_up_to_date_is_refused(finished_table: Path, tmp_path: Path) -> None:
    """Another process runs the project; the settings have changed since the samples were dealt: the line says what to do."""
    project = working_clone(finished_table, tmp_path / "project")
    with hold.held(project):
        said = called("cross-validate", cwd=project, code=2)
    assert "has been running it since" in said and said.count("\n") == 1
    text = (project / "params.yaml").read_text(encoding="utf-8")
    (project / "params.yaml").write_text(
        text.replace("validation_share: 0.2", "validation_share: 0.3"), encoding="utf-8"
    )
    said = called("cross-validate", cwd=project, code=2)
    assert "bring it up to date: tailweight run prepare" in said and said.count("\n") == 1


def found(gains: dict[str, list[float]]) -> dict[str, crossing.Finding]:
    """Return what is found of classes with these gains in five parts, by name."""
    told = [(name, gain != 0 or name != "small", 0.5, gain) for name, own in gains.items() for gain in own]
    rows = pd.DataFrame(told, columns=["class", "grown", "without", "gain"])
    counts = pd.Series(dict.fromkeys(gains, 20))
    return {one.name: one for one in crossing.findings(rows, counts, 5, Settings())}


def test_what_gains_in_all_parts_gains_and_what_varies_does_not() -> None:
    """A gain is said where it is beyond doubt, a loss likewise; the figures are means of the parts."""
    own = found(
        {
            "sure": [0.1, 0.11, 0.09, 0.1, 0.1],
            "unsure": [0.3, -0.2, 0.2, -0.1, 0.1],
            "worse": [-0.1, -0.11, -0.09, -0.1, -0.1],
        }
    )
    assert own["sure"].said == "gains" and own["worse"].said == "loses"
    assert own["unsure"].said.startswith("no gain beyond doubt; gains below")
    assert own["sure"].gain.value == pytest.approx(0.1) and own["sure"].with_samples == pytest.approx(0.6)
    assert own["unsure"].gain.low < 0 < own["unsure"].gain.high and own["sure"].parts == 5


def test_a_loss_is_said_after_the_correction_that_a_gain_has() -> None:
    """Beyond doubt for one class, and among eight by chance."""
    falls = [-0.05, -0.03, -0.06, -0.02, -0.05]
    assert found({"alone": falls})["alone"].said == "loses"
    among = found({"one of many": falls} | {f"class {n}": [0.01, -0.02, 0.0, 0.02, -0.01] for n in range(12)})
    assert among["one of many"].gain.high < 0 and among["one of many"].said.startswith("no gain beyond doubt")


def test_the_columns_of_a_row_add_up() -> None:
    """Where parts tried no samples, `with` is `without` and the gain of all parts."""
    told = [("a", True, 0.5, 0.1)] * 3 + [("a", False, np.nan, 0.0)] * 2
    rows = pd.DataFrame(told, columns=["class", "grown", "without", "gain"])
    (own,) = crossing.findings(rows, pd.Series({"a": 20}), 5, Settings())
    assert (own.without, own.gain.value, own.with_samples) == pytest.approx((0.5, 0.06, 0.56))


def test_what_the_project_has_set_aside_is_no_part_s_sample(tmp_path: Path) -> None:
    """A class that groups leave without test rows would come back in a part, and be measured there by training rows."""
    rng = np.random.default_rng(0)
    counts = {"many": (120, 40), "few": (30, 15), "rare": (14, 2)}
    rows = [(name, f"{name} {n % groups}") for name, (count, groups) in counts.items() for n in range(count)]
    frame = pd.DataFrame(rows, columns=["label", "patient"]).assign(x=rng.normal(size=164), y=rng.normal(size=164))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    called("init", "p", "--table", "rows.csv", "--label", "label", "--group", "patient", cwd=tmp_path)
    project = tmp_path / "p"
    run("tailweight", "stage", "prepare", cwd=project)
    manifest = pd.read_csv(project / dag.MANIFEST, dtype=str)
    aside = crossing.aside_of(project, crossing.names_of(project, growth.check(project)))
    assert sorted(aside) == sorted(manifest.loc[manifest["status"] != "used", "id"])


def test_overlap_of_training_sets_widens_the_interval() -> None:
    """Var = s^2 (1/5 + 1/4): five parts that overlap are worth hardly more than two that do not."""
    gains = [0.02, 0.05, 0.0, 0.03, 0.01]
    own = found({"a": gains})["a"].gain
    assert own.error == pytest.approx(np.std(gains, ddof=1) * np.sqrt(1 / 5 + 1 / 4))


def test_one_part_and_no_gain_at_all_are_said_as_such() -> None:
    """A class that was tested once has no interval; where no part would add samples the gain is zero."""
    own = found({"once": [0.2], "never": [0.0] * 5, "small": [0.0] * 5})
    assert str(own["once"].gain) == "+0.200" and own["once"].plain["gain"]["low"] is None
    assert own["never"].gain.value == 0 and own["never"].said == "no gain beyond doubt"
    assert own["small"].said == "too few samples for a GAN in every part (plan.min_samples)"


@pytest.mark.parametrize(
    ("words", "said"), [(["--folds", "1"], "--folds is 1, expected 2"), (["--repeats", "0"], "--repeats is 0")]
)
def test_numbers_that_mean_nothing_get_one_line(words: list[str], said: str, tmp_path: Path) -> None:
    """Whatever the folder, and nothing is written."""
    text = called("cross-validate", *words, cwd=tmp_path, code=2)
    assert said in text and text.count("\n") == 1 and not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_project_is_run_in_parts_and_stays_as_it_is(finished_table: Path, tmp_path: Path) -> None:
    """Each part is trained without what it is tested on; a second call does nothing again; the project is not touched."""
    project = working_clone(finished_table, tmp_path / "project")
    text = run("tailweight", "cross-validate", "--folds", "2", cwd=project)
    assert re.search(r"b <i>&\s+16\s+2\s", text) and "part 2 of 2" in text
    assert run("git", "status", "--short", cwd=project) == "" and "all is up to date" in run(
        "tailweight", "run", cwd=project
    )
    tested = []
    for number in (1, 2):
        part = project / crossing.FOLDER / f"2-{number:02d}"
        manifest = pd.read_csv(part / dag.MANIFEST, dtype=str, keep_default_na=False)
        tested.append(set(manifest.loc[(manifest["split"] == "test") & (manifest["status"] == "used"), "id"]))
        assert files.read_json(part / "data/evaluation/metrics.json")["samples"]
    assert not tested[0] & tested[1] and len(tested[0] | tested[1]) >= 76
    again = run("tailweight", "cross-validate", "--folds", "2", "--json", cwd=project)
    told = json.loads(again[again.index("{\n") : again.rindex("}") + 1])
    assert told["parts"] == 2 and {one["class"] for one in told["classes"]} == {"b <i>&", "lone"}
    assert again.count("all is up to date") == 2
