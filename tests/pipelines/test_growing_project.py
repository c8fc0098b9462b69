"""A project whose data grow, driven by the commands: one story from ingest to a fresh clone."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from pipelines import files
from pipelines.driver import dag, dvc, frozen, params
from pipelines.plan import Plan, slug
from tests.conftest import run, working_clone, write_classes
from tests.pipelines.test_project import clone


@pytest.mark.slow
def test_a_project_grows(finished: Path, tmp_path: Path) -> None:
    """New samples are versioned and split beside the old ones, the plan follows the counts, and a fresh clone has it all."""
    project = clone(finished, tmp_path / "project")
    run("dvc", "config", "--local", "cache.dir", str(finished / ".dvc/cache"), cwd=project)
    run("dvc", "checkout", "--quiet", cwd=project)
    before = pd.read_csv(project / dag.MANIFEST, keep_default_na=False).set_index("id")
    images = tmp_path / "images"
    shutil.copytree(project / dag.RAW, images)
    write_classes(tmp_path / "more", {"tail": 30, "fresh": 12}, seed=7)
    for folder in (tmp_path / "more").iterdir():
        (images / folder.name).mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.rename(images / folder.name / f"later-{path.name}")
    said = run("tailweight", "ingest", "--from", str(images), cwd=project)
    assert "42 new image(s)" in said and "fresh" in said and "a new class" in said
    run("tailweight", "run", cwd=project)
    after = pd.read_csv(project / dag.MANIFEST, keep_default_na=False).set_index("id")
    used = before.index[before["status"] == "used"]
    assert (after.loc[used, "split"] == before.loc[used, "split"]).all()
    assert slug("tail") not in Plan.load(project / dag.PLAN).classes
    assert slug("fresh") in Plan.load(project / dag.PLAN).classes
    assert not (project / f"data/models/{slug('tail')}.safetensors").exists()
    assert "Running stage" not in run("dvc", "repro", cwd=project)
    assert "nothing new" in run("tailweight", "ingest", "--from", str(images), cwd=project)
    run("git", "add", "--all", cwd=project)
    run("git", "commit", "--quiet", "--message", "grown", cwd=project)
    run("dvc", "push", cwd=project)
    other = clone(project, tmp_path / "other")
    run("dvc", "pull", cwd=other)
    assert dvc.status(other) == {}
    assert (other / dag.REPORT).read_bytes() == (project / dag.REPORT).read_bytes()


@pytest.mark.slow
def test_with_a_frozen_base_only_a_class_with_other_samples_is_trained_again(finished: Path, tmp_path: Path) -> None:
    """New samples of a rich class and of one small one leave the base and the other small class's model as they were."""
    project = working_clone(finished, tmp_path / "project")

    def choose(**settings: object) -> None:
        values = params.read(project)
        values["pretrain"] |= settings
        files.write_text(project / params.FILE, params.render(demo=False, values=values))

    def grow(counts: dict[str, int], seed: int) -> None:
        for path in write_classes(tmp_path / f"more-{seed}", counts, seed=seed).glob("*/*"):
            shutil.copy(path, (project / dag.RAW / path.parent.name).joinpath(f"{seed}-{path.name}"))
        run("dvc", "add", "--quiet", dag.RAW, cwd=project)

    choose(starts="neighbours")
    run("tailweight", "run", "train", cwd=project)
    choose(frozen=True)
    assert "type: tailweight render" in run("tailweight", "run", cwd=project, code=2)
    run("tailweight", "render", cwd=project)
    models = {name: project / f"data/models/{slug(name)}.safetensors" for name in ("tail", 'it\'s "5"')}
    models["base"] = project / frozen.BASE
    before = {name: path.read_bytes() for name, path in models.items()}
    grow({"tail": 3, "round one": 8}, seed=7)
    run("tailweight", "run", "train", cwd=project)
    assert [name for name, path in models.items() if path.read_bytes() != before[name]] == ["tail"]
    assert "Running stage" not in run("dvc", "repro", "train", cwd=project)
    (project / dag.RAW / "another").mkdir()
    grow({"another": 20}, seed=8)
    assert "the classes are others" in run("tailweight", "run", "train", cwd=project, code=2)
    choose(steps=61)
    assert "trained with other settings" in run("tailweight", "run", "train", cwd=project, code=2)
    models["base"].unlink()
    assert "dvc checkout" in run("tailweight", "run", "train", cwd=project, code=2)
    run("dvc", "checkout", "--quiet", frozen.BASE, cwd=project)
    assert models["base"].read_bytes() == before["base"]
