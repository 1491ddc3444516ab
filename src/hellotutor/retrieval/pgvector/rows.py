"""What is asked of Postgres about vectors, each in the transaction that it is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from hellotutor.retrieval.base import IndexStamp, VectorHit
from hellotutor.retrieval.pgvector.errors import EXTENSION_MISSING, TABLE_MISSING, make_error
from hellotutor.retrieval.pgvector.pool import Connection
from hellotutor.retrieval.pgvector.tables import make_id, table_of

# Asked for more than is wanted, the index goes further, and misses fewer of the best.
_NEAREST_AT_LEAST = 200
_LOOKED_AT = 400  # of the index's candidates at once
_NEAREST_SETTINGS = [
    *("hnsw.iterative_scan", "relaxed_order"),
    *("hnsw.ef_search", str(_LOOKED_AT)),
    *("hnsw.max_scan_tuples", "1000000"),
    *("hnsw.scan_mem_multiplier", "16"),
    *("enable_sort", "off"),  # the planner doesn't know that a filter makes the index go on
    *("enable_seqscan", "off"),
]
_SET_NEAREST = "select " + ", ".join(["set_config(%s, %s, true)"] * (len(_NEAREST_SETTINGS) // 2))

Halves = NDArray[np.float16]

_VERSIONS: LiteralString = """
select v.id, v.tenant, v.version_id, v.passages, s.id,
    pg_relation_size(to_regclass('hellotutor_vectors_' || to_hex(s.id)))
from hellotutor_vector_versions v join hellotutor_vector_stamps s on s.id = v.stamp
where v.tenant = any(%s) and v.version_id = any(%s) and s.model = %s and s.version = %s and s.dimensions = %s"""
# Ordered by what isn't the index's expression, so that every vector is compared. One without a direction, whose
# distance is NaN, is as far as those at a right angle.
_EXACT: LiteralString = """
select version, ordinal, coalesce(nullif(vector <=> %(vector)s::halfvec, 'NaN'), 1) as distance
from {table} where version = any(%(versions)s) order by distance limit %(most)s"""
_NEAREST: LiteralString = """
select version, ordinal, coalesce(nullif(vector <=> %(vector)s::halfvec, 'NaN'), 1)
from {table} where version = any(%(versions)s) order by vector <=> %(vector)s::halfvec limit %(most)s"""
_NOTE_VERSION: LiteralString = """
insert into hellotutor_vector_versions as known (id, stamp, tenant, version_id, passages)
select %s, id, %s, %s, %s from hellotutor_vector_stamps where model = %s and version = %s and dimensions = %s
on conflict (tenant, version_id, stamp) do update set passages = greatest(known.passages, excluded.passages)
returning id, stamp"""
_CLEAR: LiteralString = "delete from {table} where version = %s and ordinal >= %s and ordinal < %s"
_CLEAR_ALL: LiteralString = "delete from {table} where version = %s"
_COPY: LiteralString = "copy {table} (version, ordinal, vector) from stdin (format binary)"
# The ordinals up to the first gap are those that are their own rank. No vector is read, but a table that has lost its
# column with the extension is refused instead of counted.
_COUNT: LiteralString = """
select version, count(*) from (
    select version, ordinal - row_number() over (partition by version order by ordinal) as gap from {table}
    where version = any(%s) and (true or vector is null)
) numbered where gap = -1 group by version"""
_REMOVE: LiteralString = """
delete from hellotutor_vector_versions v using hellotutor_vector_stamps s
where s.id = v.stamp and v.tenant = %(tenant)s and v.version_id = %(version_id)s
and (%(model)s::text is null or (s.model = %(model)s and s.version = %(version)s and s.dimensions = %(dimensions)s))
returning v.id, s.id, to_regclass('hellotutor_vectors_' || to_hex(s.id)) is not null"""
_LIST: LiteralString = """
select distinct tenant, version_id from hellotutor_vector_versions
where (tenant, version_id) > (%s, %s) order by tenant, version_id limit %s"""


class _Version(NamedTuple):
    """A version that has vectors, by the table's number of it, and the bytes of that table, where it is there."""

    id: int
    tenant: str
    version_id: str
    passages: int
    stamp_id: int
    table_bytes: int | None


def probe(connection: Connection) -> None:
    """Raise Unavailable where the server has no pgvector; it needn't be in use yet."""
    known = "select to_regtype('halfvec') is not null or exists(select from pg_available_extensions where name = %s)"
    if connection.execute(known, ["vector"]).fetchone() != (True,):
        raise make_error(EXTENSION_MISSING)


def store(
    connection: Connection, *, tenant: str, version_id: str, stamp: IndexStamp, first: int, vectors: Halves
) -> None:
    """Put the vectors of the ordinals from `first` on in the place of those that are there.

    The version's row stays locked, so that who stores and who deletes the same version wait for one another.

    Raises:
        Unavailable: the stamp has no tables (`pgvector_table_missing`).
    """
    end = first + len(vectors)
    version = [make_id(), tenant, version_id, end, stamp.model, stamp.version, stamp.dimensions]
    noted = connection.execute(_NOTE_VERSION, version).fetchone()
    if noted is None:
        raise make_error(TABLE_MISSING)
    number, table = noted[0], table_of(noted[1])
    connection.execute(sql.SQL(_CLEAR).format(table=table), [number, first, end])
    with connection.cursor() as cursor, cursor.copy(sql.SQL(_COPY).format(table=table)) as copy:
        copy.write(_to_copy(number, first, vectors))


