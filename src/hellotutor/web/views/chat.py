"""Chat: a learner's conversations, and one of them with its cited replies."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.core.errors import Invalid
from hellotutor.documents.models import Document
from hellotutor.documents.selectors import list_documents
from hellotutor.monitoring import catalogue, count
from hellotutor.tutoring.chat import (
    MOST_MESSAGE_CHARACTERS,
    check_message,
    delete_conversation,
    reply_to,
    start_conversation,
)
from hellotutor.tutoring.models import Conversation
from hellotutor.tutoring.selectors import Scope

from ..access import fails_as, find, visitor
from ..chat_messages import NOTICES, show_messages
from ..start_form import StartForm

_CONVERSATIONS_SHOWN = 20
_MESSAGES_SHOWN = 50
_MOST_SCOPE_CHARACTERS = 300


@fails_as(catalogue.CHAT_VIEW)
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def chat(request: HttpRequest) -> HttpResponse:
    """Show the form of a new conversation; begin one from a form that was sent without JavaScript."""
    if request.method == "POST":
        return _begin(request)
    chosen = _chosen_documents(request, request.GET.getlist("document"))
    return _show_new(request, chosen, _scope_of_page(request, chosen))


@fails_as(catalogue.CHAT_VIEW)
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def conversation(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Show a conversation; reply to a message that was sent without JavaScript."""
    shown = find(Conversation.objects.all(), request, conversation_id)
    if request.method == "POST":
        try:
            message = check_message(request.POST.get("message", ""))
        except Invalid as error:
            count(f"page.{error.code}")
            return _show_conversation(request, shown, error)
        return _reply(shown, message)
    return _show_conversation(request, shown)


@fails_as(catalogue.CHAT_VIEW)
@login_required
@require_POST
def delete(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Remove a conversation with its messages."""
    delete_conversation(find(Conversation.objects.all(), request, conversation_id))
    return redirect("web:chat")


def _begin(request: HttpRequest) -> HttpResponse:
    chosen = _chosen_documents(request, request.POST.getlist("document"))
    fields = {name: request.POST.get(name, "") for name in ("pages", "heading")}
    try:
        message = check_message(request.POST.get("message", ""))
        scope = _read_scope(**fields)
    except Invalid as error:
        count(f"page.{error.code}")
        return _show_new(request, chosen, fields, error)
    begun = start_conversation(owner=visitor(request), documents=chosen, scope=scope, message=message)
    return _reply(begun, message)


def _reply(shown: Conversation, message: str) -> HttpResponse:
    for _ in reply_to(conversation=shown, message=message, search=composition.search(), tutor=composition.tutor()):
        pass
    return redirect(reverse("web:conversation", args=[shown.public_id]) + "#last")


def _show_new(
    request: HttpRequest, chosen: list[Document], fields: dict[str, str], error: Invalid | None = None
) -> HttpResponse:
    context = _shared(request, error) | {
        "title": "Chat",
        "documents": list_documents(visitor(request)),
        "chosen": {document.pk for document in chosen},
        **fields,
    }
    return render(request, "web/chat.html", context, status=422 if error else 200)


def _show_conversation(request: HttpRequest, shown: Conversation, error: Invalid | None = None) -> HttpResponse:
    skip = _skipped(request)
    newest = list(shown.messages.order_by("-id")[skip : skip + _MESSAGES_SHOWN + 1])
    messages = show_messages(visitor(request), newest[:_MESSAGES_SHOWN][::-1])
    titles, scope = _list_titles(shown), Scope.from_json(shown.scope)
    context = _shared(request, error) | {
        "title": shown.title,
        "conversation": shown,
        "about": _describe(titles, scope),
        "is_narrow": bool(titles) or not scope.is_everything,
        "messages": messages,
        "earlier": skip + _MESSAGES_SHOWN if len(newest) > _MESSAGES_SHOWN else None,
        "later": max(0, skip - _MESSAGES_SHOWN) if skip else None,
    }
    return render(request, "web/chat.html", context, status=422 if error else 200)


def _shared(request: HttpRequest, error: Invalid | None) -> dict[str, Any]:
    return {
        "section": "chat",
        "conversations": _list_conversations(visitor(request), request.GET.get("list", "1")),
        "message": request.POST.get("message", "") if error else "",
        "error": error.message if error else "",
        "most_characters": MOST_MESSAGE_CHARACTERS,
        "notices": NOTICES,
    }


def _list_conversations(user: User, number: str) -> Page[Conversation]:
    return Paginator(Conversation.objects.for_user(user), _CONVERSATIONS_SHOWN).get_page(number)


def _skipped(request: HttpRequest) -> int:
    """Return how many of the newest messages are left out, to see those before them."""
    text = request.GET.get("skip", "")
    return int(text) if text.isdecimal() and len(text) < 7 else 0


def _list_titles(shown: Conversation) -> list[str]:
    """Return the titles of the documents that a conversation is about; none where it is about all of them."""
    titles = list(shown.documents.values_list("title", flat=True))
    return titles or (["documents that were deleted"] if shown.scope.get("names_documents") else [])


def _describe(titles: list[str], scope: Scope) -> str:
    """Say in a line what a conversation is about."""
    pages = [f"pages {scope.pages[0]} to {scope.pages[1]}"] if scope.pages else []
    sections = [f"under “{section}”" for section in scope.sections]
    return ", ".join([*(titles or ["all your documents"]), *pages, *sections])


def _chosen_documents(request: HttpRequest, texts: list[str]) -> list[Document]:
    """Return the visitor's documents among those named; what is no id, or not the visitor's, is passed over."""
    ids = [text for text in texts if _is_uuid(text)]
    return list(Document.objects.for_user(visitor(request)).filter(public_id__in=ids)) if ids else []


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _scope_of_page(request: HttpRequest, chosen: list[Document]) -> dict[str, str]:
    """Return the form's fields for the page that a learner comes from (`page` counts from 1)."""
    text = request.GET.get("page", "")
    if len(chosen) != 1 or not text.isdecimal() or not 0 < len(text) < 10 or int(text) < 1:
        return {"pages": "", "heading": request.GET.get("section", "")[:_MOST_SCOPE_CHARACTERS]}
    page = chosen[0].current_version.pages.filter(ordinal=int(text) - 1).first()
    if page is None:
        return {"pages": "", "heading": ""}
    if page.number:
        return {"pages": str(page.number), "heading": ""}
    return {"pages": "", "heading": " › ".join(page.heading_path)}


def _read_scope(*, pages: str, heading: str) -> Scope:
    """Return the scope that a form names.

    Raises:
        Invalid: its pages are no pages (`wrong_pages`), or its heading is too long (`heading_too_long`).
    """
    heading = heading.strip()
    if len(heading) > _MOST_SCOPE_CHARACTERS:
        raise Invalid("heading_too_long", f"A heading has at most {_MOST_SCOPE_CHARACTERS} characters.")
    return Scope(sections=(heading,) if heading else (), pages=_read_pages(pages))


def _read_pages(text: str) -> tuple[int, int] | None:
    if not text.strip():
        return None
    ends = [end.strip() for end in text.replace("–", "-").split("-")]
    first, last = ends if len(ends) == 2 and all(ends) else (ends[0], text)
    try:
        return StartForm(scope="pages", page_first=first, page_last=last).read_scope().pages
    except Invalid as error:
        words = "Write the pages as one number, such as 12, or as two, such as 12-20."
        raise Invalid("wrong_pages", words) from error
