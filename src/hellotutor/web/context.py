"""What every page says: who the tutor is, and how search works just now."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from hellotutor.config.vectors import INDEX_MISMATCH, NO_EMBEDDER, STAMP_MISMATCH, find_serving

_SEARCH_LINES = {
    "": "Search is by words and by meaning, with a model on this machine.",
    NO_EMBEDDER: "Search is by words only: the model that searches by meaning has not been fetched.",
    STAMP_MISMATCH: "Search is by words only: your documents were prepared for search by meaning with another model.",
    INDEX_MISMATCH: "Search is by words only: what was prepared for search by meaning can't be reached.",
}


def describe_tutor(request: HttpRequest) -> dict[str, Any]:
    """Return the tutor's name and how search works, for the footer of every page."""
    serving = find_serving()
    return {
        "tutor_name": "Offline tutor",
        "tutor_line": "Questions, grades and replies come from your documents alone; no text leaves this machine.",
        "is_search_by_words": serving.embedder is None,
        "search_line": _SEARCH_LINES[serving.reason],
    }