def _to_copy(version: int, first: int, vectors: Halves) -> bytes:
    """Return rows as COPY reads them in binary, every number with its most significant byte first.

    Source: https://www.postgresql.org/docs/current/sql-copy.html; a halfvec is the number of its dimensions, an unused
    number and the values (halfvec_recv in pgvector).
    """
    dimensions = vectors.shape[1]
    row = np.dtype(
        [
            *(("columns", ">i2"), ("version_bytes", ">i4"), ("version", ">i8"), ("ordinal_bytes", ">i4")),
            *(("ordinal", ">i4"), ("vector_bytes", ">i4"), ("dimensions", ">i2"), ("unused", ">i2")),
            ("vector", ">f2", (dimensions,)),
        ]
    )
    rows = np.zeros(len(vectors), row)
    rows["columns"], rows["version_bytes"], rows["version"] = 3, 8, version
    rows["ordinal_bytes"], rows["ordinal"] = 4, np.arange(first, first + len(vectors))
    rows["vector_bytes"], rows["dimensions"], rows["vector"] = 4 + 2 * dimensions, dimensions, vectors
    return b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff"


def find(
    connection: Connection,
    *,
    vector: Halves,
    tenants: Sequence[str],
    version_ids: Sequence[str],
    k: int,
    stamp: IndexStamp,
    index_weight: float,
) -> list[VectorHit]:
    """Return the k nearest passages of these versions, best first; see `PgvectorConfig` for `index_weight`."""
    found = _find_versions(connection, tenants, version_ids, stamp)
    if not found:
        return []
    names = {version.id: version.version_id for version in found}
    passages, all_passages = sum(row.passages for row in found), (found[0].table_bytes or 0) // (2 * stamp.dimensions)
    most = max(k, _NEAREST_AT_LEAST)
    is_exact = is_exact_faster(passages, all_passages, most=most, index_weight=index_weight)
    if not is_exact:
        connection.execute(_SET_NEAREST, _NEAREST_SETTINGS)
    statement = sql.SQL(_EXACT if is_exact else _NEAREST).format(table=table_of(found[0].stamp_id))
    asked = {"vector": str(vector.tolist()), "versions": list(names), "most": k if is_exact else most}
    rows = connection.execute(statement, asked).fetchall()
    rows.sort(key=lambda row: row[2])  # the index yields them nearly in order
    return [VectorHit(names[version], ordinal, 1.0 - distance) for version, ordinal, distance in rows[:k]]


def is_exact_faster(passages: int, all_passages: int, *, most: int, index_weight: float) -> bool:
    """Say whether comparing all passages asked for takes less time than the index.

    The index passes many others before it has met `most` of those asked for, and some of its own accord in any case.
    """
    passed = max(_LOOKED_AT, most * all_passages / passages)
    return passages <= index_weight * passed


def count(connection: Connection, *, versions: Sequence[tuple[str, str]], stamp: IndexStamp) -> list[int]:
    """Return of each tenant's version how many passages, from ordinal 0 without a gap, have a vector."""
    found = _find_versions(connection, [tenant for tenant, _ in versions], [of for _, of in versions], stamp)
    if not found:
        return [0] * len(versions)
    statement = sql.SQL(_COUNT).format(table=table_of(found[0].stamp_id))
    counted = dict(connection.execute(statement, [[row.id for row in found]]).fetchall())
    counts = {(row.tenant, row.version_id): int(counted.get(row.id, 0)) for row in found}
    return [counts.get(version, 0) for version in versions]


def remove(connection: Connection, *, tenant: str, version_id: str, stamp: IndexStamp | None) -> None:
    """Remove the version's vectors of a stamp, or of every one."""
    model, version, dimensions = (stamp.model, stamp.version, stamp.dimensions) if stamp else (None, None, None)
    asked = {"tenant": tenant, "version_id": version_id, "model": model, "version": version, "dimensions": dimensions}
    for number, stamp_id, is_there in connection.execute(_REMOVE, asked).fetchall():
        if is_there:
            connection.execute(sql.SQL(_CLEAR_ALL).format(table=table_of(stamp_id)), [number])


def list_after(connection: Connection, *, last: tuple[str, str], most: int) -> list[tuple[str, str]]:
    """Return the versions that have vectors, by tenant and version id, from the one behind `last` on."""
    return connection.execute(_LIST, [*last, most]).fetchall()


def _find_versions(
    connection: Connection, tenants: Sequence[str], version_ids: Sequence[str], stamp: IndexStamp
) -> list[_Version]:
    """Return those that have vectors."""
    asked = [list(tenants), list(version_ids), stamp.model, stamp.version, stamp.dimensions]
    return [_Version(*row) for row in connection.execute(_VERSIONS, asked).fetchall()]
