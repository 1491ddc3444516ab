"""Making and storing the insights of a session."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError, transaction

from hellotutor.core import clock
from hellotutor.core.errors import NotFound, Unavailable
from hellotutor.monitoring import capture, catalogue
from hellotutor.tutoring.models import Answer, Session
from hellotutor.tutoring.selectors import graded_answers
from hellotutor.tutoring.tutors.base import Verdict

from .models import SessionInsight
from .swot import Swot, compute_swot, locate_in_words


class InsightGenerator:
    """Computes what a session showed and keeps it, one row a session."""

    def generate_session_insights(self, session: Session) -> SessionInsight:
        """Compute and store the insights; the same session again replaces its row.

        Raises:
            Unavailable: the row could not be written (`insights_not_stored`).
        """
        answers: Sequence[Answer] = ()
        try:
            answers = graded_answers(session)
            swot = self._generate_swot_analysis(answers)
            values = {
                "summary": _summarise(answers, session.questions.count()),
                "swot": swot.as_json(),
                "metrics": _measure(answers),
                "tutor": session.tutor,
                "created_at": clock.now(),
            }
        except Exception as error:
            capture(catalogue.SESSION_INSIGHTS, error, **_fields(session, answers))
            raise
        try:
            with transaction.atomic():
                return SessionInsight.objects.update_or_create(session=session, defaults=values)[0]
        except DatabaseError as error:
            capture(catalogue.INSIGHT_RECORD, error, **_fields(session, answers))
            raise Unavailable("insights_not_stored", "The insights could not be stored: try again.") from error

    def bring_up_to_date(self, session: Session) -> SessionInsight:
        """Return the stored insights, made anew where an answer was given, graded or judged since.

        Raises:
            Unavailable: the row could not be written (`insights_not_stored`).
        """
        stored = SessionInsight.objects.filter(session=session).first()
        answers = graded_answers(session)
        if stored and stored.swot == compute_swot(answers).as_json() and stored.metrics == _measure(answers):
            return stored
        return self.generate_session_insights(session)

    def _generate_swot_analysis(self, answers: Sequence[Answer]) -> Swot:
        """Return the SWOT, counted from the answers."""
        return compute_swot(answers)


def generate_insights_for_session(session_id: uuid.UUID) -> SessionInsight:
    """Make the insights of the session with this public id.

    Raises:
        NotFound: there is no such session (`session_not_found`).
    """
    try:
        session = Session.objects.filter(public_id=session_id).first()
    except DatabaseError as error:
        capture(catalogue.INSIGHTS_FOR_SESSION, error, session_id=str(session_id))
        raise
    if session is None:
        missing = NotFound("session_not_found", "There is no such session.")
        capture(catalogue.INSIGHTS_SESSION_NOT_FOUND, missing, session_id=str(session_id))
        raise missing
    return InsightGenerator().generate_session_insights(session)


def _fields(session: Session, answers: Sequence[Answer]) -> dict[str, Any]:
    return {"session_id": str(session.public_id), "qa_pairs_count": len(answers)}


def _measure(answers: Sequence[Answer]) -> dict[str, Any]:
    verdicts = Counter(answer.final_verdict.value for answer in answers)
    scores = [answer.score for answer in answers if answer.score is not None]
    return {
        "answered": len(answers),
        "verdicts": {verdict.value: verdicts[verdict.value] for verdict in Verdict if verdicts[verdict.value]},
        "mean_score": round(sum(scores) / len(scores), 3) if scores else None,
        "hints": sum(answer.hints_used for answer in answers),
    }


def _summarise(answers: Sequence[Answer], asked: int) -> str:
    if not answers:
        return "No question was answered, so there is nothing to say yet."
    verdicts = Counter(answer.final_verdict for answer in answers)
    parts = [
        f"{verdicts[verdict]} {words}"
        for verdict, words in (
            (Verdict.CORRECT, "correctly"),
            (Verdict.PARTIAL, "in part"),
            (Verdict.INCORRECT, "incorrectly"),
            (Verdict.UNSURE, "left to your own judgement"),
            (Verdict.PENDING, "still to be graded"),
        )
        if verdicts[verdict]
    ]
    sentence = f"You answered {len(answers)} of {asked} question{'s' * (asked != 1)}: {', '.join(parts)}."
    worst = next((answer for answer in answers if answer.final_verdict is Verdict.INCORRECT), None)
    return f"{sentence} Start again with {locate_in_words(worst.question)}." if worst else sentence
