"""Messages of a conversation as a page shows them: their words, their sources, and what is to be said of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from hellotutor.accounts.models import User
from hellotutor.documents.models import DocumentVersion
from hellotutor.tutoring.models import Message

SELF_TOLD = ("not_read_yet", "not_readable")  # the reply itself says so
# Why search was by words only (`SearchResult.reason`); the last says it of any other code.
NOTICES = {
    "no_embedder": "Searched by words only: no model for search by meaning is set up.",
    "not_embedded": "Searched by words only: search by meaning follows when the documents are prepared for it.",
    "partly_embedded": "Parts of the documents were searched by words only: they are still being prepared.",
    "stamp_mismatch": "Searched by words only: the documents were prepared for search by meaning with another model; "
    "whoever runs this service can have that done anew (hellotutor reindex).",
    "index_mismatch": "Searched by words only: what was prepared for search by meaning lies where this service can't "
    "reach it.",
    "other": "Searched by words only: search by meaning isn't available just now.",
}
# `Tutor.name` of the tutor on this machine begins so, and what people call it.
_OFFLINE, _OFFLINE_NAME = "offline-", "Offline tutor"
_CITATION = re.compile(r"\s*\[(\d{1,4})\]")


@dataclass(frozen=True, slots=True)
class Run:
    """Some words of a reply, or the number of the source of the words before it."""

    text: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a sentence of a reply stands.

    Attributes:
        url: of the page with the quote marked; empty when its document was deleted or replaced since.
        document_url: of the document that was replaced since; empty otherwise.
    """

    number: int
    document: str
    place: str
    quote: str
    url: str
    document_url: str = ""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message, its words and numbers in order, its sources, and a sentence on how it was found.

    Attributes:
        author: who says it.
        state: as stored, but `failed` for a reply that was being written when the program ended.
        asked: the learner's message that it replies to; empty where that isn't shown.
    """

    message: Message
    author: str
    state: str
    runs: tuple[Run, ...]
    sources: tuple[Source, ...]
    notice: str
    asked: str


def show_messages(user: User, messages: Sequence[Message]) -> list[ShownMessage]:
    """Return messages, oldest first, ready for a page; one query, however many sources they have."""
    named = {citation["document_id"] for message in messages for citation in message.citations}
    known = DocumentVersion.objects.for_user(user).filter(document__public_id__in=named)
    there: dict[str, set[str]] = {}
    for document_id, version_id in known.values_list("document__public_id", "public_id") if named else ():
        there.setdefault(str(document_id), set()).add(str(version_id))
    before = [None, *messages]
    return [_show(message, previous, there) for message, previous in zip(messages, before, strict=False)]


def _show(message: Message, previous: Message | None, there: Mapping[str, set[str]]) -> ShownMessage:
    sources = {citation["number"]: _source(citation, there) for citation in message.citations}
    notice = NOTICES.get(message.notice, NOTICES["other"]) if message.notice else ""
    asked = previous.text if previous and previous.role == Message.Role.LEARNER else ""
    return ShownMessage(
        message=message,
        author=_name_author(message),
        state=message.current_state,
        runs=tuple(_split_runs(message.text, sources.keys())),
        sources=tuple(sources.values()),
        notice="" if message.notice in SELF_TOLD else notice,
        asked=asked,
    )


def _name_author(message: Message) -> str:
    if message.role == Message.Role.LEARNER:
        return "You"
    return _OFFLINE_NAME if message.tutor.startswith(_OFFLINE) else message.tutor


def _split_runs(text: str, numbers: Any) -> Iterator[Run]:
    """Split a reply at the numbers of its sources; any other number in brackets is part of its words."""
    position = 0
    for match in _CITATION.finditer(text):
        if int(match[1]) in numbers:
            yield Run(text[position : match.start()])
            yield Run("", int(match[1]))
            position = match.end()
    yield Run(text[position:])


def _source(citation: dict[str, Any], there: Mapping[str, set[str]]) -> Source:
    """Return a source; its page is linked to only where it is still the page that was quoted."""
    versions = there.get(citation["document_id"])
    what = citation["number"], citation["document"], _place(citation), citation["quote"]
    if versions is None:
        return Source(*what, url="")
    if citation.get("version_id", next(iter(versions))) in versions:  # those of the first releases don't say
        return Source(*what, url=_address(citation))
    return Source(*what, url="", document_url=reverse("web:document", args=[citation["document_id"]]))


def _address(citation: dict[str, Any]) -> str:
    address = reverse("web:page", args=[citation["document_id"], citation["page_ordinal"] + 1])
    if citation["start"] is None:
        return address
    return f"{address}?{urlencode({'start': citation['start'], 'end': citation['end']})}"


def _place(citation: dict[str, Any]) -> str:
    number, label = citation["page"], citation["page_label"]
    if number is None:
        return str(citation["section"])
    return f"page {number} (printed {label})" if label and label != str(number) else f"page {number}"
