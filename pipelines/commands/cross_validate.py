"""`tailweight cross-validate`: the whole pipeline run with every part of the data as the test split in turn."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.commands import output

if TYPE_CHECKING:
    from pipelines.commands.crossing import Finding

ABOUT = "measure what the samples add with every part of the data as the test split in turn: for classes with few test samples"
MORE = """

  tailweight cross-validate                 five parts: five whole runs, each without the part that it is tested on
  tailweight cross-validate --repeats 2     the data dealt twice: ten runs, narrower intervals
  tailweight cross-validate --json | jq '.classes[] | {class, gain}'

Where a class has a handful of test samples, a run's verdict is 'underpowered'. Here every sample is tested once in each
repeat: the GAN, the filter, and the choice of classifier, alternative and dose are made anew without it (nested
cross-validation), and the gains of the parts are averaged. A part in which no samples were tried counts as no gain. The
interval is that of Nadeau and Bengio (2003), which allows for training sets that overlap. It takes as long as that many runs;
stopped, the same command goes on where it was. Settings are the project's, but that the base is trained anew in each part
(pretrain.frozen). The project's own outputs stay as they are, and nothing is released; the parts, each with a copy of the
data, lie in .tailweight/cross-validation and may be deleted."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--folds", type=int, default=5, metavar="K", help="parts of the data, 2 or more (default: 5)")
    parser.add_argument(
        "--repeats", type=int, default=1, metavar="R", help="how often they are dealt anew (default: 1)"
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="stages side by side in a run (default: one per core, at most 8)"
    )
    output.add_json(parser)


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    from pipelines.commands import crossing
    from pipelines.errors import UserError

    for name, least in (("folds", 2), ("repeats", 1), ("workers", 1)):
        if (given := getattr(options, name)) is not None and given < least:
            raise UserError(f"--{name} is {given}, expected {least} or more")
    with output.nothing_but_a_document(options.json):
        found = crossing.cross_validate(Path(options.project), options.folds, options.repeats, options.workers)
    if options.json:
        output.document({"parts": options.folds * options.repeats, "classes": [one.plain for one in found]})
        return
    _show(found)


def _show(found: "list[Finding]") -> None:
    """Print a line a class, and what to make of it."""
    from pipelines.wording import figure

    if not found:
        print("no class is a minority class in any part: there is nothing to measure")
        return
    numbers = ("samples", "parts", "without", "with")
    rows = output.table("class", *numbers, "gain", "", right=numbers)
    for one in found:
        rows.add_row(
            one.name,
            str(one.samples),
            str(one.parts),
            figure(one.without),
            figure(one.with_samples),
            str(one.gain),
            one.said,
        )
    output.console().print(rows)
    print(
        "average precision; without: the best alternative without synthetic samples, chosen in each part, the mean of those "
        "that measured it; gain: the mean of all parts, 0 in one that tried no samples; with: both together"
    )
