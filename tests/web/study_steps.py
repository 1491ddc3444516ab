"""What the tests of study pages share: a session over real text, more questions in it, and ways to ask its pages."""

from __future__ import annotations

import uuid
from importlib import resources
from typing import Any

from django.test import Client
from django.urls import reverse

from hellotutor.config import composition
from hellotutor.documents.models import Document
from hellotutor.tutoring.models import Answer, Question, Session
from hellotutor.tutoring.selectors import Scope
from hellotutor.tutoring.services import start_session
from hellotutor.tutoring.sittings import next_question

MEMORY = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md").read_text(encoding="utf-8")
HTMX = {"HX-Request": "true"}
NASTY = "<script>alert(1)</script>"


def sit(document: Document, *, count: int = 3) -> Session:
    session = start_session(
        owner=document.owner,
        versions=[document.current_version],
        count=count,
        scope=Scope(),
        tutor=composition.tutor(),
        seed=1,
    )
    next_question(session=session, tutor=composition.tutor(), search=composition.search())
    return session


def ask(session: Session, **fields: Any) -> Question:
    """Add a question like the session's first one."""
    question = session.questions.get(ordinal=1)
    question.pk, question.public_id = None, uuid.uuid4()
    question._state.adding = True
    values = {"ordinal": session.questions.count() + 1, "kind": "short_answer", "choices": [], **fields}
    for name, value in values.items():
        setattr(question, name, value)
    question.save()
    return question


def address(name: str, session: Session, *more: Question | Answer) -> str:
    return reverse(f"web:{name}", args=[session.public_id, *(row.public_id for row in more)])


def page(client: Client, session: Session, question: Question | None = None) -> str:
    url = address("session", session)
    return client.get(f"{url}?question={question.public_id}" if question else url).content.decode()


def reply(client: Client, session: Session, question: Question, text: str, **fields: Any) -> Any:
    return client.post(address("answer", session, question), {"text": text, "attempt": 1, **fields}, headers=HTMX)
