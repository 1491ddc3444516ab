"""Sessions, answers and hints: what a learner does."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager

from django.conf import settings
from django.db import IntegrityError, transaction

from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.core.errors import Conflict, NotFound
from hellotutor.core.locks import hold
from hellotutor.documents.models import DocumentVersion
from hellotutor.monitoring import capture, catalogue

from .models import Answer, Contest, Question, Session
from .selectors import Scope
from .tutors.base import Grade, Tutor, Verdict

HINT_RUNGS = 3
MOST_ANSWER_CHARACTERS = 10_000


def start_session(
    *, owner: User, versions: Sequence[DocumentVersion], count: int, scope: Scope, tutor: Tutor, seed: int | None = None
) -> Session:
    """Open a session; its questions are written by `rag_query` as they are needed.

    Args:
        owner: the learner.
        versions: what is studied, at least one.
        count: how many questions, 1 to 100.
        scope: the part that is studied.
        tutor: who will write and grade.
        seed: makes the choice of questions repeatable; random by default.

    Raises:
        NotFound: the learner may not read one of the versions (`document_not_found`).
    """
    titles = [version.document.title for version in versions]
    with transaction.atomic():
        _check_readable(owner, versions)
        session = Session.objects.create(
            owner=owner,
            title=", ".join(titles)[:300],
            count=count,
            scope=scope.as_json(),
            tutor=tutor.name,
            seed=secrets.randbelow(1 << 31) if seed is None else seed,
        )
        session.versions.set(versions)
    return session


def _check_readable(user: User, versions: Sequence[DocumentVersion]) -> None:
    wanted = {version.pk for version in versions}
    found = DocumentVersion.objects.for_user(user).filter(pk__in=wanted).order_by("pk")
    # locked: none is deleted or replaced before the session has them
    if len(found.select_for_update(of=("self",), no_key=True).values_list("pk")) != len(wanted):
        raise NotFound("document_not_found", "There is no such document.")


def hold_session(session: Session) -> AbstractContextManager[bool]:
    """Write and grade in a session alone; requests of the same session wait for each other."""
    return hold(settings.DATA_DIR / "locks" / f"{session.public_id}.writing.lock")


def submit_answer(
    *, question: Question, text: str, tutor: Tutor, attempt: int = 1, confidence: float | None = None
) -> Answer:
    """Save an answer, then grade it; the same answer sent again is the answer that is there.

    The answer is kept whatever happens to the grading: when that fails it stays `pending` and `grade_pending` tries
    again.

    Args:
        question: what was asked.
        text: the learner's words; past 10,000 characters the rest is kept out of the grading, not out of the record.
        tutor: who grades.
        attempt: 1 for the first answer to this question, and so on.
        confidence: how sure the learner is, in [0, 1], where they said so.

    Raises:
        Conflict: this attempt was answered with other words already (`already_answered`), an earlier attempt is
            missing (`attempt_out_of_order`), or the session is finished (`session_finished`).
    """
    given = question.answers.filter(attempt=attempt).first()
    if given is None:
        _check_open(question, attempt)
        try:
            with transaction.atomic():
                given = Answer.objects.create(
                    question=question,
                    attempt=attempt,
                    text=text,
                    confidence=confidence,
                    hints_used=question.hints_given,
                )
        except IntegrityError:  # sent twice at once: the other one was first
            given = question.answers.get(attempt=attempt)
    if given.text != text:
        raise Conflict("already_answered", "This question has been answered: go on with the next one.")
    return grade_answer(answer=given, tutor=tutor) if given.verdict == Verdict.PENDING else given


def _check_open(question: Question, attempt: int) -> None:
    if question.session.state != Session.State.ACTIVE:
        raise Conflict("session_finished", "This session is finished: start another one.")
    if not 1 <= attempt <= question.answers.count() + 1:  # sent twice at once it may be there by now
        raise Conflict("attempt_out_of_order", "An earlier attempt at this question is missing: reload the session.")


def grade_answer(*, answer: Answer, tutor: Tutor) -> Answer:
    """Grade a saved answer; when the tutor fails, the failure is captured and the answer stays `pending`.

    Of several who want it graded at once one does it, and all get that grade.
    """
    try:
        with hold_session(answer.question.session):
            answer.refresh_from_db()
            if answer.verdict == Verdict.PENDING:
                grade = tutor.grade(answer.question.to_grade(), answer.text[:MOST_ANSWER_CHARACTERS])
                _keep_grade(answer, grade, grader=tutor.name)
    except Exception as error:  # noqa: BLE001 - an answer outlives whatever goes wrong with its grade
        session = answer.question.session
        capture(
            catalogue.GRADE_ANSWER,
            error,
            session_id=str(session.public_id),
            user_id=str(session.owner.public_id),
        )
        answer.refresh_from_db()
    return answer


def _keep_grade(answer: Answer, grade: Grade, *, grader: str) -> None:
    answer.verdict = grade.verdict.value
    answer.score = grade.score
    answer.feedback = grade.feedback
    answer.right = list(grade.right)
    answer.missing = list(grade.missing)
    answer.grader = grader
    answer.graded_at = clock.now()
    answer.save(update_fields=["verdict", "score", "feedback", "right", "missing", "grader", "graded_at"])


def grade_pending(*, user: User, tutor: Tutor) -> list[Answer]:
    """Grade the answers that were saved and not graded: the program ended, or the tutor failed, in between."""
    pending = Answer.objects.for_user(user).filter(verdict=Verdict.PENDING.value)
    return [grade_answer(answer=answer, tutor=tutor) for answer in pending.select_related("question__session__owner")]


def self_grade(*, answer: Answer, verdict: Verdict) -> Answer:
    """Keep the learner's own verdict on an answer that the tutor was unsure about.

    Raises:
        Conflict: the tutor was sure (`not_unsure`).
    """
    if answer.verdict != Verdict.UNSURE:
        raise Conflict("not_unsure", "Only an answer that the tutor was unsure about can be graded by yourself.")
    answer.self_verdict = verdict.value
    answer.save(update_fields=["self_verdict"])
    return answer


def contest_answer(*, answer: Answer, verdict: Verdict, reason: str) -> Contest:
    """Keep a learner's objection to a grade; a second one replaces the words of the first.

    Args:
        answer: whose grade is contested.
        verdict: what the learner thinks it should be: correct, partial or incorrect.
        reason: why, in the learner's words; may be empty.

    Raises:
        Conflict: it has not been graded yet (`not_graded`).
    """
    if answer.verdict == Verdict.PENDING:
        raise Conflict("not_graded", "This answer has not been graded yet, so there is nothing to contest.")
    return Contest.objects.update_or_create(answer=answer, defaults={"verdict": verdict.value, "reason": reason})[0]


def give_hint(*, question: Question, tutor: Tutor) -> str:
    """Return the next hint up the ladder: nudge, part, page; the last one again when there is no more."""
    rung = min(question.hints_given, HINT_RUNGS - 1)
    hint = tutor.hint(question.to_grade(), rung)
    question.hints_given = rung + 1
    question.save(update_fields=["hints_given"])
    return hint


def finish_session(*, session: Session) -> Session:
    """Close a session; it can't be resumed any more."""
    if session.state == Session.State.FINISHED:
        return session
    session.state = Session.State.FINISHED
    session.finished_at = clock.now()
    session.save(update_fields=["state", "finished_at"])
    return session
