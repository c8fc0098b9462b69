"""Attributes come with the samples of every kind, into every split, or a line says why not."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.__main__ import main
from pipelines.driver import growth, params
from pipelines.errors import UserError
from pipelines.ingest import image_additions, series_additions, series_rows, series_sources
from pipelines.samples import Samples
from pipelines.samples.sets import ATTRIBUTE
from pipelines.stages.prepare import SPLITS, Settings, run
from tests.conftest import one_line, write_classes, write_series

SITES = ("north", "south", "")


def listed(folder: Path, counts: dict[str, int], **columns: Any) -> Path:
    """Images in a CSV manifest; columns: name -> the value of the image with that number."""
    raw = write_classes(folder, counts)
    paths = sorted(raw.rglob("*.png"))
    told = pd.DataFrame(
        {"path": [str(path.relative_to(raw)) for path in paths], "label": [p.parent.name for p in paths]}
    )
    told.assign(**{name: list(map(of, range(len(told)))) for name, of in columns.items()}).to_csv(
        raw / "list.csv", index=False
    )
    return raw


def site_of(number: int) -> str:
    return SITES[number % 3]


def prepare(raw: Path, out: Path, attributes: list[str], **more: Any) -> pd.DataFrame:
    """Prepare; check that test and the manifest tell the same attributes, and what is trained on none; return the manifest."""
    settings = Settings(attributes=attributes, **more)
    run(raw=raw, prepared=out, settings=settings, seed=0, progress=lambda *_: None)
    manifest = pd.read_csv(out / "manifest.csv", keep_default_na=False, dtype=str).set_index("id")
    for split in SPLITS:
        samples = Samples.load(out / f"{split}.parquet")
        assert list(samples.attributes) == (attributes if split == "test" else [])
        for name, values in samples.attributes.items():
            assert values.tolist() == manifest.loc[samples.ids, ATTRIBUTE + name].tolist()
    return manifest


def test_further_columns_of_a_manifest_are_attributes(tmp_path: Path) -> None:
    """Those that are asked for; a sample without one has an empty text."""
    raw = listed(tmp_path / "raw", {"a": 40, "b": 20}, site=site_of, camera=lambda number: f"c{number % 2}")
    manifest = prepare(raw, tmp_path / "out", ["site"], image_size=8)
    assert manifest[ATTRIBUTE + "site"].tolist() == [SITES[number % 3] for number in range(60)]
    assert not any("camera" in name for name in manifest)


def test_further_arrays_of_an_npz_are_attributes(tmp_path: Path) -> None:
    """That are asked for; others are passed over, pickles and bytes that are no text, too."""
    images, labels = np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8), np.repeat(["a", "b"], 30)
    odd = {"weights": np.zeros((3, 3)), "objects": np.array([{}] * 60), "digest": np.array([b"\xff\xfe"] * 60)}
    (tmp_path / "raw").mkdir()
    np.savez(tmp_path / "raw/set.npz", images=images, labels=labels, site=np.arange(60) % 2, allow_pickle=True, **odd)
    manifest = prepare(tmp_path / "raw", tmp_path / "out", ["site"], image_size=8)
    assert manifest.loc["7", ATTRIBUTE + "site"] == "1"
    for name, said in (("digest", "is not ASCII"), ("weights", "of shape (60,)"), ("objects", "pickles")):
        assert said in one_line(partial(prepare, tmp_path / "raw", tmp_path / "bad", [name], image_size=8))


def test_columns_of_a_table_are_attributes_and_stay_columns(tmp_path: Path) -> None:
    """Whole numbers have no decimals, as they would get where one is missing."""
    frame = pd.DataFrame({"x": np.arange(60.0), "ward": [None, 1.0, 2.0] * 20, "label": ["a", "b"] * 30})
    (tmp_path / "raw").mkdir()
    frame.to_parquet(tmp_path / "raw/table.parquet", index=False)
    kinds = {"x": "numeric", "ward": "integer"}
    manifest = prepare(tmp_path / "raw", tmp_path / "out", ["ward"], label="label", columns=kinds)
    assert sorted(manifest[ATTRIBUTE + "ward"].unique()) == ["", "1", "2"]
    assert "ward" in Samples.load(tmp_path / "out/train.parquet").values


def test_attributes_of_series_are_no_channels(tmp_path: Path) -> None:
    """All rows of a series say the same."""
    frame = write_series(tmp_path / "waves.csv", {"a": 28, "b": 12})
    frame["site"] = np.where(frame["who"] < "s-020", "north", "south")
    (tmp_path / "raw").mkdir()
    frame.to_parquet(tmp_path / "raw/series.parquet", index=False)
    columns = {"id": "who", "time": "when", "label": "shape"}
    manifest = prepare(tmp_path / "raw", tmp_path / "out", ["site"], **columns)
    assert (manifest[ATTRIBUTE + "site"] == np.where(manifest.index < "s-020", "north", "south")).all()
    frame.loc[0, "site"] = "east"
    frame.to_parquet(tmp_path / "raw/series.parquet", index=False)
    with pytest.raises(UserError, match="'site' says 'east' and 'north' of the series 's-000'"):
        prepare(tmp_path / "raw", tmp_path / "again", ["site"], **columns)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("clinic", "no attribute 'clinic' of the images; found site, camera, number"),
        ("camera", "names 'camera', and the samples have one value, 'c0'; leave it out"),
        ("number", "names 'number', which has 60 different values, such as '0'; at most 20 can be groups"),
    ],
)
def test_a_bad_attribute_gets_one_line_and_leaves_nothing(name: str, said: str, tmp_path: Path) -> None:
    """It says what was found and what to do."""
    raw = listed(
        tmp_path / "raw", {"a": 40, "b": 20}, site=site_of, camera=lambda _: "c0", number=lambda number: number
    )
    assert said in one_line(lambda: prepare(raw, tmp_path / "out", [name], image_size=8))
    assert not list((tmp_path / "out").glob("*.parquet"))


def test_class_folders_have_no_attributes(tmp_path: Path) -> None:
    """The line says where they could stand."""
    raw = write_classes(tmp_path / "raw", {"a": 9, "b": 9})
    assert "further columns of a CSV" in one_line(lambda: prepare(raw, tmp_path / "out", ["site"], image_size=8))


def test_the_class_is_no_attribute() -> None:
    """Neither are id and time of a series."""
    values = {"seed": 1, "prepare": {"label": "income", "attributes": ["income"]}}
    assert "prepare.attributes names 'income', as prepare.label does" in one_line(lambda: params.check(values, False))


def test_what_balances_is_an_attribute() -> None:
    """A setting that names another column is refused with where to put it."""
    values = {"seed": 1, "prepare": {"attributes": ["site"]}, "plan": {"balance": "camera"}}
    said = "plan.balance names 'camera', which prepare.attributes does not; put it there, too"
    assert said in one_line(lambda: params.check(values, False))


def test_what_balances_is_named_at_init(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an attribute as well; one that the images do not have is refused, and nothing is left."""
    listed(tmp_path / "source", {"a": 12, "b": 9}, site=site_of, camera=lambda number: f"c{number % 2}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["init", "scans", "--images", "source/list.csv", "--attributes", "site", "--balance", "camera"])
    assert not ended.value.code, capsys.readouterr()
    values = params.read(tmp_path / "scans")
    assert values["prepare"]["attributes"] == ["site", "camera"] and values["plan"]["balance"] == "camera"
    with pytest.raises(SystemExit) as ended:
        main(["init", "others", "--images", "source/list.csv", "--balance", "age"])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and "no attribute 'age' of the images; found site, camera" in said
    assert not (tmp_path / "others").exists()


def test_attributes_are_named_at_init_and_kept_when_data_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The manifest in `data/raw` keeps its further columns; a sample whose attribute has changed is taken over."""
    source = listed(tmp_path / "source", {"a": 12, "b": 9}, site=site_of, camera=lambda number: f"c{number % 2}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["init", "project", "--images", "source/list.csv", "--attributes", "site, camera"])
    assert not ended.value.code, capsys.readouterr()
    values = params.read(tmp_path / "project")
    assert values["prepare"]["attributes"] == ["site", "camera"]
    told = pd.read_csv(source / "list.csv", keep_default_na=False)
    told.loc[0, "site"] = "west"
    write_classes(source, {"c": 2}, seed=7)
    new = [{"path": f"c/{number:03d}.png", "label": "c", "site": "west", "camera": "c9"} for number in range(2)]
    told = pd.concat([told, pd.DataFrame(new)])
    told.to_csv(source / "list.csv", index=False)
    settings = growth.check(tmp_path / "project")
    origin = growth.source.read(tmp_path / "project")
    assert origin is not None
    found = growth.compare(tmp_path / "project", origin, settings)
    assert found.changed == ("a/000.png",)
    (tmp_path / "grown").mkdir()
    found.write(tmp_path / "grown")
    written = pd.read_csv(tmp_path / "grown/list.csv", keep_default_na=False)
    columns = ["path", "label", "site", "camera"]
    pd.testing.assert_frame_equal(
        written[columns].sort_values("path", ignore_index=True), told[columns].sort_values("path", ignore_index=True)
    )


def test_a_column_that_nobody_asked_for_changes_nothing(tmp_path: Path) -> None:
    """It is kept; a source without one that is asked for is refused, and so is one with too many values."""
    raw = listed(tmp_path / "raw", {"a": 12, "b": 9}, site=site_of, seen=lambda number: f"{number}")
    source = listed(tmp_path / "source", {"a": 12, "b": 9}, site=site_of, seen=lambda number: f"{number + 1}")
    found = image_additions.compare(raw, source, {}, set(), ["site"])
    assert not found.new and not found.changed
    listed(tmp_path / "source", {"a": 12, "b": 9}, seen=str)
    assert "no attribute 'site'" in one_line(lambda: image_additions.compare(raw, source, {}, set(), ["site"]))
    listed(tmp_path / "source", {"a": 30, "b": 9}, site=str)
    assert "at most 20" in one_line(lambda: image_additions.compare(raw, source, {}, set(), ["site"]))


def test_the_attributes_of_an_npz_are_brought_up_to_date(tmp_path: Path) -> None:
    """An image is told by its content alone: with another site it is the same image, and nothing is twice."""
    images, labels = np.random.default_rng(0).integers(0, 256, (20, 8, 8), np.uint8), np.repeat(["a", "b"], 10)
    sites = np.arange(20) % 2
    for name in ("raw", "source", "grown"):
        (tmp_path / name).mkdir()
    np.savez(tmp_path / "raw/set.npz", images=images, labels=labels, site=sites)
    moved = np.where(np.arange(20) == 3, 7, sites)[::-1]
    np.savez(tmp_path / "source/set.npz", images=images[::-1], labels=labels[::-1], site=moved, other=np.arange(20))
    found = image_additions.compare(tmp_path / "raw", tmp_path / "source", {}, set(), ["site"])
    assert not found.new and len(found.changed) == 1
    found.write(tmp_path / "grown")
    with np.load(tmp_path / "grown/set.npz") as grown:
        assert np.array_equal(grown["images"][..., 0] if grown["images"].ndim == 4 else grown["images"], images)
        assert grown["site"].tolist() == moved[::-1].astype(str).tolist()
    again = image_additions.compare(tmp_path / "grown", tmp_path / "source", {}, set(), ["site"])
    assert not again.new and not again.changed


def test_series_with_gaps_in_an_attribute_grow(tmp_path: Path) -> None:
    """Named afterwards, a column of numbers with gaps is the text that it is at the source."""
    frame = write_series(tmp_path / "waves.csv", {"a": 9, "b": 6}, steps=6)
    frame["ward"] = frame["who"].map(lambda name: None if name == "s-000" else float(name[-1]))
    (tmp_path / "raw").mkdir()
    frame.to_parquet(tmp_path / "raw/series.parquet", index=False)
    frame.astype({"ward": "Int64"}).to_csv(tmp_path / "waves.csv", index=False)
    rules = series_rows.Rules(series_sources.Columns("who", "when", "shape", attributes=("ward",)))
    found = series_additions.compare(tmp_path / "raw", tmp_path / "waves.csv", rules, set())
    assert not found.new and not found.changed


def test_an_attribute_that_an_npz_has_only_now_is_brought_in(tmp_path: Path) -> None:
    """An image that the source does not have any more has none."""
    images, labels = np.random.default_rng(0).integers(0, 256, (20, 8, 8), np.uint8), np.repeat(["a", "b"], 10)
    sites = np.arange(20) % 2
    for name in ("raw", "source", "grown"):
        (tmp_path / name).mkdir()
    np.savez(tmp_path / "raw/set.npz", images=images, labels=labels)
    np.savez(tmp_path / "source/set.npz", images=images[:15], labels=labels[:15], site=sites[:15])
    found = image_additions.compare(tmp_path / "raw", tmp_path / "source", {}, set(), ["site"])
    found.write(tmp_path / "grown")
    with np.load(tmp_path / "grown/set.npz") as grown:
        assert grown["site"].tolist() == [*sites[:15].astype(str), *[""] * 5]
