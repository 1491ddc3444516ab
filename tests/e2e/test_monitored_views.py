"""Every failure of the service, made to happen by a real request, arrives at the sink once and holds no secret."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from tests.e2e.browsing import Browsing
from tests.e2e.running import running_service, wait_until
from tests.e2e.service_faults import (
    OTHER_FAULTS,
    SECRET_QUESTION,
    SECRET_TEXT,
    SECRET_TITLE,
    SECRET_WORDS,
    SERVICE_FAULTS,
    Scene,
)
from tests.e2e.told import LATE_S, the_event_of, words_sent
from tests.monitoring.kent_sink import Kent, run_kent

from hellotutor.monitoring import CATALOGUE


@pytest.fixture(scope="module")
def kent() -> Iterator[Kent]:
    yield from run_kent()


@pytest.fixture(scope="module")
def scene(kent: Kent, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("monitored")
    settings = {"SENTRY_DSN": kent.dsn, "SENTRY_TRACES_SAMPLE_RATE": "1.0", "GOOGLE_CLIENT_ID": "our-client"}
    with running_service(folder / "data", EMBEDDER="none", **settings) as service:
        file = folder / SECRET_TITLE
        file.write_text(SECRET_TEXT, encoding="utf-8")
        token = service.token()
        added = service.api("POST", "/api/v1/documents/", token=token, file=file)
        assert added.status == 202, added.body
        scene = Scene(service, token, added.json["id"], folder)
        wait_until(lambda: scene.get(f"/documents/{scene.document_id}/").json["status"] in ("embedding", "indexed"))
        yield scene


@pytest.mark.parametrize("name", SERVICE_FAULTS)
def test_a_failed_request_arrives_once_with_its_context_and_without_a_secret(
    name: str, scene: Scene, kent: Kent
) -> None:
    make, status = SERVICE_FAULTS[name]
    kent.flush()
    answered = make(scene)
    assert answered.status == status, answered.body
    event = the_event_of(name, kent)
    wanted = {"user_id", "session_id"} if name.endswith("AnswerView") or name.endswith("InsightsView") else set()
    assert wanted <= event["contexts"]["failure"].keys()
    if status == 500:
        assert event["event_id"].encode() in answered.body
    assert not words_sent(kent, (*SECRET_WORDS, scene.token.encode()))


def test_a_whole_visit_sends_no_event_and_its_traces_hold_no_secret(scene: Scene, kent: Kent) -> None:
    kent.flush()
    visitor = Browsing(scene.service)
    session = scene.start_session()
    assert scene.answer(session).status == 200
    assert scene.post("/chat/", {"message": SECRET_QUESTION}).json["grounded"]
    for path in ("/", f"/documents/{scene.document_id}/", f"/study/{session['id']}/", "/chat/", "/account/"):
        assert visitor.open(path).status == 200, path
    assert Browsing(scene.service, is_signed_in=False).open("/sign-in/Karlsson-was-here/").status == 422
    assert scene.get("/documents/00000000-0000-4000-8000-000000000000/").status == 404
    wait_until(lambda: len(kent.transactions()) > 5)
    time.sleep(LATE_S)
    assert kent.events() == []
    sent = b"\n".join(kent.raw_envelopes())
    assert not [word for word in (*SECRET_WORDS, scene.token.encode()) if word in sent]
    names = {transaction["transaction"] for transaction in kent.transactions()}
    assert not [name for name in names if re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", name)]


def test_the_other_rows_of_the_service_have_tests_of_their_own() -> None:
    assert CATALOGUE.keys() >= OTHER_FAULTS
    assert not OTHER_FAULTS & SERVICE_FAULTS.keys()
