"""The tables of the vectors in Postgres: one a stamp, beside a catalogue of the stamps and versions.

A vector's row names its version by a number alone: 8 bytes instead of the 70 of tenant and version id. These numbers
are random and not counted, so that vectors that outlive a dropped catalogue are never taken for somebody else's.
"""

from __future__ import annotations

import secrets
from typing import LiteralString

from psycopg import sql

from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.pgvector.errors import TOO_MANY_DIMENSIONS, TOO_OLD, WRONG_DIMENSIONS, make_error
from hellotutor.retrieval.pgvector.pool import Connection

MOST_DIMENSIONS = 4_000  # of an HNSW index over halfvec
_OLDEST = (0, 8)  # the first with iterative scans
_LOCK = 0x48656C6C6F56  # any number that no other program takes in the same database

_CATALOGUE: LiteralString = """
create table if not exists hellotutor_vector_stamps (
    id bigint primary key, model text not null, version text not null, dimensions integer not null,
    unique (model, version, dimensions)
);
create table if not exists hellotutor_vector_versions (
    id bigint primary key, stamp bigint not null references hellotutor_vector_stamps,
    tenant text collate "C" not null, version_id text collate "C" not null, passages integer not null,
    unique (tenant, version_id, stamp)
)"""
# What is dropped has lost its vectors with the extension. Plain: a row moved out of its page, as those of 1,000
# dimensions would be, is slow to compare. Nothing asks for statistics of a vector's values.
_VECTORS: LiteralString = """
drop table if exists {table};
create table {table} (
    version bigint not null, ordinal integer not null, vector halfvec({dimensions}) not null,
    primary key (version, ordinal)
);
alter table {table} alter column vector set storage plain, alter column vector set statistics 0;
create index on {table} using hnsw (vector halfvec_cosine_ops) with (m = 16, ef_construction = 200)"""
_FIND: LiteralString = """
select id, (
    select atttypmod from pg_attribute
    where attrelid = to_regclass('hellotutor_vectors_' || to_hex(id)) and attname = 'vector'
)
from hellotutor_vector_stamps where model = %s and version = %s and dimensions = %s"""


def table_of(stamp_id: int) -> sql.Identifier:
    """Return the name of the table of a stamp's vectors."""
    return sql.Identifier(f"hellotutor_vectors_{stamp_id:x}")


def make_tables(connection: Connection, stamp: IndexStamp) -> None:
    """Make what the vectors of a stamp need and isn't there; processes that come at once wait for one another.

    Raises:
        Unavailable: pgvector is too old, or the table that is there is made for other vectors.
        psycopg.Error: something is missing or not allowed.
    """
    if stamp.dimensions > MOST_DIMENSIONS:
        raise make_error(TOO_MANY_DIMENSIONS)
    if _is_whole(connection, stamp):
        return
    connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    connection.execute("create extension if not exists vector")
    (installed,) = connection.execute("select extversion from pg_extension where extname = 'vector'").fetchone() or (
        "",
    )
    if tuple(int(part) for part in installed.split(".")[:2]) < _OLDEST:
        raise make_error(TOO_OLD)
    connection.execute(_CATALOGUE)
    if _is_whole(connection, stamp):  # another process has just made it
        return
    connection.execute(
        "insert into hellotutor_vector_stamps (id, model, version, dimensions) values (%s, %s, %s, %s) "
        "on conflict (model, version, dimensions) do nothing",
        [make_id(), *_key(stamp)],
    )
    (stamp_id, _) = connection.execute(_FIND, _key(stamp)).fetchone() or (0, None)
    # where a table was dropped, its versions have no vectors any more
    connection.execute("delete from hellotutor_vector_versions where stamp = %s", [stamp_id])
    dimensions = sql.Literal(stamp.dimensions)
    connection.execute(sql.SQL(_VECTORS).format(table=table_of(stamp_id), dimensions=dimensions))


def make_id() -> int:
    """Return a number that no row has; see the module."""
    return secrets.randbits(62)


def _is_whole(connection: Connection, stamp: IndexStamp) -> bool:
    found = connection.execute("select to_regclass('hellotutor_vector_versions')").fetchone()
    if found is None or found[0] is None:
        return False
    row = connection.execute(_FIND, _key(stamp)).fetchone()
    if row is not None and row[1] not in (None, stamp.dimensions):
        raise make_error(WRONG_DIMENSIONS)
    return row is not None and row[1] is not None


def _key(stamp: IndexStamp) -> list[str | int]:
    return [stamp.model, stamp.version, stamp.dimensions]
