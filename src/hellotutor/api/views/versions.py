"""What is done to the versions of a document: replacing it, stopping its reading, and going on with that."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from hellotutor.config import composition
from hellotutor.config.uploads import receive_replacement
from hellotutor.config.versions import stop_reading, try_again
from hellotutor.core.errors import Conflict
from hellotutor.documents.models import Document
from hellotutor.ingestion.services import discard_replacement
from hellotutor.monitoring import catalogue

from ..codes import CODES
from ..idempotency import run_once
from ..schema import IDEMPOTENCY_KEY
from ..serializers.documents import DocumentSerializer, UploadedSerializer, UploadSerializer
from .base import ApiView, caller, find
from .documents import present


class VersionsView(ApiView):
    """The versions of a document."""

    failure = catalogue.INGEST_VIEW
    parser_classes = [MultiPartParser]
    problems: ClassVar = {"POST": (409, 503)}

    @extend_schema(
        operation_id="replace_document",
        summary="Send a new file in a document's place",
        description="It takes the document's place when it has been read; until then, and where it can't be read, the "
        "old one is studied and `replacement` tells of the new one. Sessions go on with the new one, and what was "
        "quoted before stays as it was. The same bytes again change nothing: 200.",
        request={"multipart/form-data": UploadSerializer},
        parameters=[IDEMPOTENCY_KEY],
        responses={202: UploadedSerializer, 200: UploadedSerializer},
        tags=["documents"],
    )
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Take a file."""
        document = find(Document.objects.all(), request, document_id)
        file: UploadedFile[Any] = self.take(request, UploadSerializer)["file"]
        self.note(filename=file.name)
        return run_once(request, lambda: self._replace(request, document, file))

    def _replace(self, request: Request, document: Document, file: UploadedFile[Any]) -> Response:
        added = receive_replacement(document=document, file=file)
        body = {**present(caller(request), document.public_id), "is_new": added.is_new}
        return Response(body, status=202 if added.is_new else 200)


class ReplacementView(ApiView):
    """The version that is to take a document's place."""

    failure = catalogue.INGEST_VIEW
    problems: ClassVar = {"DELETE": (503,)}

    @extend_schema(
        operation_id="discard_replacement",
        summary="Keep the old file",
        description="Gives up whatever was to take the document's place. Where there is nothing, nothing happens.",
        responses={204: None},
        tags=["documents"],
    )
    def delete(self, request: Request, document_id: uuid.UUID) -> Response:
        """Discard the replacement."""
        document = find(Document.objects.all(), request, document_id)
        discard_replacement(document=document, parts=composition.ingestion_parts())
        return Response(status=204)


class CancelView(ApiView):
    """Stopping the reading of a document."""

    failure = catalogue.INGEST_VIEW
    problems: ClassVar = {"POST": (409,)}

    @extend_schema(
        operation_id="cancel_document",
        summary="Stop reading a document",
        description="Its replacement, where one is being read, otherwise the document itself. What has been read by "
        "then is kept and can be studied; `retry` goes on from there.",
        request=None,
        responses={202: DocumentSerializer},
        tags=["documents"],
    )
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Stop what is done."""
        if not stop_reading(find(Document.objects.all(), request, document_id)):
            raise Conflict("not_being_read", CODES["not_being_read"])
        return Response(present(caller(request), document_id), status=202)


class RetryView(ApiView):
    """Trying a document again."""

    failure = catalogue.INGEST_VIEW
    problems: ClassVar = {"POST": (409,)}

    @extend_schema(
        operation_id="retry_document",
        summary="Try a document again that failed or was stopped",
        description="It goes on from where it came to, and so does its replacement.",
        request=None,
        responses={202: DocumentSerializer},
        tags=["documents"],
    )
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Queue a document again."""
        if not try_again(find(Document.objects.all(), request, document_id)):
            raise Conflict("not_failed", CODES["not_failed"])
        return Response(present(caller(request), document_id), status=202)
