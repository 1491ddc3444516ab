"""Chats: cited replies from what the learner may read, kept even when they are stopped or fail."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.core.errors import Invalid, NotFound, Unavailable
from hellotutor.documents.models import DocumentVersion
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.ingestion.services import delete_document
from hellotutor.retrieval.search import Search
from hellotutor.tutoring.chat import MOST_MESSAGE_CHARACTERS, Part, check_message, reply_to, start_conversation
from hellotutor.tutoring.models import Conversation, Message
from hellotutor.tutoring.selectors import Scope
from hellotutor.tutoring.tutors.base import Evidence, Excerpt, Reply
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor

from .conftest import Reads

pytestmark = pytest.mark.django_db

SEAS = """# Seas

## Tides

The moon pulls the water of the oceans and so raises two tides every day.

## Salt

Rivers carry dissolved salt from the rocks into the oceans, where it stays.
"""
QUESTION = "What raises the tides of the oceans?"


@pytest.fixture
def version(read: Reads) -> DocumentVersion:
    return read("ada@example.org", "seas.md", SEAS)


def open_chat(version: DocumentVersion, *, scope: Scope | None = None, named: bool = True) -> Conversation:
    documents = [version.document] if named else []
    return start_conversation(owner=version.owner, documents=documents, scope=scope or Scope(), message=QUESTION)


def say(chat: Conversation, search: Search, tutor: OfflineTutor, message: str = QUESTION) -> list[Part]:
    return list(reply_to(conversation=chat, message=message, search=search, tutor=tutor))


@pytest.mark.parametrize("named", [True, False])
def test_a_reply_is_cited_and_kept(version: DocumentVersion, search: Search, tutor: OfflineTutor, named: bool) -> None:
    chat = open_chat(version, named=named)
    parts = say(chat, search, tutor)
    learner, reply = chat.messages.all()
    assert (learner.role, learner.text) == (Message.Role.LEARNER, QUESTION)
    assert parts[-1].is_last
    assert reply.text == " ".join(part.text for part in parts[:-1])
    assert (reply.state, reply.grounded, reply.tutor) == (Message.State.COMPLETE, True, tutor.name)
    (citation,) = reply.citations
    page = version.pages.get(ordinal=citation["page_ordinal"])
    assert page.text[citation["start"] : citation["end"]] == citation["quote"]
    assert citation["section"] == "Seas › Tides"
    assert citation["document_id"] == str(version.document.public_id)


def test_it_says_that_the_documents_do_not_answer(
    version: DocumentVersion, search: Search, tutor: OfflineTutor
) -> None:
    chat = open_chat(version)
    say(chat, search, tutor, "Who composed the opera Carmen?")
    reply = chat.messages.last()
    assert reply is not None
    assert (reply.grounded, reply.citations) == (False, [])


def test_a_scope_keeps_the_rest_of_the_document_out(
    version: DocumentVersion, search: Search, tutor: OfflineTutor
) -> None:
    chat = open_chat(version, scope=Scope(sections=("Salt",)))
    say(chat, search, tutor)
    assert "moon" not in chat.messages.last().text  # type: ignore[union-attr]


def test_somebody_elses_document_is_not_searched(
    version: DocumentVersion, read: Reads, search: Search, tutor: OfflineTutor
) -> None:
    mine = read("charlie@example.org", "mine.md", "# Bread\n\nYeast makes the dough of a bread rise.\n")
    chat = start_conversation(owner=mine.owner, documents=[version.document], scope=Scope(), message=QUESTION)
    with pytest.raises(NotFound):
        say(chat, search, tutor)
    everything = start_conversation(owner=mine.owner, documents=[], scope=Scope(), message=QUESTION)
    say(everything, search, tutor)
    assert "moon" not in everything.messages.last().text  # type: ignore[union-attr]


def test_what_was_said_before_a_stop_is_kept(version: DocumentVersion, search: Search, tutor: OfflineTutor) -> None:
    chat = open_chat(version)
    parts = reply_to(conversation=chat, message=QUESTION, search=search, tutor=tutor)
    first = next(parts)
    parts.close()
    reply = chat.messages.last()
    assert reply is not None
    assert (reply.state, reply.text) == (Message.State.STOPPED, first.text)


def test_a_reply_stopped_before_its_first_word_keeps_the_message(
    version: DocumentVersion, search: Search, tutor: OfflineTutor
) -> None:
    chat = open_chat(version)
    reply_to(conversation=chat, message=QUESTION, search=search, tutor=tutor).close()
    assert [(message.text, message.state) for message in chat.messages.all()] == [
        (QUESTION, Message.State.COMPLETE),
        ("", Message.State.STOPPED),
    ]


def test_a_failed_reply_keeps_the_message(version: DocumentVersion, search: Search) -> None:
    class DownTutor(OfflineTutor):
        def reply(self, message: str, excerpts: Sequence[Excerpt]) -> Reply:
            raise Unavailable("model_down", "The model is down.")

    chat = open_chat(version)
    with pytest.raises(Unavailable):
        say(chat, search, DownTutor(None))
    assert [(message.role, message.state) for message in chat.messages.all()] == [
        (Message.Role.LEARNER, Message.State.COMPLETE),
        (Message.Role.TUTOR, Message.State.FAILED),
    ]


def test_a_deleted_document_leaves_the_reply_as_it_was(
    version: DocumentVersion, parts: IngestionParts, search: Search, tutor: OfflineTutor
) -> None:
    chat = open_chat(version)
    say(chat, search, tutor)
    before = chat.messages.last().citations  # type: ignore[union-attr]
    delete_document(document=version.document, parts=parts)
    assert chat.messages.last().citations == before  # type: ignore[union-attr]


@pytest.mark.parametrize(("status", "notice"), [("reading", "not_read_yet"), ("failed", "not_readable")])
def test_it_tells_a_document_still_being_read_from_one_that_could_not_be(
    version: DocumentVersion, parts: IngestionParts, search: Search, tutor: OfflineTutor, status: str, notice: str
) -> None:
    parts.lexical.delete(tenant=get_tenant_tag(version.owner.public_id), version_id=str(version.public_id))
    DocumentVersion.objects.update(status=status)
    chat = open_chat(version)
    say(chat, search, tutor)
    reply = chat.messages.last()
    assert reply is not None
    assert (reply.grounded, reply.notice) == (False, notice)


def test_a_chat_about_a_deleted_document_does_not_become_one_about_all(
    version: DocumentVersion, read: Reads, parts: IngestionParts, search: Search, tutor: OfflineTutor
) -> None:
    read("ada@example.org", "more.md", SEAS.replace("Seas", "More seas"))
    chat = open_chat(version)
    delete_document(document=version.document, parts=parts)
    with pytest.raises(NotFound) as refused:
        say(chat, search, tutor)
    assert refused.value.code == "document_not_found"


def test_a_conversation_deleted_during_a_reply_ends_it_in_words(
    version: DocumentVersion, search: Search, tutor: OfflineTutor
) -> None:
    chat = open_chat(version)
    parts = reply_to(conversation=chat, message=QUESTION, search=search, tutor=tutor)
    next(parts)
    Conversation.objects.all().delete()
    with pytest.raises(NotFound) as refused:
        list(parts)
    assert refused.value.code == "conversation_not_found"
    with pytest.raises(NotFound):
        say(chat, search, tutor)
    assert not Message.objects.exists()


@pytest.mark.parametrize("message", ["", " \n ", "x" * (MOST_MESSAGE_CHARACTERS + 1)])
def test_it_refuses_an_empty_or_endless_message(message: str) -> None:
    with pytest.raises(Invalid):
        check_message(message)


def test_each_sentence_of_a_reply_comes_with_its_own_citation(
    version: DocumentVersion, search: Search, tutor: OfflineTutor
) -> None:
    class TwiceTutor(OfflineTutor):
        def reply(self, message: str, excerpts: Sequence[Excerpt]) -> Reply:
            cited = [Evidence(excerpt, *excerpt.sentences[0]) for excerpt in excerpts[:2]]
            text = " ".join(f"“{one.quote}” [{number}]" for number, one in enumerate(cited, start=1))
            return Reply(text, grounded=True, citations=tuple(cited))

    said = say(open_chat(version), search, TwiceTutor(None))[:-1]
    assert [[citation["number"] for citation in part.citations] for part in said] == [[1], [2]]
    assert all(part.citations[0]["quote"] in part.text for part in said)
