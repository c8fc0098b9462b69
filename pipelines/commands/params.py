"""`tailweight params`: the settings with their meaning, for people, and their schema, for editors."""

import argparse
from pathlib import Path

from pipelines.commands import output

ABOUT = "print the settings with their values and meaning"
MORE = """

In a project, its own settings; elsewhere the defaults. Those that are hardly ever changed are printed with --all alone;
each may be written into params.yaml all the same. For completion in an editor, name the file that --schema writes in the
first line of params.yaml:
  tailweight params --schema > params.schema.json
  # yaml-language-server: $schema=params.schema.json
For programs:
  tailweight params --json | jq .filter.acceptance"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--all", action="store_true", help="every setting, with what it may be")
    what.add_argument("--schema", action="store_true", help="a JSON schema of params.yaml")
    what.add_argument("--json", action="store_true", help="the value of every setting, as JSON and nothing else")


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    from pipelines.driver import dag, params

    project = Path(options.project)
    demo = dag.is_source(project)
    if options.schema:
        print(params.schema(demo))
        return
    values = params.read(project) if (project / params.FILE).is_file() else None
    if options.json:
        output.document(params.all_values(demo, values or {}))
        return
    print(params.render(demo, values, everything=options.all), end="")
