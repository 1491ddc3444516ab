"""What every answer carries, and what happens when a view fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from hellotutor.core.errors import HelloTutorError
from hellotutor.monitoring import capture, catalogue

from .errors import show_error, show_failure, show_wrong_method

_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    # asked for anew each time, yet the back button still works: `no-store` would take that away
    "Cache-Control": "private, no-cache",
}
_FIELD_OF_ARGUMENT = {"document_id": "document_id", "session_id": "session_id", "conversation_id": "session_id"}
_NOT_FAILURES = (Http404, PermissionDenied, SuspiciousOperation)


class SecurityHeadersMiddleware:
    """Puts the headers that keep uploaded content harmless on every answer."""

    async_capable = sync_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Answer with the headers."""
        if iscoroutinefunction(self._get_response):
            return self._answer_later(request)
        return _with_headers(self._get_response(request))

    async def _answer_later(self, request: HttpRequest) -> HttpResponse:
        return _with_headers(await self._get_response(request))


def _with_headers(response: HttpResponse) -> HttpResponse:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


class FailureMiddleware:
    """Turns what a page's view raised into a page: one sentence for what was refused, an event's id for a failure.

    A view may put what it knows, by the names of the catalogue, into `request.failure_fields`. The API has its own map
    (`api.errors`) and never gets here.
    """

    async_capable = sync_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Pass the request on; say in words what Django would answer with nothing."""
        if iscoroutinefunction(self._get_response):
            return self._answer_later(request)
        return _in_words(request, self._get_response(request))

    async def _answer_later(self, request: HttpRequest) -> HttpResponseBase:
        # a page asks the database who is signed in, which mustn't be done in the event loop
        return await sync_to_async(_in_words)(request, await self._get_response(request))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page that tells of an error; None leaves it to Django."""
        if isinstance(error, HelloTutorError):
            return show_error(request, error)
        if isinstance(error, _NOT_FAILURES):
            return None
        match = request.resolver_match
        failure = getattr(match.func, "failure", catalogue.PAGE_VIEW) if match else catalogue.PAGE_VIEW
        known = _known_fields(request)
        event_id = capture(failure, error, **{name: known[name] for name in known.keys() & failure.fields})
        return show_failure(request, event_id)


def _known_fields(request: HttpRequest) -> dict[str, object]:
    match = request.resolver_match
    arguments = match.kwargs if match else {}
    known: dict[str, object] = {"view": match.url_name if match else None}
    known |= {field: str(arguments[name]) for name, field in _FIELD_OF_ARGUMENT.items() if name in arguments}
    known |= getattr(request, "failure_fields", {})
    try:
        if request.user.is_authenticated:
            known["user_id"] = str(request.user.public_id)
    except DatabaseError:  # it may be what failed
        pass
    return known


def _in_words(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    is_page = bool(request.resolver_match and request.resolver_match.app_name == "web")
    if is_page and isinstance(response, HttpResponseNotAllowed):
        return show_wrong_method(request, response.headers["Allow"])
    if isinstance(response, HttpResponseRedirect) and response.url.startswith(f"{reverse('web:sign_in')}?"):
        return _to_sign_in(request, response)
    return response


def _to_sign_in(request: HttpRequest, response: HttpResponseRedirect) -> HttpResponseBase:
    """Send the whole page to the sign-in, and afterwards back to that page: not to a part of it, or to a form's end."""
    if request.htmx:  # type: ignore[attr-defined]
        here = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(_sign_in_address(here))
    if request.method in ("GET", "HEAD"):
        return response
    referer = urlsplit(request.headers.get("Referer", ""))
    return HttpResponseRedirect(_sign_in_address(referer.path if referer.netloc == request.get_host() else "/"))


def _sign_in_address(wanted: str) -> str:
    return f"{reverse('web:sign_in')}?{urlencode({'next': wanted})}"
