"""The insights pages: what every session showed, and what one session showed, each with its evidence."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from hellotutor.config import composition
from hellotutor.documents.models import Document
from hellotutor.insights.insight_generator import InsightGenerator
from hellotutor.insights.models import SessionInsight
from hellotutor.monitoring import catalogue
from hellotutor.tutoring.models import Answer, Session
from hellotutor.tutoring.selectors import list_sessions
from hellotutor.tutoring.services import grade_pending
from hellotutor.tutoring.tallies import tally_sessions, tally_verdicts
from hellotutor.tutoring.tutors.base import Verdict

from ..access import fails_as, find, visitor
from ..sitting import list_answers
from ..start_form import StartForm

_PAGE_SIZE = 10
_LISTS = (
    ("strengths", "Strengths", "Answered correctly, without a hint."),
    ("weaknesses", "Weaknesses", "Not correct, or not known."),
    ("opportunities", "Opportunities", "Nearly there: partly correct, or correct with a hint."),
    ("threats", "Threats", "Where more may go wrong, and what nobody has judged yet."),
)


@login_required
@require_safe
@fails_as(catalogue.INSIGHTS_VIEW)
def insights(request: HttpRequest) -> HttpResponse:
    """Show the totals of everything answered, and the newest sessions with what each showed."""
    user = visitor(request)
    rows = list_sessions(user).filter(pk__in=Answer.objects.for_user(user).values("question__session"))
    page = Paginator(rows, _PAGE_SIZE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    tallies = tally_sessions(user, shown)
    summaries = dict(SessionInsight.objects.filter(session__in=shown).values_list("session_id", "summary"))
    total = tally_verdicts(user)
    cards = [(row, _by_name(tallies[row.pk]), summaries.get(row.pk, "")) for row in shown]
    context = {
        "section": "insights",
        "title": "Insights",
        "page": page,
        "cards": cards,
        "answered": total.total(),
        "verdicts": _by_name(total),
        "correct_percent": round(100 * total[Verdict.CORRECT] / total.total()) if total else 0,
    }
    return render(request, "web/insights.html", context)


@login_required
@require_safe
@fails_as(catalogue.INSIGHTS_VIEW)
def session_insights(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """Show what one session showed: summary, the four lists with their evidence, and every answer."""
    session = find(Session.objects.all(), request, session_id)
    if Answer.objects.filter(question__session=session, verdict=Verdict.PENDING).exists():
        grade_pending(user=visitor(request), tutor=composition.tutor())
    insight = InsightGenerator().bring_up_to_date(session)
    answers = list_answers(session)
    documents = Document.objects.for_user(visitor(request)).filter(versions__sessions=session).distinct()
    context = {
        "section": "insights",
        "title": f"Insights: {session.title}",
        "session": session,
        "insight": insight,
        "lists": _arrange(insight, answers),
        "answers": answers,
        "again": StartForm.like(session, documents),
    }
    return render(request, "web/session_insights.html", context)


def _by_name(tally: Counter[Verdict]) -> dict[str, int]:
    return {verdict.value: tally[verdict] for verdict in Verdict if tally[verdict]}


def _arrange(insight: SessionInsight, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return the four lists, each item with the answers that are its evidence; those without items stand last."""
    by_question = {str(answer.question.public_id): answer for answer in answers}
    lists = [
        {
            "name": name,
            "title": title,
            "line": line,
            "items": [
                {
                    "text": item["text"],
                    "answers": [
                        by_question[evidence["question_id"]]
                        for evidence in item["evidence"]
                        if evidence["question_id"] in by_question
                    ],
                }
                for item in insight.swot.get(name, [])
            ],
        }
        for name, title, line in _LISTS
    ]
    return sorted(lists, key=lambda one: not one["items"])
