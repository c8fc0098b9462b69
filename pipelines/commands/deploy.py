"""`tailweight deploy`: write `prefect.yaml` and hand it to `prefect deploy`, which takes the same file by itself."""

import argparse
import subprocess
from pathlib import Path
from typing import Any

from pipelines import files
from pipelines.driver import check, git, machine
from pipelines.errors import UserError

FILE = "prefect.yaml"
POOL = "tailweight"
DAILY = "0 3 * * *"
ABOUT = "put the run on a Prefect server, on a schedule"
MORE = """

  tailweight deploy --cron "0 3 * * *" --timezone Europe/Berlin   every night at three

Needs a server (prefect server start) named by PREFECT_API_URL, and a worker on this machine:
  prefect worker start --pool tailweight"""
COMMENT = (
    "A Prefect deployment of this project: `tailweight deploy` or `prefect deploy --all` puts it on the server; a worker\n"
    "# started with `prefect worker start --pool tailweight` runs it here, one run at a time."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--cron", required=True, metavar="EXPR", help=f'when to run, e.g. "{DAILY}"')
    parser.add_argument("--timezone", default="UTC", metavar="ZONE", help="zone of the cron expression (default: UTC)")
    parser.add_argument("--name", metavar="NAME", help="of the deployment (default: the folder's name)")
    parser.add_argument("--pool", default=POOL, metavar="POOL", help="work pool of type process, made if missing")


def execute(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    deploy(Path(options.project), cron=options.cron, timezone=options.timezone, name=options.name, pool=options.pool)


def definition(
    name: str, project: str, version: str | None = None, cron: str = DAILY, timezone: str = "UTC", pool: str = POOL
) -> dict[str, Any]:
    """Return the content of `prefect.yaml`. A run that is due while one is going on is cancelled, not queued."""
    about = f"Bring the Tailweight project {project} up to date, and say whether synthetic samples of its classes ship."
    return {
        "name": "tailweight",
        "deployments": [
            {
                "name": name,
                "description": about,
                **({"version": version} if version else {}),
                "tags": ["tailweight", project],
                "entrypoint": "pipelines.driver.flow.tailweight",
                "schedules": [{"cron": cron, "timezone": timezone}],
                "concurrency_limit": {"limit": 1, "collision_strategy": "CANCEL_NEW"},
                "work_pool": {"name": pool},
            }
        ],
    }


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a `prefect.yaml`."""
    files.write_yaml(path, content, COMMENT)


def deploy(project: Path, cron: str, timezone: str, name: str | None, pool: str) -> None:
    """Put the project's flow on the Prefect server on a schedule.

    UserError where no server is named or it does not answer, or the cron expression or zone is none.
    """
    check.check(project, [])
    folder = project.resolve()
    _check_schedule(cron, timezone)
    url = _server()
    scratch = folder / files.WORK / FILE
    write(scratch, definition(name or folder.name, folder.name, _version(folder), cron, timezone, pool))
    if _prefect(folder, "work-pool", "inspect", pool).returncode:
        _must(_prefect(folder, "work-pool", "create", "--type", "process", pool), url)
    _must(_prefect(folder, "deploy", "--all", "--prefect-file", str(scratch)), url)
    files.move(scratch, folder / FILE)
    print(f"deployed {name or folder.name} with cron {cron!r} ({timezone}) to {url}")
    print(f"a worker on this machine runs it: prefect worker start --pool {pool}")


def _version(folder: Path) -> str:
    """Return Tailweight's version and the project's commit, `0.1.0+1a2b3c4d`."""
    from importlib.metadata import version  # takes a tenth of a second to load

    commit = git.answer(folder, "rev-parse", "--short=8", "HEAD")
    return f"{version('tailweight')}+{commit}" if commit else version("tailweight")


def _check_schedule(cron: str, timezone: str) -> None:
    from prefect.client.schemas.schedules import CronSchedule
    from pydantic import ValidationError

    try:
        CronSchedule(cron=cron, timezone=timezone)
    except ValidationError as error:
        problem = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UserError(
            f"--cron {cron!r} in zone {timezone!r}: {problem}; expected for example '0 3 * * *' and UTC"
        ) from None


def _server() -> str:
    from prefect.settings import PREFECT_API_URL

    url = PREFECT_API_URL.value()
    if not url:
        raise UserError(
            "no Prefect server is named, and schedules need one; start it with: prefect server start; "
            "then: export PREFECT_API_URL=http://127.0.0.1:4200/api"
        )
    return str(url)


def _prefect(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*machine.PYTHON, "prefect", "--no-prompt", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def _must(done: subprocess.CompletedProcess[str], url: str) -> None:
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()] or ["no message"]
        raise UserError(f"the Prefect server at {url} did not take the deployment: {lines[-1].strip()}; is it running?")
