"""Builds the library on which the pages are measured and tested: 200 documents and 10,000 answers of one learner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.accounts.tokens import create_token
from hellotutor.core import clock
from hellotutor.documents.models import Document, DocumentVersion, Page, Passage
from hellotutor.insights.insight_generator import InsightGenerator
from hellotutor.tutoring.models import Answer, Conversation, Message, Question, Session
from hellotutor.tutoring.selectors import Scope
from hellotutor.tutoring.tutors.base import Kind, Verdict

DOCUMENTS, ANSWERS = 200, 10_000
_ANSWERS_A_SESSION = 25
_SENTENCES = (
    "Osmosis is the movement of water through a membrane.",
    "The hippocampus keeps a memory for weeks before the cortex takes it over.",
    "Retrieval strengthens a memory more than reading it again does.",
    "A copyright lasted fourteen years in 1790 and could be renewed once.",
)
_VERDICTS = (Verdict.CORRECT, Verdict.PARTIAL, Verdict.INCORRECT, Verdict.UNSURE, Verdict.CORRECT)
_KINDS = (Kind.SHORT_ANSWER, Kind.MULTIPLE_CHOICE, Kind.CLOZE)


@dataclass(frozen=True, slots=True)
class Library:
    """What stands in a built library, one row of each kind for the addresses of its pages.

    Attributes:
        open_session: has a question that waits for its answer, behind answered ones.
        finished_session: has its insights.
    """

    owner: User
    document: Document
    open_session: Session
    finished_session: Session
    waiting_question: Question
    conversation: Conversation


@dataclass(frozen=True, slots=True)
class _Size:
    documents: int
    answers: int
    pages: int
    conversations: int


def build_library(
    owner: User,
    *,
    documents: int = DOCUMENTS,
    answers: int = ANSWERS,
    pages: int = 20,
    conversations: int = 50,
    mark: str = "",
    original: bytes = b"%PDF-1.4",
) -> Library:
    """Fill a learner's library; the rows are made in bulk, and nothing is read or embedded.

    Args:
        owner: whose library it becomes.
        documents: how many, at least 1; all are indexed.
        answers: how many in all, at least 2: one question each, 25 a session. The newest session stays open.
        pages: of each document.
        conversations: of 10 messages each, at least 1.
        mark: a word that stands in every text, so that a leak of any of them can be seen.
        original: the bytes of the newest document's file.
    """
    size = _Size(documents, answers, pages, conversations)
    with transaction.atomic():
        versions = _add_documents(owner, size, mark)
        _store_original(versions[-1], original)
        sessions = _add_sessions(owner, versions, size, mark)
        waiting = _add_answers(sessions, versions, size, mark)
        conversation = _add_conversations(owner, versions[-1], size, mark)
        create_token(owner=owner, name=f"laptop {mark}".strip())
        for session in sessions[:-1]:
            InsightGenerator().generate_session_insights(session)
    return Library(owner, versions[-1].document, sessions[-1], sessions[-2], waiting, conversation)


def page_text(ordinal: int, mark: str = "") -> str:
    """Return the text of the page with this 0-based ordinal."""
    return " ".join((*islice(cycle(_SENTENCES), ordinal, ordinal + 4), mark)).strip()


def _add_documents(owner: User, size: _Size, mark: str) -> list[DocumentVersion]:
    now = clock.now()
    documents = Document.objects.bulk_create(
        Document(
            owner=owner,
            title=f"Book {n:03} {mark}".strip() + ".pdf",
            created_at=now - timedelta(hours=size.documents - n),
        )
        for n in range(size.documents)
    )
    versions = DocumentVersion.objects.bulk_create(
        _version(owner, document, n, size) for n, document in enumerate(documents)
    )
    _add_pages(versions, size, mark)
    return versions


def _version(owner: User, document: Document, n: int, size: _Size) -> DocumentVersion:
    sha256 = f"{n:064x}"
    version = DocumentVersion(
        document=document,
        owner=owner,
        sha256=sha256,
        size_bytes=1_000_000 + n,
        filename=document.title,
        reader="pdf-1",
        splitter="sentences-1",
        status=DocumentVersion.Status.INDEXED,
        pages_total=size.pages,
        pages_read=size.pages,
        passages_read=size.pages,
        passages_embedded=size.pages,
        indexed_at=clock.now(),
    )
    version.storage_key = f"{get_tenant_tag(owner.public_id)}/{version.public_id}/{sha256}"
    return version


def _store_original(version: DocumentVersion, original: bytes) -> None:
    version.storage_key = storages["default"].save(version.storage_key, ContentFile(original))
    version.size_bytes = len(original)
    version.save(update_fields=["storage_key", "size_bytes"])


def _add_pages(versions: Sequence[DocumentVersion], size: _Size, mark: str) -> None:
    pages = Page.objects.bulk_create(
        (_page(version, number, mark) for version in versions for number in range(1, size.pages + 1)), batch_size=2_000
    )
    Passage.objects.bulk_create((_passage(page, size) for page in pages), batch_size=2_000)


def _page(version: DocumentVersion, number: int, mark: str) -> Page:
    text = page_text(number - 1, mark)
    return Page(
        version=version,
        ordinal=number - 1,
        number=number,
        label=str(number),
        heading_path=[f"Chapter {1 + number // 10} {mark}".strip()],
        text=text,
        raw_text=text,
        raw_map=[[0, 0, 0]],
    )


def _passage(page: Page, size: _Size) -> Passage:
    return Passage(
        version=page.version,
        ordinal=page.ordinal,
        page=page,
        end_page=page,
        start=0,
        end=len(page.text),
        heading_path=page.heading_path,
        text=page.text,
        sentences=[[0, len(page.text)]],
    )


def _add_sessions(owner: User, versions: Sequence[DocumentVersion], size: _Size, mark: str) -> list[Session]:
    count = max(2, -(-size.answers // _ANSWERS_A_SESSION))
    now = clock.now()
    sessions = Session.objects.bulk_create(
        Session(
            owner=owner,
            title=versions[n % len(versions)].document.title,
            count=_ANSWERS_A_SESSION + (n == count - 1),
            scope=Scope(sections=(mark,) if mark else ()).as_json(),
            tutor="offline-1",
            state=Session.State.ACTIVE if n == count - 1 else Session.State.FINISHED,
            created_at=now - timedelta(minutes=count - n),
            finished_at=None if n == count - 1 else now - timedelta(minutes=count - n - 1),
        )
        for n in range(count)
    )
    links = Session.versions.through
    links.objects.bulk_create(
        links(session=session, documentversion=versions[n % len(versions)]) for n, session in enumerate(sessions)
    )
    return sessions


def _add_answers(sessions: Sequence[Session], versions: Sequence[DocumentVersion], size: _Size, mark: str) -> Question:
    """Answer the questions evenly over the sessions; return one more, at the end of the last, that waits."""
    places = [(n, answered) for answered in range(_ANSWERS_A_SESSION) for n in range(len(sessions))][: size.answers]
    questions = Question.objects.bulk_create(
        (_question(sessions[n], versions[n % len(versions)], answered + 1, mark) for n, answered in places),
        batch_size=1_000,
    )
    Answer.objects.bulk_create((_answer(question, mark) for question in questions), batch_size=1_000)
    last = sessions[-1]
    waiting = _question(last, versions[(len(sessions) - 1) % len(versions)], last.questions.count() + 1, mark)
    waiting.kind, waiting.choices = Kind.SHORT_ANSWER.value, []
    waiting.save()
    return waiting


def _question(session: Session, version: DocumentVersion, ordinal: int, mark: str) -> Question:
    kind, quote = _KINDS[ordinal % len(_KINDS)], page_text(0, mark)
    answer = f"a membrane {mark}".strip()
    return Question(
        session=session,
        ordinal=ordinal,
        kind=kind.value,
        prompt=f"What does water move through? {mark}".strip() + (" _____" if kind is Kind.CLOZE else ""),
        choices=[answer, "a wall", "a wire", "a well"] if kind is Kind.MULTIPLE_CHOICE else [],
        answer=answer,
        key_points=[answer],
        concept=f"concept {ordinal % 12} {mark}".strip(),
        version=version,
        document_title=version.document.title,
        page_number=1,
        page_label="1",
        page_ordinal=0,
        section=f"Chapter 1 {mark}".strip(),
        quote=quote,
        printed_quote=quote,
        quote_start=0,
        quote_end=len(quote),
    )


def _answer(question: Question, mark: str) -> Answer:
    verdict = _VERDICTS[(question.ordinal + question.session_id) % len(_VERDICTS)]
    return Answer(
        question=question,
        text=f"through a membrane {mark}".strip(),
        confidence=0.5,
        verdict=verdict.value,
        score={Verdict.CORRECT: 1.0, Verdict.PARTIAL: 0.5, Verdict.INCORRECT: 0.0}.get(verdict),
        feedback=f"It is a membrane. {mark}".strip(),
        missing=[f"the water {mark}".strip()],
        grader="offline-1",
        graded_at=clock.now(),
    )


def _add_conversations(owner: User, version: DocumentVersion, size: _Size, mark: str) -> Conversation:
    conversations = Conversation.objects.bulk_create(
        Conversation(owner=owner, title=f"What is osmosis? {mark}".strip()) for _ in range(size.conversations)
    )
    Message.objects.bulk_create(
        message for conversation in conversations for _ in range(5) for message in _talk(conversation, version, mark)
    )
    return conversations[-1]


def _talk(conversation: Conversation, version: DocumentVersion, mark: str) -> Iterator[Message]:
    quote = page_text(0, mark)
    citation = {
        "number": 1,
        "document": version.document.title,
        "document_id": str(version.document.public_id),
        "page": 1,
        "page_label": "1",
        "page_ordinal": 0,
        "section": "Chapter 1",
        "quote": quote,
        "start": 0,
        "end": len(quote),
    }
    yield Message(conversation=conversation, role=Message.Role.LEARNER, text=f"What is osmosis? {mark}".strip())
    yield Message(
        conversation=conversation,
        role=Message.Role.TUTOR,
        text=f"{quote} [1]",
        citations=[citation],
        grounded=True,
        tutor="offline-1",
    )
