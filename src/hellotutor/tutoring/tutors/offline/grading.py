"""The offline grader: one way in for every kind of question, with no network and no language model."""

from __future__ import annotations

from hellotutor.embeddings.base import Embedder
from hellotutor.tutoring.tutors.base import Grade, Kind, QuestionToGrade
from hellotutor.tutoring.tutors.offline.choices import grade_choice
from hellotutor.tutoring.tutors.offline.cloze import grade_cloze
from hellotutor.tutoring.tutors.offline.short_answers import grade_short_answer


class OfflineGrader:
    """Grades against the reference and its evidence; quick, and `unsure` rather than wrong.

    Args:
        embedder: what tells synonyms in short answers, or None to compare words alone.
    """

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = embedder

    def grade(self, question: QuestionToGrade, answer: str) -> Grade:
        """Grade a learner's answer.

        Args:
            question: what was asked, with its reference, key points and quote.
            answer: what the learner wrote, of any length; empty is incorrect, never an error.

        Returns:
            A grade whose score lies in its verdict's band and whose feedback is never empty.

        Raises:
            Unavailable: the embedder cannot be loaded or reached.
        """
        if question.kind is Kind.MULTIPLE_CHOICE:
            return grade_choice(question, answer)
        if question.kind is Kind.CLOZE:
            return grade_cloze(question, answer)
        return grade_short_answer(question, answer, self._embedder)
