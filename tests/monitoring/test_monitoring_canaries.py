"""Secrets of every kind in every place; none may stand in the bytes that reach the sink."""

from __future__ import annotations

import base64
import json
import socket
from urllib.parse import quote

import pytest
from tests.monitoring.kent_sink import DSN_KEY, PROGRAMS, Kent, run_program

# Shapes that vendors give their keys, and sentences that no pattern can know.
KEYS = {
    "argv": "sk-" + "argvZq81LmPw0TtRr5Yy",
    "bearer": "bearerT0kenQ2w4E6r8",
    "jwt": "eyJhbGciOiJIUzI1NiJ9." + "eyJqd3QiOiJjYW5hcnkifQ.c2lnbmF0dXJl",
    "presigned": "c0ffee11presigned22feedbeef33",
    "percent_encoded": "percent+en/coded=learner@example.org",
    "base64": "AIza" + "SyBase64xWrapped0Canary_9876543210abc",
    "exception_text": "AIza" + "SyExceptionText0Canary_9876543210abcd",
    "local_variable": "pcsk_" + "L0calVariable_8f7e6d5c4b3a",
    "url_span": "AKIA" + "URLSPAN0CANARY99",
    "at_the_cut": "AIza" + "SyAtTheCutCanary0_9876543210abcdefghi",
    "log_message": "ghp_" + "LogMessage0Canary9876543210abcdefghi",
    "email": "anna.canary@example.org",
    "ip": "203.0.113.77",
}
SENTENCES = {
    "log_argument": "my grandmother forgot me (log argument)",
    "log_extra": "an answer about my illness (log extra)",
    "sql_breadcrumb": "is it my fault (sql breadcrumb)",
    "nested_extra": "divorce papers (nested extra)",
    "nested_context": "why do I fail (nested context)",
    "our_context": "a note in our context",
    "our_context_deep": "deep inside our context",
    "tag": "what is depression (tag)",
    "user_id": "anna-schmidt-1987",
    "path": "Anna-in-a-path.pdf",
    "transaction": "Anna-in-a-transaction.pdf",
    "transaction_data": "Anna in transaction data",
    "sql_span": "Anna in an sql span",
    "span_data": "AnnaInSpanData",
    "prompt": "Dear tutor, a prompt",
    "command_line": "Anna-on-a-command-line.pdf",
    "cause_text": "Anna in a cause",
    "our_message": "Anna in our message.pdf",
    "note": "Anna in a note",
    "filename": "Anna's diagnosis as a file",
    "s3_key": "Annas object name",
    "user_field": "anna as a user id",
    "word_field": "Anna in a word field",
    "session_field": "Anna in a session id",
    "key_error": "Anna in a key error",
    "message": "Anna in a message",
}
# A known tag that somebody sets beside us is redacted by pattern only, so its canary is a key.
CANARIES = KEYS | SENTENCES | {"known_tag": "xoxb-" + "known0tag0canary0123"}

REQUEST = {
    "sql": "Anna in an sql literal",
    "sql_parameter": "Anna in an sql parameter",
    "django_secret_key": "a-django-secret-key-of-Anna",
    "path": "Anna-in-a-path",
    "query": "Anna-in-a-query",
    "client_ip": "203.0.113.78",
    "forwarded_ip": "203.0.113.79",
    "header": "Anna-in-a-header",
    "referer": "Anna-in-a-referer",
    "cookie": "Anna-in-a-cookie",
    "body": "Anna in a body",
    "baggage": "Anna-in-a-baggage",
}
# What the SDK doesn't take even with everything switched on: these guard against its next version.
NEVER_TAKEN = {"django_secret_key", "client_ip"}


def _forms(secret: str) -> set[str]:
    """Return the secret, its beginning, and both as they look in JSON, in a URL and in base64."""
    wrapped = base64.b64encode(secret.encode()).decode()
    forms = {secret, quote(secret, safe=""), quote(quote(secret, safe=""), safe=""), secret.replace(" ", "+"), wrapped}
    return {form for one in forms for form in (one, json.dumps(one)[1:-1], one[:14])}


def _leaked(kent: Kent, canaries: dict[str, str]) -> set[str]:
    raw = b"\n".join(kent.raw_envelopes()).decode(errors="replace")
    assert raw
    return {name for name, secret in canaries.items() if any(form in raw for form in _forms(secret))}


def _run(kent: Kent, mode: str, **environment: str) -> set[str]:
    ended = run_program("canaries", KEYS["argv"], DSN=kent.dsn, MODE=mode, CANARIES=json.dumps(CANARIES), **environment)
    assert ended.returncode == 0, ended.stderr
    return _leaked(kent, CANARIES)


@pytest.mark.parametrize("include_text", ["no", "yes"])
def test_no_canary_reaches_the_sink(kent: Kent, include_text: str) -> None:
    leaked = _run(kent, "ours", INCLUDE_TEXT=include_text)
    asked_for = {"filename", "s3_key"} if include_text == "yes" else set()
    assert leaked == asked_for
    assert [event["tags"].get("failure") for event in kent.events()] == [
        "rag_ingestion.ingest_document.document_reading_chunking",
        "rag_query.query_rag",
        None,
    ]
    assert len(kent.transactions()) == 1


def test_the_canaries_all_sing_when_the_sdk_is_left_to_itself(kent: Kent) -> None:
    assert _run(kent, "naive") == set(CANARIES)


def test_without_our_hooks_the_options_alone_do_not_keep_them_in(kent: Kent) -> None:
    closed_by_options = {"argv", "local_variable"}
    closed_by_capture = {"filename", "s3_key", "user_field", "word_field", "session_field", "at_the_cut"}
    assert _run(kent, "open") == set(CANARIES) - closed_by_options - closed_by_capture


def test_neither_the_machine_nor_its_disk_nor_the_dsn_is_told(kent: Kent) -> None:
    _run(kent, "ours")
    raw = b"\n".join(kent.raw_envelopes()).decode()
    assert str(PROGRAMS) not in raw
    assert DSN_KEY not in raw
    assert f'"{socket.gethostname()}"' not in raw


def _request(kent: Kent, mode: str) -> set[str]:
    ended = run_program("django_request", DSN=kent.dsn, MODE=mode, CANARIES=json.dumps(REQUEST))
    assert ended.returncode == 0, ended.stderr
    return _leaked(kent, REQUEST)


def test_a_failed_request_is_told_by_its_route_alone(kent: Kent) -> None:
    assert _request(kent, "ours") == set()
    (event,) = kent.events()
    assert event["transaction"] == "/documents/{name}/"
    assert event["request"] == {"method": "POST", "headers": {"content-type": "application/json"}}
    (transaction,) = kent.transactions()
    assert transaction["transaction"] == "/documents/{name}/"
    assert [span["description"] for span in transaction["spans"]] == ["connect", "SELECT"]


def test_a_request_sings_when_the_sdk_is_left_to_itself(kent: Kent) -> None:
    assert _request(kent, "naive") == set(REQUEST) - NEVER_TAKEN
