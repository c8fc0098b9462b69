"""Attributes come with the samples of every kind, into every split, or a line says why not."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.__main__ import main
from pipelines.driver import growth, params
from pipelines.errors import UserError
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
    """Prepare; check that the splits and the manifest tell the same attributes; return the manifest by id."""
    settings = Settings(attributes=attributes, **more)
    run(raw=raw, prepared=out, settings=settings, seed=0, progress=lambda *_: None)
    manifest = pd.read_csv(out / "manifest.csv", keep_default_na=False, dtype=str).set_index("id")
    for split in SPLITS:
        samples = Samples.load(out / f"{split}.parquet")
        assert list(samples.attributes) == attributes
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
    """Of one entry for each image; others are passed over as before, pickles too."""
    images, labels = np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8), np.repeat(["a", "b"], 30)
    odd = {"weights": np.zeros((3, 3)), "objects": np.array([{}] * 60)}
    (tmp_path / "raw").mkdir()
    np.savez(tmp_path / "raw/set.npz", images=images, labels=labels, site=np.arange(60) % 2, allow_pickle=True, **odd)
    manifest = prepare(tmp_path / "raw", tmp_path / "out", ["site"], image_size=8)
    assert manifest.loc["7", ATTRIBUTE + "site"] == "1"


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
    found = growth.compare(tmp_path / "project", growth.source.read(tmp_path / "project"), settings)
    assert found.changed == ("a/000.png",)
    (tmp_path / "grown").mkdir()
    found.write(tmp_path / "grown")
    written = pd.read_csv(tmp_path / "grown/list.csv", keep_default_na=False)
    columns = ["path", "label", "site", "camera"]
    pd.testing.assert_frame_equal(
        written[columns].sort_values("path", ignore_index=True), told[columns].sort_values("path", ignore_index=True)
    )
