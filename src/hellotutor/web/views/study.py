"""The study pages: a session is started, sat one question at a time, left, resumed and finished."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, push_url, replace_url

from hellotutor.config import composition
from hellotutor.core.errors import Conflict, Invalid
from hellotutor.documents.models import Document
from hellotutor.insights.insight_generator import InsightGenerator
from hellotutor.monitoring import catalogue
from hellotutor.tutoring.models import Answer, Question, Session
from hellotutor.tutoring.selectors import list_sessions
from hellotutor.tutoring.services import (
    contest_answer,
    finish_session,
    give_hint,
    grade_pending,
    submit_answer,
)
from hellotutor.tutoring.services import self_grade as keep_self_grade
from hellotutor.tutoring.sittings import next_question, prepare_question
from hellotutor.tutoring.tutors.base import Verdict

from ..access import fails_as, find, visitor
from ..notices import add_notice, take_notices
from ..sitting import CONFIDENCES, JUDGEMENTS, Card, list_answers, make_card
from ..starting import offer_form, start_from_form

_PAGE_SIZE = 20
_MOST_REASON_CHARACTERS = 2_000


@login_required
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """List the visitor's sessions, of one document where `?document=` names one."""
    rows = list_sessions(visitor(request))
    document = None
    if wanted := request.GET.get("document"):
        document = find(Document.objects.all(), request, _read_id(wanted))
        rows = rows.filter(pk__in=Session.objects.filter(versions__document=document).values("pk"))
    page = Paginator(rows, _PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"section": "study", "title": "Study", "page": page, "document": document}
    return render(request, "web/sessions.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@fails_as(catalogue.SESSION_START_VIEW)
def start(request: HttpRequest) -> HttpResponse:
    """Show the form, or start a session and go to its first question."""
    return start_from_form(request) if request.method == "POST" else offer_form(request)


@login_required
@require_safe
def session(request: HttpRequest, session_id: uuid.UUID) -> HttpResponseBase:
    """Show one question: that of `?question=`, otherwise the next one; a finished session shows its summary."""
    row = find(Session.objects.all(), request, session_id)
    if Answer.objects.filter(question__session=row, verdict=Verdict.PENDING).exists():
        grade_pending(user=visitor(request), tutor=composition.tutor())
    if wanted := request.GET.get("question"):
        question = _find_question(request, row, _read_id(wanted))
        card = make_card(row, question, is_again="again" in request.GET)
        return _render_session(request, card) if card.is_active or card.answer else _go(request, row)
    if row.state == Session.State.FINISHED:
        return _show_summary(request, row)
    following = next_question(session=row, tutor=composition.tutor(), search=composition.search())
    if following is None:
        return _show_summary(request, row)
    return _render_session(request, make_card(row, _with_document(following)))


@login_required
@require_safe
def next_card(request: HttpRequest, session_id: uuid.UUID) -> HttpResponseBase:
    """Show the next question; with `?ahead=1` it is only made ready, while the learner reads the last grade."""
    row = find(Session.objects.all(), request, session_id)
    is_ahead = "ahead" in request.GET
    take = prepare_question if is_ahead else next_question
    following = take(session=row, tutor=composition.tutor(), search=composition.search())
    if following is None:
        return HttpResponse(status=204) if is_ahead else _go(request, row)
    if not _is_htmx(request):
        return redirect(_address(row, following))
    response = _render_card(request, make_card(row, _with_document(following)))
    if is_ahead:
        response["Content-Location"] = _address(row, following)
        return response
    return push_url(response, _address(row, following))


@login_required
@require_POST
@fails_as(catalogue.SESSION_ANSWER_VIEW)
def answer(request: HttpRequest, session_id: uuid.UUID, question_id: uuid.UUID) -> HttpResponseBase:
    """Keep and grade an answer, and show the grade; one that was answered before shows what was kept then."""
    row = find(Session.objects.all(), request, session_id)
    question = _find_question(request, row, question_id)
    text, attempt = _read_answer(request), _read_attempt(request)
    unkept = None
    try:
        submit_answer(
            question=question,
            text=text,
            tutor=composition.tutor(),
            attempt=attempt,
            confidence=_read_confidence(request),
        )
    except Conflict as conflict:
        if conflict.code != "already_answered":
            raise
        unkept = text
    return _show(request, row, question, unkept=unkept)


@login_required
@require_POST
def hint(request: HttpRequest, session_id: uuid.UUID, question_id: uuid.UUID) -> HttpResponseBase:
    """Give the next hint; the same button pressed twice gives one."""
    row = find(Session.objects.all(), request, session_id)
    question = _find_question(request, row, question_id)
    card = make_card(row, question, is_again=True)
    is_open = card.answer is None and card.attempt == _read_attempt(request)
    if is_open and str(card.next_rung) == request.POST.get("rung"):
        give_hint(question=question, tutor=composition.tutor())
    if is_open and _is_htmx(request):
        return render(request, "web/parts/study_hints.html", {"card": card})
    return _go(request, row, question, is_again=is_open and card.attempt > 1)


@login_required
@require_POST
def self_grade(request: HttpRequest, session_id: uuid.UUID, answer_id: uuid.UUID) -> HttpResponseBase:
    """Keep the learner's own grade where the tutor was unsure."""
    row, given = _find_answer(request, session_id, answer_id)
    keep_self_grade(answer=given, verdict=_read_verdict(request))
    return _show(request, row, given.question)


@login_required
@require_POST
def contest(request: HttpRequest, session_id: uuid.UUID, answer_id: uuid.UUID) -> HttpResponseBase:
    """Keep the learner's objection to a grade."""
    row, given = _find_answer(request, session_id, answer_id)
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:_MOST_REASON_CHARACTERS]
    contest_answer(answer=given, verdict=_read_verdict(request), reason=reason)
    return _show(request, row, given.question)


