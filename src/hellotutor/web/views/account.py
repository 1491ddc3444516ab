"""Who is signed in, and the keys for programs."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from hellotutor.accounts.models import ApiToken
from hellotutor.accounts.tokens import create_token
from hellotutor.core import clock
from hellotutor.core.errors import Invalid

from ..access import find, visitor
from ..notices import add_notice, take_notices

_MOST_NAME, _MOST_DAYS, _USUAL_DAYS = 200, 3650, 90


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Show the account; a form sent to it changes the learner's name."""
    if request.method != "POST":
        return _show(request)
    user = visitor(request)
    user.name = " ".join(request.POST.get("name", "").replace("\x00", "").split())[:_MOST_NAME]
    user.save(update_fields=["name"])
    add_notice(request, "Your name is changed.")
    return redirect("web:account")


@never_cache
@login_required
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Make a key and show it, this once: it stands in this answer only, which no browser keeps."""
    days = _read_days(request.POST.get("days", ""))
    token, text = create_token(
        owner=visitor(request),
        name=request.POST.get("name", "").replace("\x00", ""),
        is_read_only=request.POST.get("is_read_only") == "on",
        expires_at=clock.now() + timedelta(days=days) if days else None,
    )
    return _show(request, new_token=token, new_token_text=text)


def _read_days(text: str) -> int:
    """Return for how many days a key is good; 0 for as long as it isn't revoked.

    Raises:
        Invalid: it is no such number (`bad_days`).
    """
    text = text.strip() or "0"
    if not (text.isdecimal() and len(text) < 6 and int(text) <= _MOST_DAYS):
        raise Invalid("bad_days", f"Give the days that the token is good for, up to {_MOST_DAYS}, or nothing.")
    return int(text)


@login_required
@require_POST
def revoke(request: HttpRequest, token_id: uuid.UUID) -> HttpResponse:
    """End a key."""
    token = find(ApiToken.objects.all(), request, token_id)
    token.delete()
    add_notice(request, f"The token “{token.name}” is revoked.")
    return redirect("web:account")


def _show(request: HttpRequest, **more: object) -> HttpResponse:
    user = visitor(request)
    context = {
        "section": "account",
        "title": "Account",
        "notices": take_notices(request),
        "tokens": ApiToken.objects.for_user(user),
        "now": clock.now(),
        "usual_days": _USUAL_DAYS,
        **more,
    }
    return render(request, "web/account.html", context)
