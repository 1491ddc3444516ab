"""The course of a session that is sat over requests: which question comes next, and when it ends."""

from __future__ import annotations

import contextlib

from django.db import DatabaseError

from hellotutor.core.errors import Invalid
from hellotutor.documents.models import DocumentVersion
from hellotutor.retrieval.search import Search

from .models import Question, Session
from .rag_query import generate_question_batch
from .services import HINT_RUNGS, finish_session, hold_session
from .tutors.base import Tutor


def next_question(*, session: Session, tutor: Tutor, search: Search) -> Question | None:
    """Return the question to answer next, writing it where there is none; None when the session is finished.

    Two requests at once get the same question. A session whose documents hold fewer fair questions than were wanted
    ends after those there are; one for which none could be written is removed.

    Raises:
        Invalid: no question could be written (`no_question`), or nothing is in scope (`empty_scope`).
    """
    try:
        question = prepare_question(session=session, tutor=tutor, search=search)
    except Exception:
        _remove_empty(session)
        raise
    if question is None and session.state == Session.State.ACTIVE:
        _end(session)
    return question


def prepare_question(*, session: Session, tutor: Tutor, search: Search) -> Question | None:
    """Return the question to answer next like `next_question`, while the learner still looks at the last grade.

    It never ends the session: None when there is nothing more to ask. Raises as `next_question`.
    """
    if waiting := _first_unanswered(session):
        return waiting
    with hold_session(session):
        try:
            session.refresh_from_db()
        except Session.DoesNotExist as error:  # no question could be written for another request at the same time
            raise _no_question() from error
        return _first_unanswered(session) or _write(session, tutor, search)


def list_hints(question: Question, tutor: Tutor) -> list[str]:
    """Return the hints that were given to a question, from the lowest rung up."""
    to_grade = question.to_grade()
    return [tutor.hint(to_grade, rung) for rung in range(min(question.hints_given, HINT_RUNGS))]


def _first_unanswered(session: Session) -> Question | None:
    if session.state == Session.State.FINISHED:
        return None
    return session.questions.filter(answers__isnull=True).order_by("ordinal").first()


def _write(session: Session, tutor: Tutor, search: Search) -> Question | None:
    missing = session.count - session.questions.count()
    if missing <= 0 or session.state == Session.State.FINISHED:
        return None
    try:
        return next(generate_question_batch(session=session, tutor=tutor, count=missing, search=search), None)
    except Invalid:
        if session.questions.exists():  # a new file took the place of the one that had such a part
            return None
        raise


def _remove_empty(session: Session) -> None:
    """Remove a session whose first question failed: the learner starts another one."""
    with contextlib.suppress(DatabaseError):  # when the database is what failed, that is being told
        if not session.questions.exists():
            session.delete()


def _end(session: Session) -> None:
    if session.questions.exists():
        finish_session(session=session)
        return
    is_reading = session.versions.filter(status__in=_NOT_READ).exists()
    session.delete()
    if is_reading:
        raise Invalid("not_read_yet", "The first pages are still being read: try again in a few seconds.")
    raise _no_question()


def _no_question() -> Invalid:
    return Invalid(
        "no_question",
        "No fair question could be written from this. Questions need English sentences that can be understood on "
        "their own; the chat can still search it.",
    )


_NOT_READ = (DocumentVersion.Status.QUEUED, DocumentVersion.Status.READING)
