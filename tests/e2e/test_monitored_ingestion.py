"""Every failure of ingestion, made to happen in the worker of a real service, arrives once and holds no secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.e2e.ingest_faults import INGEST_FAULTS, IngestScene, block_the_vectors
from tests.e2e.running import running_service, wait_until
from tests.e2e.service_faults import SECRET_WORDS
from tests.e2e.told import the_event_of, words_sent
from tests.monitoring.kent_sink import Kent, run_kent

from hellotutor.monitoring import CATALOGUE


@pytest.fixture(scope="module")
def kent() -> Iterator[Kent]:
    yield from run_kent()


@pytest.fixture(scope="module")
def scene(kent: Kent, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IngestScene]:
    folder = tmp_path_factory.mktemp("monitored-ingestion")
    settings = {"SENTRY_DSN": kent.dsn, "SENTRY_TRACES_SAMPLE_RATE": "1.0", "INGEST_ATTEMPTS": "1"}
    with running_service(folder / "data", "--no-worker", **settings) as service:
        yield IngestScene(service, service.token(), folder)


@pytest.mark.parametrize("make", INGEST_FAULTS, ids=lambda make: make.__name__)
def test_a_failed_stage_arrives_once_with_its_context_and_without_a_secret(
    make: Callable[[IngestScene], Any], scene: IngestScene, kent: Kent
) -> None:
    name, code = INGEST_FAULTS[make]
    kent.flush()
    document = make(scene)
    assert document["error"]["code"] == code
    told = the_event_of(name, kent)["contexts"]["failure"]
    assert {"document_id", "user_id"} <= told.keys()
    assert told["document_id"] == document["id"]
    assert ("index" in told) == (CATALOGUE[name].stage in ("initialization", "pinecone_upsert"))
    assert not words_sent(kent, (*SECRET_WORDS, scene.token.encode()))


def test_what_is_tried_again_is_an_event_only_when_it_is_given_up(scene: IngestScene, kent: Kent) -> None:
    kent.flush()
    sent_before = list[int]()

    def count_events() -> bool:
        waiting = scene.sql("select count(*) from documents_documentversion where attempts = 1")
        sent_before.extend([len(kent.events())] * waiting[0][0])
        return bool(sent_before)

    document = scene.add()
    scene.block(document, "vectors-*")
    scene.retry(document)
    with scene.working(INGEST_ATTEMPTS="2"):
        wait_until(count_events)
        assert scene.look(document)["status"] == "embedding"
        wait_until(lambda: scene.look(document)["error"])
    assert sent_before == [0]
    assert [event["tags"]["failure"] for event in kent.events()] == [INGEST_FAULTS[block_the_vectors][0]]


def test_every_row_of_ingestion_has_its_fault() -> None:
    rows = {name for name, row in CATALOGUE.items() if row.operation == "ingest_document"}
    assert {name for name, _ in INGEST_FAULTS.values()} == rows


def test_a_file_that_can_not_be_read_is_counted_and_no_event(scene: IngestScene, kent: Kent) -> None:
    kent.flush()
    document = scene.upload("%PDF-1.7\nof Anna Karlsson", "Diary of Anna Karlsson.pdf")
    assert scene.work_until_it_fails(document)["error"]["code"] == "unreadable_pdf"
    assert kent.events() == []
    assert "document.unreadable_pdf 1" in scene.service.run("doctor").stdout
