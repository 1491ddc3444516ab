"""The OpenAPI schema: what every operation may answer besides its success."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from drf_spectacular.settings import patched_settings
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import SAFE_METHODS, AllowAny

from hellotutor.documents.models import DocumentVersion
from hellotutor.tutoring.models import Message, Session
from hellotutor.tutoring.tutors.base import Kind, Verdict

from .errors import PROBLEM_TYPE
from .serializers.common import ProblemSerializer
from .serializers.sessions import JUDGED

EXAMPLE_ID = "6f1c1f0e-5d0b-4c57-9c0f-2f2a4f4f9b1e"
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Up to 200 printable ASCII characters of your own. The same request with the same key within a day is "
    "done once and answered alike.",
)
_ENUM_NAMES: dict[str, Any] = {
    "VerdictEnum": [verdict.value for verdict in Verdict],
    "JudgedVerdictEnum": [verdict.value for verdict in JUDGED],
    "KindEnum": [kind.value for kind in Kind],
    "SessionStateEnum": Session.State.choices,
    "MessageStateEnum": Message.State.choices,
    "DocumentStatusEnum": DocumentVersion.Status.choices,
}
_OF_A_BODY = (400, 413, 415, 422)


class Generator(SchemaGenerator):
    """Writes the schema, with names of our own for what several components may hold."""

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        """Return the schema."""
        with patched_settings({"ENUM_NAME_OVERRIDES": _ENUM_NAMES, "ENUM_GENERATE_CHOICE_DESCRIPTION": False}):
            schema: dict[str, Any] = super().get_schema(request=request, public=public)  # type: ignore[no-untyped-call]
        return schema


class ProblemSchema(AutoSchema):
    """Adds the problem details that an operation can answer."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        """Return the operation with its problems."""
        operation: dict[str, Any] | None = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation is None:
            return None
        problem = self.resolve_serializer(ProblemSerializer, "response").ref
        for status in sorted(self._statuses(operation)):
            operation["responses"].setdefault(
                str(status),
                {"description": HTTPStatus(status).phrase, "content": {PROBLEM_TYPE: {"schema": problem}}},
            )
        return operation

    def _statuses(self, operation: dict[str, Any]) -> set[int]:
        """Return the statuses that follow from an operation's shape, and those that its view names."""
        parameters = operation.get("parameters", [])
        is_open = AllowAny in self.view.permission_classes
        found = {500, *getattr(self.view, "problems", {}).get(self.method, ())}
        found |= set() if is_open else {401}
        found |= set() if is_open or self.method in SAFE_METHODS else {403}
        found |= set(_OF_A_BODY) if "requestBody" in operation else set()
        found |= {404} if any(one["in"] == "path" for one in parameters) else set()
        found |= {422} if any(one["in"] == "query" for one in parameters) else set()
        found |= {404} if any(one["name"] == "page" for one in parameters) else set()
        return found


class _Bearer(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "hellotutor.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "Made on the account page; begins with `ht_`."}


class _Cookie(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "hellotutor.api.authentication.CookieAuthentication"
    name = "cookie"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        description = "Of somebody signed in at the pages; what changes something needs the header X-CSRFToken."
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": description}
