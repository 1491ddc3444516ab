"""The first page: what can be added, what is being read, what can be gone on with, and all documents."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from hellotutor.config import composition
from hellotutor.documents.models import DocumentVersion
from hellotutor.documents.selectors import current_versions, find_standing, list_working, with_standings
from hellotutor.ingestion.progress import Progress, describe_progress, describe_replacement
from hellotutor.tutoring.models import Session
from hellotutor.tutoring.selectors import list_sessions

from ..access import visitor
from ..notices import take_notices

PAGE_SIZE = 20
_MOST_WORKING, _MOST_SESSIONS, _MOST_TITLE = 20, 5, 300


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the page; its part `working` or `documents` where htmx asks for one."""
    part = request.GET.get("part") if request.htmx else None  # type: ignore[attr-defined]
    if part == "working":
        return _working_part(request)
    if part == "documents":
        return render(request, "web/parts/document_list.html", _documents(request))
    sessions = list_sessions(visitor(request)).filter(state=Session.State.ACTIVE)
    context = {
        "section": "documents",
        "title": "Your documents",
        "notices": take_notices(request),
        "sessions": sessions[:_MOST_SESSIONS],
        "most_bytes": settings.MAX_FILE_BYTES,
        "most_mb": settings.MAX_FILE_BYTES // 1_000_000,
        **_working(request),
        **_documents(request),
    }
    return render(request, "web/home.html", context)


def _working_part(request: HttpRequest) -> HttpResponse:
    context = _working(request)
    response = render(request, "web/parts/document_working.html", context)
    if request.GET.get("known") != context["known"]:  # the list beside it shows something older
        response.headers["HX-Trigger"] = "documents-finished"
    return response


def _working(request: HttpRequest) -> dict[str, Any]:
    versions = list_working(visitor(request))
    is_search_by_words = composition.embedder() is None
    if is_search_by_words:
        versions = versions.exclude(status=DocumentVersion.Status.EMBEDDING)
    shown = list(with_standings(versions)[:_MOST_WORKING])
    described = [(version, _describe_working(version, is_search_by_words=is_search_by_words)) for version in shown]
    return {"working": described, "known": "-".join(f"{version.pk}{version.status[0]}" for version in shown)}


def _describe_working(version: DocumentVersion, *, is_search_by_words: bool) -> Progress:
    if find_standing(version.document).current == version:
        return describe_progress(version, is_search_by_words=is_search_by_words)
    return describe_replacement(version)


def _documents(request: HttpRequest) -> dict[str, Any]:
    wanted = request.GET.get("q", "").strip()[:_MOST_TITLE].replace("\x00", "")
    versions = with_standings(current_versions(visitor(request)))
    if wanted:
        versions = versions.filter(document__title__icontains=wanted)
    page = Paginator(versions, PAGE_SIZE).get_page(request.GET.get("page"))
    is_search_by_words = composition.embedder() is None
    rows = [(version, *_describe_row(version, is_search_by_words=is_search_by_words)) for version in page]
    return {"rows": rows, "page": page, "q": wanted, "is_searchable": bool(wanted) or page.paginator.num_pages > 1}


def _describe_row(version: DocumentVersion, *, is_search_by_words: bool) -> tuple[Progress, Progress | None]:
    """Return how far a document has come, and the file that is to take its place."""
    replacement = find_standing(version.document).replacement
    described = describe_progress(version, is_search_by_words=is_search_by_words)
    return described, describe_replacement(replacement) if replacement else None
