from __future__ import annotations

import json
from typing import Any

import pytest
from tests.monitoring.kent_sink import ROOT, Kent, run_program
from tests.monitoring.samples import FIELDS

from hellotutor.monitoring import CATALOGUE, Failure

NAMES = list(CATALOGUE)
PRIVATE = ("filename", "query_snippet", "s3_key", "response_body")


def _capture_every_row(kent: Kent, **environment: str) -> dict[str, dict[str, Any]]:
    ended = run_program("every_row", DSN=kent.dsn, PYTHONPATH=f"{ROOT / 'src'}:{ROOT}", **environment)
    assert ended.returncode == 0, ended.stderr
    ids = json.loads(ended.stdout)
    events = kent.events()
    assert sorted(event["event_id"] for event in events) == sorted(ids.values())
    return {event["tags"]["failure"]: event for event in events}


@pytest.fixture(scope="module")
def by_row(_kent_server: Kent) -> dict[str, dict[str, Any]]:
    _kent_server.flush()
    return _capture_every_row(_kent_server)


@pytest.mark.parametrize("name", NAMES)
def test_each_row_arrives_once_under_its_tags(by_row: dict[str, dict[str, Any]], name: str) -> None:
    row, event = CATALOGUE[name], by_row[name]
    assert event["tags"] == _expected_tags(row)
    assert event["level"] == row.level
    assert event["fingerprint"] == [row.component, row.operation, row.stage or "-", "Unavailable"]
    assert event["exception"]["values"][-1]["value"] == "peer_down"


def _expected_tags(row: Failure) -> dict[str, str]:
    tags = {"failure": row.name, "component": row.component, row.operation_kind: row.operation}
    stage = {"stage": row.stage} if row.stage else {}
    return tags | stage | {"code": "peer_down", "error_type": "Unavailable"}


@pytest.mark.parametrize("name", NAMES)
def test_each_row_arrives_with_its_fields(by_row: dict[str, dict[str, Any]], name: str) -> None:
    row, context = CATALOGUE[name], by_row[name]["contexts"]["failure"]
    assert row.fields <= context.keys()
    for field in row.fields - set(PRIVATE):
        assert context[field] == FIELDS[field]
    for field in row.fields & set(PRIVATE):
        assert "withheld" in context[field]
        assert f"{len(str(FIELDS[field]))} characters" in context[field] or field == "s3_key"


def test_the_user_is_an_opaque_id(by_row: dict[str, dict[str, Any]]) -> None:
    assert by_row["rag_query.query_rag"]["user"] == {"id": FIELDS["user_id"]}


def test_of_a_file_only_its_kind_is_told(by_row: dict[str, dict[str, Any]]) -> None:
    context = by_row["rag_ingestion.ingest_document.download"]["contexts"]["failure"]
    assert context["filename"].endswith("17 characters].pdf")
    folders, _, tail = context["s3_key"].rpartition("/")
    assert folders == "0123456789abcdef0123456789abcdef/6d1f0a34-6a3e-4f3c-9c53-0d6f0d6b8a11"
    assert tail.startswith("[withheld ")


def test_frames_show_our_source_and_nobody_elses(by_row: dict[str, dict[str, Any]]) -> None:
    for frame in by_row["rag_query.query_rag"]["exception"]["values"][-1]["stacktrace"]["frames"]:
        assert not {"vars", "abs_path", "context_line", "pre_context"} & frame.keys()
        assert not frame["filename"].startswith("/")


def test_with_texts_allowed_the_snippet_is_a_hundred_characters(kent: Kent) -> None:
    context = _capture_every_row(kent, INCLUDE_TEXT="yes")["rag_query.query_rag"]["contexts"]["failure"]
    assert context["query_snippet"] == str(FIELDS["query_snippet"])[:100]


def test_one_failure_is_one_event_however_many_layers_report_it(kent: Kent) -> None:
    ended = run_program("layers", DSN=kent.dsn)
    assert ended.returncode == 0, ended.stderr
    first, second, third, by_the_sdk, other = json.loads(ended.stdout)
    assert first == second == third
    assert by_the_sdk is None
    failures = [event["tags"]["failure"] for event in kent.events()]
    assert failures == ["embedder.embed", "rag_query.query_rag"]
    assert {event["event_id"] for event in kent.events()} == {first, other}


def test_an_embedder_that_fails_in_a_reply_is_told_and_the_reply_comes(kent: Kent) -> None:
    ended = run_program("reply_without_model", DSN=kent.dsn)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"grounded": True}
    [event] = kent.events()
    assert (event["tags"]["failure"], event["tags"]["code"]) == ("embedder.embed", "model_missing")


@pytest.mark.parametrize("which", ["events", "breadcrumbs"])
def test_what_can_not_be_scrubbed_does_not_leave_and_is_counted(kent: Kent, which: str) -> None:
    ended = run_program("broken_scrubber", DSN=kent.dsn, BROKEN=which)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    if which == "events":
        assert told == {"event_id": None, "dropped": 2}  # the event and the transaction
        assert kent.raw_envelopes() == []
    else:
        assert told["dropped"] == 1
        assert [event["event_id"] for event in kent.events()] == [told["event_id"]]
        assert b"private" not in b"".join(kent.raw_envelopes())
