"""The service with its vectors in Postgres: hybrid replies, and what is told when that database is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.e2e.ingest_faults import IngestScene
from tests.e2e.running import running_service, wait_until
from tests.e2e.service_faults import SECRET_QUESTION, SECRET_WORDS
from tests.e2e.told import the_event_of, words_sent
from tests.monitoring.kent_sink import Kent, run_kent
from tests.postgres_server import PostgresServer

PREFIX = "rag_ingestion.ingest_document"


@pytest.fixture(scope="module")
def kent() -> Iterator[Kent]:
    yield from run_kent()


@pytest.fixture(scope="module")
def scene(kent: Kent, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IngestScene]:
    """A service over SQLite whose vectors are in Postgres, and one document embedded there."""
    folder = tmp_path_factory.mktemp("vectors-in-postgres")
    settings = {
        "VECTOR_INDEX": "pgvector",
        "PGVECTOR_URL": postgres.make_database(),
        "EMBEDDER": "hashing",
        "SENTRY_DSN": kent.dsn,
        "INGEST_ATTEMPTS": "1",
    }
    with running_service(folder / "data", "--no-worker", **settings) as service:
        made = IngestScene(service, service.token(), folder)
        made.add()
        yield made


def ask(scene: IngestScene) -> Any:
    replied = scene.service.api("POST", "/api/v1/chat/", token=scene.token, json_body={"message": SECRET_QUESTION})
    assert replied.status == 200, replied.body
    return replied.json


def vectors_url(scene: IngestScene) -> str:
    return scene.service.environment["PGVECTOR_URL"]


@contextmanager
def altered(scene: IngestScene, postgres: PostgresServer, change: str, back: str) -> Iterator[None]:
    """Let the database of the vectors be otherwise for a while, and end the connections to it before and after."""
    name = vectors_url(scene).partition("@/")[2].partition("?")[0]

    def alter(what: str) -> None:
        postgres.sql(f"alter database {name} {what}")
        postgres.sql(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")  # noqa: S608

    alter(change)
    try:
        yield
    finally:
        alter(back)


def test_a_document_is_embedded_there_and_found_by_meaning_and_words(
    scene: IngestScene, postgres: PostgresServer
) -> None:
    reply = ask(scene)
    assert (reply["notice"], bool(reply["citations"])) == ("", True)
    assert postgres.sql("select distinct passages > 0 from hellotutor_vector_versions", url=vectors_url(scene)) == [
        (True,)
    ]
    assert not list(scene.service.data_dir.rglob("vectors-*"))
    assert "pgvector" in scene.service.run("doctor").stdout


def test_what_is_deleted_is_gone_there_too(scene: IngestScene, postgres: PostgresServer) -> None:
    counted = "select count(*) from hellotutor_vector_versions"
    document, had = scene.add(), postgres.sql(counted, url=vectors_url(scene))
    assert scene.service.api("DELETE", f"/api/v1/documents/{document}/", token=scene.token).status == 204
    wait_until(lambda: postgres.sql(counted, url=vectors_url(scene)) == [(had[0][0] - 1,)])


def test_while_that_database_is_away_replies_are_by_words_and_say_so(
    scene: IngestScene, postgres: PostgresServer, kent: Kent
) -> None:
    kent.flush()
    with altered(scene, postgres, "with allow_connections false", "with allow_connections true"):
        reply = ask(scene)
    assert (reply["notice"], bool(reply["citations"])) == ("pgvector_unreachable", True)
    assert the_event_of("retrieval.search", kent)["contexts"]["failure"]["index"] == "pgvector"
    assert ask(scene)["notice"] == ""


@pytest.mark.parametrize(
    ("change", "back", "stage", "code"),
    [
        ("with allow_connections false", "with allow_connections true", "initialization", "pgvector_unreachable"),
        (
            "set default_transaction_read_only = on",
            "reset default_transaction_read_only",
            "pinecone_upsert",
            "pgvector_read_only",
        ),
    ],
)
def test_a_document_that_can_not_be_embedded_there_is_found_by_its_words_and_reported_once(
    change: str, back: str, stage: str, code: str, scene: IngestScene, postgres: PostgresServer, kent: Kent
) -> None:
    kent.flush()
    document = scene.upload()
    with altered(scene, postgres, change, back):
        told = scene.work_until_it_fails(document)
    assert (told["status"], told["error"]["code"]) == ("embedding", code)
    event = the_event_of(f"{PREFIX}.{stage}", kent)["contexts"]["failure"]
    assert (event["index"], event["document_id"]) == ("pgvector", document)
    assert not words_sent(kent, (*SECRET_WORDS, scene.token.encode(), vectors_url(scene).encode()))
    assert scene.service.api("POST", f"/api/v1/documents/{document}/retry/", token=scene.token).status == 202
    with scene.working():
        wait_until(lambda: scene.look(document)["status"] == "indexed")
