"""`tailweight init`: a project in a folder of its own, with its data brought in."""

import argparse
from pathlib import Path

from pipelines.commands import presets
from pipelines.errors import UserError

ABOUT = "make a project in a folder of its own and bring the data in"
MORE = """

--images: PATH is a folder of class folders (<class>/*.png), or of train/ and test/ above class folders; a .zip
of these; a CSV with the columns path,label[,split][,group]; or an .npz with images (n,h,w[,3]) uint8 and labels.
--table: FILE is a CSV (any separator and encoding) or a Parquet file with a header, or a database's URL with
--query. What each column holds is guessed and written to params.yaml, to be corrected there.
--preset: how much work a run is; its values stand in params.yaml, to be changed there.
  fast: a first look in a minute or two on a small set; judges with too few trainings to ship anything
  default: the defaults of every setting
  thorough: for the final result; a run takes several times as long
The project is a git and DVC repository. Its settings are in params.yaml; go on with: tailweight run"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("folder", metavar="DIR", help="the new project's folder")
    data = parser.add_mutually_exclusive_group(required=True)
    data.add_argument("--images", metavar="PATH", help="the labelled images")
    data.add_argument("--table", metavar="FILE", help="the labelled table, or the URL of the database that has it")
    parser.add_argument("--preset", choices=presets.PRESETS, default="default", help="how much work a run is")
    parser.add_argument(
        "--image-size", type=int, metavar="N", help="side in pixels, 8 to 128 (default: by the data, at most 64)"
    )
    parser.add_argument("--label", metavar="COLUMN", help="table: the column with the class")
    parser.add_argument(
        "--group", metavar="COLUMN", help="table: the column with what must not span splits, e.g. patient"
    )
    parser.add_argument("--test", metavar="FILE", help="table: a file with test rows of the same columns")
    parser.add_argument("--query", metavar="SQL", help="table: the query that gives the rows, where --table is a URL")


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    if not options.folder.strip():
        raise UserError("the project's folder has no name; expected: tailweight init DIR …")
    (_init_images if options.table is None else _init_table)(options)
    if said := presets.PRESETS[options.preset].said:
        print(said)


def _init_images(options: argparse.Namespace) -> None:
    from pipelines.commands.init_images import create

    given = {"--label": options.label, "--group": options.group, "--test": options.test, "--query": options.query}
    _refuse(given, "goes with --table, not with --images")
    create(Path(options.folder), Path(options.images), options.image_size, options.preset)


def _init_table(options: argparse.Namespace) -> None:
    from pipelines.commands import init_table

    _refuse({"--image-size": options.image_size}, "goes with --images, not with --table")
    if not options.label:
        raise UserError("--table needs --label COLUMN, the column with the class of each row")
    test = Path(options.test) if options.test else None
    source = init_table.Source(options.table, options.label, options.group or "", test, options.query)
    init_table.create(Path(options.folder), source, options.preset)


def _refuse(options: dict[str, object], why: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise UserError(f"{name} {why}")
