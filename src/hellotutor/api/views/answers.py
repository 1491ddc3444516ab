"""Answers: giving them, looking at their grade, objecting to it."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from hellotutor.config import composition
from hellotutor.core.errors import Invalid
from hellotutor.monitoring import catalogue
from hellotutor.tutoring.models import Answer, Question
from hellotutor.tutoring.services import contest_answer, grade_answer, self_grade, submit_answer
from hellotutor.tutoring.tutors.base import Verdict

from ..codes import CODES
from ..idempotency import run_once
from ..permissions import is_read_only
from ..schema import EXAMPLE_ID, IDEMPOTENCY_KEY
from ..serializers.sessions import (
    AnswerRequestSerializer,
    AnswerSerializer,
    ContestRequestSerializer,
    ContestSerializer,
    GradedSerializer,
    QuestionSerializer,
    SelfGradeSerializer,
)
from ..sittings import go_on, grades_changed
from .base import ApiView, find
from .sessions import find_question


class TutoringSessionAnswerView(ApiView):
    """Answers to the questions of a session."""

    failure = catalogue.SESSION_ANSWER_VIEW
    problems: ClassVar = {"POST": (409, 503)}

    @extend_schema(
        operation_id="submit_answer",
        summary="Answer a question",
        description="The answer is kept before it is graded. The same answer again gets the same grade; other words "
        "for the same attempt are refused. The session finishes after its last question, and its insights are made.",
        request=AnswerRequestSerializer,
        examples=[
            OpenApiExample(
                "in words",
                {"question_id": EXAMPLE_ID, "text": "It holds the genetic material.", "confidence": 0.8},
                request_only=True,
            )
        ],
        parameters=[IDEMPOTENCY_KEY],
        responses=GradedSerializer,
        tags=["answers"],
    )
    def post(self, request: Request, session_id: uuid.UUID) -> Response:
        """Keep and grade an answer."""
        given = self.take(request, AnswerRequestSerializer)
        question = find_question(request, session_id, given["question_id"])
        text = _text(given, question)
        return run_once(request, lambda: _submit(question, text, given))


def _submit(question: Question, text: str, given: dict[str, Any]) -> Response:
    answer = submit_answer(
        question=question,
        text=text,
        tutor=composition.tutor(),
        attempt=given["attempt"],
        confidence=given.get("confidence"),
    )
    following = go_on(question.session)
    body = {
        **AnswerSerializer(answer).data,
        "next_question": QuestionSerializer(following).data if following else None,
        "session_state": question.session.state,
    }
    return Response(body)


def _text(given: dict[str, Any], question: Question) -> str:
    """Return the words that an answer comes to.

    Raises:
        Invalid: there are none, or two sorts (`answer_twice`), or the choice isn't offered (`not_a_choice`).
    """
    if ("text" in given) == ("choice" in given):
        raise Invalid("answer_twice", CODES["answer_twice"])
    if "text" in given:
        return str(given["text"])
    choice, choices = given["choice"], question.choices
    if isinstance(choice, int) and not isinstance(choice, bool) and 0 <= choice < len(choices):
        return str(choices[choice])
    if isinstance(choice, str) and choice in choices:
        return choice
    raise Invalid("not_a_choice", CODES["not_a_choice"])


def _find_answer(request: Request, answer_id: uuid.UUID) -> Answer:
    answers = Answer.objects.select_related("question__session__owner", "question__version__document")
    return find(answers, request, answer_id)


class AnswerView(ApiView):
    """One answer."""

    @extend_schema(
        operation_id="get_answer",
        summary="Look at an answer and its grade",
        description="An answer that is still `pending` is graded now, but not for a read-only token.",
        responses=AnswerSerializer,
        tags=["answers"],
    )
    def get(self, request: Request, answer_id: uuid.UUID) -> Response:
        """Return an answer."""
        answer = _find_answer(request, answer_id)
        if answer.verdict == Verdict.PENDING and not is_read_only(request):
            answer = grade_answer(answer=answer, tutor=composition.tutor())
        return Response(AnswerSerializer(answer).data)


class ContestView(ApiView):
    """Objecting to a grade."""

    problems: ClassVar = {"POST": (409,)}

    @extend_schema(
        operation_id="contest_answer",
        summary="Object to a grade",
        description="The objection is kept and shown with the grade. A second one replaces the first.",
        request=ContestRequestSerializer,
        responses={201: ContestSerializer},
        tags=["answers"],
    )
    def post(self, request: Request, answer_id: uuid.UUID) -> Response:
        """Keep an objection."""
        said = self.take(request, ContestRequestSerializer)
        answer = _find_answer(request, answer_id)
        contest = contest_answer(answer=answer, verdict=Verdict(said["verdict"]), reason=said["reason"])
        return Response(ContestSerializer(contest).data, status=201)


class SelfGradeView(ApiView):
    """Judging what the tutor was unsure about."""

    problems: ClassVar = {"POST": (409, 503)}

    @extend_schema(
        operation_id="self_grade",
        summary="Grade an answer that the tutor was unsure about",
        request=SelfGradeSerializer,
        responses=AnswerSerializer,
        tags=["answers"],
    )
    def post(self, request: Request, answer_id: uuid.UUID) -> Response:
        """Keep the learner's own verdict."""
        verdict = Verdict(self.take(request, SelfGradeSerializer)["verdict"])
        answer = self_grade(answer=_find_answer(request, answer_id), verdict=verdict)
        grades_changed(answer.question.session)
        return Response(AnswerSerializer(answer).data)
