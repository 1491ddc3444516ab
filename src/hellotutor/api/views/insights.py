"""What a session showed."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from hellotutor.insights.insight_generator import InsightGenerator
from hellotutor.insights.models import SessionInsight
from hellotutor.monitoring import catalogue
from hellotutor.tutoring.models import Session
from hellotutor.tutoring.selectors import graded_answers

from ..permissions import is_read_only
from ..serializers.insights import InsightsSerializer
from ..sittings import count_mastery
from .base import ApiView, find


class SessionInsightsView(ApiView):
    """The insights of a session."""

    failure = catalogue.INSIGHTS_VIEW
    problems: ClassVar = {"GET": (503,)}

    @extend_schema(
        operation_id="get_insights",
        summary="See what a session showed",
        description="Counted from the answers, each item with those it rests on; made now where there is none, or "
        "where an answer has been graded since; for a read-only token without keeping them.",
        responses=InsightsSerializer,
        tags=["insights"],
    )
    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """Return the insights of a session."""
        session = find(Session.objects.all(), request, session_id)
        insight = _count(session) if is_read_only(request) else InsightGenerator().bring_up_to_date(session)
        body = {
            "summary": insight.summary,
            "swot": insight.swot,
            "mastery": count_mastery(graded_answers(session), _evidence(insight)),
            "metrics": insight.metrics,
        }
        return Response(body)


def _count(session: Session) -> SessionInsight:
    """Return the insights as they are, or as they would be made now: then nothing of them is kept."""
    with transaction.atomic():
        insight = InsightGenerator().bring_up_to_date(session)
        transaction.set_rollback(True)
    return insight


def _evidence(insight: SessionInsight) -> dict[str, dict[str, Any]]:
    """Return the evidence by the question's id: every answer stands in one list at least."""
    items = [item for name in insight.swot for item in insight.swot[name]]
    return {entry["question_id"]: entry for item in items for entry in item["evidence"]}
