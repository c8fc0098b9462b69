"""`tailweight verify`: synthetic samples made again from their seeds, and compared."""

import argparse
from pathlib import Path

from pipelines.commands import output

ABOUT = "make the released synthetic samples again from their seeds, and compare; exit code 1 where any differs"
MORE = """

  tailweight verify                all that were released, or all candidates where nothing shipped
  tailweight verify --sample 100   a hundred of them, drawn by the run's seed

Each is made from the seed in its row, the checkpoint of its class and the training samples, and has to have the same
bytes and references. Another kind of device, or other versions of the libraries, may round otherwise."""
SHOWN = 5  # ids of samples that differ


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--sample", type=int, metavar="N", help="how many samples are made again (default: all)")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes side by side (default: one per core, at most 8)"
    )
    output.add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Do what the command line asks for."""
    from pipelines.driver import machine
    from pipelines.errors import UserError

    for name in ("sample", "workers"):
        if (given := getattr(options, name)) is not None and given < 1:
            raise UserError(f"--{name} is {given}, expected 1 or more")
    machine.limit_threads()
    machine.same_kernels()
    from pipelines.commands.remake import verify  # loads NumPy and torch

    word, found = verify(Path(options.project), options.sample, options.workers or machine.default_workers())
    wrong = any(one.different for one in found)
    if options.json:
        output.document({"same": not wrong, "verified": word, "classes": [one.plain for one in found]})
        return int(wrong)
    for one in found:
        others = f", others are {', '.join(one.different[:SHOWN])}" if one.different else ""
        more = ", …" if len(one.different) > SHOWN else ""
        print(f"{one.name}: {one.count - len(one.different)} of {one.count} {word} samples are the same{others}{more}")
    if wrong:
        print("what is stale is not made again as it was; see: tailweight status")
    return int(wrong)
