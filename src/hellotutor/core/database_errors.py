"""What a failure of the database, or of the disk below it, means for whoever asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import InterfaceError, OperationalError

from .errors import Unavailable

_FULL = ("disk is full", "no space left on device")  # SQLite's words, and Postgres's


def name_full_disk() -> Unavailable:
    """Return the error that tells of a disk without room (`storage_full`)."""
    return Unavailable("storage_full", "The disk is full: make room on it, or delete documents, and try again.")


def name_database_error(error: Exception) -> Unavailable:
    """Return the error that tells of what the database refused: `storage_full` or `database_unavailable`."""
    if any(words in str(error).lower() for words in _FULL):
        return name_full_disk()
    return Unavailable("database_unavailable", "The database didn't answer: try again in a moment.")


@contextlib.contextmanager
def naming_database_errors() -> Iterator[None]:
    """Let the block fail with a sentence where the database does.

    Raises:
        Unavailable: it did.
    """
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise name_database_error(error) from error
