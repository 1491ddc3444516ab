"""The ends of a session on the web: its summary, its titles, and what can be asked of its pages."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from hellotutor.tutoring.models import Question, Session

from .conftest import DocumentFactory
from .study_steps import HTMX, MEMORY, address, ask, page, reply, sit

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(document: DocumentFactory) -> Session:
    return sit(document(MEMORY, filename="memory.md"))


@pytest.fixture
def question(session: Session) -> Question:
    return session.questions.get(ordinal=1)


def test_a_part_brings_the_title_of_its_page(client: Client, session: Session, question: Question) -> None:
    assert "<title>Question 1 · HelloTutor</title>" in reply(client, session, question, "x").content.decode()
    for query in ("", "?ahead=1"):
        part = client.get(f"{address('next', session)}{query}", headers=HTMX).content.decode()
        assert part.startswith("<title>Question 2 · HelloTutor</title>")
    assert page(client, session).count("<title>") == 1


@pytest.mark.parametrize("name", ["session", "sessions", "start", "insights", "session_insights"])
def test_a_page_can_be_asked_for_without_its_body(name: str, client: Client, session: Session) -> None:
    url = address(name, session) if "session" in name and name != "sessions" else reverse(f"web:{name}")
    assert client.head(url).status_code == 200


def test_an_answer_to_a_finished_session_is_refused_in_words(
    client: Client, session: Session, question: Question
) -> None:
    client.post(address("finish", session))
    response = reply(client, session, question, "too late")
    assert response.status_code == 409
    assert "This session is finished" in response.content.decode()


def test_finishing_now_shows_the_summary_and_the_way_to_the_insights(
    client: Client, session: Session, question: Question
) -> None:
    reply(client, session, question, question.answer)
    shown = client.post(address("finish", session), follow=True).content.decode()
    assert "You answered 1 of 1 question" in shown
    assert reverse("web:session_insights", args=[session.public_id]) in shown
    assert "Back to the summary" in page(client, session, question)


def test_the_summary_says_that_a_session_was_left_only_where_a_question_still_waits(
    client: Client, session: Session, question: Question
) -> None:
    reply(client, session, question, question.answer)
    following = ask(session)
    client.post(address("finish", session))
    assert "You finished it after 1 of 3 questions." in page(client, session)
    following.delete()
    assert "You had asked for 3 questions; 1 was asked." in page(client, session)
    Session.objects.update(count=1)
    shown = page(client, session)
    assert "You finished it" not in shown
    assert "You had asked" not in shown


def test_a_question_left_open_leads_to_the_summary_once_the_session_is_finished(
    client: Client, session: Session, question: Question
) -> None:
    client.post(address("finish", session))
    response = client.get(f"{address('session', session)}?question={question.public_id}")
    assert response.url == address("session", session)  # type: ignore[attr-defined]
