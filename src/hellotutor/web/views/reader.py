"""One page of a document: its picture with the quoted passage marked, its text, and the way to the other pages."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.files.storage import storages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from hellotutor.core.errors import NotFound, Unavailable
from hellotutor.documents.models import Document, DocumentVersion, Page
from hellotutor.documents.page_images import RENDERING_VERSION, PageSheet, measure_page, render_page
from hellotutor.documents.page_text import split_paragraphs
from hellotutor.documents.selectors import Heading, outline
from hellotutor.monitoring import count

from ..access import find

_MOST_HEADINGS = 600
_LONG_CHARACTERS = 1500  # the way on stands below such a text too
_NOT_THERE_YET = "This page is still being read. Reload it in a moment."
_STOPPED_BEFORE = "Reading was stopped before it came to this page. The page of the document lets you go on with it."
_FAILED_BEFORE = "Reading ended before it came to this page."


@login_required
@require_safe
def page(request: HttpRequest, document_id: uuid.UUID, ordinal: int) -> HttpResponse:
    """Show a page; `start` and `end` mark a span of its text, `go` jumps to another page."""
    document = find(Document.objects.all(), request, document_id)
    version = document.current_version
    total = version.pages.count()
    if "go" in request.GET:
        return redirect("web:page", document_id=document_id, ordinal=_jump(request.GET["go"], ordinal, total))
    shown = version.pages.filter(ordinal=ordinal - 1).first()
    context = {"section": "documents", "document": document, "version": version, "ordinal": ordinal, "total": total}
    if shown is None:
        return _show_missing(request, version, context)
    start, end = _span(request, shown)
    sheet, not_drawn = _measure(version, shown, start, end)
    return render(
        request,
        "web/reader.html",
        context
        | {
            "title": f"{document.title}, {_name(shown)}",
            "shown": shown,
            "name": _name(shown),
            "previous": ordinal - 1 if ordinal > 1 else None,
            "next": ordinal + 1 if ordinal < total else None,
            "paragraphs": split_paragraphs(shown, start, end),
            "is_marked": end > start,
            "is_long": len(shown.text) > _LONG_CHARACTERS,
            "sheet": sheet,
            "not_drawn": not_drawn,
            "headings": list(islice(_flatten(outline(version)), _MOST_HEADINGS)),
            "heading": " › ".join(shown.heading_path),
        },
    )


@login_required
@require_safe
def image(request: HttpRequest, document_id: uuid.UUID, ordinal: int) -> HttpResponse:
    """Send a page's picture; a browser asks each time whether the one it has may still be shown."""
    version = find(Document.objects.all(), request, document_id).current_version
    shown = version.pages.filter(ordinal=ordinal - 1).first()
    if shown is None or not _is_drawable(version, shown):
        raise NotFound("not_found", "There is no picture of this page.")
    etag = f'"{version.public_id}-{ordinal}-{RENDERING_VERSION}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        png = render_page(storage=storages["default"], key=version.storage_key, number=shown.number or ordinal)
        response = HttpResponse(png, content_type="image/png")
    response.headers["ETag"] = etag
    return response


def _name(shown: Page) -> str:
    return f"page {shown.number}" if shown.number else f"section {shown.ordinal + 1}"


def _flatten(headings: Sequence[Heading]) -> Iterator[Heading]:
    """Give headings and those under them in the order of the document."""
    for heading in headings:
        yield heading
        yield from _flatten(heading.children)


def _jump(wanted: str, ordinal: int, total: int) -> int:
    """Return the page asked for, or the nearest there is; what is no number stays where it is."""
    wanted = wanted.strip()
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 10 else ordinal
    return min(max(number, 1), max(total, 1))


def _span(request: HttpRequest, shown: Page) -> tuple[int, int]:
    """Return the span to mark, or an empty one where the address names none on this page."""
    texts = request.GET.get("start", ""), request.GET.get("end", "")
    if not all(text.isdecimal() and len(text) < 10 for text in texts):
        return 0, 0
    start, end = map(int, texts)
    return (start, end) if start < end <= len(shown.text) else (0, 0)


def _is_drawable(version: DocumentVersion, shown: Page) -> bool:
    return shown.number is not None and version.reader.startswith("pdf")


def _measure(version: DocumentVersion, shown: Page, start: int, end: int) -> tuple[PageSheet | None, str]:
    """Return the size of a page's picture with the boxes to mark, or None and why there is no picture."""
    if shown.number is None or not _is_drawable(version, shown):
        return None, ""
    first, last = shown.raw_span(start, end) if end > start else (0, 0)
    try:
        sheet = measure_page(
            storage=storages["default"],
            key=version.storage_key,
            number=shown.number,
            raw_text=shown.raw_text,
            start=first,
            end=last,
        )
    except Unavailable as error:
        count(f"page.{error.code}")
        return None, error.message
    return sheet, ""


def _show_missing(request: HttpRequest, version: DocumentVersion, context: dict[str, Any]) -> HttpResponse:
    """Say why a document has no such page yet.

    Raises:
        NotFound: it is read, and hasn't this page (`not_found`).
    """
    if version.is_read:
        raise NotFound("not_found", f"There is no such page: the document ends with page {context['total']}.")
    words = _NOT_THERE_YET
    if version.status == DocumentVersion.Status.CANCELLED:
        words = _STOPPED_BEFORE
    elif version.status == DocumentVersion.Status.FAILED:
        words = f"{_FAILED_BEFORE} {version.error_message}" if version.pages_read else version.error_message
    return render(request, "web/reader.html", context | {"title": version.document.title, "missing": words})
