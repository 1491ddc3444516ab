"""Documents: sending them, watching them being read, reading and deleting them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator
from time import monotonic
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import UploadedFile
from django.db import close_old_connections
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.config.stopping import pause
from hellotutor.config.uploads import receive_upload
from hellotutor.config.versions import is_in_hand
from hellotutor.core.errors import NotFound
from hellotutor.documents.models import Document, DocumentVersion, Page
from hellotutor.documents.selectors import current_versions, find_standing, with_standings
from hellotutor.ingestion.services import delete_document
from hellotutor.monitoring import catalogue

from ..codes import CODES
from ..idempotency import run_once
from ..parsing import EventStreamRenderer, wants_stream
from ..schema import IDEMPOTENCY_KEY
from ..serializers.common import paged
from ..serializers.documents import (
    DocumentFilters,
    DocumentSerializer,
    PageSerializer,
    UploadedSerializer,
    UploadSerializer,
)
from ..streams import KEEP_ALIVE, OPEN_AGAIN, EventStream, write_event
from .base import ApiView, caller, find

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 2.0  # between two looks: the longer, the longer nothing has changed
_KEEP_ALIVE_S = 15.0
_LONGEST_STREAM_S = 600.0


class IngestView(ApiView):
    """The documents of the caller."""

    failure = catalogue.INGEST_VIEW
    parser_classes = [MultiPartParser]
    problems: ClassVar = {"POST": (409, 503)}

    @extend_schema(
        operation_id="add_document",
        summary="Send a document",
        description="Its bytes are kept when this returns; it is read in the background. The same bytes again are the "
        "document that is there.",
        request={"multipart/form-data": UploadSerializer},
        parameters=[IDEMPOTENCY_KEY],
        responses={202: UploadedSerializer},
        tags=["documents"],
    )
    def post(self, request: Request) -> Response:
        """Take a file."""
        file: UploadedFile[Any] = self.take(request, UploadSerializer)["file"]
        self.note(filename=file.name)
        return run_once(request, lambda: self._add(caller(request), file))

    def _add(self, owner: User, file: UploadedFile[Any]) -> Response:
        added = receive_upload(owner=owner, file=file)
        self.note(document_id=added.version.document.public_id)
        body = {**present(owner, added.version.document.public_id), "is_new": added.is_new}
        return Response(body, status=202)

    @extend_schema(
        operation_id="list_documents",
        summary="List your documents",
        description="The newest first.",
        parameters=[DocumentFilters],
        responses=paged(DocumentSerializer),
        tags=["documents"],
    )
    def get(self, request: Request) -> Response:
        """List the caller's documents."""
        wanted = self.filters(request, DocumentFilters)
        rows = with_standings(current_versions(caller(request)))
        if "status" in wanted:
            rows = rows.filter(status=wanted["status"])
        if wanted.get("q"):
            rows = rows.filter(document__title__icontains=wanted["q"])
        return self.paged(request, rows, DocumentSerializer)


class DocumentView(ApiView):
    """One document."""

    failure = catalogue.INGEST_VIEW
    renderer_classes = [JSONRenderer, EventStreamRenderer]
    problems: ClassVar = {"GET": (429,), "DELETE": (503,)}

    @extend_schema(
        operation_id="get_document",
        summary="See how far a document has come",
        description="With `Accept: text/event-stream` the document comes as a `progress` event whenever it changes, "
        "and last as a `done` event, also where it failed (`error` says why), once its replacement, where there is "
        "one, has come to its end too; a failure of ours is an `error` event "
        "that holds a problem. A stream that ends with neither, after ten minutes or because the server stops, is to "
        "be opened again.",
        responses={
            (200, "application/json"): DocumentSerializer,
            (200, "text/event-stream"): OpenApiTypes.STR,
        },
        tags=["documents"],
    )
    def get(self, request: Request, document_id: uuid.UUID) -> HttpResponseBase:
        """Tell of a document, once or until it has been read."""
        shown = present(caller(request), document_id)
        if wants_stream(request):
            return EventStream(self._watch(caller(request), document_id), user=caller(request))
        return Response(shown)

    @extend_schema(
        operation_id="delete_document",
        summary="Delete a document",
        description="Its text, its bytes and what was searched of it. Questions asked before keep their quotes.",
        responses={204: None},
        tags=["documents"],
    )
    def delete(self, request: Request, document_id: uuid.UUID) -> Response:
        """Delete a document."""
        document = find(Document.objects.all(), request, document_id)
        delete_document(document=document, parts=composition.ingestion_parts())
        return Response(status=204)

    async def _watch(self, user: User, document_id: uuid.UUID) -> AsyncGenerator[bytes, None]:
        """Yield the document whenever it changes, until there is nothing more to wait for."""
        told: dict[str, Any] | None = None
        began_at = told_at = monotonic()
        pause_s = _SHORTEST_PAUSE_S
        try:
            while monotonic() - began_at < _LONGEST_STREAM_S:
                now, is_done = await sync_to_async(_look)(user, document_id)
                if is_done:
                    yield write_event("done", now)
                    return
                pause_s = _SHORTEST_PAUSE_S if now != told else min(2 * pause_s, _LONGEST_PAUSE_S)
                if now != told or monotonic() - told_at >= _KEEP_ALIVE_S:
                    yield KEEP_ALIVE if now == told else write_event("progress", now)
                    told, told_at = now, monotonic()
                if not await pause(pause_s):
                    break
            yield OPEN_AGAIN
        except Exception as error:  # noqa: BLE001 - the shell of a stream: what fails in it can only be told in it
            yield write_event("error", await sync_to_async(self.tell)(error))


def _look(user: User, document_id: uuid.UUID) -> tuple[dict[str, Any], bool]:
    """Return what a document looks like now, and whether that will stay; keep no connection until the next look."""
    try:
        version = find_current(user, document_id)
        replacement = find_standing(version.document).replacement
        is_ended = not is_in_hand(version) and (replacement is None or not is_in_hand(replacement))
        return dict(DocumentSerializer(version).data), is_ended
    except NotFound:
        return {"id": str(document_id), "status": "gone"}, True
    finally:
        close_old_connections()


def find_current(user: User, document_id: uuid.UUID) -> DocumentVersion:
    """Return the current version of the caller's document, ready to be shown.

    Raises:
        NotFound: there is none, or it is somebody else's (`not_found`).
    """
    version = with_standings(current_versions(user)).filter(document__public_id=document_id).first()
    if version is None:
        raise NotFound("not_found", CODES["not_found"])
    return version


def present(user: User, document_id: uuid.UUID) -> dict[str, Any]:
    """Return the caller's document as it is now; raises as `find_current`."""
    return dict(DocumentSerializer(find_current(user, document_id)).data)


class PageView(ApiView):
    """One page of a document."""

    @extend_schema(
        operation_id="get_page",
        summary="Read a page",
        parameters=[OpenApiParameter("number", int, OpenApiParameter.PATH, description="From 1.")],
        responses=PageSerializer,
        tags=["documents"],
    )
    def get(self, request: Request, document_id: uuid.UUID, number: int) -> Response:
        """Return the text of a page."""
        version = find_current(caller(request), document_id)
        page = Page.objects.filter(version=version, ordinal=number - 1).first()
        if page is None:
            raise NotFound("not_found", CODES["not_found"])
        count = version.pages.count()
        body = {
            "ordinal": number,
            "page": page.number,
            "label": page.label,
            "section": " › ".join(page.heading_path),
            "text": page.text,
            "count": count,
            "is_last": number == count,
        }
        return Response(body)
