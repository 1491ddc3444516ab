"""A session on the web: one question at a time, graded with its evidence, and nothing lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from hellotutor.config import composition
from hellotutor.ingestion.services import delete_document
from hellotutor.tutoring.models import Answer, Contest, Question, Session
from hellotutor.tutoring.tutors.base import Verdict

from .conftest import DocumentFactory
from .study_steps import HTMX, MEMORY, NASTY, address, ask, page, reply, sit

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(document: DocumentFactory) -> Session:
    return sit(document(MEMORY, filename="memory.md"))


@pytest.fixture
def question(session: Session) -> Question:
    return session.questions.get(ordinal=1)


def test_an_answer_is_graded_with_its_evidence(client: Client, session: Session, question: Question) -> None:
    response = reply(client, session, question, question.answer, confidence="0.6")
    shown = response.content.decode()
    assert "Correct" in shown
    assert question.printed_quote in shown
    document = session.versions.get().document
    reader = reverse("web:page", args=[document.public_id, question.page_ordinal + 1])
    assert f"{reader}?start={question.quote_start}&amp;end={question.quote_end}" in shown
    given = Answer.objects.get()
    assert (given.verdict, given.confidence) == (Verdict.CORRECT, 0.6)
    assert response["HX-Replace-Url"].endswith(f"?question={question.public_id}")


def test_the_answer_is_not_on_the_page_before_an_attempt(client: Client, session: Session, question: Question) -> None:
    shown = page(client, session)
    assert question.prompt in shown
    assert question.answer not in shown
    assert question.printed_quote not in shown


def test_without_javascript_an_answer_leads_to_its_grade(client: Client, session: Session, question: Question) -> None:
    response = client.post(address("answer", session, question), {"text": "No idea at all", "attempt": 1}, follow=True)
    assert 'id="grade"' in response.content.decode()


def test_the_same_answer_sent_twice_is_kept_once(client: Client, session: Session, question: Question) -> None:
    first, second = (reply(client, session, question, "some words") for _ in range(2))
    assert Answer.objects.count() == 1
    assert first.content.decode().count('id="grade"') == second.content.decode().count('id="grade"') == 1


def test_another_tab_shows_the_grade_of_what_was_sent_first_and_what_was_written_since(
    client: Client, session: Session, question: Question
) -> None:
    reply(client, session, question, "the first words")
    shown = reply(client, session, question, f"the second words {NASTY}").content.decode()
    assert "the first words" in shown
    assert "You had answered this before" in shown
    assert "What you wrote now: <bdi>the second words" in shown
    assert NASTY not in shown
    assert "What you wrote now" not in page(client, session, question)
    assert "What you wrote now" not in reply(client, session, question, "", skip="1").content.decode()


def test_without_javascript_what_was_written_since_is_shown_once(
    client: Client, session: Session, question: Question
) -> None:
    reply(client, session, question, "the first words")
    second = {"text": f"the second words {NASTY}", "attempt": 1}
    shown = client.post(address("answer", session, question), second, follow=True).content.decode()
    assert "You had answered this before" in shown
    assert "What you wrote now: the second words &lt;script&gt;" in shown
    assert "the second words" not in page(client, session, question)


@pytest.mark.parametrize("attempt", ["9" * 5_000, "0", "-1", "1001", "²", "x", ""])
def test_an_attempt_that_is_no_number_is_refused_in_words(
    attempt: str, client: Client, session: Session, question: Question
) -> None:
    response = reply(client, session, question, "something", attempt=attempt)
    assert response.status_code == 422
    assert "reload it" in response.content.decode()


def test_not_knowing_is_an_answer(client: Client, session: Session, question: Question) -> None:
    shown = reply(client, session, question, "", skip="1").content.decode()
    assert "Not correct" in shown
    assert "You said that you don’t know" in shown


def test_an_empty_answer_is_refused_and_nothing_is_kept(client: Client, session: Session, question: Question) -> None:
    assert reply(client, session, question, "  ").status_code == 422
    assert not Answer.objects.exists()


def test_hints_climb_one_rung_at_a_time_and_stay_visible(client: Client, session: Session, question: Question) -> None:
    url = address("hint", session, question)
    for rung in (1, 2, 3):
        client.post(url, {"rung": rung, "attempt": 1}, headers=HTMX)
        client.post(url, {"rung": rung, "attempt": 1}, headers=HTMX)  # the second click of a double click
        question.refresh_from_db()
        assert question.hints_given == rung
        assert page(client, session).count("hint-row") == rung
    assert "hint-button" not in page(client, session)
    assert "Hint 3 of 3" in page(client, session)


def test_no_hint_is_given_after_the_answer(client: Client, session: Session, question: Question) -> None:
    reply(client, session, question, "something")
    client.post(address("hint", session, question), {"rung": 1, "attempt": 1})
    question.refresh_from_db()
    assert question.hints_given == 0
    client.post(address("hint", session, question), {"rung": 1, "attempt": 2})  # it is being tried again
    question.refresh_from_db()
    assert question.hints_given == 1


def test_the_next_question_is_made_ready_without_ending_the_session(client: Client, session: Session) -> None:
    ahead = f"{address('next', session)}?ahead=1"
    response = client.get(ahead, headers=HTMX)
    while waiting := session.questions.filter(answers__isnull=True).first():
        reply(client, session, waiting, "something")
        response = client.get(ahead, headers=HTMX)
    assert response.status_code == 204  # the text holds no more fair questions, or all were asked
    session.refresh_from_db()
    assert session.state == Session.State.ACTIVE
    assert "HX-Push-Url" not in response.headers


def test_the_question_made_ready_is_the_one_that_comes_next(
    client: Client, session: Session, question: Question
) -> None:
    reply(client, session, question, "something")
    ready = client.get(f"{address('next', session)}?ahead=1", headers=HTMX)
    following = session.questions.get(ordinal=2)
    assert following.prompt in ready.content.decode()
    assert client.get(address("next", session)).url == ready["Content-Location"]  # type: ignore[attr-defined]
    assert session.questions.count() == 2


def test_a_session_goes_on_where_it_was_left(client: Client, session: Session, question: Question) -> None:
    reply(client, session, question, "something")
    shown = page(client, session)
    assert "Question 2 of 3" in shown
    assert question.prompt in shown  # in the list of what was answered
    assert "Answered so far (1)" in shown


def test_what_was_missed_can_be_tried_again(client: Client, session: Session, question: Question) -> None:
    reply(client, session, question, "something")
    again = client.get(f"{address('session', session)}?question={question.public_id}&again=1").content.decode()
    assert 'name="attempt" value="2"' in again
    reply(client, session, question, question.answer, attempt=2)
    assert "Correct" in page(client, session, question)
    assert list(Answer.objects.values_list("attempt", flat=True)) == [1, 2]
    summary = client.post(address("finish", session), follow=True).content.decode()
    assert "You answered 1 of 1 question: 1 correctly" in summary
    assert summary.count(f"?question={question.public_id}") == 1


def test_a_correct_answer_is_not_offered_again(client: Client, session: Session, question: Question) -> None:
    reply(client, session, question, question.answer)
    shown = client.get(f"{address('session', session)}?question={question.public_id}&again=1").content.decode()
    assert "Try again" not in shown
    assert 'id="grade"' in shown


def test_an_unsure_grade_is_left_to_the_learner(client: Client, session: Session, question: Question) -> None:
    given = Answer.objects.create(question=question, text="hm", verdict=Verdict.UNSURE, score=0.5)
    shown = page(client, session, question)
    assert "how would you count your answer" in shown
    url = address("self_grade", session, given)
    assert client.post(url, {"verdict": "pending"}).status_code == 422
    Answer.objects.update(feedback="Compare the two and grade yourself.")
    assert "grade yourself" in page(client, session, question)
    shown = client.post(url, {"verdict": "partial"}, headers=HTMX).content.decode()
    assert "You counted this as partly correct." in shown
    assert "grade yourself" not in shown
    given.refresh_from_db()
    assert given.final_verdict is Verdict.PARTIAL


def test_a_contest_is_kept_shown_and_can_be_changed(client: Client, session: Session, question: Question) -> None:
    reply(client, session, question, "something")
    url = address("contest", session, Answer.objects.get())
    client.post(url, {"verdict": "correct", "reason": f"It says so {NASTY}"})
    shown = page(client, session, question)
    assert "Contested" in shown
    assert NASTY not in shown
    client.post(url, {"verdict": "partial", "reason": "On second thoughts"})
    assert "On second thoughts" in page(client, session, question)
    assert Contest.objects.get().verdict == "partial"


def test_a_pending_answer_is_graded_when_the_page_is_opened_again(
    client: Client, session: Session, question: Question
) -> None:
    Answer.objects.create(question=question, text=question.answer)
    assert "Correct" in page(client, session, question)
    assert Answer.objects.get().verdict == Verdict.CORRECT


def test_the_evidence_outlives_its_document(client: Client, session: Session, question: Question) -> None:
    reply(client, session, question, "something")
    delete_document(document=session.versions.get().document, parts=composition.ingestion_parts())
    shown = page(client, session, question)
    assert question.printed_quote in shown
    assert "The document has been deleted" in shown


def test_choices_carry_their_keys_and_a_gap_is_shown_as_one(client: Client, session: Session) -> None:
    choices = ["one & only", NASTY, "three", "four"]
    chosen = page(client, session, ask(session, kind="multiple_choice", choices=choices, answer="three"))
    for key in range(1, 5):
        assert f'data-key="{key}"' in chosen
    gap = page(client, session, ask(session, kind="cloze", prompt="Cells hold _____ inside.", answer="organelles"))
    assert 'class="gap"' in gap
    assert "_____" not in gap


def test_hostile_words_stay_words(client: Client, document: DocumentFactory) -> None:
    book = document(filename="x.md")
    book.title = NASTY
    book.save()
    session = sit(book)
    question = ask(session, prompt=f"Why {NASTY}?", section=NASTY, document_title=NASTY, printed_quote=NASTY)
    reply(client, session, question, NASTY)
    shown: Sequence[str] = [
        page(client, session, question),
        page(client, session),
        client.get(reverse("web:sessions")).content.decode(),
        client.get(reverse("web:start")).content.decode(),
        client.post(address("finish", session), follow=True).content.decode(),
    ]
    for text in shown:
        assert NASTY not in text
        assert "&lt;script&gt;" in text


def test_charlie_gets_none_of_it(charlies_client: Client, session: Session, question: Question) -> None:
    assert charlies_client.get(address("session", session)).status_code == 404
    assert reply(charlies_client, session, question, "mine").status_code == 404
    assert charlies_client.post(address("hint", session, question), {"rung": 1}).status_code == 404
    assert charlies_client.post(address("finish", session)).status_code == 404
    assert not Answer.objects.exists()


def fill(session: Session, number: int) -> None:
    for _ in range(number):
        Answer.objects.create(question=ask(session), text="x", verdict=Verdict.PARTIAL, score=0.5)


@pytest.mark.parametrize("answered", [2, 40])
def test_a_session_costs_the_same_however_much_was_answered(
    answered: int, client: Client, session: Session, question: Question, django_assert_num_queries: Any
) -> None:
    fill(session, answered)
    graded = session.questions.get(ordinal=2)
    with django_assert_num_queries(7):
        page(client, session)
    with django_assert_num_queries(6):
        page(client, session, graded)
    client.post(address("finish", session))
    page(client, session)
    with django_assert_num_queries(8):
        page(client, session)
