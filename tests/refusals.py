"""A database that refuses to write to a table, SQLite or Postgres, for as long as a test lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import connection

Refuse = Callable[[str, str], None]
_FUNCTION = (
    "create or replace function refuse() returns trigger language plpgsql as "
    "$$ begin raise exception 'secret words' using errcode = 'integrity_constraint_violation'; end $$"
)


@pytest.fixture
def refuse(transactional_db: None) -> Iterator[Refuse]:
    """Refuse an event on a table: `refuse("insert", "tutoring_answer")`; what it says must not be told to anybody.

    The test runs without a transaction around it: Postgres lets nothing more be done in one in which it refused.
    """
    refused: list[str] = []

    def refuse_one(event: str, table: str) -> None:
        _execute(*_statements(event, table))
        refused.append(table)

    yield refuse_one
    for table in refused:
        let_again(table)


def let_again(table: str) -> None:
    """Let a table be written to again."""
    _execute(f"drop trigger if exists refuse on {table}" if _is_postgres() else "drop trigger if exists refuse")


def _statements(event: str, table: str) -> list[str]:
    if _is_postgres():
        return [_FUNCTION, f"create trigger refuse before {event} on {table} for each row execute function refuse()"]
    return [f"create trigger refuse before {event} on {table} begin select raise(abort, 'secret words'); end"]


def _is_postgres() -> bool:
    return connection.vendor == "postgresql"


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
