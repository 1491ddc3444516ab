"""axe finds nothing on any page, in any state, light or dark, on a desk or in a hand.

Which pages there are comes from the URL map: a new page without a row in `SHOWN` fails. Each colour and each size is
looked at once; with HELLOTUTOR_EVERY_MODE, as `script/prove accessibility` has it, each colour in each size. With
HELLOTUTOR_SHOTS naming a folder, a picture of everything that is looked at is put there.
"""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern
from tests.e2e.browser import DESKTOP_LIGHT, MODES, PHONE_DARK, Mode, OpenVisit, Seeded, Visit
from tests.e2e.seed import EMPTY

from hellotutor.web import urls

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
# axe's own rules of style are no violations of a standard, and are looked at all the same
RUN = "axe.run(document, { resultTypes: ['violations'] })"
# What shows each route; a route that answers no GET, or with no page of its own, says why.
SHOWN: dict[str, tuple[str, ...] | str] = {
    "home": ("home", "empty home"),
    "sign_in": ("sign-in",),
    "use_link": "goes to the home page",
    "sign_out": "only POST",
    "upload": "only POST",
    "add_sample": "only POST",
    "document": (
        "document",
        "document-queued",
        "document-reading",
        "document-embedding",
        "document-failed",
        "document-incomplete",
        "document-stopped",
        "document-replaced",
        "document-not-replaced",
    ),
    "progress": "a part of the document's page",
    "replace": "only POST",
    "discard": "only POST",
    "cancel": "only POST",
    "retry": "only POST",
    "delete": "only POST",
    "original": "a file",
    "page": ("reader-pdf", "reader-text"),
    "page_image": "an image",
    "sessions": ("sessions", "empty sessions"),
    "start": ("start", "empty start"),
    "session": (
        "session-short-answer",
        "session-multiple-choice",
        "session-cloze",
        "session-finished",
        "verdict-correct",
        "verdict-partial",
        "verdict-incorrect",
        "verdict-unsure",
    ),
    "next": "goes to the session",
    "finish": "only POST",
    "answer": "only POST",
    "hint": "only POST",
    "self_grade": "only POST",
    "contest": "only POST",
    "chat": ("chat", "empty chat"),
    "conversation": ("conversation",),
    "delete_conversation": "only POST",
    "insights": ("insights", "empty insights"),
    "session_insights": ("session_insights",),
    "account": ("account",),
    "create_token": "only POST",
    "revoke_token": "only POST",
}
EMPTY_PATHS = {"empty home": "/", "empty sessions": "/study/", "empty start": "/study/start/", "empty chat": "/chat/"}
EMPTY_PATHS["empty insights"] = "/insights/"
OPEN_PATHS = {"sign-in": "/sign-in/", "API docs": "/api/docs/"}
MISSING = "/nope/"
SHOWN_IN = MODES if os.environ.get("HELLOTUTOR_EVERY_MODE") else (DESKTOP_LIGHT, PHONE_DARK)


def look(visit: Visit, name: str, path: str, mode: Mode) -> list[str]:
    """Open a page as it first shows, and with everything unfolded; return what axe says."""
    visit.go(path)
    visit.page.wait_for_load_state("load")
    take_picture(visit, name, mode)
    visit.page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    visit.page.evaluate(AXE)
    found: Any = visit.page.evaluate(RUN)
    assert found["passes"], "axe looked at nothing"
    said = [
        f"{name}: {one['id']} ({one['impact']}): {one['help']}: {[node['html'][:120] for node in one['nodes']][:3]}"
        for one in found["violations"]
    ]
    return said + ([f"{name}: {visit.overflow_px()} px too wide"] if visit.overflow_px() > 0 else [])


def take_picture(visit: Visit, name: str, mode: Mode) -> None:
    if folder := os.environ.get("HELLOTUTOR_SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        visit.page.screenshot(path=Path(folder, f"{name.replace(' ', '-')}.{mode.name}.png"), full_page=True)


def test_every_page_is_looked_at(seeded: Seeded) -> None:
    routes = {str(pattern.name) for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)}
    assert routes == set(SHOWN)
    states = {state for shown in SHOWN.values() if not isinstance(shown, str) for state in shown}
    assert states <= set(seeded.states) | set(EMPTY_PATHS) | set(OPEN_PATHS)


@pytest.mark.parametrize("mode", SHOWN_IN, ids=lambda mode: mode.name)
def test_axe_finds_nothing_on_filled_pages(mode: Mode, open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_visit(mode, at=seeded.service)
    visit.sign_in()
    said = [line for name, path in seeded.states.items() if name != "upload" for line in look(visit, name, path, mode)]
    visit.expected = {404}
    said += look(visit, "error-404", MISSING, mode)
    assert not said, "\n".join(said)


@pytest.mark.parametrize("mode", SHOWN_IN, ids=lambda mode: mode.name)
def test_axe_finds_nothing_on_empty_and_open_pages(mode: Mode, open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_visit(mode, at=seeded.service)
    said = [line for name, path in OPEN_PATHS.items() for line in look(visit, name, path, mode)]
    visit.sign_in(EMPTY)
    said += [line for name, path in EMPTY_PATHS.items() for line in look(visit, name, path, mode)]
    assert not said, "\n".join(said)
