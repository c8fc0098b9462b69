"""`tailweight init`: a project in a folder of its own, with its data brought in."""

import argparse
from pathlib import Path

from pipelines.commands import presets
from pipelines.errors import UserError

ABOUT = "make a project in a folder of its own and bring the data in"
MORE = """

--images: PATH is a folder of class folders (<class>/*.png), or of train/ and test/ above class folders; a .zip
of these; a CSV with the columns path,label[,split][,group]; or an .npz with images (n,h,w[,3]) uint8 and labels.
NAME.mask.png beside NAME.png says which pixels of it are missing, in white: tailweight repair fills those.
--table: FILE is a CSV (any separator and encoding) or a Parquet file with a header, or a database's URL with
--query. What each column holds is guessed and written to params.yaml, to be corrected there.
--series: FILE is a CSV (.gz, too) or a Parquet file with a row for each step: --id names its series, --time its time
(numbers or dates), --label its class; a column `split` says train, validation or test; every other column is a
channel. Or an .npz with x (n,t,c) and y (n,). Series of several lengths: prepare.length in params.yaml.
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
    data.add_argument("--series", metavar="FILE", help="the labelled time series")
    parser.add_argument("--preset", choices=presets.PRESETS, default="default", help="how much work a run is")
    parser.add_argument(
        "--image-size", type=int, metavar="N", help="side in pixels, 8 to 128 (default: by the data, at most 64)"
    )
    parser.add_argument("--label", metavar="COLUMN", help="table, series: the column with the class")
    parser.add_argument(
        "--group", metavar="COLUMN", help="table, series: the column with what must not span splits, e.g. patient"
    )
    parser.add_argument("--id", metavar="COLUMN", help="series: the column with the series that a row belongs to")
    parser.add_argument("--time", metavar="COLUMN", help="series: the column with the time of a row")
    parser.add_argument(
        "--attributes", metavar="COLUMN,…", help="columns whose values are subgroups to be watched, e.g. site,camera"
    )
    parser.add_argument(
        "--balance",
        metavar="COLUMN",
        help="an attribute, listed above or not: fill each class up subgroup by subgroup, the smallest first",
    )
    parser.add_argument("--test", metavar="FILE", help="table: a file with test rows of the same columns")
    parser.add_argument("--query", metavar="SQL", help="table: the query that gives the rows, where --table is a URL")


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    if not options.folder.strip():
        raise UserError("the project's folder has no name; expected: tailweight init DIR …")
    ways = {"images": _init_images, "table": _init_table, "series": _init_series}
    next(way for name, way in ways.items() if getattr(options, name) is not None)(options)
    if said := presets.PRESETS[options.preset].said:
        print(said)


def _init_images(options: argparse.Namespace) -> None:
    from pipelines.commands.init_images import create

    given = {"--label": options.label, "--group": options.group, "--test": options.test, "--query": options.query}
    _refuse(given, "goes with --table, not with --images")
    _refuse({"--id": options.id, "--time": options.time}, "goes with --series, not with --images")
    told = _attributes(options)
    create(Path(options.folder), Path(options.images), options.image_size, options.preset, told, options.balance or "")


def _init_table(options: argparse.Namespace) -> None:
    from pipelines.commands import init_table

    _refuse({"--image-size": options.image_size}, "goes with --images, not with --table")
    _refuse({"--id": options.id, "--time": options.time}, "goes with --series, not with --table")
    if not options.label:
        raise UserError("--table needs --label COLUMN, the column with the class of each row")
    test = Path(options.test) if options.test else None
    told = _attributes(options)
    source = init_table.Source(options.table, options.label, options.group or "", test, options.query, told)
    init_table.create(Path(options.folder), source, options.preset, options.balance or "")


def _init_series(options: argparse.Namespace) -> None:
    from pipelines.commands import init_series
    from pipelines.ingest import series_sources

    _refuse({"--image-size": options.image_size}, "goes with --images, not with --series")
    _refuse({"--test": options.test, "--query": options.query}, "goes with --table, not with --series")
    path = Path(options.series)
    own = {"--id": options.id, "--time": options.time, "--label": options.label}
    if series_sources.is_npz(path):
        _refuse(
            own | {"--group": options.group, "--attributes": options.attributes, "--balance": options.balance},
            "names a column, and an .npz has arrays: x, y and perhaps id, split, group",
        )
        columns = series_sources.OF_ARRAYS
    elif missing := [name for name, column in own.items() if not column]:
        raise UserError(f"--series needs {missing[0]} COLUMN as well; a file in long form has --id, --time and --label")
    else:
        told = _attributes(options)
        columns = series_sources.Columns(options.id, options.time, options.label, options.group or "", told)
    init_series.create(Path(options.folder), path, columns, options.preset, options.balance or "")


def _attributes(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the columns that `--attributes` and `--balance` name."""
    names = tuple(name.strip() for name in (options.attributes or "").split(",") if name.strip())
    if options.attributes is not None and not names:
        raise UserError("--attributes names no column; expected names such as site,camera")
    return tuple(dict.fromkeys([*names, *filter(None, [options.balance])]))


def _refuse(options: dict[str, object], why: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise UserError(f"{name} {why}")
