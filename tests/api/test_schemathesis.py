"""Whatever is sent that the schema allows, or doesn't, is answered as the schema says, and never with a 5xx."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import WSGIHandler
from hypothesis import HealthCheck, Phase, settings
from rest_framework.test import APIClient
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api.conftest import DocumentFactory, answer, client_of, start

from hellotutor.accounts.models import User

pytestmark = pytest.mark.django_db
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

_config = schemathesis.Config()
_config.projects.default.generation.update(
    modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE], with_security_parameters=False
)
schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", app=WSGIHandler(), config=_config)
# without a client id it answers 503, as its own tests say
schema = schema.exclude(path="/api/v1/auth/google/")
bounded = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def is_uuid(value: Any) -> bool:
    try:
        uuid.UUID(str(value))
    except ValueError:
        return False
    return True


@pytest.fixture
def token(alice: User) -> dict[str, str]:
    return {"Authorization": client_of(alice)._credentials["HTTP_AUTHORIZATION"]}  # type: ignore[attr-defined]


@pytest.fixture
def things(api: APIClient, document: DocumentFactory) -> dict[str, str]:
    """Alice's things, by what addresses and bodies call them."""
    shown = document()
    started = start(api, shown)
    given = answer(api, started, started["question"], text="x").json()
    talk = api.post("/api/v1/chat/", {"message": "Why do we forget?"}, format="json").json()
    return {
        "document_id": str(shown.public_id),
        "session_id": started["id"],
        "conversation_id": talk["session_id"],
        "answer_id": given["id"],
        "question_id": given["next_question"]["id"],
    }


@schema.parametrize()
@bounded
def test_nobody_is_answered_as_the_schema_says(case: Any, db: None) -> None:
    case.call_and_validate(checks=CHECKS)


@schema.parametrize()
@bounded
def test_alice_is_answered_as_the_schema_says(case: Any, token: dict[str, str], things: dict[str, str]) -> None:
    for name, value in (case.path_parameters or {}).items():
        if name in things and is_uuid(value):
            case.path_parameters[name] = things[name]
    if isinstance(case.body, dict):
        given = {"document_ids": [things["document_id"]], "question_id": things["question_id"]}
        case.body.update({name: value for name, value in given.items() if name in case.body})
    case.call_and_validate(headers=token, checks=CHECKS)
