"""Adding documents, and the page of one: its progress, its contents, and what can be done with it."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import AsyncIterator
from importlib import resources
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.core.files.storage import Storage, storages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from hellotutor.config import composition
from hellotutor.core.errors import NotFound
from hellotutor.documents.local_copies import open_local_copy
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.documents.originals import link_to_original
from hellotutor.documents.selectors import Standing, count_headings, find_standing, outline
from hellotutor.ingestion.progress import describe_progress, describe_replacement
from hellotutor.ingestion.services import delete_document
from hellotutor.monitoring import catalogue
from hellotutor.tutoring.selectors import list_sessions

from ..access import fails_as, find, visitor
from ..notices import add_notice, take_notices
from ..uploads import Outcome, add_path, add_upload

SAMPLE = "how-memory-works.md"
_MOST_SESSIONS = 20
_MOST_HEADINGS = 300  # 2,000 of them weigh 700 KB and take 0.1 s
_CHUNK_BYTES = 1 << 18
_KNOWN = re.compile(r"(nothing|some|all)-[0-9]{1,9}")  # how much of which version's contents
_HARMLESS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


@fails_as(catalogue.INGEST_VIEW)
@login_required
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Add the files of a form; JSON for a script, otherwise the page that says what became of them."""
    files = request.FILES.getlist("file")
    outcomes = []
    for file in files:
        request.failure_fields = {"filename": file.name}  # type: ignore[attr-defined]
        outcomes.append(add_upload(owner=visitor(request), file=file))
    if request.accepts("text/html"):
        return _say_outcomes(request, outcomes)
    return JsonResponse({"files": [outcome.as_json() for outcome in outcomes]})


@fails_as(catalogue.INGEST_VIEW)
@login_required
@require_POST
def add_sample(request: HttpRequest) -> HttpResponse:
    """Add the text that comes along, and show it."""
    with resources.as_file(resources.files("hellotutor.documents") / "samples" / SAMPLE) as path:
        outcome = add_path(owner=visitor(request), path=path, filename=path.name)
    return redirect(outcome.url)


def _say_outcomes(request: HttpRequest, outcomes: list[Outcome]) -> HttpResponse:
    if not outcomes:
        add_notice(request, "No file was chosen: choose one or several, then upload them.", kind="error")
    for outcome in outcomes:
        add_notice(request, outcome.sentence, kind=outcome.kind, url=outcome.url)
    if len(outcomes) == 1 and outcomes[0].is_kept:
        return redirect(outcomes[0].url)
    return redirect("web:home")


@login_required
@require_safe
def document(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """Show a document: how far it is, what to do with it, what it contains; its part `contents` for htmx."""
    shown = find(Document.objects.all(), request, document_id)
    standing = find_standing(shown)
    version = standing.current
    if request.htmx and request.GET.get("part") == "contents":  # type: ignore[attr-defined]
        return render(request, "web/parts/document_headings.html", {"document": shown, "headings": outline(version)})
    sessions = list_sessions(visitor(request)).filter(versions__document=shown)
    has_pages = version.pages.filter(number__isnull=False).exists()
    context = {
        "section": "documents",
        "title": shown.title,
        "notices": take_notices(request),
        "has_pages": has_pages,
        **_contents(version, is_whole=request.GET.get("contents") == "all"),
        "sessions": sessions[:_MOST_SESSIONS],
        **_progress(shown, standing),
    }
    return render(request, "web/document.html", context)


def _contents(version: DocumentVersion, *, is_whole: bool) -> dict[str, Any]:
    """Return the headings; of a document with very many only the outermost, until the others are asked for."""
    headings = outline(version)
    count = count_headings(headings)
    is_cut = count > _MOST_HEADINGS and not is_whole
    return {"headings": headings[:_MOST_HEADINGS] if is_cut else headings, "heading_count": count, "is_cut": is_cut}


@login_required
@require_safe
def progress(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """Show how far a document is, for a page that knows `known`.

    Once it can be used the page is loaded anew; later changes must not take away what is being chosen on it.
    """
    shown = find(Document.objects.all(), request, document_id)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("web:document", document_id)
    context = _progress(shown, find_standing(shown))
    now = context["known"]
    known = request.GET.get("known", "")
    known = known if _KNOWN.fullmatch(known) else now
    (word_known, number_known), (word, number) = known.split("-"), now.split("-")
    changes = {"known": known, "has_more": known != now, "is_replaced": number_known != number}
    response = render(request, "web/parts/progress.html", context | changes)
    if (word_known == "nothing") != (word == "nothing"):
        response.headers["HX-Refresh"] = "true"
    return response


def _progress(shown: Document, standing: Standing) -> dict[str, Any]:
    version, new_version = standing.current, standing.replacement
    described = describe_progress(version, is_search_by_words=composition.embedder() is None)
    replacement = describe_replacement(new_version) if new_version else None
    known = "nothing" if not described.is_usable else "all" if version.is_read else "some"
    return {
        "document": shown,
        "version": version,
        "progress": described,
        "new_version": new_version,
        "replacement": replacement,
        "is_asked_again": described.is_working or (replacement is not None and replacement.is_working),
        "known": f"{known}-{version.number}",
    }


@fails_as(catalogue.INGEST_VIEW)
@login_required
@require_POST
def delete(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """Remove a document; what was asked about it stays with its sessions."""
    shown = find(Document.objects.all(), request, document_id)
    delete_document(document=shown, parts=composition.ingestion_parts())
    add_notice(request, f"“{shown.title}” is deleted.")
    return redirect("web:home")


@login_required
@require_safe
def original(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """Send the file as it was uploaded, in a way that no browser shows or runs."""
    version = find(Document.objects.all(), request, document_id).current_version
    storage = storages["default"]
    headers = {
        **_HARMLESS,
        "Content-Disposition": content_disposition_header(True, version.filename) or "attachment",
        "Content-Length": str(version.size_bytes),
    }
    if not storage.exists(version.storage_key):
        message = "The uploaded file is no longer in storage: upload it again, which mends this."
        raise NotFound("original_missing", message)
    if request.method == "HEAD":
        return HttpResponse(headers=headers, content_type="application/octet-stream")
    link = link_to_original(storage=storage, key=version.storage_key, filename=version.filename)
    if link:
        return HttpResponseRedirect(link, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    content = _Content(storage, version)
    return StreamingHttpResponse(content, headers=headers, content_type="application/octet-stream")


class _Content:
    """A file in parts: Django's FileResponse would hold all of it in memory under ASGI."""

    def __init__(self, storage: Storage, version: DocumentVersion) -> None:
        with contextlib.ExitStack() as opened:
            copy = open_local_copy(storage=storage, key=version.storage_key, sha256=version.sha256)
            self._file = opened.enter_context(opened.enter_context(copy).open("rb"))
            self._opened = opened.pop_all()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await sync_to_async(self._file.read)(_CHUNK_BYTES):
            yield chunk

    def close(self) -> None:
        """Let the file go; Django calls it, also where nobody came for the content."""
        self._opened.close()
