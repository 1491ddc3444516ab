"""What every page says: who the tutor is, and how search works just now."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from hellotutor.config import composition


def describe_tutor(request: HttpRequest) -> dict[str, Any]:
    """Return the tutor's name for the footer of every page."""
    return {
        "tutor_name": "Offline tutor",
        "tutor_line": "Questions, grades and replies come from your documents alone; no text leaves this machine.",
        "is_search_by_words": composition.embedder() is None,
    }
