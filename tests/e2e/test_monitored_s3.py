"""Every failure of S3, made to happen in a real service, arrives at the sink once, holds no secret, and is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.browsing import Browsing
from tests.e2e.running import ANSWER_S, running_service, wait_until
from tests.e2e.s3_faults import S3_FAULTS, S3Scene, upload_while_it_is_down
from tests.e2e.service_faults import SECRET_WORDS
from tests.e2e.told import LATE_S, the_event_of, words_sent
from tests.monitoring.kent_sink import Kent, run_kent
from tests.s3_server import ACCESS_KEY, SECRET_KEY, S3Server, Wire


@pytest.fixture(scope="module")
def kent() -> Iterator[Kent]:
    yield from run_kent()


@pytest.fixture(scope="module")
def scene(kent: Kent, s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Scene]:
    yield from run_scene(kent, s3_server, tmp_path_factory.mktemp("monitored-s3"))


@pytest.fixture
def fresh_scene(kent: Kent, s3_server: S3Server, tmp_path: Path) -> Iterator[S3Scene]:
    """A service that has told of nothing yet: what it told of within the last minute it wouldn't tell again."""
    yield from run_scene(kent, s3_server, tmp_path)


def run_scene(kent: Kent, s3_server: S3Server, folder: Path) -> Iterator[S3Scene]:
    wire = Wire(s3_server.url)
    settings = {
        **s3_server.settings,
        "S3_ENDPOINT_URL": wire.url,
        "S3_PREFIX": "monitored",
        "S3_PRESIGNED_DOWNLOADS": "false",
        "EMBEDDER": "none",
        "SENTRY_DSN": kent.dsn,
        "SENTRY_TRACES_SAMPLE_RATE": "1.0",
    }
    with running_service(folder / "data", "--no-worker", **settings) as service:
        yield S3Scene(service, s3_server, wire, service.token(), folder)
    wire.close()


@pytest.mark.parametrize("name", S3_FAULTS)
def test_a_failure_of_s3_arrives_once_with_its_context_and_without_a_secret(
    name: str, scene: S3Scene, kent: Kent
) -> None:
    make, status = S3_FAULTS[name]
    kent.flush()
    answered = make(scene)
    assert answered.status == status, answered.body
    told = the_event_of(name, kent)["contexts"]["failure"]
    assert "error_type" in told
    assert "s3_key" in told or name.endswith("_initialize_client")
    secrets = (*SECRET_WORDS, scene.token.encode(), ACCESS_KEY.encode(), SECRET_KEY.encode(), b"X-Amz-Signature")
    assert not words_sent(kent, secrets)


def test_an_upload_that_did_not_arrive_is_not_acknowledged_can_be_sent_again_and_is_told_once_an_outage(
    fresh_scene: S3Scene, kent: Kent
) -> None:
    scene = fresh_scene
    kent.flush()
    for _ in range(3):
        answered = upload_while_it_is_down(scene)
        assert (answered.status, answered.json["code"], answered.json["retryable"]) == (503, "s3_unreachable", True)
        assert answered.headers["Retry-After"]
    assert scene.titles() == []
    assert scene.upload("cut off").status == 202
    assert len(scene.titles()) == 1
    wait_until(kent.events)
    time.sleep(LATE_S)
    assert [event["tags"]["failure"] for event in kent.events()] == ["s3_storage.upload_document"]
    assert "s3.event_withheld 2" in scene.service.run("doctor").stdout


def test_what_was_uploaded_is_downloaded_through_the_service_where_browsers_can_not_reach_s3(scene: S3Scene) -> None:
    got = scene.original(scene.add("downloaded"))
    assert got.status == 200
    assert got.body.endswith(b"downloaded\n")
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"].startswith("attachment")
    wait_until(lambda: not list((scene.service.data_dir / "cache" / "objects" / "open").iterdir()))


def test_a_download_that_nobody_waits_for_keeps_no_copy_open(scene: S3Scene) -> None:
    document_id = scene.add("left alone", words=4_000_000)
    opened = scene.service.data_dir / "cache" / "objects" / "open"
    address = f"{scene.service.url}/documents/{document_id}/original/"
    with Browsing(scene.service)._opener.open(address, timeout=ANSWER_S) as begun:
        assert begun.read(10)
        assert len(list(opened.iterdir())) == 1
    wait_until(lambda: not list(opened.iterdir()))
