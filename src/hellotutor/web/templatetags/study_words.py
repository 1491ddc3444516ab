"""How the pages say a verdict, a scope and where a quote stands."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from hellotutor.tutoring.models import Question
from hellotutor.tutoring.selectors import Scope

register = template.Library()

_WORDS = {
    "correct": "Correct",
    "partial": "Partly correct",
    "incorrect": "Not correct",
    "unsure": "Left to you",
    "pending": "To be graded",
}
_ICONS = {"correct": "check", "partial": "half", "incorrect": "cross", "unsure": "question", "pending": "clock"}
_GAP = "_____"


@register.filter
def verdict_words(verdict: str) -> str:
    """Return a verdict in words."""
    return _WORDS.get(verdict, verdict)


@register.filter
def verdict_icon(verdict: str) -> str:
    """Return the name of a verdict's icon."""
    return _ICONS.get(verdict, "question")


@register.filter
def scope_words(stored: dict[str, Any]) -> str:
    """Return the scope of a session in words, from what is stored with it."""
    scope = Scope.from_json(stored)
    parts = []
    if scope.pages:
        first, last = scope.pages
        parts.append(f"Page {first}" if first == last else f"Pages {first}–{last}")
    if scope.sections:
        parts.append(("Section " if len(scope.sections) == 1 else "Sections ") + _join_quoted(scope.sections))
    if scope.topic:
        parts.append(f"About “{scope.topic}”")
    return ", ".join(parts) or "Everything"


def _join_quoted(texts: tuple[str, ...]) -> str:
    return ", ".join(f"“{text}”" for text in texts)


@register.filter
def place_words(question: Question) -> str:
    """Return where a question's quote stands: page, its printed number where it has another one, and section."""
    parts = []
    if question.page_number:
        printed = question.page_label
        is_other = printed and printed != str(question.page_number)
        parts.append(f"page {question.page_number}" + (f" (printed “{printed}”)" if is_other else ""))
    if question.section:
        parts.append(question.section)
    return " · ".join(parts)


@register.filter
def page_address(question: Question) -> str:
    """Return the reader's address with the quote marked; empty when the document has been deleted."""
    if question.version is None:
        return ""
    address = reverse("web:page", args=[question.version.document.public_id, question.page_ordinal + 1])
    return f"{address}?start={question.quote_start}&end={question.quote_end}"


@register.filter
def split_gap(prompt: str) -> tuple[str, str]:
    """Return what stands before and after the gap of a cloze."""
    before, _, after = prompt.partition(_GAP)
    return before, after
