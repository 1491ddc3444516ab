"""Documents and their pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hellotutor.config import composition
from hellotutor.documents.models import DocumentVersion
from hellotutor.documents.selectors import find_standing
from hellotutor.ingestion.progress import describe_progress, describe_replacement, is_worked_on, retry_at

from .common import PageFilters


class UploadSerializer(serializers.Serializer[Any]):
    """A file to study."""

    file = serializers.FileField(allow_empty_file=True, help_text="PDF, Markdown or plain text.")


class DocumentFilters(PageFilters):
    """Which documents."""

    status = serializers.ChoiceField(choices=DocumentVersion.Status.choices, required=False)
    q = serializers.CharField(required=False, max_length=300, help_text="Stands in the title.")


class ProgressSerializer(serializers.Serializer[Any]):
    """How far a document has been read."""

    pages_total = serializers.IntegerField(allow_null=True, help_text="Null until it is known.")
    pages_read = serializers.IntegerField()
    pages_damaged = serializers.IntegerField()
    passages_read = serializers.IntegerField()
    passages_embedded = serializers.IntegerField()
    seconds = serializers.SerializerMethodField(help_text="Of work spent on it so far.")
    retry_at = serializers.SerializerMethodField(
        help_text="When it is tried again, where something failed that may pass; null otherwise."
    )
    is_worked_on = serializers.SerializerMethodField(
        help_text="Whether that is being done at this moment; otherwise it waits for its turn, or for nothing."
    )
    sentence = serializers.SerializerMethodField(help_text="For people: what happens, and what can be done already.")

    def get_seconds(self, version: DocumentVersion) -> float:
        """Return the seconds of work."""
        return round(version.working_s, 1)

    def get_retry_at(self, version: DocumentVersion) -> datetime | None:
        """Return when it is tried again."""
        return retry_at(version)

    def get_is_worked_on(self, version: DocumentVersion) -> bool:
        """Say whether a worker has it in hand."""
        return is_worked_on(version)

    def get_sentence(self, version: DocumentVersion) -> str:
        """Return what a page would say."""
        return describe_progress(version, is_search_by_words=composition.embedder() is None).line


class DocumentErrorSerializer(serializers.Serializer[Any]):
    """Why a document could not be read, or not be prepared for search by meaning."""

    code = serializers.CharField()
    message = serializers.CharField()


class StateSerializer(serializers.Serializer[Any]):
    """How far a version of a document has come."""

    status = serializers.ChoiceField(
        choices=DocumentVersion.Status.choices,
        help_text="From `embedding` on all of it can be studied; `indexed` is searched by meaning too. What was read "
        "can be studied with every status, once `progress.passages_read` is more than 0.",
    )
    progress = ProgressSerializer(source="*")
    error = serializers.SerializerMethodField()

    @extend_schema_field(DocumentErrorSerializer(allow_null=True))
    def get_error(self, version: DocumentVersion) -> dict[str, str] | None:
        """Return what went wrong; null where nothing did. One that is `embedding` can be studied all the same."""
        if not has_failed(version):
            return None
        return {"code": version.error_code, "message": version.error_message}


class ReplacementProgressSerializer(ProgressSerializer):
    """How far a replacement has been read: nothing of it is studied before that is done."""

    def get_sentence(self, version: DocumentVersion) -> str:
        """Return what a page would say."""
        return describe_replacement(version).line


class ReplacementSerializer(StateSerializer):
    """A file that takes a document's place when it has been read."""

    progress = ReplacementProgressSerializer(source="*")
    filename = serializers.CharField()
    size_bytes = serializers.IntegerField()
    version_id = serializers.UUIDField(source="public_id")
    created_at = serializers.DateTimeField()


class DocumentSerializer(StateSerializer):
    """A document: how far the version has come that is studied, and the one that is to take its place."""

    id = serializers.UUIDField(source="document.public_id")
    title = serializers.CharField(source="document.title")
    filename = serializers.CharField()
    version_id = serializers.UUIDField(source="public_id", help_text="Another one once the document was replaced.")
    created_at = serializers.DateTimeField(source="document.created_at")
    size_bytes = serializers.IntegerField()
    replacement = serializers.SerializerMethodField()

    @extend_schema_field(ReplacementSerializer(allow_null=True))
    def get_replacement(self, version: DocumentVersion) -> dict[str, Any] | None:
        """Return the version that is to take this one's place; null where there is none."""
        replacement = find_standing(version.document).replacement
        return ReplacementSerializer(replacement).data if replacement else None


def has_failed(version: DocumentVersion) -> bool:
    """Say whether reading it, or making its vectors, was given up."""
    return version.status == DocumentVersion.Status.FAILED or bool(version.error_code)


class UploadedSerializer(DocumentSerializer):
    """A document that was sent; not new when these very bytes were there already."""

    is_new = serializers.BooleanField()


class PageSerializer(serializers.Serializer[Any]):
    """The text of a page, or of a section where the format has no pages."""

    ordinal = serializers.IntegerField(help_text="From 1.")
    page = serializers.IntegerField(allow_null=True, help_text="The physical page; null without pages.")
    label = serializers.CharField(  # type: ignore[assignment]
        allow_blank=True, help_text="The page's number as printed."
    )
    section = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True, help_text="Normalised; evidence counts its offsets here.")
    count = serializers.IntegerField(help_text="How many pages have been read.")
    is_last = serializers.BooleanField()
