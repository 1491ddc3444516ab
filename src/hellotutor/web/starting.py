"""Starting a session from a form: the form itself, what is wrong with it, and the session left open before."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from hellotutor.config import composition
from hellotutor.core.errors import Invalid
from hellotutor.documents.models import Document
from hellotutor.documents.selectors import find_standing, list_documents, outline
from hellotutor.tutoring.selectors import find_open_session
from hellotutor.tutoring.services import start_session
from hellotutor.tutoring.sittings import next_question

from .access import visitor
from .start_form import MOST_COUNT, StartForm

_MOST_SECTIONS = 300
_SHOWN_DOCUMENTS = 200


def offer_form(request: HttpRequest, form: StartForm | None = None, error: Invalid | None = None) -> HttpResponse:
    """Show the form, with what was sent and what is wrong with it."""
    form = form or StartForm.from_fields(request.GET)
    user = visitor(request)
    chosen = form.find_documents(user)
    documents = [*chosen, *(row for row in list_documents(user) if row not in chosen and _can_be_studied(row))]
    context = {
        "section": "study",
        "title": "Start a session",
        "form": form,
        "error": error,
        "documents": documents[:_SHOWN_DOCUMENTS],
        "left_out": max(0, len(documents) - _SHOWN_DOCUMENTS),
        "headings": _list_headings(chosen),
        "section_fields": form.sections or ("",),
        "most_count": MOST_COUNT,
    }
    return render(request, "web/start.html", context, status=422 if error else 200)


def start_from_form(request: HttpRequest) -> HttpResponse:
    """Start a session and go to its first question; one left open over the same is offered first."""
    form = StartForm.from_fields(request.POST)
    user = visitor(request)
    try:
        count, scope = form.read_count(), form.read_scope()
        versions = form.find_versions(user)
        if "fresh" not in request.POST and (left := find_open_session(user, versions, scope)):
            answered = left.questions.filter(answers__isnull=False).distinct().count()
            context = {"section": "study", "title": "Go on?", "form": form, "left": left, "answered": answered}
            return render(request, "web/start_or_go_on.html", context)
        tutor = composition.tutor()
        session = start_session(owner=user, versions=versions, count=count, scope=scope, tutor=tutor)
        next_question(session=session, tutor=tutor, search=composition.search())
    except Invalid as error:
        return offer_form(request, form, error)
    return redirect("web:session", session.public_id)


def _can_be_studied(document: Document) -> bool:
    return find_standing(document).current.passages_read > 0


def _list_headings(documents: Sequence[Document]) -> list[str]:
    """Return the headings of these documents, in order, each once."""
    waiting = [heading for document in documents for heading in outline(document.current_version)][::-1]
    titles: dict[str, None] = {}
    while waiting:
        heading = waiting.pop()
        titles[heading.title] = None
        waiting += heading.children[::-1]
    return list(titles)[:_MOST_SECTIONS]
