"""What the index in Postgres does beyond the contract: its tables, its two ways of searching, its connections."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from tests.contracts.vectors import STAMP, fill, find, make_vectors
from tests.postgres_server import PostgresServer

from hellotutor.core.errors import Unavailable
from hellotutor.retrieval.base import IndexStamp

pytest.importorskip("psycopg")

TABLES = "select relname from pg_class where relname like 'hellotutor%' and relkind = 'r' order by relname"


def make_clusters(tenants: int, passages: int, stamp: IndexStamp) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return vectors around fifty topics, shape (tenants, passages, dimensions)."""
    random = np.random.default_rng(7)
    topics = random.normal(size=(50, stamp.dimensions))
    chosen = topics[random.integers(50, size=(tenants, passages))]
    vectors = (chosen + random.normal(size=chosen.shape)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=2, keepdims=True)


def test_nothing_is_made_before_something_is_to_be_kept(make_pgvector: Any, postgres: PostgresServer) -> None:
    url = postgres.make_database()
    index = make_pgvector(url=url)
    index.probe()
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 0
    assert list(index.list_versions()) == []
    index.delete(tenant="alice", version_id="v1")
    assert postgres.sql(TABLES, url=url) == []
    assert postgres.sql("select 1 from pg_extension where extname = 'vector'", url=url) == []
    index.prepare(STAMP)
    assert len(postgres.sql(TABLES, url=url)) == 3


def test_those_that_prepare_at_once_make_one_table(make_pgvector: Any, postgres: PostgresServer) -> None:
    url, start = postgres.make_database(), Barrier(6)
    indexes = [make_pgvector(url=url) for _ in range(6)]

    def prepare(index: Any) -> None:
        start.wait()
        index.prepare(STAMP)

    with ThreadPoolExecutor(6) as pool:
        for prepared in [pool.submit(prepare, index) for index in indexes]:
            prepared.result()
    assert len(postgres.sql(TABLES, url=url)) == 3
    assert postgres.sql("select count(*) from hellotutor_vector_stamps", url=url) == [(1,)]


def test_each_stamp_has_a_table_of_its_own_length(make_pgvector: Any) -> None:
    index = make_pgvector()
    long = IndexStamp("test/long", "1", 3072)
    vectors = np.eye(3, 3072, dtype=np.float32)
    index.upsert(tenant="alice", version_id="v1", first_ordinal=0, vectors=vectors, stamp=long)
    fill(index, make_vectors(2))
    (hit,) = index.query(vectors[2], tenants=["alice"], version_ids=["v1"], k=1, stamp=long)
    assert (hit.ordinal, hit.score) == (2, pytest.approx(1.0))
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 2
    with pytest.raises(Unavailable) as refused:
        index.prepare(IndexStamp("test/too-long", "1", 4001))
    assert (refused.value.code, refused.value.retryable) == ("pgvector_too_many_dimensions", False)


def test_the_index_finds_a_tenants_passages_among_those_of_a_hundred_others(make_pgvector: Any) -> None:
    stamp = IndexStamp("test/clusters", "1", 24)
    index = make_pgvector(index_weight=0)
    stored = make_clusters(100, 40, stamp)
    for number, vectors in enumerate(stored):
        index.upsert(tenant=f"t{number}", version_id="v1", first_ordinal=0, vectors=vectors, stamp=stamp)
    right = []
    for number in range(0, 100, 5):
        query = stored[(number + 1) % 100][0]  # a neighbour's, so that others lie nearer
        hits = index.query(query, tenants=[f"t{number}"], version_ids=["v1"], k=10, stamp=stamp)
        best = np.argsort(-(stored[number] @ query))[:10]
        right.append(len(set(best.tolist()) & {hit.ordinal for hit in hits}) / 10)
    assert np.mean(right) >= 0.99


@pytest.mark.parametrize(
    ("passages", "all_passages", "is_exact"),
    [(1_000, 100_000, True), (100_000, 100_000, False), (30_000, 1_000_000, True), (200_000, 1_000_000, False)],
)
def test_what_a_learner_has_is_compared_exactly_until_the_index_is_faster(
    passages: int, all_passages: int, is_exact: bool
) -> None:
    rows = importlib.import_module("hellotutor.retrieval.pgvector.rows")
    assert rows.is_exact_faster(passages, all_passages, most=100, index_weight=10.0) is is_exact


