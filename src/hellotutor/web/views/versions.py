"""What is done to the versions of a document: replacing it, stopping its reading, and going on with that."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from hellotutor.config import composition
from hellotutor.config.versions import stop_reading, try_again
from hellotutor.documents.models import Document
from hellotutor.ingestion.services import discard_replacement
from hellotutor.monitoring import catalogue

from ..access import fails_as, find
from ..notices import add_notice
from ..uploads import add_replacement


@fails_as(catalogue.INGEST_VIEW)
@login_required
@require_POST
def replace(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """Take a file that is to take a document's place."""
    shown = find(Document.objects.all(), request, document_id)
    file = request.FILES.get("file")
    if file is None:
        add_notice(request, "No file was chosen: choose the one that takes this document's place.", kind="error")
    else:
        request.failure_fields = {"filename": file.name}  # type: ignore[attr-defined]
        outcome = add_replacement(document=shown, file=file)
        add_notice(request, outcome.sentence, kind=outcome.kind)
    return redirect("web:document", document_id)


@fails_as(catalogue.INGEST_VIEW)
@login_required
@require_POST
def discard(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """Keep a document as it is: give up the file that was to take its place."""
    shown = find(Document.objects.all(), request, document_id)
    if discard_replacement(document=shown, parts=composition.ingestion_parts()):
        add_notice(request, "The new file is discarded; the document stays as it was.")
    return redirect("web:document", document_id)


@fails_as(catalogue.INGEST_VIEW)
@login_required
@require_POST
def cancel(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """Stop what is done to a document; what has been read stays."""
    stop_reading(find(Document.objects.all(), request, document_id))
    return redirect("web:document", document_id)


@fails_as(catalogue.INGEST_VIEW)
@login_required
@require_POST
def retry(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """Go on with a document that could not be read, or whose reading was stopped."""
    try_again(find(Document.objects.all(), request, document_id))
    return redirect("web:document", document_id)
