"""The worker's own failures arrive at the sink once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.running import running_service, service_environment, wait_until
from tests.monitoring.kent_sink import Kent, run_kent


@pytest.fixture(scope="module")
def kent() -> Iterator[Kent]:
    yield from run_kent()


def test_a_worker_whose_queue_fails_says_so_and_is_reported_once(kent: Kent, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    file = tmp_path / "Diary of Anna Karlsson.md"
    file.write_text("# Diary\n\nZanzibar is the island where the silver spoon lies.\n", encoding="utf-8")
    with running_service(data_dir, "--no-worker", EMBEDDER="none") as service:
        assert service.api("POST", "/api/v1/documents/", token=service.token(), file=file).status == 202
        with sqlite3.connect(data_dir / "hellotutor.sqlite3") as database:
            database.execute(
                "create trigger refuse before update on django_tasks_database_dbtaskresult "
                "begin select raise(abort, 'Anna Karlsson must not be told'); end"
            )
        service.environment.update(service_environment(data_dir, SENTRY_DSN=kent.dsn, EMBEDDER="none"))
        ended = service.run("worker")
    assert ended.returncode == 1
    assert "The worker failed (IntegrityError)" in ended.stderr
    assert "Traceback" not in ended.stderr
    wait_until(kent.events)
    assert [event["tags"]["failure"] for event in kent.events()] == ["worker.run.crash"]
    sent = b"\n".join(kent.raw_envelopes())
    assert not [word for word in (b"Karlsson", b"Zanzibar") if word in sent]
