"""Vectors in Pinecone through real processes: it serves, and each way in which it fails arrives once and is told."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from tests.e2e.browsing import Browsing
from tests.e2e.ingest_faults import IngestScene
from tests.e2e.running import Response, running_service, wait_until
from tests.e2e.service_faults import SECRET_QUESTION, SECRET_WORDS
from tests.e2e.told import the_event_of, words_sent
from tests.monitoring.kent_sink import Kent, run_kent
from tests.pinecone_server import KEY, PineconeServer

from hellotutor.web.chat_messages import NOTICES

PACE = "Request failed. You've reached the max upsert size limit per second for index hellotutor."
Fault = Callable[[PineconeServer], AbstractContextManager[object]]


@pytest.fixture(scope="module")
def kent() -> Iterator[Kent]:
    yield from run_kent()


@pytest.fixture(scope="module")
def server() -> Iterator[PineconeServer]:
    """A Pinecone that shows late what was written, as the real one does."""
    pytest.importorskip("pinecone")
    server = PineconeServer()
    server.lag.seconds = 0.3
    yield server
    server.close()


@pytest.fixture(scope="module")
def scene(kent: Kent, server: PineconeServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IngestScene]:
    folder = tmp_path_factory.mktemp("monitored-pinecone")
    settings = {"SENTRY_DSN": kent.dsn, "SENTRY_TRACES_SAMPLE_RATE": "1.0", "INGEST_ATTEMPTS": "1"}
    with running_service(folder / "data", "--no-worker", EMBEDDER="hashing", **server.settings, **settings) as service:
        yield IngestScene(service, service.token(), folder)


@pytest.fixture(scope="module")
def document(scene: IngestScene) -> str:
    """A document that is in the index and shows there."""
    added = scene.add()
    wait_until(lambda: ask(scene, added).json["notice"] == "")
    return added


def ask(scene: IngestScene, document: str) -> Response:
    body = {"message": SECRET_QUESTION, "document_ids": [document]}
    answered = scene.service.api("POST", "/api/v1/chat/", token=scene.token, json_body=body)
    assert answered.status == 200, answered.body
    return answered


def secrets(scene: IngestScene, server: PineconeServer) -> tuple[bytes, ...]:
    tenants = [namespace.encode() for index in server.indexes.values() for namespace in index.namespaces]
    assert tenants
    return (*SECRET_WORDS, *tenants, KEY.encode(), scene.token.encode())


def has_vectors(scene: IngestScene) -> bool:
    """Say what the service tells of its vectors, without which it is ready too."""
    answered = scene.service.api("GET", "/readyz")
    assert answered.status == 200, answered.body
    vectors: bool = answered.json["vectors"]
    return vectors


@contextmanager
def revoked_key(server: PineconeServer) -> Iterator[None]:
    server.keys.clear()
    try:
        yield
    finally:
        server.keys.add(KEY)


@contextmanager
def another_length(server: PineconeServer) -> Iterator[None]:
    field = server.indexes["hellotutor"].fields["_values"]
    right, field["dimension"] = field["dimension"], 8
    try:
        yield
    finally:
        field["dimension"] = right


@contextmanager
def deleted_index(server: PineconeServer) -> Iterator[None]:
    index = server.indexes.pop("hellotutor")
    try:
        yield
    finally:
        server.indexes["hellotutor"] = index


def failing(path: str, kind: str = "status", **details: Any) -> Fault:
    return lambda server: server.fault(path, kind, **details)


_PREFIX = "rag_ingestion.ingest_document"
# What happens to a worker → the stage that fails, and the code that the learner is told.
WORK_FAULTS: dict[str, tuple[Fault, str, str]] = {
    "the key is revoked": (revoked_key, "initialization", "pinecone_key_refused"),
    "the index is for another model": (another_length, "initialization", "pinecone_wrong_dimension"),
    "the index is deleted under it": (
        failing("/vectors/upsert", status=404, message="Index not found"),
        "pinecone_upsert",
        "pinecone_index_missing",
    ),
    "it is throttled": (
        failing("/vectors/upsert", status=429, message=PACE, headers={"Retry-After": "60"}),
        "pinecone_upsert",
        "pinecone_throttled",
    ),
    "it hangs": (failing("/vectors/upsert", "hang"), "pinecone_upsert", "pinecone_timeout"),
}
# What happens to a search → the reason that the reply gives.
SEARCH_FAULTS: dict[str, tuple[Fault, str]] = {
    "the key is revoked": (revoked_key, "pinecone_key_refused"),
    "the index is for another model": (another_length, "pinecone_wrong_dimension"),
    "the index is deleted under it": (deleted_index, "pinecone_index_missing"),
    "it is throttled": (failing("/query", status=429, message=PACE), "pinecone_throttled"),
    "it hangs": (failing("/query", "hang"), "pinecone_timeout"),
}


def test_a_document_is_uploaded_indexed_found_by_meaning_and_removed(
    scene: IngestScene, server: PineconeServer, kent: Kent
) -> None:
    kent.flush()
    before = server.records() if server.indexes else {}
    document = scene.add()
    wait_until(lambda: ask(scene, document).json["notice"] == "")
    reply = ask(scene, document).json
    assert reply["grounded"] is True
    assert "Zanzibar" in reply["reply"]
    ((tenant, records),) = server.records().items()  # of the one learner
    assert len(tenant) >= 32
    assert "Zanzibar" not in str(records)  # vectors and ids, and nothing of the text
    assert len(records) > 1
    wait_until(lambda: has_vectors(scene))
    scene.service.api("DELETE", f"/api/v1/documents/{document}/", token=scene.token)
    wait_until(lambda: server.records()[tenant] == before.get(tenant, {}))
    checked = scene.service.run("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert kent.events() == []


@pytest.mark.parametrize("what", WORK_FAULTS)
def test_a_document_that_can_not_be_indexed_says_why_and_is_told_once(
    what: str, scene: IngestScene, server: PineconeServer, kent: Kent, document: str
) -> None:
    make, stage, code = WORK_FAULTS[what]
    added = scene.upload()
    kent.flush()
    with make(server):
        failed = scene.work_until_it_fails(added)
    assert failed["error"]["code"] == code
    assert failed["status"] == "embedding"  # it can be studied
    told = the_event_of(f"{_PREFIX}.{stage}", kent)["contexts"]["failure"]
    assert (told["index"], told["document_id"]) == ("pinecone", added)
    assert not words_sent(kent, secrets(scene, server))
    retried = scene.service.api("POST", f"/api/v1/documents/{added}/retry/", token=scene.token)
    assert retried.status == 202, retried.body
    with scene.working():
        wait_until(lambda: scene.look(added)["status"] == "indexed")


@pytest.mark.parametrize("what", SEARCH_FAULTS)
def test_a_reply_is_found_by_words_and_says_so_while_pinecone_fails(
    what: str, scene: IngestScene, server: PineconeServer, kent: Kent, document: str
) -> None:
    make, code = SEARCH_FAULTS[what]
    wait_until(lambda: ask(scene, document).json["notice"] == "")
    kent.flush()
    with make(server):
        reply = ask(scene, document).json
        page = Browsing(scene.service).open(f"/chat/{reply['session_id']}/").body.decode()
    assert reply["notice"] == code
    assert "Zanzibar" in reply["reply"]
    assert NOTICES["other"].replace("'", "&#x27;") in page
    told = the_event_of("retrieval.search", kent)
    assert told["contexts"]["failure"]["index"] == "pinecone"
    assert told["tags"]["code"] == code
    assert not words_sent(kent, secrets(scene, server))
    wait_until(lambda: ask(scene, document).json["notice"] == "")


def test_the_service_is_ready_and_says_that_it_has_no_vectors_while_the_key_is_refused(
    scene: IngestScene, server: PineconeServer
) -> None:
    with revoked_key(server):
        wait_until(lambda: not has_vectors(scene))
    wait_until(lambda: has_vectors(scene))


def test_what_a_deleted_index_held_is_made_again_by_a_reindex(
    scene: IngestScene, server: PineconeServer, document: str
) -> None:
    del server.indexes["hellotutor"]  # nobody asks meanwhile: the same failure isn't told of twice in a minute
    ran = scene.service.run("reindex")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    wait_until(lambda: ask(scene, document).json["notice"] == "")


def test_the_key_stands_in_nothing_that_is_said_or_kept(scene: IngestScene, server: PineconeServer) -> None:
    with revoked_key(server):
        asked = scene.service.run("ask", f"Where is the spoon of {uuid.uuid4()}?")
        looked = scene.service.run("doctor")
    said = asked.stdout + asked.stderr + looked.stdout + looked.stderr + "".join(scene.service.said)
    kept = b"".join(path.read_bytes() for path in scene.service.data_dir.glob("*.sqlite3*"))
    assert KEY not in said
    assert KEY.encode() not in kept
