"""What Postgres and its driver say went wrong, as errors that tell what to do; no sentence holds a name or address."""

from __future__ import annotations

import psycopg

from hellotutor.core.errors import Unavailable

TABLE_MISSING = "pgvector_table_missing"
TIMEOUT = "pgvector_timeout"
BUSY = "pgvector_busy"
WRONG_DIMENSIONS = "pgvector_wrong_dimensions"
TOO_MANY_DIMENSIONS = "pgvector_too_many_dimensions"
TOO_OLD = "pgvector_too_old"
EXTENSION_MISSING = "pgvector_extension_missing"
_UNREACHABLE = "pgvector_unreachable"
_ACCESS_DENIED = "pgvector_access_denied"
_TOO_MANY_CONNECTIONS = "pgvector_too_many_connections"
_NOT_ALLOWED = "pgvector_not_allowed"
_READ_ONLY = "pgvector_read_only"
_FULL = "storage_full"

_SENTENCES = {
    _UNREACHABLE: "The Postgres of the vectors can't be reached: check that it runs, PGVECTOR_URL (or DATABASE_URL) "
    "and the network, and try again.",
    _ACCESS_DENIED: "The Postgres of the vectors lets nobody in as we ask it: check the user, the password and the "
    "database in PGVECTOR_URL (or DATABASE_URL).",
    _TOO_MANY_CONNECTIONS: "The Postgres of the vectors has no connection left: raise its max_connections or run fewer "
    "processes, and try again.",
    BUSY: "All connections to the Postgres of the vectors are in use: try again in a moment.",
    TIMEOUT: "The Postgres of the vectors didn't answer in time: see what holds it up, and try again.",
    EXTENSION_MISSING: "The Postgres of the vectors has no pgvector: install the extension on its server, have a "
    "superuser run `create extension vector` in the database, and try again.",
    TOO_OLD: "The pgvector in the Postgres of the vectors is older than 0.8: install a newer one, run `alter extension "
    "vector update`, and try again.",
    _NOT_ALLOWED: "The database user of the vectors may not do what is needed: make it the owner of the database, or "
    "grant it `create` on the schema, and have a superuser run `create extension vector`.",
    TABLE_MISSING: "A table of vectors is gone from Postgres: run `hellotutor check --repair`, which has the vectors "
    "made again.",
    WRONG_DIMENSIONS: "The table of vectors in Postgres was changed to vectors of another length: drop it, and run "
    "`hellotutor check --repair`, which has the vectors made again.",
    TOO_MANY_DIMENSIONS: "pgvector indexes vectors of up to 4,000 dimensions: choose another model or another index.",
    _READ_ONLY: "The Postgres of the vectors takes no changes now: let PGVECTOR_URL (or DATABASE_URL) name the primary "
    "server, and try again.",
    _FULL: "The disk of the Postgres of the vectors is full: make room there, and try again.",
}
_FOR_GOOD = frozenset(
    {_ACCESS_DENIED, EXTENSION_MISSING, TOO_OLD, _NOT_ALLOWED, WRONG_DIMENSIONS, TOO_MANY_DIMENSIONS},
)
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html; the longest beginning that fits counts.
_STATES = {
    "08": _UNREACHABLE,
    "57P": _UNREACHABLE,
    "28": _ACCESS_DENIED,
    "3D": _ACCESS_DENIED,
    "53300": _TOO_MANY_CONNECTIONS,
    "57014": TIMEOUT,
    "55P03": TIMEOUT,
    "0A000": EXTENSION_MISSING,  # create extension, where the server has no such one
    "58P01": EXTENSION_MISSING,  # the same, and a library that was removed
    "42704": EXTENSION_MISSING,  # no such type: the extension was dropped
    "42883": EXTENSION_MISSING,  # no such operator
    "42501": _NOT_ALLOWED,
    "42P01": TABLE_MISSING,
    "42703": TABLE_MISSING,  # no such column: it went with the extension
    "22000": WRONG_DIMENSIONS,
    "25006": _READ_ONLY,
    "53100": _FULL,
}
_FOR_NOW = ("40", "53", "55", "58", "XX")  # deadlock, short of something, in use, broken below us
# While connecting libpq tells no state, only the server's words; in other languages they count as unreachable.
_WORDS = {
    "too many clients": _TOO_MANY_CONNECTIONS,
    "too many connections": _TOO_MANY_CONNECTIONS,
    "connection slots": _TOO_MANY_CONNECTIONS,
    "authentication failed": _ACCESS_DENIED,
    "no password supplied": _ACCESS_DENIED,
    "pg_hba.conf": _ACCESS_DENIED,
    "does not exist": _ACCESS_DENIED,
    "permission denied": _ACCESS_DENIED,
    "not permitted to log in": _ACCESS_DENIED,
}


class TablesGone(Unavailable):
    """The tables were never made, or somebody dropped them: nothing is stored."""


def make_error(code: str) -> Unavailable:
    """Return the error of a code of this module."""
    kind = TablesGone if code == TABLE_MISSING else Unavailable
    return kind(code, _SENTENCES[code], retryable=code not in _FOR_GOOD)


def translate_refusal(error: Exception) -> Unavailable:
    """Return the error that tells why no connection was made.

    Args:
        error: psycopg's, or what it raises for an address that libpq doesn't understand.
    """
    if not isinstance(error, psycopg.OperationalError):
        return make_error(_ACCESS_DENIED)
    return make_error(next((code for words, code in _WORDS.items() if words in str(error)), _UNREACHABLE))


def translate(error: psycopg.Error) -> Unavailable:
    """Return the error that tells of what Postgres or its driver raised."""
    state = error.sqlstate or ""
    if not state and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return make_error(_UNREACHABLE)
    for length in (5, 3, 2):
        if code := _STATES.get(state[:length]):
            return make_error(code)
    is_retryable = state.startswith(_FOR_NOW)
    advice = "try again" if is_retryable else "look into its log"
    message = f"The Postgres of the vectors failed ({state or type(error).__name__}): {advice}."
    return Unavailable("pgvector_failed", message, retryable=is_retryable)