def test_a_vector_without_a_direction_is_stored_and_found_last(make_pgvector: Any) -> None:
    index = make_pgvector()
    vectors = make_vectors(4)
    vectors[1] = 0
    fill(index, vectors)
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 4
    hits = index.query(vectors[2], tenants=["alice"], version_ids=["v1"], k=4, stamp=STAMP)
    assert {hit.ordinal: hit.score for hit in hits}[1] == 0.0
    assert hits[0].ordinal == 2


def test_more_versions_than_one_answer_holds_are_listed(make_pgvector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hellotutor.retrieval.pgvector.index._LISTED_AT_ONCE", 2)
    index = make_pgvector()
    versions = [("alice", "v1"), ("alice", "v2"), ("bob", "v0"), ("charlie", "v1"), ("dora", "ä")]
    for tenant, version in versions:
        fill(index, make_vectors(1), tenant=tenant, version=version)
    assert list(index.list_versions()) == versions


def test_more_vectors_than_one_transaction_takes_are_stored(
    make_pgvector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hellotutor.retrieval.pgvector.index._STORED_AT_ONCE", 4)
    index, vectors = make_pgvector(), make_vectors(10)
    fill(index, vectors)
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 10
    assert [find(index, vector, k=1) for vector in vectors] == [[("v1", ordinal)] for ordinal in range(10)]


def test_many_threads_share_few_connections(make_pgvector: Any, postgres: PostgresServer) -> None:
    url = postgres.make_database()
    index = make_pgvector(url=url, connections=2)
    fill(index, make_vectors(5))
    counted = "select count(*) from pg_stat_activity where application_name = 'hellotutor vectors' and datname = "
    database = url.partition("@/")[2].partition("?")[0]

    def ask(_: int) -> int:
        find(index, make_vectors(1)[0])
        return int(postgres.sql(f"{counted}'{database}'")[0][0])

    with ThreadPoolExecutor(8) as pool:
        assert max(pool.map(ask, range(40))) <= 2


_FORK = """
import os, sys, numpy as np
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.pgvector.index import PgvectorConfig, PgvectorIndex
index, stamp = PgvectorIndex(PgvectorConfig(sys.argv[1])), IndexStamp("m", "1", 4)
where = {"tenant": "alice", "version_id": "v1", "stamp": stamp}
index.upsert(**where, first_ordinal=0, vectors=np.eye(4, dtype=np.float32))
child = os.fork()
counts = [index.count(**where) for _ in range(20)]
if not child:
    sys.exit(counts != [4] * 20)
_, status = os.waitpid(child, 0)
counts.append(index.count(**where))
sys.exit(status != 0 or counts != [4] * 21)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows doesn't fork")
def test_a_forked_process_leaves_its_parents_connections_alone(postgres: PostgresServer) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _FORK, postgres.make_database()], capture_output=True, encoding="utf-8", check=False
    )
    assert ran.returncode == 0, ran.stderr


_WITHOUT_DRIVER = """
import sys
from hellotutor.core.errors import Invalid
sys.modules["psycopg"] = None
try:
    import hellotutor.retrieval.pgvector.index
except Invalid as error:
    print(error.code, error.message)
"""


def test_without_the_driver_it_names_the_extra() -> None:
    ran = subprocess.run([sys.executable, "-c", _WITHOUT_DRIVER], capture_output=True, encoding="utf-8", check=False)
    assert ran.stdout.startswith("missing_extra "), ran.stderr
    assert "hellotutor[postgres]" in ran.stdout


def test_the_address_of_the_database_shows_nowhere(make_pgvector: Callable[..., Any]) -> None:
    index = make_pgvector(url="postgresql://tutor:Karlsson@127.0.0.1:9/tutor")
    with pytest.raises(Unavailable) as refused:
        index.probe()
    assert "Karlsson" not in f"{refused.value} {index._config}"


def test_many_versions_are_counted_by_as_many_statements_as_one(
    make_pgvector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, statements = make_pgvector(), list[Any]()
    for number in range(20):
        fill(index, make_vectors(2), version=f"v{number}")
    connection = importlib.import_module("psycopg").Connection
    execute = connection.execute

    def note(self: Any, statement: Any, *given: Any) -> Any:
        statements.append(statement)
        return execute(self, statement, *given)

    monkeypatch.setattr(connection, "execute", note)
    assert index.count(tenant="alice", version_id="v0", stamp=STAMP) == 2
    for_one = len(statements)
    assert index.count_many([("alice", f"v{number}") for number in range(20)], stamp=STAMP) == [2] * 20
    assert len(statements) == 2 * for_one
