"""`tailweight export`: the release as people and other tools like it, class folders of PNGs with a manifest."""

import shutil
from pathlib import Path

from PIL import Image

from pipelines import release
from pipelines.errors import UserError
from pipelines.plan import slug

RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))}


def export(project: Path, folder: Path) -> None:
    """Write `<split>/<class>/<file>.png` and `manifest.csv` (path, label, split, origin, …) to a new folder.

    A class name that no file system would take becomes its slug; the manifest has the name itself. UserError where there
    is no release or `folder` exists.
    """
    source = project / "data/release/samples.parquet"
    if not source.is_file():
        raise UserError(f"{source}: there is no release yet; make one: tailweight run release (or dvc pull)")
    folder = folder.resolve()
    if folder.exists():
        raise UserError(f"{folder}: exists already; name a new folder")
    rows, pictures = release.read(source)
    building = folder.with_name(f".{folder.name}.tailweight-export")
    shutil.rmtree(building, ignore_errors=True)
    try:
        paths = [f"{row.split}/{folder_name(row.label)}/{row.origin}-{number:06d}.png" for number, row in enumerate(
            rows.rename(columns={"class": "label"}).itertuples()
        )]  # fmt: skip
        for path, picture in zip(paths, pictures, strict=True):
            target = building / path
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture.squeeze(axis=2) if picture.shape[2] == 1 else picture).save(target)
        manifest = rows.rename(columns={"class": "label"})
        manifest.insert(0, "path", paths)
        manifest.to_csv(building / "manifest.csv", index=False)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    made = int((rows["origin"] == release.SYNTHETIC).sum())
    print(f"{folder}: {len(rows)} pictures, {made} of them synthetic; manifest.csv says which")


def folder_name(label: str) -> str:
    """Return the class name where it is safe as a folder's name on every system, else its slug."""
    plain = label == label.strip(" .") and all(letter.isalnum() or letter in " ._-()" for letter in label)
    reserved = label.split(".")[0].upper() in RESERVED
    return label if plain and not reserved and 0 < len(label.encode()) <= 100 else slug(label)
