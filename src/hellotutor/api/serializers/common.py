"""What several resources share: problems, evidence, pages of a list."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers


class ProblemSerializer(serializers.Serializer[Any]):
    """What went wrong, as RFC 9457 has it."""

    type = serializers.CharField(help_text="Where the code is explained.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="One sentence: what went wrong, and what to do.")
    code = serializers.CharField(help_text="Stable; branch on this.")
    retryable = serializers.BooleanField(help_text="Whether the same call may succeed later, unchanged.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Messages by the dotted name of their field.",
    )
    event_id = serializers.CharField(required=False, help_text="The report of a failure of ours.")


class EvidenceSerializer(serializers.Serializer[Any]):
    """Where the quote stands that an answer rests on."""

    document = serializers.CharField(help_text="The document's title when the question was written.")
    document_id = serializers.UUIDField(allow_null=True, help_text="Null once the document is deleted.")
    version_id = serializers.UUIDField(
        allow_null=True,
        help_text="The bytes that were quoted: pages and offsets count in these. The document's own `version_id` is "
        "another one once it was replaced.",
    )
    page = serializers.IntegerField(allow_null=True, help_text="The physical page, from 1; null without pages.")
    page_label = serializers.CharField(allow_blank=True, help_text="The page's number as printed.")
    page_ordinal = serializers.IntegerField(help_text="The `n` of `/documents/{id}/pages/{n}/`.")
    section = serializers.CharField(allow_blank=True)
    quote = serializers.CharField(help_text="As printed.")
    start = serializers.IntegerField(allow_null=True, help_text="Offset of the quote in the page's `text`.")
    end = serializers.IntegerField(allow_null=True)


class ScopeSerializer(serializers.Serializer[Any]):
    """The part of the documents that is meant; everything where nothing is given."""

    sections = serializers.ListField(
        child=serializers.CharField(max_length=300),
        required=False,
        max_length=20,
        help_text="Words that stand in the headings.",
    )
    pages = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=1_000_000),
        required=False,
        allow_null=True,
        min_length=2,
        max_length=2,
        help_text="First and last physical page.",
    )
    topic = serializers.CharField(required=False, allow_blank=True, max_length=300)

    def validate_pages(self, pages: list[int] | None) -> list[int] | None:
        """Refuse pages that run backwards."""
        if pages and pages[0] > pages[1]:
            raise serializers.ValidationError("The first page comes after the last.")
        return pages


class PageFilters(serializers.Serializer[Any]):
    """Which page of a list."""

    page = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)


def paged(kind: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """Return the schema of a page of a list."""
    return inline_serializer(
        f"{kind.__name__.removesuffix('Serializer')}Page",
        {
            "count": serializers.IntegerField(help_text="Of the whole list."),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": kind(many=True),
        },
    )
