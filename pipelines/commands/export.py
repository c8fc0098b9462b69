"""`tailweight export`: the release written to a folder."""

import argparse
from pathlib import Path

ABOUT = "write the release as class folders of PNGs, or as CSV files, with a manifest"
MORE = """

  tailweight export ~/shoes-grown --licence "CC BY 4.0"

What is written: images as <split>/<class>/*.png with manifest.csv, and for Hugging Face's datasets metadata.csv; a
table as train.csv and validation.csv with manifest.csv; series as such CSVs, a row for each step, and as train.npz
and validation.npz with x and y. README.md is a data card: origin, counts, verdicts, limits,
and how to load the data. Text in a CSV that a spreadsheet would take for a formula has an apostrophe in front,
which `tailweight init` takes off again. Real samples of train and validation are in it, those of test are not."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("folder", metavar="DIR", help="a folder that does not exist yet")
    parser.add_argument("--licence", metavar="TEXT", help="of the data that were brought in, for the data card")
    parser.add_argument(
        "--raw-cells", action="store_true", help="leave text that a spreadsheet would take for a formula as it is"
    )


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    from pipelines.commands.export_files import export

    export(Path(options.project), Path(options.folder), options.licence, options.raw_cells)
