"""The SWOT is counted from the answers, each item with its evidence."""

from __future__ import annotations

import uuid

import pytest

from hellotutor.accounts.models import User
from hellotutor.core.errors import NotFound
from hellotutor.insights.insight_generator import InsightGenerator, generate_insights_for_session
from hellotutor.insights.models import SessionInsight
from hellotutor.tutoring.models import Answer, Question, Session

pytestmark = pytest.mark.django_db


@pytest.fixture
def session() -> Session:
    owner = User.objects.create_user("ada@example.org")
    return Session.objects.create(owner=owner, title="Book", count=5, tutor="offline-1")


def answer(session: Session, concept: str, verdict: str, *, section: str = "", **fields: object) -> Answer:
    ordinal = session.questions.count() + 1
    question = Question.objects.create(
        session=session,
        ordinal=ordinal,
        kind="short_answer",
        prompt=f"What is {concept}?",
        answer="It.",
        key_points=["it"],
        concept=concept,
        document_title="book.pdf",
        page_number=ordinal,
        page_ordinal=ordinal - 1,
        section=section,
        quote=f"{concept} is it.",
        printed_quote=f"{concept} is it.",
        quote_start=0,
        quote_end=9,
    )
    return Answer.objects.create(question=question, verdict=verdict, score=0.5, **fields)


def texts(insight: SessionInsight, name: str) -> list[str]:
    return [item["text"] for item in insight.swot[name]]


def test_each_answer_lands_where_it_belongs(session: Session) -> None:
    answer(session, "osmosis", "correct")
    answer(session, "a membrane", "correct", hints_used=2)
    answer(session, "diffusion", "partial", missing=["from high to low"])
    answer(session, "the cell", "incorrect")
    answer(session, "plasmolysis", "unsure")
    insight = InsightGenerator().generate_session_insights(session)
    assert texts(insight, "strengths") == ["You know “osmosis”: answered correctly without a hint."]
    assert texts(insight, "weaknesses") == ["“the cell” needs another look: read page 4 again."]
    assert [text.split(":")[0] for text in texts(insight, "opportunities")] == [
        "You got “a membrane” with 2 hints",
        "You know part of “diffusion”; still missing",
    ]
    assert len(insight.swot["threats"]) == 1
    assert insight.swot["strengths"][0]["evidence"][0]["quote"] == "osmosis is it."
    assert insight.swot["strengths"][0]["evidence"][0]["page"] == 1
    assert insight.metrics["verdicts"] == {"correct": 2, "partial": 1, "incorrect": 1, "unsure": 1}
    assert insight.summary.startswith("You answered 5 of 5 questions: 2 correctly, 1 in part, 1 incorrectly")


def test_a_section_that_was_mostly_missed_is_a_threat(session: Session) -> None:
    answer(session, "osmosis", "incorrect", section="Cells")
    answer(session, "diffusion", "incorrect", section="Cells")
    answer(session, "light", "incorrect", section="Optics")
    insight = InsightGenerator().generate_session_insights(session)
    (threat,) = insight.swot["threats"]
    assert "“Cells”" in threat["text"]
    assert len(threat["evidence"]) == 2


def test_the_learners_own_verdict_counts_where_the_tutor_was_unsure(session: Session) -> None:
    answer(session, "osmosis", "unsure", self_verdict="correct")
    insight = InsightGenerator().generate_session_insights(session)
    assert len(insight.swot["strengths"]) == 1
    assert not insight.swot["threats"]


def test_only_the_last_attempt_counts(session: Session) -> None:
    first = answer(session, "osmosis", "incorrect")
    Answer.objects.create(question=first.question, attempt=2, verdict="correct", score=1.0)
    insight = InsightGenerator().generate_session_insights(session)
    assert insight.metrics["answered"] == 1
    assert not insight.swot["weaknesses"]


def test_a_session_has_one_row_of_insights_however_often_they_are_made(session: Session) -> None:
    InsightGenerator().generate_session_insights(session)
    answer(session, "osmosis", "correct")
    generate_insights_for_session(session.public_id)
    (row,) = SessionInsight.objects.all()
    assert len(row.swot["strengths"]) == 1


def test_no_answers_make_no_claims(session: Session) -> None:
    insight = InsightGenerator().generate_session_insights(session)
    assert not any(insight.swot.values())
    assert "nothing to say" in insight.summary


def test_a_session_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound) as refused:
        generate_insights_for_session(uuid.uuid4())
    assert refused.value.code == "session_not_found"
