"""The course of a session over requests: one question at a time, and an end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from importlib import resources

import pytest

from hellotutor.core.errors import Conflict, Invalid, Unavailable
from hellotutor.documents.models import DocumentVersion
from hellotutor.retrieval.search import Search
from hellotutor.tutoring.models import Contest, Question, Session
from hellotutor.tutoring.selectors import Scope
from hellotutor.tutoring.services import contest_answer, finish_session, grade_answer, start_session, submit_answer
from hellotutor.tutoring.sittings import next_question
from hellotutor.tutoring.tutors.base import DraftQuestion, Excerpt, Grade, QuestionToGrade, Verdict
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor

from .conftest import Reads

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(read: Reads) -> DocumentVersion:
    return read("ada@example.org", "memory.md", sample_text())


def sample_text() -> str:
    return resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md").read_text(encoding="utf-8")


def start(version: DocumentVersion, tutor: OfflineTutor, *, count: int = 2, scope: Scope | None = None) -> Session:
    return start_session(
        owner=version.owner, versions=[version], count=count, scope=scope or Scope(), tutor=tutor, seed=1
    )


def ask(session: Session, tutor: OfflineTutor, search: Search) -> Question | None:
    return next_question(session=session, tutor=tutor, search=search)


def test_the_question_to_answer_stays_the_same_until_it_is_answered(
    version: DocumentVersion, tutor: OfflineTutor, search: Search
) -> None:
    session = start(version, tutor)
    first = ask(session, tutor, search)
    assert first is not None
    assert ask(session, tutor, search) == first
    submit_answer(question=first, text="I don't know", tutor=tutor)
    assert ask(session, tutor, search) != first


def test_a_session_ends_after_its_last_question(version: DocumentVersion, tutor: OfflineTutor, search: Search) -> None:
    session = start(version, tutor)
    while question := ask(session, tutor, search):
        submit_answer(question=question, text="", tutor=tutor)
    session.refresh_from_db()
    assert (session.state, session.questions.count()) == (Session.State.FINISHED, 2)
    assert ask(session, tutor, search) is None


def test_a_text_with_fewer_fair_questions_ends_earlier(
    version: DocumentVersion, tutor: OfflineTutor, search: Search
) -> None:
    session = start(version, tutor, count=60, scope=Scope(sections=("forget",)))
    while question := ask(session, tutor, search):
        submit_answer(question=question, text="", tutor=tutor)
    assert 0 < session.questions.count() < 60
    assert Session.objects.get().state == Session.State.FINISHED


def test_a_session_without_a_fair_question_is_not_kept(read: Reads, tutor: OfflineTutor, search: Search) -> None:
    version = read("ada@example.org", "x.md", "# X\n\n1 2 3\n")
    with pytest.raises(Invalid) as refused:
        ask(start(version, tutor), tutor, search)
    assert refused.value.code == "no_question"
    assert not Session.objects.exists()


def test_a_topic_asks_about_its_passages_only(version: DocumentVersion, tutor: OfflineTutor, search: Search) -> None:
    session = start(version, tutor, count=20, scope=Scope(topic="hippocampus"))
    while question := ask(session, tutor, search):
        submit_answer(question=question, text="", tutor=tutor)
    about = [question for question in session.questions.all() if "hippocampus" in question.passage.text]  # type: ignore[union-attr]
    assert about
    assert session.questions.count() < 10


def test_a_topic_that_is_nowhere_is_refused(version: DocumentVersion, tutor: OfflineTutor, search: Search) -> None:
    with pytest.raises(Invalid) as refused:
        ask(start(version, tutor, scope=Scope(topic="xylophone")), tutor, search)
    assert refused.value.code == "empty_scope"
    assert not Session.objects.exists()


def test_the_same_answer_twice_is_one_answer(version: DocumentVersion, tutor: OfflineTutor, search: Search) -> None:
    question = ask(start(version, tutor), tutor, search)
    assert question is not None
    first = submit_answer(question=question, text="The brain.", tutor=tutor)
    assert submit_answer(question=question, text="The brain.", tutor=tutor) == first
    with pytest.raises(Conflict) as refused:
        submit_answer(question=question, text="The liver.", tutor=tutor)
    assert refused.value.code == "already_answered"


def test_attempts_come_in_their_order(version: DocumentVersion, tutor: OfflineTutor, search: Search) -> None:
    question = ask(start(version, tutor), tutor, search)
    assert question is not None
    with pytest.raises(Conflict) as refused:
        submit_answer(question=question, text="x", tutor=tutor, attempt=2)
    assert refused.value.code == "attempt_out_of_order"


def test_a_finished_session_takes_no_answer(version: DocumentVersion, tutor: OfflineTutor, search: Search) -> None:
    question = ask(start(version, tutor), tutor, search)
    assert question is not None
    finish_session(session=question.session)
    with pytest.raises(Conflict) as refused:
        submit_answer(question=question, text="x", tutor=tutor)
    assert refused.value.code == "session_finished"


def test_a_contest_is_kept_and_can_be_changed(version: DocumentVersion, tutor: OfflineTutor, search: Search) -> None:
    question = ask(start(version, tutor), tutor, search)
    assert question is not None
    answer = submit_answer(question=question, text="", tutor=tutor)
    contest_answer(answer=answer, verdict=Verdict.PARTIAL, reason="It was half right.")
    contest_answer(answer=answer, verdict=Verdict.CORRECT, reason="It was right.")
    assert [(one.verdict, one.reason) for one in Contest.objects.for_user(version.owner)] == [
        ("correct", "It was right.")
    ]


class DownTutor(OfflineTutor):
    """A tutor that is down."""

    def grade(self, question: QuestionToGrade, answer: str) -> Grade:
        raise Unavailable("model_down", "The model is down.")

    def write_questions(self, *arguments: object, **options: object) -> Iterator[DraftQuestion]:
        raise Unavailable("model_down", "The model is down.")


def test_an_answer_that_was_not_graded_is_graded_when_it_is_sent_again(
    version: DocumentVersion, tutor: OfflineTutor, search: Search
) -> None:
    question = ask(start(version, tutor), tutor, search)
    assert question is not None
    assert submit_answer(question=question, text="", tutor=DownTutor(None)).verdict == Verdict.PENDING
    assert submit_answer(question=question, text="", tutor=tutor).verdict == Verdict.INCORRECT
    assert question.answers.count() == 1


def test_a_late_second_grading_leaves_the_first_as_it_is(
    version: DocumentVersion, tutor: OfflineTutor, search: Search
) -> None:
    question = ask(start(version, tutor), tutor, search)
    assert question is not None
    answer = submit_answer(question=question, text="", tutor=tutor)
    type(answer).objects.update(verdict=Verdict.UNSURE, self_verdict=Verdict.CORRECT)
    graded = grade_answer(answer=answer, tutor=tutor)
    assert (graded.verdict, graded.final_verdict) == (Verdict.UNSURE, Verdict.CORRECT)


def test_a_session_whose_first_question_fails_is_not_kept(
    version: DocumentVersion, tutor: OfflineTutor, search: Search
) -> None:
    with pytest.raises(Unavailable):
        ask(start(version, tutor), DownTutor(None), search)
    assert not Session.objects.exists()


def test_of_a_long_document_a_sample_from_all_over_is_weighed(read: Reads, tutor: OfflineTutor, search: Search) -> None:
    sample = sample_text()
    version = read("ada@example.org", "long.md", "\n\n".join(f"# Book {n}\n\n{sample}" for n in range(250)))
    assert version.passages_read > 4_000
    weighed: list[Sequence[Excerpt]] = []

    class WatchedTutor(OfflineTutor):
        def write_questions(
            self, excerpts: Sequence[Excerpt], count: int, *, avoid: Collection[str] = (), seed: int = 0
        ) -> Iterator[DraftQuestion]:
            weighed.append(excerpts)
            return super().write_questions(excerpts, count, avoid=avoid, seed=seed)

    assert ask(start(version, tutor), WatchedTutor(None), search) is not None
    (sampled,) = weighed
    assert 1_000 < len(sampled) < 3_000
    assert min(excerpt.position for excerpt in sampled) < 0.05
    assert max(excerpt.position for excerpt in sampled) > 0.95
