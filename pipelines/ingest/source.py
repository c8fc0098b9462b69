"""Where the data of a project come from: `data/source.yaml`, in git, which `tailweight ingest` reads again."""

import os
from pathlib import Path

from pydantic import Field, ValidationError

from gan.errors import one_line
from gan.settings import Settings
from pipelines import files
from pipelines.errors import UserError, nearest

FILE = "data/source.yaml"
ADDRESS = "TAILWEIGHT_SOURCE"  # where to read instead of `path`, as an address with a password
COMMENT = "Where the data come from: `tailweight ingest` reads it again and brings in what is new."


class Source(Settings):
    """Where labelled data lie. The label and the group of a table stand in `params.yaml`, as everywhere."""

    path: str = Field(min_length=1, description="a folder or a file, or a database's URL without password")
    query: str | None = Field(default=None, description="the query that gives the rows, where `path` is a URL")
    test: str | None = Field(default=None, description="a file with test rows of the same columns")
    on_schedule: bool = Field(default=False, description="a run on a schedule brings in what is new first")

    @property
    def shown(self) -> str:
        """The path, or the URL without user, password and options."""
        from pipelines.ingest.table_sources import without_secrets  # loads pandas

        return without_secrets(self.path) if is_url(self.path) else self.path


def remembered(path: str, query: str | None = None, test: Path | None = None) -> Source:
    """Return where data lie in a form that holds in any folder, and that has no password and no options of a URL."""
    return Source(path=_lasting(path), query=query, test=None if test is None else str(test.resolve()))


def is_url(path: str) -> bool:
    """Say whether data come from a database."""
    return "://" in path


def write(project: Path, source: Source) -> None:
    """Write where the data of a project come from."""
    told = source.model_dump(exclude_defaults=True)
    files.write_yaml(project / FILE, told, COMMENT)


def read(project: Path) -> Source | None:
    """Return where the data of a project come from; None where that is not written down. UserError where it is damaged."""
    path = project / FILE
    if not path.exists():
        return None
    values = files.read_yaml(path)
    if not isinstance(values, dict):
        raise UserError(f"{path}: found {one_line(repr(values), 40)}, expected a line such as 'path: /data/shoes'")
    try:
        return Source.model_validate(values)
    except ValidationError as error:
        problem = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        key = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            raise UserError(f"{path}: {key!r} is not known here{nearest(key, Source.model_fields)}") from None
        raise UserError(f"{path}: {key}: {problem['msg'].lower()}; mend its line") from None


def chosen(project: Path, given: str | None) -> Source:
    """Return what to read: what is given, what the environment says, or what is written down.

    UserError where that is nothing.
    """
    known = read(project)
    path = given or os.environ.get(ADDRESS)
    if path:
        query = known.query if known and is_url(path) else None
        test = known.test if known and not given else None
        return Source(path=path if is_url(path) else str(Path(path).resolve()), query=query, test=test)
    if known is None:
        raise UserError(
            f"{project / FILE}: no such file, so where the data come from is not known; write it there, 'path: …', or give "
            "it: tailweight ingest --from PATH"
        )
    return known


def _lasting(path: str) -> str:
    if not is_url(path):
        return str(Path(path).resolve())
    from pipelines.ingest.table_sources import parsed, told  # loads pandas

    known = parsed(path)
    database = known.database
    if known.drivername.startswith("sqlite") and database and database != ":memory:":  # sqlite:///in/this/folder.db
        database = str(Path(database).resolve())
    return told(known.drivername, username=known.username, host=known.host, port=known.port, database=database)
