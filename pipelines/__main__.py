"""The command line. Heavy packages are imported by the command that needs them."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import UserError

USER_ERROR = 2
FAILED = 1

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
        code = options.command(options) or 0
    except UserError as error:
        _complain(str(error))
        code = USER_ERROR
    except KeyboardInterrupt:
        print("tailweight: stopped; what was finished is kept, go on with: tailweight run", file=sys.stderr)
        code = 130
    except BrokenPipeError:  # the reader of our output has left, as in `tailweight params | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0 if options.command is _params else FAILED
    except OSError as error:  # a full disk, a folder that may not be written to
        _complain(" ".join(str(error).split()))
        code = USER_ERROR
    sys.exit(code)


def _complain(line: str) -> None:
    from pipelines.driver import progress

    if not progress.emit(error=line):
        print(f"tailweight: {line}", file=sys.stderr)


def _init(options: argparse.Namespace) -> None:
    if options.table is None:
        from pipelines.commands.init_images import create

        given = {"--label": options.label, "--group": options.group, "--test": options.test, "--query": options.query}
        _refuse(given, "goes with --table, not with --images")
        create(Path(options.folder), Path(options.images), options.image_size)
    else:
        from pipelines.commands import init_table

        _refuse({"--image-size": options.image_size}, "goes with --images, not with --table")
        if not options.label:
            raise UserError("--table needs --label COLUMN, the column with the class of each row")
        test = Path(options.test) if options.test else None
        source = init_table.Source(options.table, options.label, options.group or "", test, options.query)
        init_table.create(Path(options.folder), source)


def _refuse(options: dict[str, object], why: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise UserError(f"{name} {why}")


def _run(options: argparse.Namespace) -> int:
    from pipelines.commands import run

    return run.run(Path(options.project), options.stages, options.workers, options.quiet)


def _status(options: argparse.Namespace) -> int:
    from pipelines.commands import run

    return run.status(Path(options.project))


def _stage(options: argparse.Namespace) -> None:
    from pipelines.driver import one_stage

    one_stage.run_stage(Path(options.project), options.name, options.slug)


def _render(options: argparse.Namespace) -> None:
    from pipelines import files
    from pipelines.driver import dag, dvc, params

    project = Path(options.project)
    demo = dag.is_source(project)
    values = params.read(project)
    files.write_text(project / params.FILE, params.render(demo, values))
    files.write_text(project / dvc.FILE, dvc.render(demo))
    if not demo:
        dvc.write_code_hashes(project)
    print(f"wrote {params.FILE} and {dvc.FILE}")


def _params(options: argparse.Namespace) -> None:
    from pipelines.driver import dag, params

    project = Path(options.project)
    values = params.read(project) if (project / params.FILE).is_file() else None
    print(params.render(dag.is_source(project), values), end="")


def _export(options: argparse.Namespace) -> None:
    from pipelines.commands.export import export

    export(Path(options.project), Path(options.folder))


def _deploy(options: argparse.Namespace) -> None:
    from pipelines.commands.deploy import deploy

    deploy(Path(options.project), cron=options.cron, timezone=options.timezone, name=options.name, pool=options.pool)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "tailweight", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "-C", "--project", default=".", metavar="DIR", help="the project's folder (default: where you are)"
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, function: object, about: str, more: str = "") -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=about,
            description=f"{about[0].upper()}{about[1:]}. {more}",
            formatter_class=argparse.RawTextHelpFormatter,
        )
        added.set_defaults(command=function)
        return added

    init = command(
        "init",
        _init,
        "make a project in a folder of its own and bring the data in",
        "\n\n--images: PATH is a folder of class folders (<class>/*.png), or of train/ and test/ above class folders; a .zip\n"
        "of these; a CSV with the columns path,label[,split][,group]; or an .npz with images (n,h,w[,3]) uint8 and labels.\n"
        "--table: FILE is a CSV (any separator and encoding) or a Parquet file with a header, or a database's URL with\n"
        "--query. What each column holds is guessed and written to params.yaml, to be corrected there.\n"
        "The project is a git and DVC repository. Its settings are in params.yaml; go on with: tailweight run",
    )
    init.add_argument("folder", metavar="DIR", help="the new project's folder")
    data = init.add_mutually_exclusive_group(required=True)
    data.add_argument("--images", metavar="PATH", help="the labelled pictures")
    data.add_argument("--table", metavar="FILE", help="the labelled table, or the URL of the database that has it")
    init.add_argument(
        "--image-size", type=int, metavar="N", help="side in pixels, 8 to 128 (default: by the data, at most 64)"
    )
    init.add_argument("--label", metavar="COLUMN", help="table: the column with the class")
    init.add_argument(
        "--group", metavar="COLUMN", help="table: the column with what must not span splits, e.g. patient"
    )
    init.add_argument("--test", metavar="FILE", help="table: a file with test rows of the same columns")
    init.add_argument("--query", metavar="SQL", help="table: the query that gives the rows, where --table is a URL")

    run = command(
        "run",
        _run,
        "bring all stages up to date, or the named ones and what they need",
        "\n\nStages whose inputs, settings and code are unchanged are not run. DVC records every stage, so `dvc repro`\n"
        "does the same without Prefect. Exit code 0: done or up to date; 1: a stage failed; 2: something to mend;\n"
        "3: nothing ships, and gate.enforce is set.",
    )
    run.add_argument("stages", nargs="*", metavar="STAGE", help="for example: train, filter, report")
    run.add_argument("--workers", type=int, metavar="N", help="stages side by side (default: one a core, at most 8)")
    run.add_argument("--quiet", action="store_true", help="print only the end and what went wrong")

    command("status", _status, "say which stages would run, and why; exit code 1 where any would")
    command("params", _params, "print every setting with its value, bounds and meaning")

    export = command("export", _export, "write the release as class folders of PNGs, or as CSV files, with a manifest")
    export.add_argument("folder", metavar="DIR", help="a folder that does not exist yet")

    deploy = command(
        "deploy",
        _deploy,
        "put the run on a Prefect server, on a schedule",
        "\n\nNeeds a server (prefect server start) named by PREFECT_API_URL, and a worker on this machine:\n"
        "  prefect worker start --pool tailweight",
    )
    deploy.add_argument("--cron", required=True, metavar="EXPR", help='when to run, e.g. "0 3 * * *"')
    deploy.add_argument("--timezone", default="UTC", metavar="ZONE", help="zone of the cron expression (default: UTC)")
    deploy.add_argument("--name", metavar="NAME", help="of the deployment (default: the folder's name)")
    deploy.add_argument(
        "--pool", default="tailweight", metavar="POOL", help="work pool of type process, made if missing"
    )

    command(
        "render",
        _render,
        "write dvc.yaml and params.yaml anew, after an upgrade or a change of the stages; values stay",
    )

    stage = command("stage", _stage, "run one stage's function here and now; what dvc.yaml calls")
    stage.add_argument("name", metavar="STAGE", choices=_stage_names(), help=", ".join(_stage_names()))
    stage.add_argument(
        "slug", nargs="?", metavar="CLASS", help="the class, as data/plan.yaml names it, of a stage run for each"
    )
    return parser


def _stage_names() -> list[str]:
    from pipelines.driver import dag

    return [stage.name for stage in dag.STAGES]


if __name__ == "__main__":
    main()
