"""What goes wrong is told as problem details, whatever it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient
from tests.api.conftest import DocumentFactory, answer, assert_problem, start, upload
from tests.refusals import Refuse, let_again

from hellotutor.accounts.models import User
from hellotutor.api.codes import CODES
from hellotutor.api.errors import describe
from hellotutor.api.models import IdempotentRequest
from hellotutor.core.errors import Unavailable

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["", "v1/", "v1/nothing/", "v1/documents/not-a-uuid/", "v1/documents", "v1/a%0Ab/"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_unknown_address_is_a_problem_and_no_page(path: str, method: str) -> None:
    assert_problem(getattr(APIClient(HTTP_HOST="localhost"), method)(f"/api/{path}"), 404, "not_found")


def test_a_wrong_method_names_the_right_ones(api: APIClient) -> None:
    answered = api.put("/api/v1/documents/", {})
    assert_problem(answered, 405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answered.headers["Allow"].split(", "))


def test_who_is_unknown_is_told_how_to_be_known(db: None) -> None:
    answered = APIClient(HTTP_HOST="localhost").get("/api/v1/documents/")
    assert_problem(answered, 401, "not_authenticated")
    assert answered.headers["WWW-Authenticate"].startswith("Bearer")
    answered = APIClient(HTTP_HOST="localhost").get("/api/v1/documents/", HTTP_AUTHORIZATION="Bearer ht_guess")
    assert_problem(answered, 401, "token_not_valid")


def test_the_cookie_of_the_pages_needs_the_token_against_forgery(alice: User) -> None:
    browser = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.get("/api/v1/documents/").status_code == 200
    assert_problem(browser.post("/api/v1/sessions/", {}, content_type="application/json"), 403, "csrf_failed")


@pytest.mark.parametrize("body", ["{", "nonsense", '{"a": NaN}', "[" * 100_000, b"\xff\xfe", "1" * 10_000])
def test_what_is_no_json_is_malformed(api: APIClient, body: Any) -> None:
    answered = api.generic("POST", "/api/v1/sessions/", body, content_type="application/json")
    assert answered.status_code in (400, 422), answered.content
    assert answered.json()["code"] in ("malformed", "invalid")


def test_a_long_body_is_refused(api: APIClient) -> None:
    body = '{"message": "' + "x" * 1_100_000 + '"}'
    answered = api.generic("POST", "/api/v1/chat/", body, content_type="application/json")
    assert_problem(answered, 413, "body_too_large")


@pytest.mark.parametrize("text", ['"\\ud800"', '"a\\u0000b"'])
def test_what_no_database_keeps_is_refused(api: APIClient, document: DocumentFactory, text: str) -> None:
    document()
    answered = api.generic("POST", "/api/v1/chat/", f'{{"message": {text}}}', content_type="application/json")
    assert_problem(answered, 422, "invalid")


def test_whatever_is_accepted_json_is_answered(api: APIClient) -> None:
    for accept in ("text/html", "application/xml", "nonsense", "text/event-stream"):
        answered = api.get("/api/v1/sessions/?format=xml", HTTP_ACCEPT=accept)
        assert (answered.status_code, answered.headers["Content-Type"]) == (200, "application/json")


def test_a_failure_tells_nothing_of_itself(api: APIClient, document: DocumentFactory, refuse: Refuse) -> None:
    shown = document()
    refuse("insert", "tutoring_session")
    answered = api.post("/api/v1/sessions/", {"document_ids": [str(shown.public_id)]}, format="json")
    problem = assert_problem(answered, 500, "internal_error")
    assert problem["retryable"] is True
    assert b"secret" not in answered.content


@pytest.mark.parametrize(
    ("table", "path", "body"),
    [
        ("tutoring_answer", "sessions/{session}/answers/", {"question_id": "{question}", "text": "x"}),
        ("tutoring_contest", "answers/{answer}/contest/", {"verdict": "correct"}),
    ],
)
def test_whatever_cant_be_kept_is_a_failure_of_ours(
    api: APIClient, document: DocumentFactory, refuse: Refuse, table: str, path: str, body: dict[str, str]
) -> None:
    started = start(api, document())
    given = answer(api, started, started["question"], text="x").json()
    names = {"session": started["id"], "answer": given["id"], "question": given["next_question"]["id"]}
    refuse("insert", table)
    filled = {name: value.format(**names) for name, value in body.items()}
    answered = api.post(f"/api/v1/{path.format(**names)}", filled, format="json", HTTP_IDEMPOTENCY_KEY="one")
    assert_problem(answered, 500, "internal_error")
    assert not IdempotentRequest.objects.exists()  # what failed may be sent again


def test_insights_that_cant_be_kept_are_made_when_they_can(
    api: APIClient, document: DocumentFactory, refuse: Refuse
) -> None:
    started = start(api, document())
    answer(api, started, started["question"], text="x")
    refuse("insert", "insights_sessioninsight")
    url = f"/api/v1/sessions/{started['id']}/insights/"
    answered = api.get(url)
    assert_problem(answered, 503, "insights_not_stored")
    assert answered.headers["Retry-After"] == "5"
    let_again("insights_sessioninsight")
    assert api.get(url).status_code == 200


def test_an_upload_that_fails_leaves_no_row(api: APIClient, refuse: Refuse) -> None:
    refuse("insert", "documents_documentversion")
    assert upload(api).status_code == 500
    assert api.get("/api/v1/documents/").json()["count"] == 0


def test_what_is_down_says_when_to_come_back(api: APIClient, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.HMAC_SECRET = ""
    answered = upload(api)
    problem = assert_problem(answered, 503, "hmac_secret_missing")
    assert (problem["retryable"], answered.headers.get("Retry-After")) == (False, None)


def test_a_code_of_ours_leads_to_its_explanation() -> None:
    assert (describe(Unavailable("google_unreachable", "x")) or {})["type"].endswith("#problem-google_unreachable")
    assert (describe(Unavailable("unheard_of", "x")) or {})["type"] == "about:blank"
    assert all(meaning.endswith((".", "`.")) for meaning in CODES.values())
