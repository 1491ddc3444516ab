"""Two at once over one database, a moment apart that would hurt.

SQLite lets one write at a time: what needs two transactions side by side runs on Postgres only, to which
`tests/e2e/test_service_on_postgres.py` brings it.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection, transaction
from tests.claimed import embed_claimed, read_claimed
from tests.versions import MEMORY, add, long_text, read_all, replace

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.core.errors import HelloTutorError
from hellotutor.documents.models import Document, DocumentVersion, Removal
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.ingestion.claim import try_claim
from hellotutor.ingestion.rag_ingestion import embed_document
from hellotutor.ingestion.reindexing import Reindexing
from hellotutor.ingestion.services import add_document, delete_document, discard_replacement, replace_document
from hellotutor.ingestion.turns import claim_next
from hellotutor.retrieval import vector_sets
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.models import VectorSet
from hellotutor.tutoring.chat import delete_conversation, reply_to, start_conversation
from hellotutor.tutoring.models import Conversation, Message, Session
from hellotutor.tutoring.selectors import Scope
from hellotutor.tutoring.services import start_session, submit_answer
from hellotutor.tutoring.sittings import next_question

WAIT_S = 30
_STANDS_S = 1.0  # how long one stands still, so that the other runs into whatever it holds
on_postgres = pytest.mark.skipif(
    "HELLOTUTOR_TEST_DATABASE_URL" not in os.environ, reason="two transactions side by side: on Postgres only"
)
Work = Callable[[], Any]


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice@example.org", name="Alice")


@pytest.fixture
def version(alice: User, tmp_path: Path) -> DocumentVersion:
    """A version that waits for being read."""
    return add(alice, tmp_path, long_text())


class RivalStorage(FileSystemStorage):
    """Lets somebody else come first: `rival` is done when the first file has been stored."""

    def __init__(self, folder: Path, rival: Callable[[FileSystemStorage], object]) -> None:
        super().__init__(location=folder)
        self._rivals = [rival]

    def _save(self, name: str, content: Any) -> str:
        kept: str = super()._save(name, content)
        while self._rivals:
            self._rivals.pop()(self)
        return kept

    def count(self) -> int:
        return sum(path.is_file() for path in Path(self.location).rglob("*"))


def upload(text: str, storage: FileSystemStorage) -> dict[str, Any]:
    handle, path = tempfile.mkstemp(dir=storage.location.rpartition("/")[0])
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    readers = composition.ingestion_parts().readers
    return {"path": Path(path), "filename": "a.md", "storage": storage, "readers": readers, "max_bytes": 10**6}


def at_once(*works: Work) -> list[Any]:
    """Do all of these in threads of their own; return what each returned, or the code of what it raised."""
    said: list[Any] = ["never ended"] * len(works)

    def run(place: int, work: Work) -> None:
        try:
            said[place] = work()
        except HelloTutorError as error:
            said[place] = error.code
        except Exception as error:  # noqa: BLE001 - compared by the test
            said[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    return said


def meet(first: Work, statement: str, second: Work) -> list[Any]:
    """Do both at once: the second begins when the first, in its transaction, has run a statement that begins so."""
    is_there, is_over = threading.Event(), threading.Event()

    def stand_still(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        result = execute(sql, *arguments)
        if sql.startswith(statement) and not is_there.is_set():
            is_there.set()
            is_over.wait(_STANDS_S)
        return result

    def begin() -> Any:
        with connection.execute_wrapper(stand_still):
            return first()

    def follow() -> Any:
        assert is_there.wait(WAIT_S), "the first one never came there"
        try:
            return second()
        finally:
            is_over.set()

    return at_once(begin, follow)


def fresh(document_pk: int) -> Document:
    return Document.objects.get(pk=document_pk)


@pytest.mark.django_db
def test_the_same_bytes_uploaded_twice_at_once_are_one_document(alice: User, tmp_path: Path) -> None:
    storage = RivalStorage(tmp_path / "objects", lambda storage: add_document(owner=alice, **upload(MEMORY, storage)))
    added = add_document(owner=alice, **upload(MEMORY, storage))
    assert not added.is_new
    assert DocumentVersion.objects.get() == added.version
    assert (Document.objects.count(), storage.count(), Removal.objects.count()) == (1, 1, 0)


@on_postgres
@pytest.mark.django_db(transaction=True)
class TestSideBySide:
    """What only a database meets that lets several write."""

    def test_uploads_of_the_same_bytes_are_one_document(self, alice: User, tmp_path: Path) -> None:
        all_here = threading.Barrier(3, timeout=WAIT_S)
        storages = [RivalStorage(tmp_path / "objects", lambda _: all_here.wait()) for _ in range(3)]
        said = at_once(
            *[lambda storage=storage: add_document(owner=alice, **upload(MEMORY, storage)) for storage in storages]
        )
        assert sorted(added.is_new for added in said) == [False, False, True]
        assert (Document.objects.count(), storages[0].count(), Removal.objects.count()) == (1, 1, 0)

    def test_of_two_files_sent_to_a_document_one_is_taken(self, version: DocumentVersion, tmp_path: Path) -> None:
        storage, document = RivalStorage(tmp_path / "objects", lambda _: None), version.document
        said = meet(
            lambda: replace_document(document=document, **upload(long_text("Heart"), storage)).is_new,
            'INSERT INTO "documents_documentversion"',
            lambda: replace_document(document=document, **upload(long_text("Liver"), storage)).is_new,
        )
        assert said == [True, "changed_meanwhile"]
        assert (document.versions.count(), storage.count(), Removal.objects.count()) == (2, 1, 0)

    def test_workers_take_each_waiting_version_once(self, alice: User, tmp_path: Path) -> None:
        waiting = {add(alice, tmp_path, f"# Note\n\nThis is number {number} of the notes.\n") for number in range(3)}
        all_here = threading.Barrier(6, timeout=WAIT_S)

        def claim() -> DocumentVersion | None:
            connection.ensure_connection()
            all_here.wait()
            claimed = claim_next(with_embedding=False)
            return claimed[0] if claimed else None

        taken = [version for version in at_once(*[claim] * 6) if version]
        assert len(taken) == 3
        assert set(taken) == waiting

    def test_a_document_is_deleted_while_a_batch_of_it_is_written(self, version: DocumentVersion) -> None:
        parts = composition.ingestion_parts()
        said = meet(
            lambda: list(read_claimed(version, parts)),
            'INSERT INTO "documents_passage"',
            lambda: delete_document(document=fresh(version.document_id), parts=parts),
        )
        assert said == ["document_deleted", None]
        assert not Document.objects.exists()
        assert not parts.storage.exists(version.storage_key)

    def test_a_file_sent_to_a_document_that_is_being_deleted_leaves_nothing(
        self, version: DocumentVersion, tmp_path: Path
    ) -> None:
        storage = RivalStorage(tmp_path / "objects", lambda _: None)
        document = version.document
        parts = composition.ingestion_parts()
        said = meet(
            lambda: delete_document(document=fresh(version.document_id), parts=parts),
            'INSERT INTO "documents_removal"',
            lambda: replace_document(document=document, **upload(MEMORY, storage)),
        )
        assert said == [None, "changed_meanwhile"]
        assert (Document.objects.count(), storage.count(), Removal.objects.count()) == (0, 0, 0)

    def test_a_replacement_that_is_discarded_when_it_has_just_been_read_stays(
        self, version: DocumentVersion, tmp_path: Path
    ) -> None:
        read_all(version)
        new = replace(version.document, tmp_path, MEMORY)
        parts = composition.ingestion_parts()

        def end_reading() -> None:
            with transaction.atomic():  # as far as the worker comes before it removes the old version
                DocumentVersion.objects.filter(pk=new.pk).update(status=DocumentVersion.Status.EMBEDDING)

        said = meet(
            end_reading,
            'UPDATE "documents_documentversion"',
            lambda: discard_replacement(document=fresh(version.document_id), parts=parts),
        )
        assert said == [None, False]
        assert fresh(version.document_id).current_version == new

    def test_a_session_begun_while_its_document_is_replaced_says_so(
        self, version: DocumentVersion, tmp_path: Path
    ) -> None:
        read_all(version)
        new = replace(version.document, tmp_path, MEMORY)
        tutor = composition.tutor()
        said = meet(
            lambda: read_all(new),
            'INSERT INTO "documents_removal"',
            lambda: start_session(owner=version.owner, versions=[version], count=1, scope=Scope(), tutor=tutor),
        )
        assert said == [None, "document_not_found"]
        assert not Session.objects.exists()

    def test_a_conversation_is_deleted_while_a_message_is_added(self, alice: User, version: DocumentVersion) -> None:
        talk = start_conversation(owner=alice, documents=[version.document], scope=Scope(), message="Why?")
        tutor, search = composition.tutor(), composition.search()
        said = meet(
            lambda: reply_to(conversation=talk, message="Why?", search=search, tutor=tutor).close(),
            'INSERT INTO "tutoring_message"',
            lambda: delete_conversation(Conversation.objects.get(pk=talk.pk)),
        )
        assert said == [None, None]
        assert not Message.objects.exists()

    def test_an_answer_sent_several_times_is_one(self, alice: User, tmp_path: Path) -> None:
        version = add(alice, tmp_path, MEMORY)
        read_all(version)
        tutor, search = composition.tutor(), composition.search()
        session = start_session(owner=version.owner, versions=[version], count=1, scope=Scope(), tutor=tutor)

        def ask() -> Any:
            return next_question(session=Session.objects.get(pk=session.pk), tutor=tutor, search=search)

        question, *others = at_once(*[ask] * 3)
        assert others == [question, question]
        all_here = threading.Barrier(4, timeout=WAIT_S)

        def answer(text: str) -> Any:
            mine = type(question).objects.get(pk=question.pk)
            all_here.wait()
            return submit_answer(question=mine, text=text, tutor=tutor)

        said = at_once(*[lambda: answer("the organ")] * 4)
        assert said == [question.answers.get()] * 4

    def test_of_those_that_store_the_first_vectors_ever_one_sets_the_stamp(self) -> None:
        stamps = [IndexStamp("test/model", str(number), 8) for number in range(4)]
        all_here = threading.Barrier(4, timeout=WAIT_S)

        def store(stamp: IndexStamp) -> IndexStamp:
            connection.ensure_connection()
            all_here.wait()
            vector_sets.enter("local", stamp)
            return stamp

        said = at_once(*[lambda stamp=stamp: store(stamp) for stamp in stamps])
        assert said.count("stamp_changed") == 3
        assert VectorSet.objects.get().stamp in said

    def test_a_version_that_is_being_marked_as_indexed_holds_up_a_switch(self, version: DocumentVersion) -> None:
        run, mark = reindex_beside_a_worker(version)
        assert meet(mark, 'UPDATE "documents_documentversion"', run.switch) == [1, False]
        list(run.embed())
        assert run.switch()
        assert DocumentVersion.objects.get().status == DocumentVersion.Status.INDEXED

    def test_a_version_that_is_to_be_marked_as_indexed_during_a_switch_is_not(self, version: DocumentVersion) -> None:
        run, mark = reindex_beside_a_worker(version)
        assert meet(run.switch, 'UPDATE "retrieval_vectorset"', mark) == [True, "stamp_changed"]
        assert DocumentVersion.objects.get().status == DocumentVersion.Status.EMBEDDING


def reindex_beside_a_worker(version: DocumentVersion) -> tuple[Reindexing, Work]:
    """Return a reindex that is done, and the last step of a worker that has embedded a version since: it is marked."""
    read_all(version)
    parts = dataclasses.replace(composition.ingestion_parts(), embedder=HashingEmbedder())
    with closing(embed_claimed(version, parts)) as working:  # type: ignore[type-var]
        next(working)  # all of it is in the index
    run = Reindexing(parts.index, HashingEmbedder(dimensions=64), is_stopped=lambda: False)
    run.begin()
    list(run.embed())
    again = DocumentVersion.objects.select_related("document", "owner").get(pk=version.pk)
    claim = try_claim(again)
    assert claim
    return run, lambda: len(list(embed_document(again, parts, claim)))
