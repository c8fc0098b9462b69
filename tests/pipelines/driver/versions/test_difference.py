"""What changed between two versions, and since one: counts, samples, settings, and what is not in the cache."""

import json
import shutil
from pathlib import Path

from pipelines.driver import params
from pipelines.driver.versions import difference, snapshot
from pipelines.driver.versions.difference import Difference, Moved
from tests.conftest import called, run


def test_samples_that_came_and_went_are_told_by_class(grown: Path) -> None:
    """From the version to what is there now: counts by class, ids, and the stages whose outputs are others."""
    told = Difference(snapshot.of(grown, "data-v1"), snapshot.now(grown)).plain
    assert {name: len(ids) for name, ids in told["real"]["came"].items()} == {"tail": 8}
    assert list(told["real"]["went"]) == ["lone"] and told["real"]["relabelled"] == {}
    before, after = told["classes"]["tail"]["real"]
    assert before == 6 and after > 6
    assert told["made_anew"] == ["prepare", "plan"] and told["missing"] == {}
    assert told == json.loads(called("diff", "--json", cwd=grown))


def test_the_text_has_what_the_document_has(grown: Path) -> None:
    """Both ways round: what came one way went the other way."""
    there = called("diff", "data-v1", "HEAD", cwd=grown)
    back = called("diff", "HEAD", "data-v1", cwd=grown)
    assert there.startswith("# From data-v1 to HEAD\n") and "real samples: 8 came, 1 went" in there
    assert "real samples: 1 came, 8 went" in back and "| tail | 6 → " in there
    assert "`tail/new 000.png`" in there and " and 3 more" in there
    assert called("diff", "data-v1", "data-v1", cwd=grown).endswith("nothing changed\n")


def test_settings_that_changed_are_named(grown: Path, tmp_path: Path) -> None:
    """With their values; one that `params.yaml` does not say has its default."""
    project = shutil.copytree(grown, tmp_path / "project", symlinks=True)
    path = project / params.FILE
    path.write_text(path.read_text().replace("steps: 60 ", "ema: 0.1\n  steps: 70 "))
    said = called("diff", cwd=project)
    assert "- `pretrain.steps`: `60` → `70`" in said and "- `pretrain.ema`: its default → `0.1`" in said


def test_what_the_cache_lacks_is_said(grown: Path, tmp_path: Path) -> None:
    """In a clone without data the versions still compare by what git has, and a line says what is not here."""
    clone = tmp_path / "clone"
    run("git", "clone", "--quiet", str(grown), str(clone), cwd=tmp_path)
    said = called("diff", cwd=clone)
    assert "| tail | 6 → " in said and "made anew: prepare, plan" in said
    assert "not here of data-v1: data/evaluation/metrics.json" in said and "dvc fetch --all-tags" in said
    assert "not here of the working state" in said and "dvc pull" in said


def test_a_sample_is_told_by_more_than_its_id_where_ids_are_used_again() -> None:
    """A synthetic sample of a generator that was trained anew is another one; a real one may be of another class now."""
    moved = Moved.between({("a-0", "0.1"): "a", ("a-1", "0.2"): "a"}, {("a-0", "0.3"): "a", ("a-1", "0.2"): "b"})
    assert moved == Moved(came={"a": ["a-0"]}, went={"a": ["a-0"]}, relabelled={"b": ["a-1"]})


def test_names_of_classes_are_text(grown: Path) -> None:
    """A class may be called anything: the table keeps its cells and no tag of HTML is left."""
    assert difference._escaped("a|b <img>\n`x`") == "a\\|b \\<img> \\`x\\`"
