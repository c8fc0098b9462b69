"""The Prefect server of a run: what keeps it from its history stops no run."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from tests.conftest import run

REACHED = """
from pipelines.driver.server import Server
server = Server()
server.begin()
with server.reached(print):
    print("reached")
"""


def test_a_database_of_a_newer_prefect_is_left_alone(tmp_path: Path) -> None:
    """Prefect's server ends at once on one that it does not know; a line says so, and another one keeps what ran in memory."""
    with closing(sqlite3.connect(tmp_path / "prefect.db")) as database:
        database.execute("create table alembic_version (version_num text)")
        database.execute("insert into alembic_version values ('of a newer one')")
        database.commit()
    own = {"PREFECT_API_URL": "", "PREFECT_HOME": str(tmp_path)}
    said = run(sys.executable, "-c", REACHED, cwd=tmp_path, env=own)
    assert f"Prefect cannot keep its history in {tmp_path}" in said and "reached" in said.splitlines()
