"""One sitting: the questions of a session asked in turn, resumed where it was left, ended with its insights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.config.settings import get_settings
from hellotutor.core.errors import HelloTutorError, Invalid
from hellotutor.core.locks import try_hold
from hellotutor.documents.models import DocumentVersion
from hellotutor.insights.insight_generator import InsightGenerator
from hellotutor.tutoring.models import Question, Session
from hellotutor.tutoring.rag_query import generate_question_batch
from hellotutor.tutoring.selectors import Scope, find_open_session, used_quotes
from hellotutor.tutoring.services import finish_session, give_hint, grade_pending, start_session, submit_answer
from hellotutor.tutoring.tutors.base import Verdict

from .console import note
from .library import Reading
from .talk import Leave, Talk

# A long document is asked about from its first passages while the rest is read. The second question waits a little
# longer, so that it can come from anywhere in all but the longest documents.
_ENOUGH_PASSAGES = 1_500
_START_AFTER_S = 2.0
_GO_ON_AFTER_S = 8.0


class Sitting:
    """A learner, some documents that may still be being read, and a way to talk."""

    def __init__(
        self,
        user: User,
        versions: Sequence[DocumentVersion],
        reading: Reading,
        scope: Scope,
        count: int,
        talk: Talk,
    ) -> None:
        self._user = user
        self._versions = versions
        self._reading = reading
        self._scope = scope
        self._count = count
        self._talk = talk
        self._tutor = composition.tutor()
        self._asked_before: set[str] = set()

    def run(self) -> None:
        """Ask, grade, and tell what it showed; what was answered is kept at every moment.

        Raises:
            Invalid: no question could be written; then no session is kept.
        """
        grade_pending(user=self._user, tutor=self._tutor)
        is_read = self._wait_for_a_start()
        self._asked_before = used_quotes(self._user, self._versions)
        session = self._open_session()
        self._asked_before -= set(session.questions.values_list("quote", flat=True))
        try:
            asked = self._ask_all(session, is_read=is_read)
        except Leave:
            self._leave(session)
            return
        except HelloTutorError:
            if self._reading.has_failed:
                self._close_unreadable(session)
            raise
        if not asked and not session.questions.exists():
            session.delete()
            raise Invalid("no_question", self._no_question())
        if asked < self._count and session.questions.count() < self._count:
            found = session.questions.count()
            note(f"Only {found} fair question{'s' * (found > 1)} could be found.")
        finish_session(session=session)
        self._talk.show_insights(InsightGenerator().generate_session_insights(session))

    @property
    def _is_scoped(self) -> bool:
        return not self._scope.is_everything

    def _close_unreadable(self, session: Session) -> None:
        """Close the session of a document that turned out to be unreadable; what was answered stays, as finished."""
        if session.questions.filter(answers__isnull=False).exists():
            finish_session(session=session)
        else:
            session.delete()

    def _wait_for_a_start(self) -> bool:
        if self._is_scoped:
            return self._reading.wait()
        return self._reading.wait(most_s=_START_AFTER_S, enough_passages=_ENOUGH_PASSAGES)

    def _open_session(self) -> Session:
        session = find_open_session(self._user, self._versions, self._scope)
        if session is None or not self._take(session):
            session = start_session(
                owner=self._user, versions=self._versions, count=self._count, scope=self._scope, tutor=self._tutor
            )
            self._take(session)
            return session
        answered = session.questions.filter(answers__isnull=False).distinct().count()
        if answered:
            note(f"▸ Going on with the session of {session.created_at:%Y-%m-%d}: {answered} answered.")
        session.count = max(self._count, answered)
        session.save(update_fields=["count"])
        return session

    def _take(self, session: Session) -> bool:
        """Take the session for this sitting; False when it is being sat in another terminal."""
        self._lock = try_hold(get_settings().data_dir / "locks" / f"{session.public_id}.lock")
        return self._lock is not None

    def _ask_all(self, session: Session, *, is_read: bool) -> int:
        asked = 0
        for question in self._questions(session, is_read=is_read):
            self._ask(question, session)
            asked += 1
        return asked

    def _questions(self, session: Session, *, is_read: bool) -> Iterator[Question]:
        yield from session.questions.filter(answers__isnull=True).order_by("ordinal")
        if not is_read and session.questions.count() < session.count:
            with self._reading.paused():
                first = list(generate_question_batch(session=session, tutor=self._tutor, count=1))
            yield from first
        while (missing := session.count - session.questions.count()) > 0:
            is_read = self._reading.wait(most_s=_GO_ON_AFTER_S)
            yield from generate_question_batch(session=session, tutor=self._tutor, count=missing)
            if is_read:
                return

    def _ask(self, question: Question, session: Session) -> None:
        if question.quote in self._asked_before:
            note("▸ This one comes back: you have been asked about it in an earlier session.")
        self._talk.show_question(question, total=session.count)
        text = self._talk.read_answer(question, hint=lambda: give_hint(question=question, tutor=self._tutor))
        answer = submit_answer(question=question, text=text, tutor=self._tutor)
        self._talk.show_grade(answer)
        if answer.verdict == Verdict.UNSURE:
            self._talk.ask_self_grade(answer)

    def _leave(self, session: Session) -> None:
        answered = session.questions.filter(answers__isnull=False).distinct().count()
        note(f"■ {answered} of {session.count} answered. The session is kept: the same command goes on from here.")
        self._talk.show_left(InsightGenerator().generate_session_insights(session))

    def _no_question(self) -> str:
        names = ", ".join(version.filename for version in self._versions)
        where = "this part of it" if self._is_scoped else "it"
        return (
            f"{names}: no fair question could be written from {where}. Questions need English sentences that can be "
            "understood on their own and haven't been asked yet; hellotutor ask can still search it."
        )
