"""`tailweight export`: the release written to a folder."""

import argparse
from pathlib import Path

ABOUT = "write the release as class folders of PNGs, or as CSV files, with a manifest"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("folder", metavar="DIR", help="a folder that does not exist yet")


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    from pipelines.commands.export_files import export

    export(Path(options.project), Path(options.folder))
