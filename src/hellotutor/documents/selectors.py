"""Reading what documents hold."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery

from hellotutor.accounts.models import User
from hellotutor.core.errors import NotFound
from hellotutor.core.text import as_printed

from .models import CURRENT_FIRST, Document, DocumentVersion, Page, Passage

WORKING = (DocumentVersion.Status.QUEUED, DocumentVersion.Status.READING, DocumentVersion.Status.EMBEDDING)


def in_hand(*, with_embedding: bool = True) -> Q:
    """Return what is true of a version to which something is done, or will be, without anybody asking for it.

    Args:
        with_embedding: whether vectors can be made: otherwise nothing more is done to what has been read.
    """
    return Q(status__in=_working(with_embedding=with_embedding), error_code="")  # with a code it was given up


def is_in_hand(version: DocumentVersion, *, with_embedding: bool = True) -> bool:
    """Say of a version, as its row is, what `in_hand` says."""
    return version.status in _working(with_embedding=with_embedding) and not version.error_code


def _working(*, with_embedding: bool) -> tuple[DocumentVersion.Status, ...]:
    return WORKING if with_embedding else (DocumentVersion.Status.QUEUED, DocumentVersion.Status.READING)


@dataclass(frozen=True, slots=True)
class Standing:
    """Which version of a document is studied, and which is to take its place.

    Attributes:
        current: what is studied, searched and shown; `Document.current_version`.
        replacement: the newest version after that one: it waits, is being read, was stopped or failed.
    """

    current: DocumentVersion
    replacement: DocumentVersion | None


def find_standing(document: Document) -> Standing:
    """Return the standing of a document; one query, unless its versions were loaded with it."""
    versions: list[DocumentVersion] | None = getattr(document, "current_first", None)
    if versions is None:
        versions = list(document.versions.order_by(*CURRENT_FIRST))
    current = versions[0]
    newer = [version for version in versions if version.number > current.number]
    return Standing(current, max(newer, key=lambda version: version.number, default=None))


def list_documents(user: User) -> QuerySet[Document]:
    """Return the user's documents, newest first, each with `current_first`: its versions, loaded by one query."""
    return Document.objects.for_user(user).prefetch_related(_prefetch_versions("versions"))


def with_standings(versions: QuerySet[DocumentVersion]) -> QuerySet[DocumentVersion]:
    """Load with each version what `find_standing` needs of its document; one query more, however many these are."""
    return versions.prefetch_related(_prefetch_versions("document__versions"))


def _prefetch_versions(path: str) -> Prefetch[str]:
    return Prefetch(path, queryset=DocumentVersion.objects.order_by(*CURRENT_FIRST), to_attr="current_first")


def list_working(user: User) -> QuerySet[DocumentVersion]:
    """Return the user's versions that are being read or embedded, or wait for it, oldest first."""
    versions = DocumentVersion.objects.for_user(user).filter(in_hand())
    return versions.select_related("document").order_by("pk")


@dataclass(slots=True)
class Heading:
    """A heading of a document, with those under it.

    Attributes:
        path: the headings above it and itself, outermost first.
        ordinal: the page that it begins on, or the section, from 1.
        number: the physical page, None where the format has none.
        label: the page's number as printed, or empty.
    """

    path: tuple[str, ...]
    ordinal: int
    number: int | None
    label: str
    children: list[Heading] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Its own words."""
        return self.path[-1]

    @property
    def section(self) -> str:
        """The text by which `Scope.sections` finds it."""
        return " › ".join(self.path)


def count_headings(headings: Sequence[Heading]) -> int:
    """Return how many headings these are, with those under them."""
    return sum(1 + count_headings(heading.children) for heading in headings)


def outline(version: DocumentVersion) -> list[Heading]:
    """Return the outermost headings of a version in their order; one query, however long it is."""
    tops: list[Heading] = []
    known: dict[tuple[str, ...], Heading] = {}
    rows = version.pages.order_by("ordinal").values_list("heading_path", "ordinal", "number", "label")
    for heading_path, ordinal, number, label in rows:
        siblings = tops
        for depth in range(1, len(heading_path) + 1):
            path = tuple(heading_path[:depth])
            if path not in known:
                known[path] = Heading(path, ordinal + 1, number, label)
                siblings.append(known[path])
            siblings = known[path].children
    return tops


@dataclass(frozen=True, slots=True)
class Located:
    """Where a quote stands: the offsets [start, end) in the normalised text of one page."""

    page: Page
    start: int
    end: int

    @property
    def printed(self) -> str:
        """The quote as the page prints it, with its own quotation marks and dashes, on one line.

        Where a format has no pages its raw text holds markup, and the normalised quote is returned.
        """
        if self.page.number is None:
            return self.page.text[self.start : self.end]
        first, last = self.page.raw_span(self.start, self.end)
        return as_printed(self.page.raw_text[first:last])


def locate(passage: Passage, start: int, end: int) -> Located | None:
    """Return where `passage.text[start:end]` stands on a page; None when it runs over a page's end.

    The quote is looked at on the page itself: what is returned is verbatim.
    """
    quote = passage.text[start:end]
    page, end_page = passage.page, passage.end_page
    if page.text[passage.start + start : passage.start + end] == quote:
        return Located(page, passage.start + start, passage.start + end)
    from_end = passage.end - (len(passage.text) - start)
    if from_end >= 0 and end_page.text[from_end : from_end + len(quote)] == quote:
        return Located(end_page, from_end, from_end + len(quote))
    return None


def current_versions(user: User) -> QuerySet[DocumentVersion]:
    """Return the current version of each document that a user may read, the newest document first."""
    of_document = DocumentVersion.objects.filter(document=OuterRef("document")).order_by(*CURRENT_FIRST)
    versions = DocumentVersion.objects.for_user(user).filter(pk=Subquery(of_document.values("pk")[:1]))
    return versions.select_related("document", "owner").order_by("-document__created_at", "-document_id")


def find_versions(user: User, document_ids: Sequence[uuid.UUID]) -> list[DocumentVersion]:
    """Return the current versions of these documents, each once, in their order.

    Raises:
        NotFound: one doesn't exist, or isn't the user's (`document_not_found`).
    """
    wanted = list(dict.fromkeys(document_ids))
    rows = current_versions(user).filter(document__public_id__in=wanted)
    found = {version.document.public_id: version for version in rows}
    if len(found) != len(wanted):
        raise NotFound("document_not_found", "There is no such document.")
    return [found[document_id] for document_id in wanted]
