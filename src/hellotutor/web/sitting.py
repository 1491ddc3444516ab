"""What a study page shows at one moment: a question to answer, or the grade of one that was answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hellotutor.config import composition
from hellotutor.tutoring.models import Answer, Question, Session
from hellotutor.tutoring.services import HINT_RUNGS
from hellotutor.tutoring.sittings import list_hints
from hellotutor.tutoring.tutors.base import Verdict

CONFIDENCES = (("0.9", "Sure"), ("0.6", "Fairly sure"), ("0.3", "Guessing"))
JUDGEMENTS = (Verdict.CORRECT, Verdict.PARTIAL, Verdict.INCORRECT)
_TO_TRY_AGAIN = (Verdict.PARTIAL, Verdict.INCORRECT)


@dataclass(frozen=True, slots=True)
class Card:
    """One question as it is shown.

    Attributes:
        answer: the last answer; None while the question is open, also when it is tried again.
        attempt: the number that the next answer will carry.
        unkept: what was just sent where an earlier answer stands and is shown; empty for “I don't know”.
    """

    session: Session
    question: Question
    answer: Answer | None
    attempt: int
    answers: list[Answer]
    unkept: str | None = None

    @property
    def hints(self) -> list[str]:
        """The hints given so far."""
        return list_hints(self.question, composition.tutor())

    @property
    def next_rung(self) -> int | None:
        """The rung of the next hint, from 1; None when all are given."""
        return self.question.hints_given + 1 if self.question.hints_given < HINT_RUNGS else None

    @property
    def hint_rungs(self) -> int:
        """How many hints there are."""
        return HINT_RUNGS

    @property
    def answered(self) -> int:
        """How many questions have been answered."""
        return len(self.answers)

    @property
    def others(self) -> list[Answer]:
        """The answers to the other questions, in the order asked."""
        return [answer for answer in self.answers if answer.question_id != self.question.pk]

    @property
    def is_active(self) -> bool:
        """Whether the session goes on."""
        return self.session.state == Session.State.ACTIVE

    @property
    def is_last(self) -> bool:
        """Whether every question that was wanted has been answered."""
        return self.answered >= self.session.count

    @property
    def can_try_again(self) -> bool:
        """Whether another attempt makes sense."""
        return self.is_active and self.answer is not None and self.answer.final_verdict in _TO_TRY_AGAIN

    @property
    def contest(self) -> Any:
        """The learner's objection to the grade, or None."""
        return getattr(self.answer, "contest", None)


def list_answers(session: Session) -> list[Answer]:
    """Return the last answer to each question with all that a page shows of it, in the order asked; one query."""
    rows = Answer.objects.filter(question__session=session).order_by("question__ordinal", "attempt")
    answers = rows.select_related("question__version__document", "contest")
    return list({answer.question_id: answer for answer in answers}.values())


def make_card(session: Session, question: Question, *, is_again: bool = False, unkept: str | None = None) -> Card:
    """Return the card of a question, answered or not.

    Args:
        session: where it was asked.
        question: with `version__document` at hand.
        is_again: whether an answered question is shown open, for another attempt.
        unkept: see `Card`.
    """
    answers = list_answers(session)
    last = next((answer for answer in answers if answer.question_id == question.pk), None)
    card = Card(session, question, last, last.attempt + 1 if last else 1, answers, unkept)
    if is_again and card.can_try_again:
        return Card(session, question, None, card.attempt, answers)
    return card
