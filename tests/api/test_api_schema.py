"""The schema and its page say what is so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from hellotutor.api.codes import CODES
from hellotutor.api.schema import Generator

METHODS = ("get", "post", "delete", "put", "patch")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    return Generator().get_schema(public=True)  # type: ignore[no-untyped-call]


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, item[method]) for path, item in schema["paths"].items() for method in METHODS if method in item
    ]


def test_the_schema_is_valid_and_nothing_was_guessed(schema: dict[str, Any]) -> None:
    validate_schema(schema)
    assert not GENERATOR_STATS._warn_cache, GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache, GENERATOR_STATS._error_cache


def test_every_operation_has_a_name_a_summary_and_its_problems(schema: dict[str, Any]) -> None:
    found = operations(schema)
    names = [operation["operationId"] for _, _, operation in found]
    assert len(set(names)) == len(names) >= 20
    for path, method, operation in found:
        assert operation["summary"], (path, method)
        answers = operation["responses"]
        assert "500" in answers
        if "/auth/" not in path:
            assert "401" in answers
            assert ("403" in answers) is (method != "get"), (path, method)
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= set(answers)
        for status, answer in answers.items():
            if not status.startswith("2"):
                assert list(answer["content"]) == ["application/problem+json"]


def test_what_can_be_streamed_says_so(schema: dict[str, Any]) -> None:
    for path, method in (("/api/v1/chat/", "post"), ("/api/v1/documents/{document_id}/", "get")):
        content = schema["paths"][path][method]["responses"]["200"]["content"]
        assert set(content) == {"application/json", "text/event-stream"}


def test_a_question_is_shown_without_its_answer(schema: dict[str, Any]) -> None:
    shown = schema["components"]["schemas"]["Question"]["properties"]
    assert not {"answer", "key_points", "quote", "concept"} & set(shown)


@pytest.mark.django_db
def test_everybody_may_read_the_schema_and_its_page(schema: dict[str, Any]) -> None:
    call_command("collectstatic", interactive=False, verbosity=0)
    visitor = Client(HTTP_HOST="localhost")
    assert visitor.get("/api/schema/").status_code == 200
    page = visitor.get("/api/docs/").content.decode()
    anchors = re.findall(r'\bid="([^"]+)"', page)
    assert len(set(anchors)) == len(anchors)
    assert {operation["operationId"] for _, _, operation in operations(schema)} <= set(anchors)
    assert {f"problem-{code}" for code in CODES} <= set(anchors)
    for path, _, _ in operations(schema):
        assert path in page
    inline = re.findall(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon[a-z]+=", page)
    assert not inline
