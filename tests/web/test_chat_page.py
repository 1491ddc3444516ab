"""Chat pages without JavaScript: asking, cited replies, what is said of them, and who may see them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.documents.models import Document
from hellotutor.tutoring.chat import MOST_MESSAGE_CHARACTERS, start_conversation
from hellotutor.tutoring.models import Conversation, Message
from hellotutor.tutoring.selectors import Scope
from hellotutor.web.chat_messages import NOTICES

from .conftest import DocumentFactory

CHAT = reverse("web:chat")
QUESTION = "Which part of a cell holds its genetic material?"
SCRIPT = "<script>alert(1)</script>"


def _begin(owner: User, *, title: str = QUESTION, documents: tuple[Document, ...] = ()) -> Conversation:
    return start_conversation(owner=owner, documents=documents, scope=Scope(), message=title)


def _address(conversation: Conversation, name: str = "conversation") -> str:
    return reverse(f"web:{name}", args=[conversation.public_id])


def _reply(conversation: Conversation, text: str, **fields: object) -> Message:
    values = {"role": Message.Role.TUTOR, "tutor": "offline-1", "grounded": True, **fields}
    return Message.objects.create(conversation=conversation, text=text, **values)


def _citation(document: Document, number: int = 1, **fields: object) -> dict[str, object]:
    return {
        "number": number,
        "document": document.title,
        "document_id": str(document.public_id),
        "page": None,
        "page_label": "",
        "page_ordinal": 1,
        "section": "Cells › The nucleus",
        "quote": "It is surrounded by a double membrane.",
        "start": 5,
        "end": 20,
        **fields,
    }


def test_a_question_is_answered_with_a_source_that_leads_to_the_marked_words(
    client: Client, document: DocumentFactory
) -> None:
    document()
    response = client.post(CHAT, {"message": QUESTION}, follow=True)
    body = response.content.decode()
    assert "genetic material" in body
    assert "Offline tutor</p>" in body
    source = re.search(r'<a href="(/documents/[^"]+/pages/\d+/\?start=\d+&amp;end=\d+)">Open the page</a>', body)
    assert source
    marked = client.get(source[1].replace("&amp;", "&")).content.decode()
    assert re.search(r"<mark [^>]*>[^<]*genetic material[^<]*</mark>", marked)


def test_a_second_message_goes_on_with_the_conversation(client: Client, document: DocumentFactory, alice: User) -> None:
    document()
    client.post(CHAT, {"message": QUESTION})
    begun = Conversation.objects.for_user(alice).get()
    response = client.post(_address(begun), {"message": "What do mitochondria produce?"})
    assert response.headers["Location"] == _address(begun) + "#last"
    assert begun.messages.count() == 4


def test_what_the_documents_do_not_answer_looks_different_and_says_what_to_do(
    client: Client, document: DocumentFactory
) -> None:
    document()
    body = client.post(CHAT, {"message": "Who won the football final in 1998?"}, follow=True).content.decode()
    assert 'data-grounded="no"' in body
    assert "add a document" in body


def _said_what_to_do(client: Client, conversation: Conversation) -> str:
    log = client.get(_address(conversation)).content.decode().split('id="log"')[1].split('id="composer"')[0]
    return log.split('class="meta what-now"')[1]


def test_to_ask_in_all_documents_is_offered_where_only_some_were_asked(
    client: Client, document: DocumentFactory, alice: User
) -> None:
    everything, some = _begin(alice), _begin(alice, documents=(document(),))
    part = start_conversation(owner=alice, documents=(), scope=Scope(sections=("nucleus",)), message=QUESTION)
    for conversation in (everything, some, part):
        _reply(conversation, "Your documents say nothing of it.", grounded=False)
    assert "Ask in all your documents" not in _said_what_to_do(client, everything)
    assert "Ask in all your documents" in _said_what_to_do(client, some)
    assert "Ask in all your documents" in _said_what_to_do(client, part)


def test_a_conversation_about_deleted_documents_is_not_said_to_be_about_all(
    client: Client, document: DocumentFactory, alice: User
) -> None:
    gone = document()
    begun = _begin(alice, documents=(gone,))
    gone.delete()
    assert "documents that were deleted" in client.get(_address(begun)).content.decode()


def test_texts_run_in_the_direction_of_their_own_script(client: Client, document: DocumentFactory, alice: User) -> None:
    begun = _begin(alice)
    Message.objects.create(conversation=begun, role=Message.Role.LEARNER, text="ما هي الخلية؟")
    _reply(begun, "الخلية. [1]", citations=[_citation(document(), quote="الخلية")])
    body = client.get(_address(begun)).content.decode()
    assert '<p class="words" dir="auto">ما هي الخلية؟</p>' in body
    assert '<p class="words" dir="auto">الخلية.<a ' in body
    assert '<blockquote class="quote" dir="auto">الخلية</blockquote>' in body


@pytest.mark.parametrize("message", ["", "  \n ", "x" * (MOST_MESSAGE_CHARACTERS + 1)])
def test_an_empty_or_too_long_message_is_refused_in_words_and_kept(
    client: Client, document: DocumentFactory, alice: User, message: str
) -> None:
    document()
    begun = _begin(alice)
    for address in (CHAT, _address(begun)):
        response = client.post(address, {"message": message})
        assert response.status_code == 422
        assert "The message is" in response.content.decode()
        assert message.strip() in response.content.decode()
    assert not Message.objects.exists()
    assert Conversation.objects.count() == 1


@pytest.mark.parametrize("pages", ["0", "9-3", "x", "3-", "-3", "1-2-3", "²"])
def test_pages_that_are_no_pages_are_refused_in_words(client: Client, document: DocumentFactory, pages: str) -> None:
    document()
    response = client.post(CHAT, {"message": QUESTION, "pages": pages})
    assert response.status_code == 422
    assert "Write the pages as" in response.content.decode()
    assert not Conversation.objects.exists()


def test_the_chosen_documents_and_their_part_are_kept_with_the_conversation(
    client: Client, document: DocumentFactory, alice: User
) -> None:
    chosen, _ = document(), document("# Other\n\nAnother text.", filename="other.md")
    client.post(CHAT, {"message": QUESTION, "document": str(chosen.public_id), "heading": "nucleus"})
    begun = Conversation.objects.for_user(alice).get()
    assert list(begun.documents.all()) == [chosen]
    assert begun.scope["sections"] == ["nucleus"]
    assert "About <bdi>cells.md, under “nucleus”</bdi>." in client.get(_address(begun)).content.decode()


def test_the_way_from_a_page_chooses_its_document_and_its_part(client: Client, document: DocumentFactory) -> None:
    cells = document()
    body = client.get(CHAT, {"document": str(cells.public_id), "page": "2"}).content.decode()
    assert f'value="{cells.public_id}" checked' in body
    assert 'value="Cells › The nucleus"' in body


def test_somebody_elses_document_can_not_be_asked(
    client: Client, document: DocumentFactory, charlie: User, alice: User
) -> None:
    document()
    theirs = document("# Secret\n\nThe vault code is nine.", owner=charlie, filename="secret.md")
    assert "secret.md" not in client.get(CHAT, {"document": str(theirs.public_id), "page": "1"}).content.decode()
    client.post(CHAT, {"message": "What is the vault code?", "document": [str(theirs.public_id), "no-id"]})
    assert not Conversation.objects.for_user(alice).get().documents.exists()
    assert "nine" not in Message.objects.get(role=Message.Role.TUTOR).text


def test_charlie_sees_no_conversation_and_changes_none(charlies_client: Client, alice: User) -> None:
    begun = _begin(alice, title="A private question")
    assert charlies_client.get(_address(begun)).status_code == 404
    assert charlies_client.post(_address(begun), {"message": "Hello"}).status_code == 404
    assert charlies_client.post(_address(begun, "delete_conversation")).status_code == 404
    assert "A private question" not in charlies_client.get(CHAT).content.decode()
    assert Conversation.objects.filter(pk=begun.pk).exists()
    assert not begun.messages.exists()


def test_a_conversation_is_deleted_with_its_messages_and_only_by_a_form(client: Client, alice: User) -> None:
    begun = _begin(alice)
    _reply(begun, "Words.")
    assert client.get(_address(begun, "delete_conversation")).status_code == 405
    asked_twice = r"<details[^>]*>\s*<summary[^>]*>.*?</summary>\s*<form[^>]*/delete/"
    assert re.search(asked_twice, client.get(CHAT).content.decode(), re.DOTALL), "one click too few deletes nothing"
    assert client.post(_address(begun, "delete_conversation")).headers["Location"] == CHAT
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()


def test_without_a_document_the_page_says_to_add_one(client: Client) -> None:
    body = client.get(CHAT).content.decode()
    assert "There is no document to ask yet." in body
    assert "<textarea" not in body


def test_hostile_titles_messages_and_quotes_are_only_text(
    client: Client, document: DocumentFactory, alice: User
) -> None:
    hostile = document(filename="a<img src=x>.md")
    begun = _begin(alice, title=SCRIPT, documents=(hostile,))
    Message.objects.create(conversation=begun, role=Message.Role.LEARNER, text=SCRIPT)
    _reply(begun, f"{SCRIPT} [1]", citations=[_citation(hostile, quote=SCRIPT, section=SCRIPT)], tutor=SCRIPT)
    body = client.get(_address(begun)).content.decode()
    assert SCRIPT not in body
    assert "<img src=x>" not in body
    assert body.count("&lt;script&gt;") >= 5


def test_a_number_in_brackets_that_is_no_source_stays_in_the_words(
    client: Client, document: DocumentFactory, alice: User
) -> None:
    begun = _begin(alice)
    _reply(begun, "See note [7] there. [1]", citations=[_citation(document())])
    body = client.get(_address(begun)).content.decode()
    assert "See note [7] there.<a " in body


def test_a_source_whose_document_was_deleted_says_so(client: Client, document: DocumentFactory, alice: User) -> None:
    begun, gone = _begin(alice), document()
    _reply(begun, "A fact. [1]", citations=[_citation(gone)])
    gone.delete()
    body = client.get(_address(begun)).content.decode()
    assert "This document was deleted." in body
    assert "Open the page" not in body


@pytest.mark.parametrize(
    ("state", "label"), [("stopped", "Stopped"), ("failed", "This reply failed."), ("writing", "Not finished yet")]
)
def test_a_reply_that_was_not_finished_says_so(client: Client, alice: User, state: str, label: str) -> None:
    begun = _begin(alice)
    Message.objects.create(conversation=begun, role=Message.Role.LEARNER, text=QUESTION)
    _reply(begun, "Half of", state=state)
    body = client.get(_address(begun)).content.decode()
    assert label in body
    assert (f'name="message" value="{QUESTION}"' in body) is (state != "writing")


def test_a_reply_that_was_being_written_long_ago_failed(client: Client, alice: User) -> None:
    begun = _begin(alice)
    _reply(begun, "Half of", state="writing", created_at=clock.now() - timedelta(hours=1))
    assert "This reply failed." in client.get(_address(begun)).content.decode()


@pytest.mark.parametrize("code", ["no_embedder", "partly_embedded", "index_unavailable"])
def test_a_search_by_words_only_is_told(client: Client, alice: User, code: str) -> None:
    begun = _begin(alice)
    _reply(begun, "A fact.", notice=code)
    sentence = NOTICES.get(code, NOTICES["other"])
    body = client.get(_address(begun)).content.decode()
    assert f'<p class="meta">{sentence.replace(chr(39), "&#x27;")}</p>' in body


def test_the_last_messages_are_shown_and_the_earlier_ones_lie_a_link_away(client: Client, alice: User) -> None:
    begun = _begin(alice)
    for number in range(60):
        _reply(begun, f"Reply-{number}.")
    newest = client.get(_address(begun)).content.decode()
    assert "Reply-59." in newest
    assert "Reply-9." not in newest
    assert '?skip=50"' in newest
    oldest = client.get(_address(begun), {"skip": "50"}).content.decode()
    assert "Reply-9." in oldest
    assert "Reply-10." not in oldest
    assert "<textarea" not in oldest
    assert client.get(_address(begun), {"skip": "²"}).status_code == 200


def test_the_list_of_conversations_is_paged_and_takes_as_many_queries_however_long(
    client: Client, alice: User, document: DocumentFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    document()
    for count in (1, 45):
        for number in range(count):
            _begin(alice, title=f"Question {number}")
        with django_assert_num_queries(6):
            body = client.get(CHAT).content.decode()
        assert body.count('class="chat-item"') == min(20, count)
    assert 'href="?list=2#conversations"' in body


def test_a_long_conversation_takes_as_many_queries_as_a_short_one(
    client: Client, alice: User, document: DocumentFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    begun, cells = _begin(alice), document()
    for count in (1, 60):
        for _ in range(count):
            _reply(begun, "A fact. [1] Another. [2]", citations=[_citation(cells), _citation(cells, 2)])
        with django_assert_num_queries(8):
            client.get(_address(begun))
