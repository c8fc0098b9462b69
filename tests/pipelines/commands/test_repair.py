"""`tailweight repair`: damaged images of a project are filled, judged, and join the training data where they ship."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from pipelines import files
from pipelines.commands import crossing, filling
from pipelines.driver import dag, growth, params
from pipelines.plan import Plan
from tests.conftest import QUICK, called, document, run, working_clone

RARE, WHOLE, DAMAGED, OTHERS, TESTED = 8, 6, 40, 60, 100
SETTINGS = QUICK | {
    "evaluate": QUICK["evaluate"] | {"repeats": 5, "min_test_samples": 20, "draws": 300, "relevant_gain": 0.2}
}


def write_digits(folder: Path) -> Path:
    """Write `train` and `test`: five digits, of the 8 six whole images and forty of which the lower half is white."""
    found = load_digits()
    images = np.round(found.images / 16 * 255).astype(np.uint8)
    for digit in (1, 2, 3, 5, RARE):
        own = np.flatnonzero(found.target == digit)
        trained = own[: WHOLE + DAMAGED] if digit == RARE else own[:OTHERS]
        for split, rows in (("train", trained), ("test", np.setdiff1d(own, trained)[:TESTED])):
            place = folder / split / str(digit)
            place.mkdir(parents=True)
            for number, row in enumerate(rows):
                image = images[row].copy()
                if digit == RARE and split == "train" and number >= WHOLE:
                    mask = np.zeros_like(image)
                    mask[4:] = image[4:] = 255
                    Image.fromarray(mask).save(place / f"{row:04d}.mask.png")
                Image.fromarray(image).save(place / f"{row:04d}.png")
    return folder


def copied(project: Path, folder: Path) -> Path:
    """Return a copy, which a project that has not run to its end is, since a clone has not what is not made yet."""
    return Path(shutil.copytree(project, folder / "project", symlinks=True))


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with damaged images, run up to `baseline`."""
    folder = tmp_path_factory.mktemp("torn")
    called("init", "project", "--images", str(write_digits(folder / "images")), cwd=folder)
    project = folder / "project"
    (project / params.FILE).write_text(params.render(demo=False, values=SETTINGS))
    said = run("tailweight", "run", "baseline", cwd=project)
    assert f"{DAMAGED} damaged images are set aside" in said
    run("git", "add", "--all", cwd=project)
    run("git", "commit", "--quiet", "--message", "baseline", cwd=project)
    return project


