"""What goes wrong in a real Postgres that keeps vectors: named, told whether to retry, and mended by itself."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.storage import InMemoryStorage
from tests.contracts.vectors import STAMP, fill, find, make_vectors
from tests.e2e.running import wait_until
from tests.postgres_server import PostgresServer, run_postgres

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.search import Search, stamp_of

psycopg = pytest.importorskip("psycopg")

WHERE: dict[str, Any] = {"tenant": "alice", "version_id": "v1", "stamp": STAMP}
QUERY = make_vectors(1, seed=9)[0]


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    with run_postgres() as server:
        yield server


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.make_database()


@pytest.fixture
def index(make_pgvector: Callable[..., Any], url: str) -> Any:
    """An index that holds three vectors of Alice's."""
    made = make_pgvector(url=url)
    fill(made, make_vectors(3))
    return made


def refused_with(call: Callable[[], object]) -> tuple[str, bool]:
    """Return the code that a call fails with, and whether it may be repeated."""
    with pytest.raises(Unavailable) as refused:
        call()
    return refused.value.code, refused.value.retryable


def database_of(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def backends(postgres: PostgresServer, url: str) -> list[int]:
    """Return the server's processes for the index's connections."""
    asked = "select pid from pg_stat_activity where application_name = 'hellotutor vectors' and datname = "
    return [int(row[0]) for row in postgres.sql(f"{asked}'{database_of(url)}'")]


@contextmanager
def locked_tables(url: str) -> Iterator[None]:
    """Keep everybody else from every table of vectors."""
    with psycopg.connect(url) as connection:
        for (name,) in connection.execute(
            "select relname from pg_class where relname ~ '^hellotutor' and relkind = 'r'"
        ):
            connection.execute(f"lock table {name} in access exclusive mode")
        yield


def vectors_table(postgres: PostgresServer, url: str) -> str:
    ((name,),) = postgres.sql("select relname from pg_class where relname ~ '^hellotutor_vectors_[0-9a-f]+$'", url=url)
    return str(name)


def test_while_the_server_is_down_it_says_so_and_afterwards_all_is_there(
    own_server: PostgresServer, make_pgvector: Callable[..., Any]
) -> None:
    index = make_pgvector(url=own_server.url("postgres"))
    fill(index, make_vectors(3))
    with own_server.stopped():
        unreachable = ("pgvector_unreachable", True)
        assert refused_with(index.probe) == unreachable
        assert refused_with(lambda: find(index, QUERY)) == unreachable
        assert refused_with(lambda: index.count(**WHERE)) == unreachable
        assert refused_with(lambda: index.prepare(STAMP)) == unreachable
        assert refused_with(lambda: fill(index, make_vectors(1), first=3)) == unreachable
        assert refused_with(lambda: index.delete(tenant="alice", version_id="v1")) == unreachable
    assert len(find(index, QUERY)) == 3
    with own_server.stopped():
        pass
    assert len(find(index, QUERY)) == 3, "a server that was restarted is nobody's trouble"


def test_search_goes_on_by_words_while_the_server_is_down(
    own_server: PostgresServer, make_pgvector: Callable[..., Any]
) -> None:
    lexical, embedder = LexicalIndex(InMemoryStorage()), HashingEmbedder()
    index = make_pgvector(url=own_server.url("postgres"))
    texts = ["Mitochondria release energy from sugar.", "Photosynthesis makes sugar from light."]
    lexical.build(tenant="alice", version_id="v1", texts=texts)
    where = {"tenant": "alice", "version_id": "v1", "stamp": stamp_of(embedder)}
    index.upsert(**where, first_ordinal=0, vectors=embedder.embed(texts))
    search = Search(lexical, index, embedder)
    asked = {"tenants": ["alice"], "versions": ["v1"], "k": 1}
    assert search.search("photosynthesis", **asked).mode == "hybrid"
    with own_server.stopped():
        found = search.search("photosynthesis", **asked)
    assert (found.mode, found.reason, found.hits[0].ordinal) == ("lexical", "pgvector_unreachable", 1)
    assert search.search("photosynthesis", **asked).mode == "hybrid"


def test_connections_that_were_ended_are_replaced(index: Any, postgres: PostgresServer, url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: len(find(index, QUERY)), range(12))) == [3] * 12
    ended = backends(postgres, url)
    assert ended
    for pid in ended:
        postgres.sql(f"select pg_terminate_backend({pid})")
    assert len(find(index, QUERY)) == 3
    assert not set(backends(postgres, url)) & set(ended)


