"""A release holds what was decided: all real training samples, and the synthetic ones of the classes that ship."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines import files
from pipelines.commands.export_files import export, folder_name
from pipelines.plan import ClassPlan, Plan
from pipelines.samples import Candidates, Samples, release
from pipelines.stages.release import run


def make_inputs(folder: Path, verdicts: dict[str, str], dose: float) -> dict[str, Path]:
    """Write the inputs of the stage: two classes of 8 real samples, 20 candidates each of which every second is kept."""
    rng = np.random.default_rng(0)
    paths = {name: folder / f"{name}.parquet" for name in ("train", "validation")}
    for name, path in paths.items():
        values = rng.integers(0, 256, (16, 8, 8, 1), dtype=np.uint8)
        Samples(values, np.repeat([0, 1], 8), np.array([f"{name}-{i}" for i in range(16)])).save(path)
    plan = Plan()
    for index, label in enumerate(verdicts):
        plan.classes[f"s{index}"] = ClassPlan(label=label, index=index, train_samples=8, target=16, needed=8)
        rows = pd.DataFrame(
            {
                "id": [f"{label}-{i}" for i in range(20)],
                "class": label,
                "seed": range(20),
                "score": 1.0,
                "status": ["kept", "score below the threshold"] * 10,
            }
        )
        (folder / "synthetic").mkdir(exist_ok=True)
        Candidates(rng.integers(0, 256, (20, 8, 8, 1), dtype=np.uint8), rows).save(
            folder / f"synthetic/s{index}.parquet"
        )
    plan.save(folder / "plan.yaml")
    classes = {label: {"verdict": said, "reasons": ["so"], "instead": "smote"} for label, said in verdicts.items()}
    files.write_json(
        folder / "evaluation/metrics.json", {"classes": classes, "labels": {}, "best_arm": {}, "way": {"dose": dose}}
    )
    files.write_json(folder / "classes.json", {"kind": "images", "classes": list(verdicts)})
    ids = [f"{name}-{i}" for name in ("train", "validation") for i in range(16)]
    pd.DataFrame({"id": ids, "group": "", "reason": ""}).to_csv(folder / "manifest.csv", index=False)
    return paths | {
        "classes": folder / "classes.json",
        "manifest": folder / "manifest.csv",
        "plan": folder / "plan.yaml",
        "synthetic": folder / "synthetic",
        "evaluation": folder / "evaluation",
        "release": folder / "release",
    }


def test_only_kept_samples_of_shipped_classes_are_released_at_the_chosen_dose(tmp_path: Path) -> None:
    """A class on hold ships nothing, a shipped one the first kept candidates, as many as the dose says."""
    paths = make_inputs(tmp_path, {"a": "ship", "b": "hold"}, dose=0.75)
    run(**paths, seed=0, progress=lambda *_: None)
    rows, images = release.read(paths["release"] / "samples.parquet", "images")
    made = rows[rows["origin"] == "synthetic"]
    assert list(made["id"]) == ["a-0", "a-2", "a-4", "a-6", "a-8", "a-10"]
    assert set(made["split"]) == {"train"}
    assert (rows["origin"] == "real").sum() == 32
    said = files.read_json(paths["release"] / "release.json")
    assert said["classes"]["a"]["added"] == 6 and said["classes"]["b"]["added"] == 0
    candidates = Candidates.load(tmp_path / "synthetic/s0.parquet")
    assert np.array_equal(images[made.index[1]], candidates.values[2])


def test_the_manifest_tells_the_same_as_the_samples(tmp_path: Path) -> None:
    """Row by row, the CSV is the Parquet file without its images."""
    paths = make_inputs(tmp_path, {"a": "ship", "b": "ship"}, dose=1.0)
    run(**paths, seed=0, progress=lambda *_: None)
    rows = release.read(paths["release"] / "samples.parquet", "images")[0]
    manifest = pd.read_csv(paths["release"] / "manifest.csv")
    assert list(manifest["id"]) == list(rows["id"])
    assert list(manifest["origin"]) == list(rows["origin"])
    assert "group" not in manifest


def test_real_samples_keep_their_groups(tmp_path: Path) -> None:
    """Whoever cross-validates by group finds it in the release; synthetic samples have none, their parents have."""
    paths = make_inputs(tmp_path, {"a": "ship", "b": "hold"}, dose=1.0)
    manifest = pd.read_csv(paths["manifest"], keep_default_na=False).assign(
        group=["", *(f"00{i % 3}" for i in range(31))]
    )
    manifest.to_csv(paths["manifest"], index=False)
    run(**paths, seed=0, progress=lambda *_: None)
    rows = release.read(paths["release"] / "samples.parquet", "images")[0].set_index("id")
    real = rows[rows["origin"] == "real"]
    assert pd.isna(rows["group"].iloc[0])
    assert list(real["group"].iloc[1:]) == list(manifest["group"].iloc[1:])
    assert rows.loc[rows["origin"] == "synthetic", "group"].isna().all()


def test_attributes_stand_in_the_release(tmp_path: Path) -> None:
    """Of real samples as the manifest has them, of synthetic ones that of their parents, where they were made by it."""
    paths = make_inputs(tmp_path, {"a": "ship", "b": "hold"}, dose=1.0)
    manifest = pd.read_csv(paths["manifest"], keep_default_na=False).assign(
        **{"attribute.site": [f"s{i % 2}" for i in range(32)]}
    )
    manifest.to_csv(paths["manifest"], index=False)
    made = Candidates.load(tmp_path / "synthetic/s0.parquet")
    sites = [f"s{i % 2}" for i in range(len(made))]
    replace(made, rows=made.rows.assign(**{"attribute.site": sites})).save(tmp_path / "synthetic/s0.parquet")
    run(**paths, seed=0, progress=lambda *_: None)
    rows = release.read(paths["release"] / "samples.parquet", "images")[0]
    real, synthetic = (rows.loc[rows["origin"] == origin, "attribute.site"] for origin in ("real", "synthetic"))
    assert list(real) == list(manifest["attribute.site"]) and list(synthetic) == ["s0"] * 8


def test_images_that_were_filled_are_told_from_real_ones(tmp_path: Path) -> None:
    """In the rows, in the names of exported files, and in the data card."""
    paths = make_inputs(tmp_path, {"a": "ship", "b": "hold"}, dose=1.0) | {"release": tmp_path / "data/release"}
    manifest = pd.read_csv(paths["manifest"], dtype=str, keep_default_na=False)
    torn = str(Samples.load(paths["train"]).ids[3])
    manifest.loc[manifest["id"] == torn, "reason"] = "filled where 30% of it was masked"
    manifest.to_csv(paths["manifest"], index=False)
    run(**paths, seed=0, progress=lambda *_: None)
    rows = release.read(paths["release"] / "samples.parquet", "images")[0]
    assert rows.loc[rows["origin"] == "filled", "id"].tolist() == [torn]
    assert set(rows["origin"]) == {"real", "filled", "synthetic"}
    export(tmp_path, tmp_path / "out")
    assert len(list((tmp_path / "out/train").rglob("filled-*.png"))) == 1
    card = (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert "| class | train, real | train, filled | train, synthetic | validation |" in card
    assert "(1 of these had a part missing, which was filled" in card


def test_seeds_are_exact_beside_real_samples_which_have_none() -> None:
    """A seed of 63 bits has more digits than a float holds, and a sample can be made again from the exact one alone."""
    seed = 2**62 + 1
    real = pd.DataFrame({"id": ["r"], "class": "n", "origin": "real", "split": "train"})
    made = pd.DataFrame({"id": ["s"], "class": "n", "origin": "synthetic", "split": "train", "seed": [seed]})
    assert release.assemble([real, made])["seed"].tolist() == [pd.NA, seed]


def test_a_table_is_exported_with_group_and_label(tmp_path: Path) -> None:
    """The columns that were taken off for training come back under their own names, last."""
    frame = pd.DataFrame({"x": [1, 2, 3]})
    rows = release.real_rows(
        Samples(frame, np.array([0, 1, 0]), np.array(["1", "2", "3"]), "table"),
        "train",
        ["n", "y"],
        pd.DataFrame({"group": ["p7"]}, index=["2"]),
    )
    where = tmp_path / "data/release"
    where.mkdir(parents=True)
    release.assemble([rows]).to_parquet(where / "samples.parquet")
    files.write_json(where / "release.json", {"kind": "table", "label": "sick", "group": "who", "classes": {}})
    export(tmp_path, tmp_path / "out")
    assert (tmp_path / "out/train.csv").read_text().splitlines() == ["x,who,sick", "1,,n", "2,p7,y", "3,,n"]


def test_folder_names_are_the_class_names_where_any_system_takes_them() -> None:
    """Other names become slugs: the manifest has the name itself."""
    assert folder_name("Größe 10 (b)") == "Größe 10 (b)"
    for label in ("a/b", "..", "con", "x" * 300, "", 'a"b', "end."):
        assert folder_name(label) != label
        assert set(folder_name(label)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
