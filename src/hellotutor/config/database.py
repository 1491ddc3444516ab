"""Which database serves, SQLite in the data folder or the one of DATABASE_URL, and who may change its schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import dj_database_url
from django.db import DatabaseError, connection

from hellotutor.core.locks import hold, try_hold

from .settings import Settings

# WAL lets a reader and a writer work side by side; IMMEDIATE takes the write lock at the start of a transaction, where
# waiting for it helps. With Django's default settings the throughput of two writers collapses. FULL has each commit on
# the disk before it is acknowledged: with NORMAL a power cut takes the last ones back.
_SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
}
# What stands behind the ? of DATABASE_URL comes before these.
_POSTGRES_OPTIONS: dict[str, Any] = {"connect_timeout": 5, "client_encoding": "UTF8"}
# Any numbers that no other program takes in the same database.
_SCHEMA_LOCK, _REINDEX_LOCK = 0x48656C6C6F54, 0x48656C6C6F55


def describe_database(settings: Settings) -> dict[str, Any]:
    """Return Django's entry for `DATABASES["default"]`."""
    url = settings.database_url or f"sqlite:///{(settings.data_dir / 'hellotutor.sqlite3').as_posix()}"
    database: dict[str, Any] = {**dj_database_url.parse(url)}
    if "sqlite" in database["ENGINE"]:
        return {**database, "OPTIONS": _SQLITE_OPTIONS}
    # Under ASGI a kept connection belongs to a thread that may never be asked again: each request opens its own.
    return {**database, "CONN_MAX_AGE": 0, "OPTIONS": {**_POSTGRES_OPTIONS, **database.get("OPTIONS", {})}}


@contextmanager
def hold_schema(settings: Settings) -> Iterator[None]:
    """Be the only process that changes the schema: on this machine, and with Postgres on every other one.

    Raises:
        Unavailable: the lock's file can't be made (`lock_unusable`).
        DatabaseError: the database can't be used.
    """
    if connection.vendor != "postgresql":
        with hold(settings.data_dir / "locks" / "database.lock"):
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [_SCHEMA_LOCK])
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:  # a lost connection has freed it
            cursor.execute("select pg_advisory_unlock(%s)", [_SCHEMA_LOCK])


@contextmanager
def try_hold_reindex(settings: Settings) -> Iterator[bool]:
    """Be the only process that reindexes, as for `hold_schema`; yield False at once where another one does."""
    lock = try_hold(settings.data_dir / "locks" / "reindex.lock")
    try:
        yield lock is not None and _try_hold_in_database(_REINDEX_LOCK)
    finally:
        if lock:
            lock.release()
        if connection.vendor == "postgresql":
            connection.close()  # which frees it there


def _try_hold_in_database(number: int) -> bool:
    """Hold a lock until the connection at hand ends; on SQLite every process is on this machine, and has others."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [number])
        return bool(cursor.fetchone()[0])


def describe_unusable_database() -> str:
    """Return what is wrong when the database refuses, and what to do; nothing of DATABASE_URL stands in it."""
    if connection.vendor == "postgresql":
        return (
            "The database can't be used: check that Postgres runs and can be reached, and the user, password and "
            "database in DATABASE_URL."
        )
    return "The database can't be used: check DATABASE_URL, DATA_DIR."
