"""The one map from errors to JSON: RFC 9457 problem details with a stable `code`."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions as drf
from rest_framework.response import Response

from hellotutor.config.statuses import status_of
from hellotutor.core.database_errors import name_database_error
from hellotutor.core.errors import HelloTutorError
from hellotutor.monitoring import capture, catalogue, count
from hellotutor.monitoring.catalogue import Failure

from .codes import CODES

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
_CODE_OF_DRF: dict[type[drf.APIException], str] = {
    drf.ParseError: "malformed",
    drf.NotFound: "not_found",
    drf.UnsupportedMediaType: "unsupported_media_type",
    drf.MethodNotAllowed: "method_not_allowed",
}
_FAILED = "Something inside HelloTutor failed. It is not your fault, and nothing that was acknowledged is lost."

Problem = dict[str, Any]


class BodyTooLarge(drf.APIException):
    """A JSON body past the limit."""

    status_code = 413
    default_detail = "The body is too large."
    default_code = "body_too_large"


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """Return the problem that tells of an error; what nobody expected is captured under the view's own row."""
    view = context.get("view")
    problem = describe(error) or report(
        error, getattr(view, "failure", catalogue.API_VIEW), getattr(view, "known_fields", dict)()
    )
    response = Response(problem, status=problem["status"], content_type=PROBLEM_TYPE)
    if header := getattr(error, "auth_header", None):
        response.headers["WWW-Authenticate"] = header
    if problem["status"] in (429, 503) and problem["retryable"]:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def describe(error: Exception) -> Problem | None:
    """Return the problem of an error that says what the caller can do; None for any other."""
    if isinstance(error, HelloTutorError):
        count(f"api.{error.code}"[:100])
        return _problem(status_of(error), error.code, error.message, is_retryable=error.retryable)
    if isinstance(error, drf.ValidationError):
        return _problem(422, "invalid", "Some fields can't be used.", errors=_flatten(error.detail))
    if isinstance(error, drf.APIException):
        return _of_drf(error)
    if isinstance(error, Http404):
        return _problem(404, "not_found", CODES["not_found"])
    if isinstance(error, PermissionDenied):
        return _problem(403, "permission_denied", "You may not do this.")
    if isinstance(error, RequestDataTooBig):
        return _problem(413, "body_too_large", CODES["body_too_large"])
    if isinstance(error, SuspiciousOperation):
        return _problem(400, "malformed", CODES["malformed"])
    return None


def report(error: Exception, failure: Failure, known: Mapping[str, object]) -> Problem:
    """Capture a failure of ours and return its problem, which tells nothing of it but the id of the event."""
    fields = {**known, "error_type": type(error).__name__}
    event_id = capture(failure, error, **{name: fields[name] for name in fields.keys() & failure.fields})
    named = name_database_error(error) if isinstance(error, OperationalError) else None
    if named and named.code == "storage_full":  # the one failure of ours that its operator can mend
        return _problem(status_of(named), named.code, named.message, is_retryable=True, event_id=event_id)
    return _problem(500, "internal_error", _FAILED, is_retryable=True, event_id=event_id)


def _of_drf(error: drf.APIException) -> Problem:
    codes = error.get_codes()
    own = codes if isinstance(codes, str) else "malformed"
    code = next((code for kind, code in _CODE_OF_DRF.items() if isinstance(error, kind)), own)
    return _problem(error.status_code, code, str(error.detail))


def _problem(
    status: int,
    code: str,
    detail: str,
    *,
    is_retryable: bool = False,
    errors: Mapping[str, list[str]] | None = None,
    event_id: str | None = None,
) -> Problem:
    problem: Problem = {
        "type": f"/api/docs/#problem-{code}" if code in CODES else "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "retryable": is_retryable,
    }
    if errors is not None:
        problem["errors"] = errors
    if event_id is not None:
        problem["event_id"] = event_id
    return problem


def _flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Return messages by the dotted path of their field; those of no one field under `body`."""
    if isinstance(detail, dict):
        parts = [_flatten(value, f"{path}.{name}" if path else str(name)) for name, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(item, (dict, list)) for item in detail):
        parts = [_flatten(value, f"{path}.{at}") for at, value in enumerate(detail) if value]
    else:
        name = path.removesuffix(".non_field_errors").replace("non_field_errors", "") or "body"
        return {name: [str(item) for item in (detail if isinstance(detail, list) else [detail])]}
    return {name: messages for part in parts for name, messages in part.items()}
