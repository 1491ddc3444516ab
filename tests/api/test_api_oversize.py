"""A body that is too large is the client's mistake: it is answered, and nothing of it reaches the monitoring."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.running import running_service, wait_until
from tests.monitoring.kent_sink import Kent, run_kent

CHUNK = b"x" * 100_000


@pytest.fixture
def kent() -> Iterator[Kent]:
    yield from run_kent()


def send_in_chunks(url: str, path: str, chunks: int) -> tuple[int, str]:
    """Send a body whose length isn't announced; return the status and the problem's code."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    connection.putrequest("POST", path)
    connection.putheader("Transfer-Encoding", "chunked")
    connection.putheader("Content-Type", "application/json")
    connection.endheaders()
    for _ in range(chunks):
        connection.send(b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK))
    answer = connection.getresponse()
    code = str(json.load(answer)["code"])
    connection.close()
    return answer.status, code


def test_an_oversize_body_is_answered_and_sends_no_event(kent: Kent, tmp_path: Path) -> None:
    settings = {"SENTRY_DSN": kent.dsn, "SENTRY_TRACES_SAMPLE_RATE": "1.0", "MAX_FILE_MB": "3", "EMBEDDER": "none"}
    with running_service(tmp_path / "data", "--no-worker", **settings) as service:
        # One chunk past each limit: all that is sent is read, and the client needn't look for an early answer.
        assert send_in_chunks(service.url, "/api/v1/chat/", 21) == (413, "body_too_large")
        assert send_in_chunks(service.url, "/api/v1/documents/", 41) == (413, "file_too_large")
        wait_until(lambda: len(kent.transactions()) == 2, seconds=30)  # an event would have come before its trace
    assert kent.events() == []