def test_a_change_whose_connection_is_ended_in_the_middle_is_made_whole(
    index: Any, postgres: PostgresServer, url: str
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with locked_tables(url):
            (waiting,) = backends(postgres, url)
            changed = pool.submit(fill, index, make_vectors(10))
            wait_until(lambda: postgres.sql(f"select 1 where cardinality(pg_blocking_pids({waiting})) > 0"))
            postgres.sql(f"select pg_terminate_backend({waiting})")
        changed.result()
    assert index.count(**WHERE) == 10


@pytest.mark.parametrize("others", ["", ", hellotutor_vector_versions, hellotutor_vector_stamps"])
def test_tables_that_were_dropped_under_it_are_named_and_made_again(
    others: str, index: Any, postgres: PostgresServer, url: str
) -> None:
    postgres.sql(f"drop table {vectors_table(postgres, url)}{others}", url=url)
    gone = ("pgvector_table_missing", True)
    assert refused_with(lambda: find(index, QUERY)) == gone
    assert index.count(**WHERE) == 0
    assert refused_with(lambda: fill(index, make_vectors(1), first=3)) == gone
    index.prepare(STAMP)
    assert list(index.list_versions()) == []
    fill(index, make_vectors(3))
    assert len(find(index, QUERY)) == 3


def test_an_extension_that_was_dropped_under_it_is_named_and_made_again(
    index: Any, postgres: PostgresServer, url: str
) -> None:
    postgres.sql("drop extension vector cascade", url=url)
    assert refused_with(lambda: find(index, QUERY)) == ("pgvector_table_missing", True)
    assert index.count(**WHERE) == 0
    assert refused_with(lambda: fill(index, make_vectors(1), first=3)) == ("pgvector_table_missing", True)
    index.prepare(STAMP)
    fill(index, make_vectors(3))
    assert len(find(index, QUERY)) == 3


def test_vectors_that_outlived_the_catalogue_are_never_anybodys(index: Any, postgres: PostgresServer, url: str) -> None:
    postgres.sql("drop table hellotutor_vector_versions", url=url)
    index.prepare(STAMP)
    for number in range(20):
        fill(index, make_vectors(1, seed=number), tenant="charlie", version=f"v{number}")
    charlies = index.query(
        QUERY, tenants=["charlie"], version_ids=[f"v{number}" for number in range(20)], k=100, stamp=STAMP
    )
    assert len(charlies) == 20
    assert find(index, QUERY) == []


def test_a_table_for_vectors_of_another_length_is_refused_for_good(
    index: Any, postgres: PostgresServer, url: str
) -> None:
    table = vectors_table(postgres, url)
    postgres.sql(f"truncate {table}; alter table {table} alter column vector type halfvec(8)", url=url)
    wrong = ("pgvector_wrong_dimensions", False)
    assert refused_with(lambda: index.prepare(STAMP)) == wrong
    assert refused_with(lambda: fill(index, make_vectors(3))) == wrong
    postgres.sql(f"drop table {table}", url=url)
    index.prepare(STAMP)
    fill(index, make_vectors(3))
    assert len(find(index, QUERY)) == 3


def test_who_waits_too_long_for_a_lock_is_told_and_may_ask_again(
    index: Any, make_pgvector: Callable[..., Any], url: str
) -> None:
    hasty = make_pgvector(url=url, query_timeout_s=0.3)
    with locked_tables(url):
        assert refused_with(lambda: find(hasty, QUERY)) == ("pgvector_timeout", True)
        assert refused_with(lambda: hasty.count(**WHERE)) == ("pgvector_timeout", True)
    assert len(find(index, QUERY)) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows can't freeze a process")
def test_a_server_that_answers_nothing_at_all_holds_nobody_up(
    make_pgvector: Callable[..., Any], postgres: PostgresServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hellotutor.retrieval.pgvector.pool._GRACE_S", 0.2)
    index = make_pgvector(url=url, query_timeout_s=2)
    fill(index, make_vectors(3))
    (frozen,) = backends(postgres, url)
    os.kill(frozen, signal.SIGSTOP)
    try:
        assert refused_with(lambda: find(index, QUERY)) == ("pgvector_timeout", True)
        assert len(find(index, QUERY)) == 3, "the next connection is another"
    finally:
        os.kill(frozen, signal.SIGCONT)


def test_who_finds_every_connection_in_use_is_told(
    make_pgvector: Callable[..., Any], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hellotutor.retrieval.pgvector.pool._WAIT_S", 0.1)
    index = make_pgvector(url=url, connections=1, query_timeout_s=60)
    fill(index, make_vectors(3))
    with ThreadPoolExecutor(1) as pool:
        with locked_tables(url):
            begun = threading.Event()
            waiting = pool.submit(lambda: (begun.set(), find(index, QUERY)))
            begun.wait()
            wait_until(lambda: not index._pool._kept.free._value)
            assert refused_with(lambda: find(index, QUERY)) == ("pgvector_busy", True)
        assert len(waiting.result()[1]) == 3


def test_a_server_without_a_connection_left_is_named(
    make_pgvector: Callable[..., Any], postgres: PostgresServer
) -> None:
    role = postgres.make_locked_role("secret")
    index = make_pgvector(url=postgres.make_database(owner=role, password="secret"))
    postgres.sql(f"alter role {role} connection limit 0")
    assert refused_with(index.probe) == ("pgvector_too_many_connections", True)
    postgres.sql(f"alter role {role} connection limit -1")
    index.probe()


@pytest.mark.parametrize("what", ["password", "no password", "user", "database", "address"])
def test_a_server_that_lets_nobody_in_is_named(
    what: str, make_pgvector: Callable[..., Any], postgres: PostgresServer
) -> None:
    url = {
        "password": postgres.url("postgres", user=postgres.make_locked_role("secret"), password="Karlsson"),
        "no password": postgres.url("postgres", user=postgres.make_locked_role("secret")),
        "user": postgres.url("postgres", user="nobody"),
        "database": postgres.url("nowhere"),
        "address": postgres.url("postgres") + "&nonsense=1",
    }[what]
    assert refused_with(make_pgvector(url=url).probe) == ("pgvector_access_denied", False)


def test_who_may_not_make_what_is_needed_is_told(make_pgvector: Callable[..., Any], postgres: PostgresServer) -> None:
    role = postgres.make_locked_role("secret")
    url = postgres.make_database(owner=role, password="secret")
    index = make_pgvector(url=url)
    not_allowed = ("pgvector_not_allowed", False)
    assert refused_with(lambda: index.prepare(STAMP)) == not_allowed
    superusers = postgres.url(database_of(url))
    postgres.sql("create extension vector; revoke create on schema public from public", url=superusers)
    postgres.sql(f"alter database {database_of(url)} owner to postgres")
    assert refused_with(lambda: index.prepare(STAMP)) == not_allowed
    postgres.sql(f"grant create on schema public to {role}", url=superusers)
    index.prepare(STAMP)
    fill(index, make_vectors(3))
    assert len(find(index, QUERY)) == 3


def test_a_server_that_takes_no_changes_still_answers(
    make_pgvector: Callable[..., Any], index: Any, postgres: PostgresServer, url: str
) -> None:
    postgres.sql(f"alter database {database_of(url)} set default_transaction_read_only = on")
    reader = make_pgvector(url=url)
    assert len(find(reader, QUERY)) == 3
    reader.prepare(STAMP)
    read_only = ("pgvector_read_only", True)
    assert refused_with(lambda: fill(reader, make_vectors(1))) == read_only
    assert refused_with(lambda: reader.delete(tenant="alice", version_id="v1")) == read_only
    assert refused_with(lambda: reader.prepare(IndexStamp("test/other", "1", 16))) == read_only


@pytest.mark.parametrize(
    ("statement", "code", "is_retryable"),
    [
        ("create extension no_such_extension", "pgvector_extension_missing", False),
        ("do $$ begin raise sqlstate '53100'; end $$", "storage_full", True),
        ("do $$ begin raise sqlstate '40P01'; end $$", "pgvector_failed", True),
        ("select 1 / 0", "pgvector_failed", False),
    ],
)
def test_whatever_the_server_refuses_has_a_name(statement: str, code: str, is_retryable: bool, index: Any) -> None:
    assert refused_with(lambda: index._ask(lambda connection: connection.execute(statement))) == (code, is_retryable)
