"""Data grow: what is new is brought in, what is there keeps its split, and bad input changes nothing."""

import json
import shutil
import sqlite3
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from pipelines import files
from pipelines.__main__ import main
from pipelines.commands import init_images, init_table
from pipelines.driver import dag, dvc, growth, params
from pipelines.driver.one_stage import run_stage
from pipelines.ingest import source
from tests.conftest import one_line, unchanged, write_classes, write_table

MANIFEST = dag.MANIFEST


def prepared(project: Path) -> pd.Series:
    """Run `prepare` and return the split of each used sample."""
    run_stage(project, "prepare")
    rows = pd.read_csv(project / MANIFEST, keep_default_na=False, dtype=str).set_index("id")
    return rows.loc[rows["status"] == "used", "split"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images and the project that was made of them, prepared."""
    folder = tmp_path_factory.mktemp("pictures")
    write_classes(folder / "images", {"a": 20, "b": 12, "c": 8})
    init_images.create(folder / "project", folder / "images")
    prepared(folder / "project")
    return folder


@pytest.fixture
def shoes(pictures: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A project of one's own, and the folder that its images come from."""
    shutil.copytree(pictures, tmp_path / "copy", symlinks=True)
    project, images = tmp_path / "copy/project", tmp_path / "copy/images"
    assert source.read(project) == source.Source(path=str(pictures / "images"))
    source.write(project, source.remembered(str(images)))
    return project, images


def call(project: Path, *arguments: str, capsys: pytest.CaptureFixture) -> tuple[int, str]:
    """Run `tailweight ingest` and return its exit code and what it printed on stdout and stderr."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["-C", str(project), "ingest", *arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out + said.err


def test_what_is_new_is_brought_in_and_what_is_there_keeps_its_split(
    shoes: tuple[Path, Path], capsys: pytest.CaptureFixture
) -> None:
    """New samples, a new class and one that vanished: each has its line; DVC keeps the data; a second time nothing is new."""
    project, images = shoes
    before = prepared(project)
    write_classes(images, {"a": 25, "new": 9}, seed=3)
    shutil.rmtree(images / "c")
    recorded = (project / dag.RAW_FILE).read_bytes()
    code, said = call(project, capsys=capsys)
    assert code == 0 and "14 new image(s), 20 with other content" in said
    assert "  a    20 + 5, 20 changed\n" in said and "  new  0 + 9: a new class\n" in said
    assert "  c    8 + 0: not in the source, its samples stay\n" in said and "40 image(s) keep their splits" in said
    assert (project / dag.RAW_FILE).read_bytes() != recorded
    assert not dvc.status(project).get(dag.RAW_FILE)
    after = prepared(project)
    assert (after[before.index] == before).all() and len(after) == 54
    tests = after.eq("test").groupby(after.index.str.partition("/").get_level_values(0)).sum()
    assert tests.to_dict() == {"a": 6, "b": 3, "c": 2, "new": 2}
    with unchanged(project / "data"):
        code, said = call(project, capsys=capsys)
    assert (code, said) == (0, f"nothing new in {images}\n")


def test_a_dry_run_only_says_what_is_new(shoes: tuple[Path, Path], capsys: pytest.CaptureFixture) -> None:
    """As text and as JSON; no file is touched."""
    project, images = shoes
    write_classes(images, {"new": 3}, seed=3)
    with unchanged(project):
        _, said = call(project, "--dry-run", capsys=capsys)
        assert "3 new image(s)" in said and "nothing was written" in said
        told = json.loads(call(project, "--dry-run", "--json", capsys=capsys)[1])
    assert told["new"] == 3 and told["brought_in"] is False and told["source"] == str(images)
    assert told["classes"][-1] == {"class": "new", "before": 0, "new": 3, "changed": 0, "in_source": True}


def test_a_batch_is_brought_in_from_elsewhere(shoes: tuple[Path, Path], tmp_path: Path) -> None:
    """What is remembered stays."""
    project, images = shoes
    write_classes(tmp_path / "batch", {"late": 4}, seed=3)
    assert growth.bring_in(project, str(tmp_path / "batch")).found.new == 4
    assert source.read(project) == source.Source(path=str(images))


def test_samples_that_were_taken_back_stay_out(shoes: tuple[Path, Path]) -> None:
    """Though the source still has them; their split comes back with them."""
    project, images = shoes
    before = prepared(project)
    gone = before.index[before == "test"][0]
    (project / dag.REMOVED).write_text(f"{gone}\n")
    write_classes(images, {"new": 5}, seed=3)
    assert gone not in prepared(project)
    growth.bring_in(project)
    assert gone not in prepared(project)
    (project / dag.REMOVED).write_text("")
    growth.bring_in(project)
    after = prepared(project)
    assert (after[before.index.drop(gone)] == before.drop(gone)).all() and len(after) == 45


def test_splits_that_a_person_changed_hold(shoes: tuple[Path, Path]) -> None:
    """What stands in the file goes before what `prepare` dealt last."""
    project, images = shoes
    (project / dag.SPLITS).write_text("id,split\na/000.png,validation\na/001.png,test\n")
    write_classes(images, {"new": 5}, seed=3)
    growth.bring_in(project)
    assert prepared(project)[["a/000.png", "a/001.png"]].tolist() == ["validation", "test"]


def test_where_the_splits_are_not_known_nothing_is_brought_in(shoes: tuple[Path, Path]) -> None:
    """The line says how to come by them."""
    project, images = shoes
    write_classes(images, {"new": 5}, seed=3)
    shutil.rmtree(project / "data/prepared")
    with unchanged(project / "data"):
        said = one_line(lambda: growth.bring_in(project))
    assert "manifest.csv: not there" in said and "dvc pull" in said and "tailweight run prepare" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "tailweight ingest --from PATH"),
        ("path: /nowhere\n", "/nowhere: no such file or folder"),
        ("path: 3\n", "source.yaml: path: input should be a valid string"),
        ("pth: /nowhere\n", "'pth' is not known here; did you mean path?"),
        ("- a\n", "expected a line such as 'path: /data/shoes'"),
        ("path: [\n", "not readable as YAML"),
        ("path: sqlite:///shop.db\nquery: select 1\n", "and the data of this project are images"),
    ],
)
def test_a_source_that_is_not_known_is_one_line(text: str | None, said: str, shoes: tuple[Path, Path]) -> None:
    """Nothing is changed."""
    project, _ = shoes
    (project / source.FILE).unlink()
    if text is not None:
        (project / source.FILE).write_text(text)
    with unchanged(project):
        found = one_line(lambda: growth.bring_in(project))
    assert said in found


def test_raw_data_that_dvc_does_not_know_are_not_overwritten(shoes: tuple[Path, Path]) -> None:
    """Perhaps what a colleague added is named and not here yet; the line has both ways on."""
    project, images = shoes
    write_classes(images, {"new": 5}, seed=3)
    (project / dag.RAW / "a/000.png").unlink()
    with unchanged(project / "data"):
        said = one_line(lambda: growth.bring_in(project))
    assert "dvc checkout data/raw.dvc" in said and "dvc add data/raw" in said


@pytest.mark.parametrize("placed", [3, 5])
def test_an_ingest_that_was_killed_is_made_good_by_the_next(placed: int, shoes: tuple[Path, Path]) -> None:
    """Though some or all files were in their place already, and DVC did not know."""
    project, images = shoes
    before = prepared(project)
    write_classes(images, {"new": 5}, seed=3)
    (project / files.WORK / "ingest").mkdir(parents=True)
    (project / dag.RAW / "new").mkdir()
    for path in sorted((images / "new").iterdir())[:placed]:
        shutil.copy(path, project / dag.RAW / "new")
    growth.bring_in(project)
    assert not dvc.status(project, dag.RAW_FILE) and not (project / files.WORK / "ingest").exists()
    after = prepared(project)
    assert (after[before.index] == before).all() and len(after) == 45


def test_a_zip_that_cannot_be_read_to_its_end_leaves_all_as_it_was(pictures: Path, tmp_path: Path) -> None:
    """One damaged member, and not even the sound ones are brought in."""
    shutil.make_archive(str(tmp_path / "images"), "zip", pictures / "images")
    project = tmp_path / "project"
    init_images.create(project, tmp_path / "images.zip")
    prepared(project)
    with zipfile.ZipFile(tmp_path / "images.zip", "a") as archive:
        archive.writestr("a/sound.png", b"sound")
        archive.writestr("a/damaged.png", b"damaged in the middle")
    content = (tmp_path / "images.zip").read_bytes()
    (tmp_path / "images.zip").write_bytes(content.replace(b"in the middle", b"in the muddle"))
    with unchanged(project / "data"):
        said = one_line(lambda: growth.bring_in(project))
    assert "a/damaged.png: cannot be read from the zip" in said and not (project / files.WORK / "ingest").exists()


def test_a_project_of_an_earlier_version_is_told_what_to_do(shoes: tuple[Path, Path]) -> None:
    """Its stages would not see that splits are kept."""
    project, images = shoes
    write_classes(images, {"new": 5}, seed=3)
    text = (project / dvc.FILE).read_text()
    (project / dvc.FILE).write_text(text.replace(f"    - {dag.SPLITS}\n", ""))
    assert "tailweight render" in one_line(lambda: growth.bring_in(project))


def test_data_that_a_stage_makes_are_not_brought_in() -> None:
    """The project of this repository has no source."""
    assert "made by a stage" in one_line(lambda: growth.bring_in(dag.SOURCE, "/nowhere"))


def test_a_run_on_a_schedule_ingests_where_the_source_says_so(shoes: tuple[Path, Path]) -> None:
    """And not where it does not."""
    project, images = shoes
    write_classes(images, {"new": 5}, seed=3)
    assert growth.on_schedule(project) is None
    source.write(project, source.Source(path=str(images), on_schedule=True))
    grown = growth.on_schedule(project)
    assert grown and grown.headline == f"5 new image(s) in {images}"
    (project / source.FILE).unlink()
    assert growth.on_schedule(project) is None


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database and the project that was made of a query, prepared."""
    folder = tmp_path_factory.mktemp("people")
    frame = write_table(folder / "people.csv", {"plain": 60, "rare": 20})
    with sqlite3.connect(folder / "people.db") as database:
        frame.to_sql("people", database, index=False)
    url = f"sqlite:///{folder}/people.db"
    init_table.create(folder / "project", init_table.Source(url, "income", query="select * from people"))
    prepared(folder / "project")
    return folder


def test_new_rows_of_a_query_are_brought_in(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old rows keep their splits under longer numbers, and in the types that the new ones have brought."""
    project = tmp_path / "project"
    shutil.copytree(people / "project", project, symlinks=True)
    shutil.copy(people / "people.db", tmp_path / "people.db")
    before = prepared(project)
    more = write_table(tmp_path / "more.csv", {"plain": 30, "rare": 10, "new": 20}, seed=7)
    more["id"] = [f"n-{number}" for number in range(60)]
    with sqlite3.connect(tmp_path / "people.db") as database:
        more.to_sql("people", database, index=False, if_exists="append")
    monkeypatch.setenv(source.ADDRESS, f"sqlite:///{tmp_path}/people.db")
    assert growth.bring_in(project).found.new == 60
    after = prepared(project)
    old = after[[f"{int(name):03d}" for name in before.index]]
    assert old.tolist() == before.tolist() and len(after) == 140
    assert not growth.bring_in(project).found.any


def test_rows_in_another_order_than_prepared_are_refused(people: Path, tmp_path: Path) -> None:
    """Splits are not written for other rows than those that had them."""
    project = tmp_path / "project"
    shutil.copytree(people / "project", project, symlinks=True)
    table = project / dag.RAW / "table.parquet"
    frame = pd.read_parquet(table)
    table.unlink()
    frame.iloc[::-1].to_parquet(table, index=False)
    dvc.command(project, "add", "--quiet", dag.RAW)
    with sqlite3.connect(tmp_path / "more.db") as database:
        frame.assign(id="x").to_sql("people", database, index=False)
    said = one_line(lambda: growth.bring_in(project, f"sqlite:///{tmp_path}/more.db"))
    assert "of other rows than" in said and "tailweight run prepare" in said


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("postgresql://me:secret@host:5432/shop?sslkey=secret", "postgresql://me@host:5432/shop"),
        ("postgresql://me:se?cret@host:5432/shop", "postgresql://me@host:5432/shop"),
        ("postgresql://me:se/secret@host/shop", "postgresql://me@host/shop"),
        ("postgresql+psycopg://host/shop", "postgresql+psycopg://host/shop"),
        ("sqlite:////data/shop.db", "sqlite:////data/shop.db"),
        ("sqlite:////data/ann@work/shop.db", "sqlite:////data/ann@work/shop.db"),
    ],
)
def test_no_password_is_remembered(url: str, kept: str) -> None:
    """Nor options, which may hold one; what is shown has no user either."""
    found = source.remembered(url, "select 1")
    assert found.path == kept and "me" not in found.shown and "se" not in found.shown.removeprefix("postgresql")


def test_a_database_in_this_folder_is_found_from_any_other() -> None:
    """The file of SQLite is remembered with its whole path, as the others are."""
    assert source.remembered("sqlite:///shop.db", "select 1").path == f"sqlite:///{Path.cwd()}/shop.db"
    assert source.remembered("images").path == str(Path.cwd() / "images")


def test_settings_of_a_source_read_back(tmp_path: Path) -> None:
    """What is written is what is read."""
    told = source.remembered("a.csv", test=tmp_path / "test.csv")
    source.write(tmp_path, told)
    assert source.read(tmp_path) == told and files.read_yaml(tmp_path / source.FILE)["test"] == str(
        tmp_path / "test.csv"
    )
    assert params.FILE not in (tmp_path / source.FILE).read_text()
