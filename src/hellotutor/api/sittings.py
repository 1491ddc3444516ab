"""Where the course of a session and its insights meet."""

from __future__ import annotations

from typing import Any

from hellotutor.config import composition
from hellotutor.insights.insight_generator import InsightGenerator
from hellotutor.insights.models import SessionInsight
from hellotutor.tutoring.models import Answer, Question, Session
from hellotutor.tutoring.services import finish_session
from hellotutor.tutoring.sittings import next_question
from hellotutor.tutoring.tutors.base import Verdict


def go_on(session: Session) -> Question | None:
    """Return the question to answer next; None when the session is finished, and its insights are made then.

    Raises:
        Invalid: as `tutoring.sittings.next_question`.
    """
    was_active = session.state == Session.State.ACTIVE
    question = next_question(session=session, tutor=composition.tutor(), search=composition.search())
    session.refresh_from_db(fields=["state", "finished_at"])
    if was_active and session.state == Session.State.FINISHED:
        InsightGenerator().generate_session_insights(session)
    return question


def waiting_question(session: Session) -> Question | None:
    """Return the question that waits for its answer; None where there is none, and none is written."""
    if session.state == Session.State.FINISHED:
        return None
    return session.questions.filter(answers__isnull=True).order_by("ordinal").first()


def close(session: Session) -> None:
    """Finish a session and make its insights; a finished one stays as it is."""
    if session.state == Session.State.ACTIVE:
        finish_session(session=session)
        InsightGenerator().generate_session_insights(session)


def grades_changed(session: Session) -> None:
    """Make the insights anew where there are some."""
    if SessionInsight.objects.filter(session=session).exists():
        InsightGenerator().bring_up_to_date(session)


def count_mastery(answers: list[Answer], evidence: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how each concept went, in the order asked; a part that was right counts half.

    Args:
        answers: the last answer to each question.
        evidence: by the public id of a question.
    """
    by_concept: dict[str, list[Answer]] = {}
    for answer in answers:
        by_concept.setdefault(answer.question.concept, []).append(answer)
    return [_mastery(concept, given, evidence) for concept, given in by_concept.items()]


def _mastery(concept: str, given: list[Answer], evidence: dict[str, dict[str, Any]]) -> dict[str, Any]:
    correct = sum(answer.final_verdict is Verdict.CORRECT for answer in given)
    partial = sum(answer.final_verdict is Verdict.PARTIAL for answer in given)
    return {
        "concept": concept,
        "asked": len(given),
        "correct": correct,
        "partial": partial,
        "share": round((correct + partial / 2) / len(given), 3),
        "evidence": [evidence[str(answer.question.public_id)] for answer in given],
    }
