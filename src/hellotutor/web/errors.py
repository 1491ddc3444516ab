"""The pages that tell what went wrong: what was refused and why, or the id of the event that reports a failure."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import (
    DisallowedHost,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hellotutor.config.statuses import status_of
from hellotutor.core.errors import Conflict, Forbidden, HelloTutorError, Invalid, NotFound, QuotaExceeded, Unavailable
from hellotutor.monitoring import count

_TITLES: dict[type[HelloTutorError], str] = {
    Invalid: "That can't be used",
    Forbidden: "Not allowed",
    NotFound: "Not found",
    Conflict: "Something changed meanwhile",
    QuotaExceeded: "A limit is reached",
    Unavailable: "Not available just now",
}
_TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
_FAILED = "Something inside HelloTutor failed"


def show_error(request: HttpRequest, error: HelloTutorError) -> HttpResponse:
    """Return the page of an error of ours: its one sentence, and its code."""
    title = next(_TITLES[kind] for kind in type(error).__mro__ if kind in _TITLES)
    count(f"page.{error.code}")
    return _page(request, status_of(error), title, error.message, code=error.code)


def show_failure(request: HttpRequest, event_id: str | None) -> HttpResponse:
    """Return the page of a failure inside the program."""
    text = "It is not your fault, and nothing that you sent before is lost. Go back and try again."
    return _page(request, 500, _FAILED, text, event_id=event_id)


def show_wrong_method(request: HttpRequest, allowed: str) -> HttpResponse:
    """Return the page of a request by a method that the address doesn't know; `allowed` are those it knows."""
    response = _page(request, 405, "This address is not a page", "It only takes what a form on a page sends.")
    response.headers["Allow"] = allowed
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a malformed request, or one that holds too much."""
    if isinstance(exception, DisallowedHost):  # whoever asks isn't told more, and links would lead elsewhere
        return HttpResponse("This address is not served here: add it to ALLOWED_HOSTS.", "text/plain", status=400)
    if isinstance(exception, _TOO_MUCH):
        text = "More was sent at once than is taken. Send less text, or fewer files at a time."
        return _page(request, 413, "That is too much at once", text)
    return _page(request, 400, "That request can't be understood", "Go back and try again.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that isn't allowed."""
    return _page(request, 403, "Not allowed", "You may not do this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request for what isn't there, or isn't the visitor's."""
    return _page(request, 404, "Not found", "There is no such page, or it isn't yours.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when even the middleware failed."""
    return _page(request, 500, _FAILED, "Go back and try again.")


def refuse_forgery(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that was sent without its token: cookies are off, or the page is older than the sign-in."""
    text = "This page was open for too long, or cookies are off. Go back, reload the page and send it again."
    return _page(request, 403, "Please reload the page", text)


def _page(request: HttpRequest, status: int, title: str, text: str, **more: Any) -> HttpResponse:
    context = {"status": status, "title": title, "text": text, **more}
    template = "web/parts/error.html" if getattr(request, "htmx", False) else "web/error.html"
    try:
        return render(request, template, context, status=status)
    except DatabaseError:  # the navigation asks who is signed in, and the database may be what failed
        request.user = AnonymousUser()
        return render(request, template, context, status=status)
