"""What every test has: the shared documents where they are, and no network but loopback; see also `isolated`."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from tests.pinecone_fixtures import make_pinecone as make_pinecone
from tests.pinecone_fixtures import pinecone_server as pinecone_server
from tests.postgres_server import make_pgvector as make_pgvector
from tests.postgres_server import postgres as postgres
from tests.refusals import refuse as refuse
from tests.s3_server import make_s3_storage as make_s3_storage  # fixtures; one server for all tests of a run
from tests.s3_server import s3_server as s3_server
from tests.s3_server import s3_storage as s3_storage

from hellotutor.config import vectors

SHARED_DATA = "HELLOTUTOR_SHARED_DATA"
SLOW_TESTS = "HELLOTUTOR_SLOW_TESTS"


def pytest_configure(config: pytest.Config) -> None:
    """Make the tests known that are left to `script/prove slow_tests`."""
    config.addinivalue_line(
        "markers", "slow: runs where HELLOTUTOR_SLOW_TESTS is set, as `script/prove slow_tests` has it"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the slow ones, whose like is among the others.

    Run side by side, of several tests with one id only one would be run: that is an error then.
    """
    twice = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if twice and hasattr(config, "workerinput"):
        raise pytest.UsageError(f"these can't be run side by side, because several have one id: {', '.join(twice)}")
    if os.environ.get(SLOW_TESTS):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    items[:] = [item for item in items if item not in slow]
    config.hook.pytest_deselected(items=slow)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the shared documents; without it the test is skipped, in continuous integration it fails."""
    folder = Path(os.environ.get(SHARED_DATA, ""))
    if os.environ.get(SHARED_DATA) and folder.is_dir():
        return folder.resolve()
    message = f"{SHARED_DATA} names no folder: this test reads the shared documents"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(autouse=True)
def vectors_in_force_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test go by what another one's database had in force, and none look again because it takes long."""
    monkeypatch.setattr(vectors, "_latest", vectors._Latest())
    monkeypatch.setattr(vectors, "STALE_S", 3_600.0)


@pytest.fixture(autouse=True)
def connection_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the connection that holds a test's transaction, whatever the code under test closes.

    Django keeps a database in memory open by itself, and its test clients take care of others; a stream that closes
    what it opened, and a client of another package, would end the transaction on Postgres.
    """
    if connection.vendor != "postgresql":
        return
    close = BaseDatabaseWrapper.close_if_unusable_or_obsolete

    def close_outside_of_transactions(wrapper: BaseDatabaseWrapper) -> None:
        if not wrapper.in_atomic_block:
            close(wrapper)

    monkeypatch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", close_outside_of_transactions)
