"""`tailweight repair`: damaged images of minority classes are filled, judged, and put to use where that helps."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.commands import output
from pipelines.errors import UserError

if TYPE_CHECKING:
    from pipelines.evaluation.repaired import Finding

FILLS = ("generator", "nearest", "smooth")  # see `evaluation.synthetic.FILLS`, which takes long to load
ABOUT = "fill damaged images of minority classes, measure what they add then, and use those that earn it"
MORE = """

  tailweight repair             fill and judge: a line a class, and a page with what became of each image
  tailweight repair --accept    put the filled images of the classes that ship beside their originals

An image is damaged where a mask lies beside it: NAME.mask.png beside NAME.png, white where pixels are missing or wrong (a
dead stripe, a watermark, a hand in front of the lens). `tailweight run` sets such images aside. Here a generator, trained
on the whole images of all classes to fill holes like theirs, makes them whole. Then the question is what they add to the
best training without them: as they are, filled from the most similar image of the class, filled smoothly, and filled by the
generator. A class ships where those of the generator (or what --by says) are surely better than leaving the damaged images
out, and than using them as they are. Test images are never filled. What is accepted is training data from the next run on,
marked in the manifest."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--accept", action="store_true", help="put the filled images that ship into data/raw")
    parser.add_argument(
        "--by",
        choices=FILLS,
        default=FILLS[0],
        help="what fills: the generator (default), the nearest image of the class, or a smooth surface",
    )
    parser.add_argument("--steps", type=int, metavar="N", help="training steps of the generator (default: 1000)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that judge (default: one per core)")
    output.add_json(parser)


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    from pipelines.driver import dag, machine

    for name in ("steps", "workers"):
        if (given := getattr(options, name)) is not None and given < 1:
            raise UserError(f"--{name} is {given}, expected 1 or more")
    machine.limit_threads()  # before NumPy is loaded
    machine.same_kernels()
    from gan.repair import STEPS
    from pipelines.commands import filling

    project = Path(options.project)
    if options.accept:
        with output.nothing_but_a_document(options.json):
            names = filling.accept(project)
        if options.json:
            output.document({"accepted": names})
        else:
            print(f"{len(names)} filled images lie beside their originals in {project / dag.RAW}; next: tailweight run")
        return
    with output.nothing_but_a_document(options.json):
        outcome = filling.fill_and_judge(project, options.by, options.steps or STEPS, options.workers)
    if options.json:
        classes = [filling.plain(one) for one in outcome.found]
        output.document({"classes": classes, "left_alone": dict(outcome.left), "test_split_used": outcome.earlier + 1})
        return
    for reason in outcome.left.values():
        print(f"left alone: {reason}")
    _show(outcome.found)
    print(f"this test split has judged {outcome.earlier} other result(s) before; a test set wears out")
    print(f"to look at them: {project / filling.PAGE}")
    if any(one.verdict.verdict == "ship" for one in outcome.found):
        print(outcome.barred or "to train on those that ship: tailweight repair --accept")


def _show(found: "list[Finding]") -> None:
    """Print a line a class, and the reasons."""
    from pipelines.commands.filling import WAYS
    from pipelines.wording import figure

    numbers = ("whole", "damaged", *WAYS.values())
    rows = output.table("class", "verdict", *numbers, right=numbers)
    for one in found:
        told = [figure(one.precisions[way]) if way in one.precisions else "–" for way in WAYS]
        rows.add_row(one.verdict.name, one.verdict.verdict, str(one.whole), str(one.filled), *told)
    output.console().print(rows)
    print("average precision on the test images, by what becomes of the damaged ones")
    for one in found:
        print(f"{one.verdict.name}: {'; '.join(one.reasons)}")
