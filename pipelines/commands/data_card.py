"""The data card of an export: where the samples come from, what was decided, what they are not good for, how to load them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipelines.evaluation.synthetic import USES
from pipelines.samples import IMAGES, SERIES, TABLE, cells, form_of, release

FILE = "README.md"

SNIPPETS = {
    IMAGES: {
        "pandas": """\
import pandas as pd

rows = pd.read_csv("manifest.csv", dtype={"label": str}, keep_default_na=False)
train = rows[rows["split"] == "train"]           # real and synthetic
real = train[train["origin"] == "real"]          # without the synthetic ones
""",
        "torchvision": """\
from pathlib import Path
from torchvision.datasets import ImageFolder

train = ImageFolder("train")                     # a folder for each class, real and synthetic
real = ImageFolder("train", is_valid_file=lambda path: Path(path).name.startswith("real-"))
""",
        "datasets": """\
from datasets import load_dataset

splits = load_dataset("imagefolder", data_dir=".")   # the image and the columns of metadata.csv
real = splits["train"].filter(lambda row: row["origin"] == "real")
""",
        "fiftyone": """\
import fiftyone as fo

samples = fo.Dataset.from_dir("train", dataset_type=fo.types.ImageClassificationDirectoryTree)
real = samples.match(fo.ViewField("filepath").contains_str("/real-"))
""",
    },
    TABLE: {
        "pandas": """\
import pandas as pd

train = pd.read_csv("train.csv")                 # real and synthetic
rows = pd.read_csv("manifest.csv", dtype={"label": str}, keep_default_na=False)
origin = rows.loc[rows["path"] == "train.csv", "origin"].to_numpy()
real = train[origin == "real"]                   # without the synthetic ones
""",
        "datasets": """\
from datasets import load_dataset

splits = load_dataset("csv", data_files={"train": "train.csv", "validation": "validation.csv"})
""",
    },
    SERIES: {
        "numpy": """\
import numpy as np
import pandas as pd

train = np.load("train.npz")                     # x (n, steps, channels), y and id: real and synthetic
rows = pd.read_csv("manifest.csv", dtype=str, keep_default_na=False)
origin = rows.loc[rows["split"] == "train", "origin"].to_numpy()
real = train["x"][origin == "real"]              # without the synthetic ones
""",
        "pandas": """\
import pandas as pd

train = pd.read_csv("train.csv")                 # a row for each step
""",
    },
}


def text(
    name: str, about: Mapping[str, Any], rows: pd.DataFrame, licence: str | None, version: str, marked: bool = False
) -> str:
    """Return the card.

    name: of the project. about: what `release.json` says. rows: of the release, with `label`. licence: of the source, as
    the user states it. marked: whether text in the CSVs is marked, see `pipelines/samples/cells.py`.
    """
    parts = _origin(name, about, rows, licence, version), _counts(rows), _verdicts(about), _making(about), LIMITS
    return "\n".join(line for part in (*parts, _loading(about["kind"]), MARKED if marked else []) for line in part)


def _origin(name: str, about: Mapping[str, Any], rows: pd.DataFrame, licence: str | None, version: str) -> list[str]:
    made, filled = (int((rows["origin"] == origin).sum()) for origin in (release.SYNTHETIC, release.FILLED))
    torn = f" ({filled} of these had a part missing, which was filled: `filled` in `manifest.csv`)" if filled else ""
    stated = licence or "not stated. Whoever passes the data on has to know it"
    return [
        f"# {name}, as released by Tailweight",
        "",
        f"{len(rows)} {form_of(about['kind']).noun}: {len(rows) - made} real, of the project `{name}`{torn}, and {made} "
        f"synthetic, made by Tailweight {version}. `manifest.csv` says of each which it is. Test samples are not among them.",
        "",
        f"**Licence of the source:** {stated}. Synthetic samples are derived from real ones.",
        "",
    ]


def _counts(rows: pd.DataFrame) -> list[str]:
    counted = rows.groupby(["label", "split", "origin"], sort=False).size().unstack(["split", "origin"], fill_value=0)
    origins = [release.REAL, *({release.FILLED} & set(rows["origin"])), release.SYNTHETIC]
    columns = [*(("train", origin) for origin in origins), ("validation", release.REAL)]
    counted = counted.reindex(columns=pd.MultiIndex.from_tuples(columns), fill_value=0)
    heads = ["class", *(f"train, {origin}" for origin in origins), "validation"]
    lines = ["## Samples", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    lines += [f"| {_cell(label)} | {' | '.join(str(n) for n in numbers)} |" for label, *numbers in counted.itertuples()]
    return [*lines, ""]


def _verdicts(about: Mapping[str, Any]) -> list[str]:
    lines = [
        "## Verdicts",
        "",
        "The release has synthetic samples of a class where they proved their worth on test samples held out from all else.",
        "",
    ]
    for name, found in about["classes"].items():
        lines.append(f"- **{_cell(name)}**: {found['verdict']}, {found['added']} added")
        lines += [f"    - {reason}" for reason in found["reasons"]]
    lines += [f"- **{_cell(name)}**: no GAN: {why}" for name, why in about.get("no_gan", {}).items()]
    return [*lines, ""]


def _making(about: Mapping[str, Any]) -> list[str]:
    way = about.get("way") or {}
    lines = [
        "## How it was made",
        "",
        "A conditional GAN was trained on all classes and specialised for each class with too few samples. Each synthetic",
        "sample starts between a real training sample and a near neighbour (`reference_id` and `neighbour_id`), has a seed of",
        "its own, and was kept where it is no copy of a training sample.",
    ]
    if way and about.get("arm"):
        lines.append(
            f"They were measured with {about['arm']}, at a dose of {way['dose']:g} of what would balance a class, on "
            f"train and validation together, and used so: {USES[way['use']].about}. Train in the same way; it decides what "
            "they are worth."
        )
    return [*lines, ""]


LIMITS = [
    "## Limits",
    "",
    "- Synthetic samples are for training alone: never test or choose a model on them.",
    "- They hold no new facts about the world. Statistics of the data are to be taken from the real samples.",
    "- They are made from the real training samples and do not make them anonymous.",
    "- What was measured holds for the classifier and the test samples of the project, and for other data only perhaps.",
    "- Cross-validating by group, keep a synthetic sample with the two real ones it started between.",
    "",
]


MARKED = [
    "Some text begins like a formula (`=`, `+`, `-`, `@`). In the CSVs an apostrophe stands in front of it, so that a",
    "spreadsheet shows it and does not run it. `tailweight init` takes it off again; in pandas, for any of the tables:",
    "",
    "```python",
    f'frame = frame.replace(r"{cells.MARKED.pattern}", r"\\1\\2", regex=True)',
    "```",
    "",
]


def _loading(kind: str) -> list[str]:
    lines = ["## Loading", "", "In this folder:", ""]
    for library, code in SNIPPETS[kind].items():
        lines += [f"With {library}:", "", "```python", code.rstrip(), "```", ""]
    return lines


def _cell(value: object) -> str:
    """Return a class name as a table and a list of Markdown take it."""
    return str(value).replace("|", "\\|").replace("<", "&lt;")
