"""Sessions and answers: nothing is lost, nothing is doubled."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from tests.claimed import read_claimed

from hellotutor.accounts.models import User
from hellotutor.core.errors import Conflict, Unavailable
from hellotutor.core.text import is_verbatim
from hellotutor.documents.models import DocumentVersion
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.services import add_document, delete_document
from hellotutor.monitoring import counts
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.tutoring.models import Answer, Question, Session
from hellotutor.tutoring.rag_query import generate_question_batch
from hellotutor.tutoring.selectors import Scope, find_open_session
from hellotutor.tutoring.services import (
    finish_session,
    give_hint,
    grade_pending,
    self_grade,
    start_session,
    submit_answer,
)
from hellotutor.tutoring.tutors.base import DraftQuestion, Excerpt, Grade, QuestionToGrade, Verdict
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor

pytestmark = pytest.mark.django_db


@pytest.fixture
def parts(tmp_path: Path) -> IngestionParts:
    storage = FileSystemStorage(location=tmp_path / "objects")
    return IngestionParts(
        storage, (MarkdownReader(),), LexicalIndex(storage), LocalVectorIndex(storage, cache_bytes=1 << 20), None
    )


@pytest.fixture
def version(parts: IngestionParts, tmp_path: Path) -> DocumentVersion:
    path = tmp_path / "memory.md"
    path.write_text(
        resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md").read_text(encoding="utf-8")
    )
    owner = User.objects.create_user("ada@example.org")
    added = add_document(
        owner=owner, path=path, filename=path.name, storage=parts.storage, readers=parts.readers, max_bytes=10**6
    )
    for _ in read_claimed(added.version, parts):
        pass
    return added.version


@pytest.fixture(scope="module")
def tutor() -> OfflineTutor:
    return OfflineTutor(None)


def open_session(version: DocumentVersion, tutor: OfflineTutor, count: int = 3) -> Session:
    return start_session(
        owner=version.document.owner, versions=[version], count=count, scope=Scope(), tutor=tutor, seed=1
    )


class FailingTutor(OfflineTutor):
    """A tutor that is down when it grades."""

    def grade(self, question: QuestionToGrade, answer: str) -> Grade:
        raise Unavailable("model_down", "The model is down.")


def test_questions_keep_a_verbatim_snapshot_that_outlives_the_document(
    version: DocumentVersion, tutor: OfflineTutor, parts: IngestionParts
) -> None:
    session = open_session(version, tutor)
    questions = list(generate_question_batch(session=session, tutor=tutor, count=3))
    assert [question.ordinal for question in questions] == [1, 2, 3]
    for question in questions:
        assert question.passage
        page = question.passage.page
        assert page.text[question.quote_start : question.quote_end] == question.quote
        raw = page.raw_text[slice(*page.raw_span(question.quote_start, question.quote_end))]
        assert is_verbatim(question.quote, raw)
        assert all(point for point in question.key_points)
    quotes = [question.quote for question in questions]
    delete_document(document=version.document, parts=parts)
    assert list(Question.objects.order_by("ordinal").values_list("quote", flat=True)) == quotes
    assert not Question.objects.filter(passage__isnull=False).exists()


def test_a_new_session_asks_about_other_sentences(version: DocumentVersion, tutor: OfflineTutor) -> None:
    quotes: list[str] = []
    for _ in range(2):
        session = open_session(version, tutor)
        quotes += [question.quote for question in generate_question_batch(session=session, tutor=tutor, count=3)]
        finish_session(session=session)
    assert len(set(quotes)) == 6


def test_when_everything_was_asked_what_was_missed_comes_back_first(
    version: DocumentVersion, tutor: OfflineTutor
) -> None:
    first = open_session(version, tutor, count=100)
    questions = list(generate_question_batch(session=first, tutor=tutor, count=100))
    missed = {question.quote for question in questions[:2]}
    for question in questions:
        right = question.quote not in missed
        Answer.objects.create(question=question, verdict="correct" if right else "incorrect")
    finish_session(session=first)
    again = open_session(version, tutor, count=2)
    assert {question.quote for question in generate_question_batch(session=again, tutor=tutor, count=2)} == missed
    rest = list(generate_question_batch(session=again, tutor=tutor, count=3))
    assert len(rest) == 3
    assert not {question.quote for question in rest} & missed


def test_what_was_missed_takes_turns(version: DocumentVersion, tutor: OfflineTutor) -> None:
    first = open_session(version, tutor, count=100)
    for question in generate_question_batch(session=first, tutor=tutor, count=100):
        Answer.objects.create(question=question, verdict="incorrect")
    finish_session(session=first)
    asked: list[set[str]] = []
    for _ in range(2):
        again = open_session(version, tutor, count=3)
        asked.append({question.quote for question in generate_question_batch(session=again, tutor=tutor, count=3)})
        finish_session(session=again)
    assert [len(quotes) for quotes in asked] == [3, 3]
    assert not asked[0] & asked[1]


def test_later_questions_of_a_session_keep_away_from_the_earlier_ones(
    version: DocumentVersion, tutor: OfflineTutor
) -> None:
    session = open_session(version, tutor, count=2)
    (first,) = generate_question_batch(session=session, tutor=tutor, count=1)
    (second,) = generate_question_batch(session=session, tutor=tutor, count=1)
    assert first.section != second.section


def test_an_answer_is_kept_even_when_grading_fails_and_is_graded_later(
    version: DocumentVersion, tutor: OfflineTutor
) -> None:
    session = open_session(version, tutor)
    (question,) = generate_question_batch(session=session, tutor=tutor, count=1)
    answer = submit_answer(question=question, text="my words", tutor=FailingTutor(None))
    assert (answer.verdict, answer.text) == ("pending", "my words")
    (graded,) = grade_pending(user=session.owner, tutor=tutor)
    assert graded.pk == answer.pk
    assert graded.verdict != "pending"
    assert graded.graded_at


def test_the_same_attempt_twice_is_refused_and_the_first_answer_stands(
    version: DocumentVersion, tutor: OfflineTutor
) -> None:
    session = open_session(version, tutor)
    (question,) = generate_question_batch(session=session, tutor=tutor, count=1)
    submit_answer(question=question, text="first", tutor=tutor)
    with pytest.raises(Conflict):
        submit_answer(question=question, text="second", tutor=tutor)
    assert Answer.objects.get().text == "first"
    assert submit_answer(question=question, text="again", tutor=tutor, attempt=2).attempt == 2


def test_hints_climb_the_ladder_and_are_remembered_with_the_answer(
    version: DocumentVersion, tutor: OfflineTutor
) -> None:
    session = open_session(version, tutor)
    (question,) = generate_question_batch(session=session, tutor=tutor, count=1)
    hints = [give_hint(question=question, tutor=tutor) for _ in range(4)]
    assert len(set(hints)) == 3
    assert hints[2] == hints[3]
    assert submit_answer(question=question, text="x", tutor=tutor).hints_used == 3


def test_only_an_unsure_grade_can_be_judged_by_the_learner(version: DocumentVersion, tutor: OfflineTutor) -> None:
    session = open_session(version, tutor)
    (question,) = generate_question_batch(session=session, tutor=tutor, count=1)
    answer = submit_answer(question=question, text="", tutor=tutor)
    assert answer.verdict == "incorrect"
    with pytest.raises(Conflict):
        self_grade(answer=answer, verdict=Verdict.CORRECT)
    Answer.objects.update(verdict="unsure")
    answer.refresh_from_db()
    assert self_grade(answer=answer, verdict=Verdict.CORRECT).final_verdict is Verdict.CORRECT


def test_an_open_session_is_found_by_its_documents_and_its_scope_only(
    version: DocumentVersion, tutor: OfflineTutor
) -> None:
    session, owner = open_session(version, tutor), version.document.owner
    assert find_open_session(owner, [version], Scope()) == session
    assert find_open_session(owner, [version], Scope(sections=("forget",))) is None
    assert find_open_session(User.objects.create_user("bob@example.org"), [version], Scope()) is None
    finish_session(session=session)
    assert find_open_session(owner, [version], Scope()) is None


class InventingTutor(OfflineTutor):
    """A tutor whose first quote doesn't stand on one page."""

    def write_questions(
        self, excerpts: Sequence[Excerpt], count: int, *, avoid: Collection[str] = (), seed: int = 0
    ) -> Iterator[DraftQuestion]:
        for number, draft in enumerate(super().write_questions(excerpts, count, avoid=avoid, seed=seed)):
            excerpt = replace(draft.evidence.excerpt, text="An invented sentence that stands nowhere at all.")
            evidence = replace(draft.evidence, excerpt=excerpt, start=0, end=len(excerpt.text))
            yield replace(draft, evidence=evidence) if number == 0 else draft


def test_a_quote_that_stands_on_no_page_is_dropped_and_counted(version: DocumentVersion) -> None:
    tutor = InventingTutor(None)
    session = open_session(version, tutor)
    questions = list(generate_question_batch(session=session, tutor=tutor, count=3))
    assert questions
    assert not [question for question in questions if "invented" in question.quote]
    assert counts(1)["question.quote_not_on_one_page"] >= 1
