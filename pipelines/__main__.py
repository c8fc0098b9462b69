"""The command line: what is common to all commands. Heavy packages are imported by the command that needs them."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from gan.errors import one_line
from pipelines.errors import UserError, nearest

USER_ERROR = 2
FAILED = 1
UTF8 = "PYTHONUTF8"

try:
    from pipelines.commands import (
        completion,
        cross_validate,
        deploy,
        diff,
        explain,
        export,
        ingest,
        init,
        output,
        params,
        render,
        repair,
        restore,
        review,
        run,
        stage,
        status,
        suspects,
        verdicts,
        verify,
        versions,
    )
except ModuleNotFoundError as missing:  # the sampler alone was installed
    print(f"tailweight: no {missing.name} here; the command needs: pip install 'tailweight[pipeline]'", file=sys.stderr)
    sys.exit(USER_ERROR)

# In the order of the help; the last two are what `dvc.yaml` needs.
COMMANDS = (
    init, ingest, run, status, verdicts, cross_validate, suspects, repair, review, params, export, explain, verify, versions,
    diff, restore, deploy, completion, render, stage,
)  # fmt: skip

ABOUT = """\
Grow the classes of a labelled data set that have too few samples, and measure honestly whether it helped.

  tailweight init shoes --images ~/pictures/shoes   a project in the new folder shoes, its data brought in
  tailweight init bank --table bank.csv --label fraud   the same for the rows of a table
  cd shoes && tailweight run                        everything, up to data/report/report.html
  tailweight verdicts                               what was decided of each class
  tailweight export ~/shoes-grown                   what earned its release, as class folders of PNGs
"""
MORE = """\
tailweight COMMAND --help says what a command takes. A run with settings of its own: edit params.yaml (tailweight
params explains them) and run again; only what they touch is run."""
LEVELS = {
    "debug": "also what Prefect logs",
    "info": "what each stage says and how far it is",
    "warning": "only the result and what went wrong",
}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with the word that was perhaps meant."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and exit with code 2."""
        _complain(f"{message}; see: {self.prog} --help")
        sys.exit(USER_ERROR)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            what = "a command" if action.metavar == "COMMAND" else f"one of {', '.join(map(str, action.choices))}"
            self.error(f"{value!r} is not {what}{nearest(str(value), map(str, action.choices))}")


class Version(argparse.Action):
    """Print the version and exit; what says it is loaded only then."""

    def __call__(self, parser: argparse.ArgumentParser, *given: object) -> NoReturn:
        """Do so."""
        from importlib.metadata import version

        print(f"tailweight {version('tailweight')}")
        sys.exit(0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 well, 1 a stage failed, 2 something to mend, 3 nothing ships although it must."""
    if arguments is None:
        _in_utf8()
    options = _parsed(arguments)
    if arguments is None and options.command is not stage:  # what is half done is taken back, as at Ctrl-C
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = options.command.execute(options) or 0
    except UserError as error:
        code = _ended(options, str(error))
    except KeyboardInterrupt:
        print("tailweight: stopped; what was finished is kept, go on with: tailweight run", file=sys.stderr)
        code = 130
    except BrokenPipeError:  # the reader of our output has left, as in `tailweight params | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0 if options.command is params else FAILED
    except OSError as error:  # a full disk, a folder that may not be written to
        code = _ended(options, one_line(error, 300))
    sys.exit(code)


def _in_utf8() -> None:
    """Begin again in Python's UTF-8 mode where the locale has another encoding: names of files and classes are UTF-8.

    DVC and the stages, which inherit the environment, are in it then as well.
    """
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get(UTF8) != "1":
        os.execve(sys.executable, sys.orig_argv, {**os.environ, UTF8: "1"})


def _ended(options: argparse.Namespace, line: str) -> int:
    """Say what the user has to mend, with `--json` to programs too; return the exit code."""
    _complain(line)
    if getattr(options, "json", False):
        output.document({"exit_code": USER_ERROR, "error": line})
    return USER_ERROR


def _complain(line: str) -> None:
    from pipelines.driver import progress

    if not progress.emit(error=line):
        print(f"tailweight: {line}", file=sys.stderr)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options; an option that does not exist is named with the one that was perhaps meant."""
    parser, parsers = _parser()
    options, strange = parser.parse_known_args(arguments)
    if strange:
        own = parsers[options.command]
        word = strange[0].partition("=")[0]
        known = [name for action in own._actions for name in action.option_strings if name.startswith("--")]
        own.error(f"{word} is not known here{nearest(word, known) if word.startswith('-') else ''}")
    options.main_parser, options.parsers = parser, parsers
    if options.log_level == "debug":
        os.environ.update(PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL="DEBUG", PREFECT_LOGGING_LEVEL="DEBUG")
    return options


def _parser() -> tuple[Parser, dict[Any, Parser]]:
    """Return the parser, and those of the commands."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = Parser("tailweight", description=ABOUT, epilog=MORE, formatter_class=layout)
    parser.add_argument("--version", action=Version, nargs=0, help="print the version and exit")
    _add_common(parser, ".", "info")
    added = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    parsers = {}
    for command in COMMANDS:
        own = parsers[command] = added.add_parser(
            command.__name__.rsplit(".", 1)[-1].replace("_", "-"),
            help=command.ABOUT,
            description=f"{command.ABOUT[0].upper()}{command.ABOUT[1:]}. {getattr(command, 'MORE', '')}",
            formatter_class=argparse.RawTextHelpFormatter,
        )
        command.add_options(own)
        _add_common(own, argparse.SUPPRESS, argparse.SUPPRESS)
        own.set_defaults(command=command)
    return parser, parsers


def _add_common(parser: argparse.ArgumentParser, project: str, level: str) -> None:
    """Declare what goes before a command and after it; after it, the defaults must not hide what stood before."""
    parser.add_argument(
        "-C", "--project", default=project, metavar="DIR", help="the project's folder (default: where you are)"
    )
    parser.add_argument(
        "--log-level",
        choices=LEVELS,
        default=level,
        help=";\n".join(f"{name}: {about}" for name, about in LEVELS.items()) + " (default: info)",
    )


if __name__ == "__main__":
    main()
