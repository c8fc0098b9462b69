"""The command line: what is common to all commands. Heavy packages are imported by the command that needs them."""

import argparse
import os
import sys
from collections.abc import Sequence

from pipelines.commands import deploy, export, init, params, render, review, run, stage, status
from pipelines.errors import UserError

USER_ERROR = 2
FAILED = 1

COMMANDS = (init, run, status, params, review, export, deploy, render, stage)  # in the order of the help

ABOUT = """\
Grow the classes of a labelled data set that have too few samples, and measure honestly whether it helped.

  tailweight init shoes --images ~/pictures/shoes   a project in the new folder shoes, its data brought in
  tailweight init bank --table bank.csv --label fraud   the same for the rows of a table
  cd shoes && tailweight run                        everything, up to data/report/report.html
  tailweight export ~/shoes-grown                   what earned its release, as class folders of PNGs
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 well, 1 a stage failed, 2 something to mend, 3 nothing ships although it must."""
    options = _parser().parse_args(arguments)
    try:
        code = options.command.execute(options) or 0
    except UserError as error:
        _complain(str(error))
        code = USER_ERROR
    except KeyboardInterrupt:
        print("tailweight: stopped; what was finished is kept, go on with: tailweight run", file=sys.stderr)
        code = 130
    except BrokenPipeError:  # the reader of our output has left, as in `tailweight params | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0 if options.command is params else FAILED
    except OSError as error:  # a full disk, a folder that may not be written to
        _complain(" ".join(str(error).split()))
        code = USER_ERROR
    sys.exit(code)


def _complain(line: str) -> None:
    from pipelines.driver import progress

    if not progress.emit(error=line):
        print(f"tailweight: {line}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "tailweight", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "-C", "--project", default=".", metavar="DIR", help="the project's folder (default: where you are)"
    )
    added = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        about = f"{command.ABOUT[0].upper()}{command.ABOUT[1:]}. {getattr(command, 'MORE', '')}"
        own = added.add_parser(
            command.__name__.rsplit(".", 1)[-1],
            help=command.ABOUT,
            description=about,
            formatter_class=argparse.RawTextHelpFormatter,
        )
        command.add_options(own)
        own.set_defaults(command=command)
    return parser


if __name__ == "__main__":
    main()
