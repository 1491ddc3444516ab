"""`hellotutor insights`: what a session showed."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.core.errors import NotFound
from hellotutor.insights.insight_generator import generate_insights_for_session
from hellotutor.tutoring.models import Session
from hellotutor.tutoring.services import grade_pending

from .console import emit, note, out
from .learner import local_user
from .talk import show_insight


def insights(
    session: Annotated[
        str, typer.Argument(metavar="[SESSION]", help="Id of a session; by default the newest with an answer.")
    ] = "",
    show_all: Annotated[bool, typer.Option("--list", help="List the sessions with their ids instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Show the strengths, weaknesses, opportunities and threats that a session showed."""
    user = local_user()
    if show_all:
        for row in Session.objects.for_user(user):
            out.print(f"{row.public_id}  {row.created_at:%Y-%m-%d %H:%M}  {row.state:8}  {row.title}", markup=False)
        return
    found = _find(user, session)
    grade_pending(user=user, tutor=composition.tutor())
    insight = generate_insights_for_session(found.public_id)
    if as_json:
        emit({"session": str(found.public_id), "summary": insight.summary, "swot": insight.swot})
        return
    note(f"{found.title}, {found.created_at:%Y-%m-%d %H:%M}")
    show_insight(insight)


def _find(user: User, session_id: str) -> Session:
    sessions = Session.objects.for_user(user)
    if not session_id:
        newest = sessions.filter(questions__answers__isnull=False).first()
        if newest is None:
            raise NotFound("no_session", "There is no session with an answer: start one with hellotutor study FILE.")
        return newest
    try:
        found = sessions.filter(public_id=uuid.UUID(session_id)).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound("session_not_found", "There is no such session: hellotutor insights --list names them.")
    return found
