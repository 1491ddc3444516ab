"""Signing in by a one-time link, and out."""

from __future__ import annotations

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from hellotutor.accounts.tokens import use_sign_in_link
from hellotutor.config.commands import command_line
from hellotutor.core.errors import Invalid
from hellotutor.monitoring import count

_BACKEND = "django.contrib.auth.backends.ModelBackend"
_NEXT, _NEXT_SECONDS = "next_page", 3600
_HERE = ("localhost", "127.0.0.1", "[::1]")
_PREFETCHES = ("prefetch", "prerender", "preview")


@never_cache
@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """Say how to get in; a cookie keeps where the visitor wanted to go."""
    wanted = _safe(request, request.GET.get("next", ""))
    if request.user.is_authenticated:
        return redirect(wanted or "web:home")
    response = _say_how(request)
    if wanted:
        response.set_cookie(
            _NEXT,
            wanted,
            max_age=_NEXT_SECONDS,
            path=reverse("web:sign_in"),
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    return response


@never_cache
@require_GET
def use_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Sign the user of a link in; the link has ended then, unless a browser merely looked ahead."""
    if _is_prefetch(request):
        return HttpResponse(status=503)
    wanted = _safe(request, request.COOKIES.get(_NEXT, ""))
    try:
        login(request, use_sign_in_link(secret), backend=_BACKEND)
    except Invalid as error:
        if request.user.is_authenticated:  # the same link again, in the browser that it has signed in
            return redirect(wanted or "web:home")
        count(f"page.{error.code}")
        return _say_how(request, error)
    response = redirect(wanted or "web:home")
    response.delete_cookie(_NEXT, path=reverse("web:sign_in"), samesite="Lax")
    return response


def _say_how(request: HttpRequest, refusal: Invalid | None = None) -> HttpResponse:
    """Show the page that says how to get in; where the data lies is told on this very machine only."""
    is_here = split_domain_port(request.get_host())[0] in _HERE
    context = {
        "title": "Sign in",
        "refusal": refusal,
        "command": command_line("link") if is_here else "hellotutor link",
    }
    return render(request, "web/sign_in.html", context, status=422 if refusal else 200)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the visit, and have the browser forget what it kept of it: pages, pictures, drafts.

    Another token goes along: by it a page that comes back from the browser's memory sees that the visit has ended.
    """
    logout(request)
    rotate_token(request)
    response = redirect("web:sign_in")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _is_prefetch(request: HttpRequest) -> bool:
    purpose = ";".join(request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz", "X-Purpose"))
    return any(word in purpose.lower() for word in _PREFETCHES)


def _safe(request: HttpRequest, url: str) -> str:
    """Return an address of this service, or nothing."""
    is_ours = url.startswith("/") and url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if is_ours else ""
