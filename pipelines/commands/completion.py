"""`tailweight completion`: what makes a shell complete Tailweight's commands and options."""

import argparse

SHELLS = ("bash", "zsh", "fish")
ABOUT = "print a script that lets bash, zsh or fish complete commands and options"
MORE = """

  bash: tailweight completion bash > ~/.local/share/bash-completion/completions/tailweight
  zsh:  tailweight completion zsh > DIR/_tailweight      DIR: a folder in $fpath
  fish: tailweight completion fish > ~/.config/fish/completions/tailweight.fish"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    import shtab

    from pipelines.driver import dag

    for parser in [options.main_parser, *options.parsers.values()]:
        for action in parser._actions:
            if action.metavar == "DIR":
                action.complete = shtab.DIRECTORY
            elif action.metavar in ("PATH", "FILE"):
                action.complete = shtab.FILE
            elif action.dest == "stages":
                action.choices = [stage.name for stage in dag.STAGES]
    print(shtab.complete(options.main_parser, options.shell))
