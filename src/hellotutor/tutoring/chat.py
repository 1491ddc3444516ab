"""Conversations: a learner's message, and a reply of cited sentences that is kept as it is said."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.core.errors import Invalid, NotFound
from hellotutor.documents.models import Document, DocumentVersion, Passage
from hellotutor.documents.selectors import current_versions, locate
from hellotutor.retrieval.search import Search

from .models import Conversation, Message
from .rag_query import query_rag
from .selectors import Scope
from .tutors.base import Evidence, Reply, Tutor

MOST_MESSAGE_CHARACTERS = 4_000
_TITLE_CHARACTERS = 80
_NAMES_DOCUMENTS = "names_documents"
_BEING_READ = (DocumentVersion.Status.QUEUED, DocumentVersion.Status.READING)
_CITED = re.compile(r"(?<=\])\s+")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a reply as it is said.

    Attributes:
        text: the words, to be put behind those said before; empty in the last part.
        citations: snapshots of the evidence of these words; see `Message`.
        message: the stored reply, complete in the last part only.
    """

    text: str
    citations: tuple[dict[str, Any], ...]
    message: Message
    is_last: bool = False


def start_conversation(*, owner: User, documents: Sequence[Document], scope: Scope, message: str) -> Conversation:
    """Open a conversation about some documents, or about all of the owner's where none is named.

    Raises:
        NotFound: one of the documents has just been deleted (`document_not_found`).
    """
    with transaction.atomic():
        conversation = Conversation.objects.create(
            owner=owner,
            title=" ".join(message.split())[:_TITLE_CHARACTERS],
            # a chat about documents that have been deleted must not become one about all the others
            scope={**scope.as_json(), _NAMES_DOCUMENTS: bool(documents)},
        )
        wanted = {document.pk for document in documents}
        # locked: none is deleted before the conversation has them
        found = Document.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
        if len(found) != len(wanted):
            raise NotFound("document_not_found", "A document was deleted just now: choose again.")
        conversation.documents.set(documents)
    return conversation


def delete_conversation(conversation: Conversation) -> None:
    """Remove a conversation; a message that is being added at the moment goes with it, or finds it gone."""
    with transaction.atomic():
        list(Conversation.objects.select_for_update().filter(pk=conversation.pk))
        conversation.delete()


def check_message(message: str) -> str:
    """Return the message without the space around it.

    Raises:
        Invalid: it is empty (`empty_message`) or too long (`message_too_long`).
    """
    message = message.strip()
    if not message:
        raise Invalid("empty_message", "The message is empty: write what you want to know.")
    if len(message) > MOST_MESSAGE_CHARACTERS:
        raise Invalid("message_too_long", f"The message is longer than {MOST_MESSAGE_CHARACTERS:,} characters.")
    return message


def reply_to(*, conversation: Conversation, message: str, search: Search, tutor: Tutor) -> Generator[Part, None, None]:
    """Keep the learner's message, then say the reply part by part; what was said is kept when it is stopped.

    The message is kept when this returns; closing what it returns stops the reply, also before its first part.

    Raises:
        NotFound: there is nothing to search (`no_document`, `document_not_found`), or the conversation was deleted
            meanwhile (`conversation_not_found`).
        Exception: whatever made the reply fail; the message is kept as `failed`.
    """
    said = _begin(conversation, message, tutor)
    parts = _say(said, message, search, tutor)
    next(parts)  # a generator that was never started would not notice that it is closed
    return parts


def _say(said: Message, message: str, search: Search, tutor: Tutor) -> Generator[Part, None, None]:
    conversation = said.conversation
    state = Message.State.FAILED
    try:
        yield Part("", (), said)
        reply, said.notice = _find_reply(conversation, message, search, tutor)
        said.grounded = reply.grounded
        for text, citations in _parts(reply):
            said.text = f"{said.text} {text}".strip()
            said.citations = [*said.citations, *citations]
            yield Part(text, tuple(citations), said)
        state = Message.State.COMPLETE
    except GeneratorExit:
        state = Message.State.STOPPED
        raise
    finally:
        said.state = state
        is_kept = _keep(said)
    if not is_kept:
        raise _gone()
    yield Part("", (), said, is_last=True)


def _begin(conversation: Conversation, message: str, tutor: Tutor) -> Message:
    """Keep the learner's message, and a reply that is still empty."""
    with transaction.atomic():
        # the update takes the lock, and tells whether there is still something to add to
        if not Conversation.objects.filter(pk=conversation.pk).update(updated_at=clock.now()):
            raise _gone()
        Message.objects.create(conversation=conversation, role=Message.Role.LEARNER, text=message)
        return Message.objects.create(
            conversation=conversation, role=Message.Role.TUTOR, state=Message.State.WRITING, tutor=tutor.name
        )


def _keep(said: Message) -> bool:
    """Keep what was said; return whether there was still somewhere to keep it."""
    fields = ("text", "citations", "grounded", "notice", "state")
    kept = Message.objects.filter(pk=said.pk).update(**{name: getattr(said, name) for name in fields})
    return bool(kept)


def _gone() -> NotFound:
    return NotFound("conversation_not_found", "This conversation was deleted: start another one.")


def _find_reply(conversation: Conversation, message: str, search: Search, tutor: Tutor) -> tuple[Reply, str]:
    versions = _versions_of(conversation)
    if not versions and conversation.scope.get(_NAMES_DOCUMENTS):
        message = "The documents of this conversation were deleted: start another one."
        raise NotFound("document_not_found", message)
    if not versions:
        raise NotFound("no_document", "There is no document to search yet: add one first.")
    scope = Scope.from_json(conversation.scope)
    reply, found = query_rag(
        message=message, user=conversation.owner, versions=versions, search=search, tutor=tutor, scope=scope
    )
    if len(found.missing) < len(versions):
        return reply, found.reason
    if any(version.status in _BEING_READ for version in versions):
        return Reply("Your documents are still being read: ask again in a moment.", grounded=False), "not_read_yet"
    return Reply("None of these documents could be read: their pages say why.", grounded=False), "not_readable"


def _versions_of(conversation: Conversation) -> list[DocumentVersion]:
    documents = conversation.documents.for_user(conversation.owner)
    if not conversation.scope.get(_NAMES_DOCUMENTS) and not conversation.documents.exists():
        documents = Document.objects.for_user(conversation.owner)
    return list(current_versions(conversation.owner).filter(document__in=documents))


def _parts(reply: Reply) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Split a reply behind its citations; the sentence with the number n carries the n-th citation."""
    for text in _CITED.split(reply.text):
        numbers = [int(number) for number in re.findall(r"\[(\d+)\]$", text)]
        yield text, [_snapshot(number, reply.citations[number - 1]) for number in numbers]


def _snapshot(number: int, evidence: Evidence) -> dict[str, Any]:
    rows = Passage.objects.select_related("page", "end_page", "version__document")
    passage = rows.filter(pk=evidence.excerpt.passage_id).first()
    if passage is None:
        raise NotFound("document_not_found", "A document was deleted or replaced while it was being quoted: ask again.")
    located = locate(passage, evidence.start, evidence.end)
    page = located.page if located else passage.page  # a sentence over a page's end: the page on which it begins
    return {
        "number": number,
        "document": evidence.excerpt.document,
        "document_id": str(passage.version.document.public_id),
        "version_id": str(passage.version.public_id),
        "page": page.number,
        "page_label": page.label,
        "page_ordinal": page.ordinal,
        "section": " › ".join(page.heading_path),
        "quote": located.printed if located else evidence.quote,
        "start": located.start if located else None,
        "end": located.end if located else None,
    }
