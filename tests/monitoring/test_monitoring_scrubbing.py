from __future__ import annotations

import logging
from typing import Any

import pytest

from hellotutor.core.errors import Invalid, NotFound
from hellotutor.monitoring.scrubbing import scrub_event
from hellotutor.monitoring.trails import scrub_breadcrumb, scrub_span, summarise_sql


def _value(kind: type[BaseException], text: str) -> dict[str, Any]:
    return {"type": kind.__name__, "module": kind.__module__, "value": text}


def _scrubbed_text(error: BaseException, text: str | None = None) -> str:
    event = {"exception": {"values": [_value(type(error), str(error) if text is None else text)]}}
    values = scrub_event(event, {"exc_info": (type(error), error, None)})["exception"]["values"]
    return str(values[0]["value"])


def test_an_error_of_ours_is_told_by_its_code() -> None:
    assert _scrubbed_text(Invalid("bad_file", "Anna.pdf can't be read.")) == "bad_file"


def test_two_errors_of_one_class_keep_their_own_codes() -> None:
    outer = NotFound("no_session", "Session 1 is gone.")
    outer.__cause__ = NotFound("no_page", "Page 3 is gone.")
    values = [_value(NotFound, "Page 3 is gone."), _value(NotFound, "Session 1 is gone.")]
    clean = scrub_event({"exception": {"values": values}}, {"exc_info": (NotFound, outer, None)})
    assert [value["value"] for value in clean["exception"]["values"]] == ["no_page", "no_session"]


def test_a_code_that_is_no_code_is_withheld() -> None:
    assert "withheld" in _scrubbed_text(Invalid("Anna's file", "…"))


def test_the_text_of_a_foreign_error_is_withheld_and_its_type_told() -> None:
    assert "Anna" not in _scrubbed_text(ValueError("Key (name)=(Anna) already exists"))
    assert _scrubbed_text(ZeroDivisionError("division by zero")) == "division by zero"


def test_what_nobody_named_does_not_leave() -> None:
    event = {
        "extra": {"a": 1},
        "modules": {"a": "1"},
        "server_name": "laptop",
        "logentry": {"message": "m"},
        "message": "m",
        "threads": {},
        "_meta": {},
        "contexts": {"device": {"name": "laptop"}, "trace": {"trace_id": "ab", "dynamic_sampling_context": {"x": "y"}}},
        "tags": {"url": "http://x"},
        "user": {"id": "7", "email": "e"},
    }
    assert scrub_event(event) == {"tags": {}, "contexts": {"trace": {"trace_id": "ab"}}}


@pytest.mark.parametrize(
    ("module", "filename", "is_shown"),
    [
        ("hellotutor.tutoring.sessions", "hellotutor/tutoring/sessions.py", True),
        ("hellotutor_plugin.x", "hellotutor_plugin/x.py", False),
        ("hellotutor.fake", "/home/anna/fake.py", False),
        ("django.http", "django/http/request.py", False),
        (None, "page.html", False),
    ],
)
def test_only_our_own_source_is_shown(module: str | None, filename: str, is_shown: bool) -> None:
    frame = {"module": module, "filename": filename, "context_line": "secret = 1", "abs_path": "/x", "vars": {"a": 1}}
    event = {"exception": {"values": [{"stacktrace": {"frames": [frame]}}]}}
    (clean,) = scrub_event(event)["exception"]["values"][0]["stacktrace"]["frames"]
    assert ("context_line" in clean) is is_shown
    assert not {"abs_path", "vars"} & clean.keys()
    assert "anna" not in clean["filename"]


def test_a_raw_path_is_no_name_for_a_transaction() -> None:
    clean = scrub_event({"transaction": "/documents/Anna/", "transaction_info": {"source": "url"}})
    assert clean["transaction"] == "<no route>"
    assert scrub_event({"transaction": "/documents/Anna/"})["transaction"] == "<no route>"


def test_of_a_log_record_its_place_is_told() -> None:
    record = logging.LogRecord("hellotutor.x", logging.INFO, "/a/x.py", 12, "said %s", ("private",), None)
    crumb = {"type": "log", "category": "hellotutor.x", "level": "info", "message": "said private", "data": {"a": "b"}}
    clean = scrub_breadcrumb(crumb, {"log_record": record})
    assert clean == {"type": "log", "category": "hellotutor.x", "level": "info", "message": "x.py:12", "data": {}}
    assert scrub_breadcrumb(clean) == clean


def test_of_a_call_its_host_and_its_outcome_are_told() -> None:
    data = {"url": "https://k:p@api.example/v1/Anna?key=1", "method": "POST", "status_code": 403, "reason": "Anna"}
    clean = scrub_breadcrumb({"category": "httplib", "type": "http", "data": data})
    assert clean["data"] == {"host": "api.example", "method": "POST", "status_code": 403}
    assert scrub_breadcrumb(clean) == clean


@pytest.mark.parametrize(
    ("statement", "summary"),
    [
        ('SELECT "documents_page"."text" FROM "documents_page" WHERE x = %s', "SELECT FROM documents_page"),
        ("INSERT INTO \"accounts_user\" VALUES ('Anna')", "INSERT INTO accounts_user"),
        ("UPDATE tutoring_answer SET text = 'x FROM secret_table'", "UPDATE tutoring_answer"),
        ("DELETE FROM documents_page WHERE text = 'Anna'", "DELETE FROM documents_page"),
        ("SELECT 'a FROM anna_secret', $$b FROM anna_secret$$ /* FROM anna_secret */", "SELECT"),
        ('SELECT "a FROM anna_secret"', "SELECT"),
        ("SELECT 'open FROM anna_secret", "SELECT"),
        ("SELECT 'it''s FROM anna_secret'", "SELECT"),
        ('SAVEPOINT "s1234_x1"', "SAVEPOINT"),
        ("connect", "connect"),
        ("Anna", None),
    ],
)
def test_of_sql_the_verb_and_the_table_are_told(statement: str, summary: str | None) -> None:
    assert summarise_sql(statement) == summary
    assert summarise_sql(summary or "") == summary


def test_of_a_span_the_numbers_stay_and_the_words_go() -> None:
    span = {
        "span_id": "ab",
        "op": "gen_ai.chat",
        "description": "chat tiny-model",
        "tags": {"q": "Anna"},
        "data": {"gen_ai.usage.input_tokens": 12, "gen_ai.request.messages": "Anna", "gen_ai.request.model": "tiny"},
    }
    assert scrub_span(span) == {
        "span_id": "ab",
        "op": "gen_ai.chat",
        "description": "chat tiny-model",
        "data": {"gen_ai.usage.input_tokens": 12, "gen_ai.request.model": "tiny"},
    }


@pytest.mark.parametrize("operation", ["file.read", "subprocess", "cache.get", "function", ""])
def test_a_span_that_may_name_anything_has_no_description(operation: str) -> None:
    assert "description" not in scrub_span({"op": operation, "description": "Anna.pdf"})
