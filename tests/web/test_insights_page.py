"""What sessions showed, on the page: counted from the answers, with the evidence, and never out of date."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.insights.models import SessionInsight
from hellotutor.tutoring.models import Answer, Question, Session
from hellotutor.tutoring.selectors import Scope
from hellotutor.tutoring.services import contest_answer, finish_session, self_grade, start_session
from hellotutor.tutoring.tutors.base import Kind, Verdict
from hellotutor.web.start_form import StartForm

from .conftest import DocumentFactory

pytestmark = pytest.mark.django_db
NASTY = "<script>alert(1)</script>"


@pytest.fixture
def session(document: DocumentFactory) -> Session:
    book = document()
    return start_session(
        owner=book.owner,
        versions=[book.current_version],
        count=5,
        scope=Scope(),
        tutor=composition.tutor(),
    )


def answered(session: Session, verdict: Verdict, **fields: Any) -> Answer:
    """Add a question to the session, with its answer."""
    ordinal = session.questions.count() + 1
    values = {"prompt": f"Question {ordinal}?", "concept": f"concept {ordinal}", "section": "Cells", **fields}
    question = Question.objects.create(
        session=session,
        ordinal=ordinal,
        kind="short_answer",
        answer="genetic material",
        key_points=["genetic material"],
        version=session.versions.get(),
        document_title="cells.md",
        page_ordinal=0,
        quote="holds its genetic material",
        printed_quote=f"The nucleus holds its genetic material ({ordinal}).",
        quote_start=10,
        quote_end=40,
        **values,
    )
    return Answer.objects.create(question=question, text=f"words {ordinal}", verdict=verdict.value, score=0.5)


def overview(client: Client) -> str:
    return client.get(reverse("web:insights")).content.decode()


def detail(client: Client, session: Session) -> str:
    return client.get(reverse("web:session_insights", args=[session.public_id])).content.decode()


def test_a_learner_without_answers_is_told_how_to_begin(client: Client) -> None:
    shown = overview(client)
    assert "Nothing to tell yet" in shown
    assert reverse("web:start") in shown


def test_the_overview_counts_the_last_answer_to_each_question(client: Client, session: Session) -> None:
    first = answered(session, Verdict.INCORRECT)
    Answer.objects.create(question=first.question, attempt=2, text="again", verdict=Verdict.CORRECT.value)
    answered(session, Verdict.PARTIAL)
    shown = overview(client)
    assert "50 %" in shown
    assert "of 2 questions answered" in shown
    assert "1 partly correct" in shown
    assert "not correct" not in shown


def test_a_session_shows_four_lists_with_their_evidence(client: Client, session: Session) -> None:
    for verdict in (Verdict.CORRECT, Verdict.INCORRECT, Verdict.PARTIAL, Verdict.UNSURE):
        answered(session, verdict)
    finish_session(session=session)
    shown = detail(client, session)
    for title in ("Strengths", "Weaknesses", "Opportunities", "Threats"):
        assert f"{title} <span" in shown
    for number in range(1, 5):
        assert f"genetic material ({number})" in shown
        assert f"words {number}" in shown
    reader = reverse("web:page", args=[session.versions.get().document.public_id, 1])
    assert f"{reader}?start=10&amp;end=40" in shown
    assert "Study again" in shown


def test_insights_follow_what_the_learner_judges_later(client: Client, session: Session) -> None:
    given = answered(session, Verdict.UNSURE)
    assert "1 left to your own judgement" in detail(client, session)
    self_grade(answer=given, verdict=Verdict.CORRECT)
    assert "1 correctly" in detail(client, session)
    assert SessionInsight.objects.get().metrics["verdicts"] == {"correct": 1}


def test_insights_that_are_current_are_not_written_again(client: Client, session: Session) -> None:
    answered(session, Verdict.CORRECT)
    detail(client, session)
    before = SessionInsight.objects.get().created_at
    detail(client, session)
    assert SessionInsight.objects.get().created_at == before


def test_a_contest_is_shown_beside_the_grade(client: Client, session: Session) -> None:
    contest_answer(answer=answered(session, Verdict.INCORRECT), verdict=Verdict.CORRECT, reason="")
    assert "Contested: correct" in detail(client, session)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope(sections=("The nucleus", "Mitochondria")),
        Scope(topic="energy"),
        Scope(sections=("Mitochondria",), topic="energy", kinds=(Kind.SHORT_ANSWER,)),
    ],
)
def test_studying_again_asks_for_the_sessions_own_part(scope: Scope, client: Client, session: Session) -> None:
    Session.objects.filter(pk=session.pk).update(scope=scope.as_json(), count=2)
    answered(session, Verdict.INCORRECT)
    finish_session(session=session)
    form = detail(client, session).split(f'action="{reverse("web:start")}"')[1].split("</form>")[0]
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(value)
    assert client.post(reverse("web:start"), fields).status_code == 302
    again = Session.objects.exclude(pk=session.pk).get()
    assert Scope.from_json(again.scope) == scope
    assert again.count == 2
    assert list(again.versions.all()) == list(session.versions.all())


def test_studying_again_asks_for_the_same_pages(session: Session) -> None:
    for pages in ((3, 9), (4, 4)):
        session.scope = Scope(pages=pages).as_json()
        assert StartForm.like(session, ()).read_scope() == Scope(pages=pages)
    session.scope = Scope(sections=("Cells",), pages=(3, 9)).as_json()
    assert StartForm.like(session, ()).read_scope() == Scope(sections=("Cells",), pages=(3, 9))


def test_lists_without_items_are_short_and_stand_last(client: Client, session: Session) -> None:
    answered(session, Verdict.INCORRECT)
    shown = detail(client, session)
    titles = re.findall(r'<h2 id="list-(\w+)">\w+ <span class="badge">(\d+)', shown)
    assert [number == "0" for _, number in titles] == sorted(number == "0" for _, number in titles)
    assert titles[0][0] == "weaknesses"
    assert "Not correct, or not known" in shown
    assert "Answered correctly, without a hint" not in shown


def test_hostile_words_stay_words(client: Client, session: Session) -> None:
    given = answered(session, Verdict.INCORRECT, prompt=NASTY, concept=NASTY, section=NASTY)
    Answer.objects.filter(pk=given.pk).update(text=NASTY)
    Session.objects.filter(pk=session.pk).update(title=NASTY)
    for shown in (detail(client, session), overview(client)):
        assert NASTY not in shown
        assert "&lt;script&gt;" in shown


def test_charlie_gets_none_of_it(charlies_client: Client, session: Session) -> None:
    answered(session, Verdict.CORRECT)
    assert charlies_client.get(reverse("web:session_insights", args=[session.public_id])).status_code == 404
    assert "cells" not in overview(charlies_client)


@pytest.mark.parametrize("number", [1, 9])
def test_the_overview_costs_the_same_however_many_sessions(
    number: int, client: Client, alice: User, session: Session, django_assert_num_queries: Any
) -> None:
    version = session.versions.get()
    for _ in range(number):
        more = start_session(owner=alice, versions=[version], count=5, scope=Scope(), tutor=composition.tutor())
        answered(more, Verdict.CORRECT)
    with django_assert_num_queries(7):
        overview(client)


@pytest.mark.parametrize("number", [1, 30])
def test_a_session_costs_the_same_however_many_answers(
    number: int, client: Client, session: Session, django_assert_num_queries: Any
) -> None:
    for _ in range(number):
        answered(session, Verdict.CORRECT)
    detail(client, session)
    with django_assert_num_queries(8):
        detail(client, session)
