"""Sentences that the next page shows once: what was done by the form that led to it."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest

_KEY = "notices"
_MOST = 20


def add_notice(
    request: HttpRequest, text: str, *, kind: Literal["good", "calm", "error"] = "good", url: str = ""
) -> None:
    """Keep a sentence for the next page; `url` is where the thing it speaks of is."""
    kept = request.session.get(_KEY, [])
    request.session[_KEY] = [*kept, {"text": text, "kind": kind, "url": url}][-_MOST:]


def take_notices(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sentences that wait, which are shown by this."""
    taken: list[dict[str, Any]] = request.session.pop(_KEY, [])
    return taken
