"""Sessions: starting, resuming, hints, finishing."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from hellotutor.config import composition
from hellotutor.documents.selectors import find_versions
from hellotutor.monitoring import catalogue
from hellotutor.tutoring.models import Question, Session
from hellotutor.tutoring.selectors import Scope, list_sessions
from hellotutor.tutoring.services import HINT_RUNGS, give_hint, start_session

from ..idempotency import run_once
from ..permissions import is_read_only
from ..schema import EXAMPLE_ID, IDEMPOTENCY_KEY
from ..serializers.common import paged
from ..serializers.sessions import (
    HintRequestSerializer,
    HintSerializer,
    OpenSessionSerializer,
    QuestionSerializer,
    SessionFilters,
    SessionSerializer,
    StartSerializer,
)
from ..sittings import close, go_on, waiting_question
from .base import ApiView, caller, find


class TutoringSessionStartView(ApiView):
    """The sessions of the caller."""

    failure = catalogue.SESSION_START_VIEW
    problems: ClassVar = {"POST": (404, 409, 503)}

    @extend_schema(
        operation_id="start_session",
        summary="Start a session",
        description="Its first question comes with it; the others are written as they are needed.",
        request=StartSerializer,
        examples=[
            OpenApiExample(
                "the first pages",
                {"document_ids": [EXAMPLE_ID], "count": 5, "scope": {"pages": [1, 20]}},
                request_only=True,
            )
        ],
        parameters=[IDEMPOTENCY_KEY],
        responses={201: OpenSessionSerializer},
        tags=["sessions"],
    )
    def post(self, request: Request) -> Response:
        """Start a session."""
        wanted = self.take(request, StartSerializer)
        self.note(document_id=wanted["document_ids"][0])
        return run_once(request, lambda: self._start(request, wanted))

    def _start(self, request: Request, wanted: dict[str, Any]) -> Response:
        session = start_session(
            owner=caller(request),
            versions=find_versions(caller(request), wanted["document_ids"]),
            count=wanted["count"],
            scope=Scope.from_json({**wanted.get("scope", {}), "kinds": wanted.get("kinds")}),
            tutor=composition.tutor(),
        )
        return Response(_present(request, session, go_on(session)), status=201)

    @extend_schema(
        operation_id="list_sessions",
        summary="List your sessions",
        description="The newest first.",
        parameters=[SessionFilters],
        responses=paged(SessionSerializer),
        tags=["sessions"],
    )
    def get(self, request: Request) -> Response:
        """List the caller's sessions."""
        wanted = self.filters(request, SessionFilters)
        rows = list_sessions(caller(request))
        if "state" in wanted:
            rows = rows.filter(state=wanted["state"])
        if "document" in wanted:
            rows = rows.filter(pk__in=Session.objects.filter(versions__document__public_id=wanted["document"]))
        return self.paged(request, rows, SessionSerializer)


def _present(request: Request, session: Session, question: Question | None) -> dict[str, Any]:
    """Return a session with the question to answer next."""
    counted = list_sessions(caller(request)).get(pk=session.pk)
    return {**SessionSerializer(counted).data, "question": QuestionSerializer(question).data if question else None}


class SessionView(ApiView):
    """One session."""

    problems: ClassVar = {"GET": (422, 503)}

    @extend_schema(
        operation_id="get_session",
        summary="Resume a session",
        description="`question` is the one to answer next, written now where it has to be; null when it is finished. "
        "For a read-only token nothing is written: null where no question waits.",
        responses=OpenSessionSerializer,
        tags=["sessions"],
    )
    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """Return a session and its next question."""
        session = find(Session.objects.all(), request, session_id)
        question = waiting_question(session) if is_read_only(request) else go_on(session)
        return Response(_present(request, session, question))


class HintView(ApiView):
    """Hints on a question."""

    problems: ClassVar = {"POST": (409,)}

    @extend_schema(
        operation_id="give_hint",
        summary="Get the next hint",
        description="A nudge, then a part, then the page; the last one again when there is no more.",
        request=HintRequestSerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses=HintSerializer,
        tags=["sessions"],
    )
    def post(self, request: Request, session_id: uuid.UUID) -> Response:
        """Give a hint."""
        wanted = self.take(request, HintRequestSerializer)
        question = find_question(request, session_id, wanted["question_id"])
        return run_once(request, lambda: _give_hint(question))


def _give_hint(question: Question) -> Response:
    hint = give_hint(question=question, tutor=composition.tutor())
    return Response({"hint": hint, "rung": question.hints_given, "rungs": HINT_RUNGS})


def find_question(request: Request, session_id: uuid.UUID, question_id: uuid.UUID) -> Question:
    """Return the caller's question of this session.

    Raises:
        NotFound: there is none, or it is somebody else's (`not_found`).
    """
    session = find(Session.objects.all(), request, session_id)
    questions = Question.objects.filter(session=session).select_related("session__owner", "version__document")
    return find(questions, request, question_id)


class FinishView(ApiView):
    """Ending a session."""

    problems: ClassVar = {"POST": (503,)}

    @extend_schema(
        operation_id="finish_session",
        summary="Finish a session",
        description="What was answered is kept, and its insights are made. A finished session stays finished.",
        request=None,
        responses=SessionSerializer,
        tags=["sessions"],
    )
    def post(self, request: Request, session_id: uuid.UUID) -> Response:
        """Finish a session."""
        session = find(Session.objects.all(), request, session_id)
        close(session)
        return Response(SessionSerializer(list_sessions(caller(request)).get(pk=session.pk)).data)
