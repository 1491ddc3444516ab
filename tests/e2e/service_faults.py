"""What makes each failure of the service happen, by the name of its row: real requests, refused by the database."""

from __future__ import annotations

import sqlite3
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.browsing import Browsing
from tests.e2e.running import Response, Service

SECRET_TITLE = "Diary of Anna Karlsson.md"
SECRET_TEXT = """# Diary

Zanzibar is the island where Anna Karlsson hid the silver spoon of her family.

The hippocampus is a part of the brain that stores new memories for a while.
"""
SECRET_QUESTION = "Where did Anna Karlsson hide the silver spoon?"
SECRET_WORDS = (b"Karlsson", b"Zanzibar", b"silver spoon", b"my own answer", b"learner@localhost")


@dataclass
class Scene:
    """A monitored service with one document that nobody else may see, and who uses it."""

    service: Service
    token: str
    document_id: str
    folder: Path

    def post(self, path: str, body: Any = None, *, file: Path | None = None) -> Response:
        return self.service.api("POST", f"/api/v1{path}", token=self.token, json_body=body, file=file)

    def get(self, path: str) -> Response:
        return self.service.api("GET", f"/api/v1{path}", token=self.token)

    def start_session(self) -> Any:
        begun = self.post("/sessions/", {"document_ids": [self.document_id], "count": 1})
        assert begun.status == 201, begun.body
        return begun.json

    def answer(self, session: Any) -> Response:
        return self.post(
            f"/sessions/{session['id']}/answers/", {"question_id": session["question"]["id"], "text": "my own answer"}
        )

    def sql(self, *statements: str) -> None:
        with sqlite3.connect(self.service.data_dir / "hellotutor.sqlite3", timeout=30) as database:
            for statement in statements:
                database.execute(statement)

    @contextmanager
    def refused(self, event: str, table: str) -> Iterator[None]:
        """Let the database refuse to write to a table for a while."""
        message = "Anna Karlsson must not be told"
        self.sql(f"create trigger refuse before {event} on {table} begin select raise(abort, '{message}'); end")
        try:
            yield
        finally:
            self.sql("drop trigger refuse")


def refuse_the_upload(scene: Scene) -> Response:
    file = scene.folder / f"another {SECRET_TITLE}"
    file.write_text(SECRET_TEXT + "\nAnother day.\n", encoding="utf-8")
    with scene.refused("insert", "documents_document"):
        return scene.post("/documents/", file=file)


def refuse_the_message(scene: Scene) -> Response:
    with scene.refused("insert", "tutoring_message"):
        return scene.post("/chat/", {"message": SECRET_QUESTION})


def refuse_the_session(scene: Scene) -> Response:
    with scene.refused("insert", "tutoring_session"):
        return scene.post("/sessions/", {"document_ids": [scene.document_id], "count": 1})


def refuse_the_answer(scene: Scene) -> Response:
    session = scene.start_session()
    with scene.refused("insert", "tutoring_answer"):
        return scene.answer(session)


def damage_the_answers(scene: Scene) -> Response:
    session = scene.start_session()
    assert scene.answer(session).status == 200
    scene.sql("update tutoring_answer set verdict = 'partial', missing = '5'")
    try:
        return scene.get(f"/sessions/{session['id']}/insights/")
    finally:
        scene.sql("update tutoring_answer set missing = '[]'")


def refuse_the_hint(scene: Scene) -> Response:
    session = scene.start_session()
    with scene.refused("update", "tutoring_question"):
        return scene.post(f"/sessions/{session['id']}/hints/", {"question_id": session["question"]["id"]})


def refuse_the_new_name(scene: Scene) -> Response:
    visitor = Browsing(scene.service)
    with scene.refused("update", "accounts_user"):
        return visitor.submit("/account/", {"name": "Anna Karlsson"})


def send_a_forged_credential(scene: Scene) -> Response:
    return scene.post("/auth/google/", {"credential": "Karlsson." + urllib.parse.quote("Zanzibar") + ".x"})


# The failure's row → what makes it happen and the status that the caller gets.
SERVICE_FAULTS: dict[str, tuple[Callable[[Scene], Response], int]] = {
    "document_ingestion.IngestView": (refuse_the_upload, 500),
    "chat.ChatBotView": (refuse_the_message, 500),
    "tutoring.TutoringSessionStartView": (refuse_the_session, 500),
    "tutoring.TutoringSessionAnswerView": (refuse_the_answer, 500),
    "insights.SessionInsightsView": (damage_the_answers, 500),
    "api.view": (refuse_the_hint, 500),
    "web.page": (refuse_the_new_name, 500),
    "auth.GoogleAuthView.token_verification": (send_a_forged_credential, 503),
}
# Made to happen by tests of their own, for which a running service is of no use.
OTHER_FAULTS = {"auth.GoogleAuthView", "worker.run.crash"}