@pytest.fixture(scope="module")
def repaired(torn: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """The same project after `tailweight repair`, and what that printed as JSON."""
    project = copied(torn, tmp_path_factory.mktemp("repaired"))
    return project, document(run("tailweight", "repair", "--steps", "400", "--json", cwd=project))


def test_damaged_images_are_filled_and_judged_beside_the_alternatives(repaired: tuple[Path, dict]) -> None:
    """Nothing of the project changes but the count of results that the test split has given."""
    project, told = repaired
    (found,) = told["classes"]
    assert found["class"] == str(RARE) and found["filled"] == DAMAGED and found["whole"] == WHOLE
    assert set(found["average_precision"]) == {"left_out", "as_they_are", "smooth", "nearest", "generator"}
    assert set(found["gain_over"]) == {"left_out", "as_they_are", "smooth", "nearest"}
    assert run("git", "status", "--porcelain", cwd=project).split() == ["??", "data/judged.json"]
    page = (project / filling.PAGE).read_text(encoding="utf-8")
    assert page.count("data:image/png") == 5 * filling.SHOWN and f"<h2>{RARE}" in page
    manifest = pd.read_csv(project / dag.MANIFEST, dtype=str, keep_default_na=False).set_index("id")
    for one in files.read_json(project / filling.FOUND)["images"]:
        assert manifest.at[one["id"], "reason"].startswith("damaged: 50%")
        before = np.asarray(Image.open(project / "data/raw" / one["id"]))
        after = np.asarray(Image.open(project / filling.FILLED / one["file"]))
        assert (after[:4] == before[:4]).all() and (after[4:] != before[4:]).any()


def test_what_ships_is_training_data_from_then_on(repaired: tuple[Path, dict], tmp_path: Path) -> None:
    """Marked in the manifest; what was test stays test; the originals and their masks stay where they are."""
    told = repaired[1]
    assert [one["verdict"] for one in told["classes"]] == ["ship"], told
    project = copied(repaired[0], tmp_path)
    before = pd.read_csv(project / dag.MANIFEST, dtype=str, keep_default_na=False).set_index("id")
    files.write_text(project / filling.HALF_WAY, "")  # as a call that was killed leaves it, with what it had written
    first = files.read_json(project / filling.FOUND)["images"][0]["id"]
    (project / "data/raw" / first).with_suffix(".filled.png").write_bytes(b"")
    assert f"{DAMAGED} filled images lie beside" in run("tailweight", "repair", "--accept", cwd=project)
    assert not (project / filling.HALF_WAY).exists() and run("dvc", "status", "data/raw.dvc", cwd=project).count(
        "up to date"
    )
    run("tailweight", "run", "prepare", cwd=project)
    after = pd.read_csv(project / dag.MANIFEST, dtype=str, keep_default_na=False).set_index("id")
    assert set(after.index) == set(before.index)
    used = before["status"] == "used"
    assert (after.loc[before.index[used], "split"] == before.loc[used, "split"]).all()
    filled = after[after["reason"].str.startswith("filled where 50%")]
    assert len(filled) == DAMAGED and set(filled["split"]) == {"train"} and set(filled["status"]) == {"used"}
    assert len(list((project / "data/raw").rglob("*.mask.png"))) == DAMAGED
    dealt = crossing.names_of(project, growth.check(project))["id"]  # to other parts, whose tests the fills have seen
    assert not dealt.isin(filled.index).any() and len(dealt) == used.sum()
    said = called("repair", "--accept", cwd=project, code=2)
    assert "fill and judge anew: tailweight repair" in said
    run("tailweight", "run", "baseline", cwd=project)
    assert "lists no damaged image" in called("repair", cwd=project, code=2)


def test_what_is_left_alone_and_why() -> None:
    """A class that is not grown, one with too few whole images, and one that has none at all."""
    plan = Plan(skipped={"few": "class 'few' has 2 training samples"})
    told = {name: filling._left_alone(name, ["rich", "few"], plan) for name in ("rich", "few", "none")}
    assert "it has enough whole images" in told["rich"]
    assert told["few"].startswith("class 'few' has too few whole images") and "too few whole" in told["none"]


def test_a_colour_image_among_gray_ones_is_gray_and_the_other_way_round() -> None:
    """As in `prepare`, where a gray image among coloured ones has its gray in each channel."""
    colour, gray = np.full((4, 4, 3), (10, 10, 10), np.uint8), np.full((4, 4, 1), 7, np.uint8)
    assert filling._with_channels(colour, 1).tolist() == np.full((4, 4, 1), 10).tolist()
    assert filling._with_channels(gray, 3).tolist() == np.full((4, 4, 3), 7).tolist()
    assert filling._with_channels(colour, 3) is not None and filling._with_channels(gray, 1).shape == (4, 4, 1)


def test_nothing_is_added_to_a_zip(tmp_path: Path) -> None:
    """And it is said so before anybody tries."""
    (tmp_path / dag.RAW).mkdir(parents=True)
    (tmp_path / dag.RAW / "images.zip").write_bytes(b"")
    assert "no image can be added to a .zip file" in filling._barred(tmp_path)


def test_where_nothing_can_be_filled_one_line_says_what_to_do(
    torn: Path, finished: Path, finished_table: Path, tmp_path: Path
) -> None:
    """No masks, a table, steps below one, nothing judged yet, and data that have changed."""
    clones = {one: working_clone(one, tmp_path / name) for name, one in (("a", finished), ("b", finished_table))}
    clones[torn] = copied(torn, tmp_path)
    for project, command, said in (
        (finished, ["repair"], "NAME.mask.png beside NAME.png"),
        (finished_table, ["repair"], "repair fills images"),
        (torn, ["repair", "--steps", "0"], "--steps is 0, expected 1 or more"),
        (torn, ["repair", "--by", "magic"], "'magic' is not one of generator, nearest, smooth"),
        (torn, ["repair", "--accept"], "nothing is filled yet"),
    ):
        told = called(*command, cwd=clones[project], code=2)
        assert said in told and told.count("\n") <= 1, told
    next((clones[torn] / "data/raw/train/1").glob("*.png")).unlink()
    assert "tailweight run baseline" in called("repair", cwd=clones[torn], code=2)
