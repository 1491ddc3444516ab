"""What a learner asks for when a session is started: read from a form, and kept so that it can be shown again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import QueryDict

from hellotutor.accounts.models import User
from hellotutor.core.errors import Invalid, NotFound
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.tutoring.models import Session
from hellotutor.tutoring.selectors import Scope
from hellotutor.tutoring.tutors.base import Kind

USUAL_COUNT, MOST_COUNT = 5, 100
_MOST_CHARACTERS = 300
_ENDED = (DocumentVersion.Status.FAILED, DocumentVersion.Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class StartForm:
    """The fields as they were sent.

    Attributes:
        scope: `everything`, `sections`, `pages` or `topic`; `parts` takes all of these that are filled in.
        kinds: the kinds of question that are wanted; empty for all. Only a session that is sat again names some.
    """

    documents: tuple[str, ...] = ()
    count: str = str(USUAL_COUNT)
    scope: str = "everything"
    sections: tuple[str, ...] = ()
    page_first: str = ""
    page_last: str = ""
    topic: str = ""
    kinds: tuple[Kind, ...] = ()

    @classmethod
    def like(cls, session: Session, documents: Iterable[Document]) -> StartForm:
        """Return the form that asks for a session's own count and scope again, of these documents."""
        scope = Scope.from_json(session.scope)
        first, last = scope.pages or ("", "")
        filled = {"sections": scope.sections, "pages": scope.pages, "topic": scope.topic}
        chosen = [name for name, value in filled.items() if value] or ["everything"]
        return cls(
            documents=tuple(str(document.public_id) for document in documents),
            count=str(session.count),
            scope=chosen[0] if len(chosen) == 1 else "parts",
            sections=scope.sections,
            page_first=str(first),
            page_last=str(last),
            topic=scope.topic,
            kinds=scope.kinds,
        )

    @classmethod
    def from_fields(cls, fields: QueryDict) -> StartForm:
        """Return the fields of a form, or of an address."""
        return cls(
            documents=tuple(dict.fromkeys(fields.getlist("document"))),
            count=fields.get("count") or str(USUAL_COUNT),
            scope=fields.get("scope") or "everything",
            sections=tuple(text for section in fields.getlist("section") if (text := _clean(section))),
            page_first=_clean(fields.get("page_first", "")),
            page_last=_clean(fields.get("page_last", "")),
            topic=_clean(fields.get("topic", "")),
            kinds=tuple(kind for kind in Kind if kind.value in fields.getlist("kind")),
        )

    def read_count(self) -> int:
        """Return how many questions are wanted.

        Raises:
            Invalid: it is no number from 1 to 100 (`bad_count`).
        """
        if not (self.count.isdecimal() and len(self.count) < 4 and 1 <= int(self.count) <= MOST_COUNT):
            raise Invalid("bad_count", f"Choose from 1 to {MOST_COUNT} questions.")
        return int(self.count)

    def read_scope(self) -> Scope:
        """Return the part of the documents that is wanted.

        Raises:
            Invalid: it is incomplete (`bad_scope`), or the pages are no range (`bad_pages`).
        """
        if self.scope == "everything":
            return Scope(kinds=self.kinds)
        if self.scope == "pages":
            return Scope(pages=_read_pages(self.page_first, self.page_last), kinds=self.kinds)
        if self.scope == "sections" and self.sections:
            return Scope(sections=self.sections, kinds=self.kinds)
        if self.scope == "topic" and self.topic:
            return Scope(topic=self.topic, kinds=self.kinds)
        if self.scope == "parts":
            pages = _read_pages(self.page_first, self.page_last) if self.page_first else None
            return Scope(self.sections, pages, self.topic, self.kinds)
        wanted = {"sections": "Choose at least one section.", "topic": "Write what the questions should be about."}
        raise Invalid("bad_scope", wanted.get(self.scope, "Choose what to study."))

    def find_documents(self, user: User) -> list[Document]:
        """Return the visitor's documents that were chosen, in the order chosen.

        Raises:
            NotFound: one of them isn't there, or isn't the visitor's (`document_not_found`).
        """
        try:
            wanted = [uuid.UUID(text) for text in self.documents]
        except ValueError:
            wanted = []
        found = {row.public_id: row for row in Document.objects.for_user(user).filter(public_id__in=wanted)}
        if len(wanted) != len(self.documents) or len(found) != len(set(wanted)):
            raise NotFound("document_not_found", "There is no such document, or it isn't yours.")
        return [found[public_id] for public_id in dict.fromkeys(wanted)]

    def find_versions(self, user: User) -> list[DocumentVersion]:
        """Return the current versions of the chosen documents.

        Raises:
            Invalid: none was chosen (`no_document`), or one can't be studied yet (`not_read_yet`, `not_readable`).
            NotFound: one of them isn't there, or isn't the visitor's (`document_not_found`).
        """
        if not self.documents:
            raise Invalid("no_document", "Choose at least one document.")
        versions = [document.current_version for document in self.find_documents(user)]
        for version in versions:
            self._check_read(version)
        return versions

    def _check_read(self, version: DocumentVersion) -> None:
        title = version.document.title
        if version.is_read or (version.status in _ENDED and version.passages_read):
            return
        if version.status in _ENDED:
            raise Invalid("not_readable", f"“{title}” could not be read, so it can't be studied.")
        if not version.passages_read:
            raise Invalid("not_read_yet", f"“{title}” is still being read: try again in a few seconds.")
        if self.scope != "everything":
            raise Invalid(
                "not_read_yet",
                f"“{title}” is still being read. A part of it can be chosen when that is done; "
                "everything can be studied now.",
            )


def _clean(text: str) -> str:
    return text.replace("\0", "").strip()[:_MOST_CHARACTERS]


def _read_pages(first: str, last: str) -> tuple[int, int]:
    last = last or first
    is_short = first.isdecimal() and last.isdecimal() and len(first) < 7 and len(last) < 7
    if not (is_short and 1 <= int(first) <= int(last)):
        raise Invalid("bad_pages", "Write the pages as from and to, for example 12 and 30.")
    return int(first), int(last)