@login_required
@require_POST
def finish(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """End the session where it stands."""
    row = find(Session.objects.all(), request, session_id)
    finish_session(session=row)
    return redirect("web:session", row.public_id)


def _show(request: HttpRequest, row: Session, question: Question, *, unkept: str | None = None) -> HttpResponseBase:
    if not _is_htmx(request):
        if unkept is not None:
            now = f" What you wrote now: {unkept}" if unkept else ""
            add_notice(
                request, f"You had answered this before. That answer is kept; it is shown here.{now}", kind="calm"
            )
        return redirect(_address(row, question))
    card = make_card(row, _with_document(question), unkept=unkept)
    return replace_url(_render_card(request, card), _address(row, question))


def _go(
    request: HttpRequest, row: Session, question: Question | None = None, *, is_again: bool = False
) -> HttpResponseBase:
    address = _address(row, question, is_again=is_again)
    return HttpResponseClientRedirect(address) if _is_htmx(request) else redirect(address)


def _address(row: Session, question: Question | None, *, is_again: bool = False) -> str:
    address = reverse("web:session", args=[row.public_id])
    if question is None:
        return address
    return f"{address}?question={question.public_id}{'&again=1' if is_again else ''}"


def _context(card: Card) -> dict[str, Any]:
    return {
        "section": "study",
        "title": f"Question {card.question.ordinal}",
        "card": card,
        "confidences": CONFIDENCES,
        "judgements": JUDGEMENTS,
    }


def _render_session(request: HttpRequest, card: Card) -> HttpResponse:
    return render(request, "web/session.html", {**_context(card), "notices": take_notices(request)})


def _render_card(request: HttpRequest, card: Card) -> HttpResponse:
    return render(request, "web/parts/study_swap.html", _context(card))


def _show_summary(request: HttpRequest, row: Session) -> HttpResponse:
    insight = InsightGenerator().bring_up_to_date(row)
    answers = list_answers(row)
    context = {
        "section": "study",
        "title": "Session finished",
        "session": row,
        "insight": insight,
        "answers": answers,
        "was_left": row.questions.filter(answers__isnull=True).exists(),
        "notices": take_notices(request),
    }
    return render(request, "web/session_finished.html", context)


def _with_document(question: Question) -> Question:
    return Question.objects.select_related("version__document").get(pk=question.pk)


def _find_question(request: HttpRequest, row: Session, question_id: uuid.UUID) -> Question:
    rows = Question.objects.filter(session=row).select_related("session__owner", "version__document")
    return find(rows, request, question_id)


def _find_answer(request: HttpRequest, session_id: uuid.UUID, answer_id: uuid.UUID) -> tuple[Session, Answer]:
    row = find(Session.objects.all(), request, session_id)
    return row, find(Answer.objects.filter(question__session=row).select_related("question"), request, answer_id)


def _is_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _read_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)  # nobody's


def _read_answer(request: HttpRequest) -> str:
    if "skip" in request.POST:
        return ""
    text = request.POST.get("text", "").replace("\0", "").strip()
    if not text:
        raise Invalid("empty_answer", "Write or choose an answer first, or say that you don't know.")
    return text


def _read_attempt(request: HttpRequest) -> int:
    text = request.POST.get("attempt", "1")
    if not (text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= 1_000):
        raise Invalid("bad_attempt", "This page is out of date: reload it.")
    return int(text)


def _read_confidence(request: HttpRequest) -> float | None:
    text = request.POST.get("confidence", "")
    return float(text) if text in dict(CONFIDENCES) else None


def _read_verdict(request: HttpRequest) -> Verdict:
    text = request.POST.get("verdict", "")
    if text not in JUDGEMENTS:
        raise Invalid("bad_verdict", "Choose what the answer should count as.")
    return Verdict(text)
