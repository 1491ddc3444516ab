"""Adding, reading, embedding and deleting documents, with the real parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import IntegrityError
from fpdf import FPDF
from tests.claimed import embed_claimed, read_claimed

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.core.errors import Invalid, Unavailable
from hellotutor.documents.local_storage import DurableFileSystemStorage
from hellotutor.documents.models import Document, DocumentVersion, Passage
from hellotutor.documents.selectors import locate
from hellotutor.embeddings.base import Vectors
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.readers.pdf import PdfReader
from hellotutor.ingestion.readers.text import TextReader
from hellotutor.ingestion.services import add_document, delete_document
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.retrieval.search import Search
from hellotutor.tutoring.selectors import Scope, list_excerpts

pytestmark = pytest.mark.django_db

READERS = (PdfReader(), MarkdownReader(), TextReader())


@pytest.fixture
def storage(tmp_path: Path) -> FileSystemStorage:
    return DurableFileSystemStorage(location=tmp_path / "objects")


@pytest.fixture
def parts(storage: FileSystemStorage) -> IngestionParts:
    index = LocalVectorIndex(storage, cache_bytes=1 << 20)
    return IngestionParts(storage, READERS, LexicalIndex(storage), index, HashingEmbedder())


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice@example.org")


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A Markdown file of ninety sections, 1,800 sentences in all."""
    path = tmp_path / "notes.md"
    sections = (
        f"# Section {section}\n\n" + " ".join(f"Sentence {n} of section {section} speaks of tides." for n in range(20))
        for section in range(90)
    )
    path.write_text("\n\n".join(sections))
    return path


def add(parts: IngestionParts, owner: User, path: Path) -> DocumentVersion:
    return add_document(
        owner=owner, path=path, filename=path.name, storage=parts.storage, readers=READERS, max_bytes=10_000_000
    ).version


def exhaust(steps: Iterator[DocumentVersion]) -> int:
    return sum(1 for _ in steps)


def test_a_document_goes_from_queued_to_indexed(parts: IngestionParts, alice: User, notes: Path) -> None:
    version = add(parts, alice, notes)
    assert version.status == "queued"
    exhaust(read_claimed(version, parts))
    assert version.status == "embedding"
    exhaust(embed_claimed(version, parts))
    version.refresh_from_db()
    assert (version.status, version.pages_read) == ("indexed", 90)
    assert version.passages_read == version.passages_embedded == version.passages.count() > 100
    search = Search(parts.lexical, parts.index, parts.embedder)
    tenant = get_tenant_tag(alice.public_id)
    found = search.search("sentence 7 of section 41", tenants=[tenant], versions=[str(version.public_id)], k=3)
    assert found.mode == "hybrid"
    assert Passage.objects.get(version=version, ordinal=found.hits[0].ordinal).heading_path == ["Section 41"]


def test_the_same_bytes_again_are_the_same_document(parts: IngestionParts, alice: User, notes: Path) -> None:
    first = add(parts, alice, notes)
    again = notes.rename(notes.with_name("renamed.txt"))
    added = add_document(
        owner=alice, path=again, filename="renamed.txt", storage=parts.storage, readers=READERS, max_bytes=10_000_000
    )
    assert (added.version, added.is_new) == (first, False)
    bob = User.objects.create_user("bob@example.org")
    assert add(parts, bob, again) != first
    assert not DocumentVersion.objects.for_user(bob).filter(pk=first.pk).exists()


def test_bytes_that_were_lost_are_stored_again(parts: IngestionParts, alice: User, notes: Path) -> None:
    version = add(parts, alice, notes)
    parts.storage.delete(version.storage_key)
    again = add(parts, alice, notes)
    assert again == version
    exhaust(read_claimed(again, parts))
    assert again.status == "embedding"


def test_one_owner_has_the_same_bytes_once(parts: IngestionParts, alice: User, notes: Path) -> None:
    first = add(parts, alice, notes)
    document = Document.objects.create(owner=alice, title="twice")
    with pytest.raises(IntegrityError):
        DocumentVersion.objects.create(document=document, owner=alice, sha256=first.sha256, size_bytes=1)


def test_reading_that_was_stopped_goes_on_from_the_last_batch(parts: IngestionParts, alice: User, notes: Path) -> None:
    version = add(parts, alice, notes)
    next(read_claimed(version, parts))
    version = DocumentVersion.objects.get(pk=version.pk)
    assert version.status == "reading"
    kept = list(version.passages.values_list("pk", flat=True))
    assert kept and len(kept) == version.passages_read
    exhaust(read_claimed(version, parts))
    passages = version.passages.order_by("ordinal")
    assert list(passages.values_list("pk", flat=True))[: len(kept)] == kept
    assert list(passages.values_list("ordinal", flat=True)) == list(range(version.passages_read))
    assert version.pages.count() == version.pages_read == 90


@pytest.mark.parametrize("book", ["books/freeculture.pdf", "tides.pdf"])
def test_reading_gives_the_same_wherever_it_was_stopped(
    book: str, parts: IngestionParts, alice: User, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / book
    if book == "tides.pdf":
        write_cut_sentences(path)
    else:
        path = request.getfixturevalue("shared_data") / book
    bob = User.objects.create_user("bob@example.org")
    at_once, in_steps = add(parts, alice, path), add(parts, bob, path)
    exhaust(read_claimed(at_once, parts))
    while not in_steps.is_read:
        next(read_claimed(in_steps, parts))
    for kind, fields in (
        ("pages", ("ordinal", "number", "label", "heading_path", "text", "raw_text")),
        ("passages", ("ordinal", "page__ordinal", "end_page__ordinal", "start", "end", "text", "sentences")),
    ):
        rows = [list(getattr(one, kind).order_by("ordinal").values_list(*fields)) for one in (at_once, in_steps)]
        assert rows[0] == rows[1]
    assert in_steps.characters_read == at_once.characters_read > 0


def write_cut_sentences(path: Path) -> None:
    """Write a PDF whose every page is cut in the middle of a sentence, and some hold nothing else."""
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for number in range(200):
        pdf.add_page()
        short = "goes on and on without any end that the"
        text = short if number % 7 < 2 else f"tide of day {number} is high. " * 9 + "The moon that moves the"
        pdf.multi_cell(0, 8, text)
    pdf.output(str(path))


def test_what_another_reader_has_read_is_read_anew(parts: IngestionParts, alice: User, notes: Path) -> None:
    version = add(parts, alice, notes)
    next(read_claimed(version, parts))
    DocumentVersion.objects.update(reader="markdown-0")
    version.refresh_from_db()
    before = set(version.passages.values_list("pk", flat=True))
    exhaust(read_claimed(version, parts))
    assert version.reader == "markdown-2"
    assert not before & set(version.passages.values_list("pk", flat=True))
    assert version.pages.count() == 90


def test_what_is_read_can_be_searched_before_the_rest_is(parts: IngestionParts, alice: User, notes: Path) -> None:
    version = add(parts, alice, notes)
    reading = read_claimed(version, parts)
    next(reading)
    where = {"tenants": [get_tenant_tag(alice.public_id)], "versions": [str(version.public_id)]}
    search = Search(parts.lexical, parts.index, None)
    (first,) = search.search("sentence 7 of section 1", k=1, **where).hits
    assert Passage.objects.get(version=version, ordinal=first.ordinal).heading_path == ["Section 1"]
    exhaust(reading)
    (last,) = search.search("sentence 7 of section 88", k=1, **where).hits
    assert Passage.objects.get(version=version, ordinal=last.ordinal).heading_path == ["Section 88"]


def test_embedding_that_was_stopped_goes_on_from_the_last_batch(
    parts: IngestionParts, alice: User, notes: Path
) -> None:
    version = add(parts, alice, notes)
    exhaust(read_claimed(version, parts))
    next(embed_claimed(version, parts))
    done = version.passages_embedded
    assert 0 < done < version.passages_read
    asked = CountingEmbedder()
    resumed = IngestionParts(parts.storage, READERS, parts.lexical, parts.index, asked)
    exhaust(embed_claimed(DocumentVersion.objects.get(pk=version.pk), resumed))
    assert asked.texts == version.passages_read - done


class CountingEmbedder(HashingEmbedder):
    """A real embedder that counts what it was asked."""

    texts = 0

    def _embed_batch(self, texts: list[str]) -> Vectors:  # type: ignore[override]
        self.texts += len(texts)
        return super()._embed_batch(texts)


class BrokenEmbedder(HashingEmbedder):
    """An embedder whose model can't be reached."""

    def _embed_batch(self, texts: list[str]) -> Vectors:  # type: ignore[override]
        raise Unavailable("model_missing", "The model is not there.")


def test_a_failing_embedder_leaves_the_document_searchable_by_words(
    parts: IngestionParts, alice: User, notes: Path
) -> None:
    broken = IngestionParts(parts.storage, READERS, parts.lexical, parts.index, BrokenEmbedder())
    version = add(broken, alice, notes)
    exhaust(read_claimed(version, broken))
    with pytest.raises(Unavailable):
        exhaust(embed_claimed(version, broken))
    version.refresh_from_db()
    assert version.status == "embedding"
    search = Search(parts.lexical, parts.index, None)
    tenant = get_tenant_tag(alice.public_id)
    assert search.search("tides", tenants=[tenant], versions=[str(version.public_id)], k=1).hits


def test_a_lost_segment_is_built_again(parts: IngestionParts, alice: User, notes: Path) -> None:
    version = add(parts, alice, notes)
    exhaust(read_claimed(version, parts))
    tenant = get_tenant_tag(alice.public_id)
    parts.lexical.delete(tenant=tenant, version_id=str(version.public_id))
    exhaust(read_claimed(version, parts))
    search = Search(parts.lexical, parts.index, None)
    assert search.search("tides", tenants=[tenant], versions=[str(version.public_id)], k=1).hits


def test_a_file_that_cannot_be_read_fails_with_its_code(parts: IngestionParts, alice: User, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nbroken")
    version = add(parts, alice, tmp_path / "broken.pdf")
    with pytest.raises(Invalid):
        exhaust(read_claimed(version, parts))
    version.refresh_from_db()
    assert (version.status, version.error_code) == ("failed", "unreadable_pdf")
    assert version.error_message


def test_deleting_leaves_no_row_and_no_file(parts: IngestionParts, alice: User, notes: Path, tmp_path: Path) -> None:
    version = add(parts, alice, notes)
    exhaust(read_claimed(version, parts))
    exhaust(embed_claimed(version, parts))
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]
    delete_document(document=version.document, parts=parts)
    assert not Document.objects.exists()
    assert not Passage.objects.exists()
    assert not [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.txt", b"", "empty_file"),
        ("office.docx", b"PK\x03\x04 and so on", "unsupported_type"),
        ("picture.pdf", b"\x89PNG\r\n\x1a\n", "unsupported_type"),
        ("program.txt", b"\x7fELF\x00\x00\x01", "unsupported_type"),
        ("large.txt", b"x" * 10_000_001, "file_too_large"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_and_nothing_is_kept(
    name: str, content: bytes, code: str, parts: IngestionParts, alice: User, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid) as refused:
        add(parts, alice, tmp_path / name)
    assert refused.value.code == code
    assert not Document.objects.exists()
    assert not (tmp_path / "objects").exists()


def test_a_missing_file_and_a_folder_are_refused(parts: IngestionParts, alice: User, tmp_path: Path) -> None:
    for path, code in ((tmp_path / "none.pdf", "no_such_file"), (tmp_path, "is_a_directory")):
        with pytest.raises(Invalid) as refused:
            add(parts, alice, path)
        assert refused.value.code == code


def test_a_quote_over_a_pages_end_has_no_single_place(parts: IngestionParts, alice: User, tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for text in ("The tide is high. The moon that causes", "it is far away. Both are old."):
        pdf.add_page()
        pdf.multi_cell(0, 8, text)
    pdf.output(str(tmp_path / "two.pdf"))
    version = add(parts, alice, tmp_path / "two.pdf")
    exhaust(read_claimed(version, parts))
    (passage,) = version.passages.all()
    places = [locate(passage, start, end) for start, end in passage.sentences]
    assert [place and place.page.number for place in places] == [1, None, 2]
    (excerpt,) = list_excerpts([version])
    assert excerpt.on_one_page == (True, False, True)
    assert list_excerpts([version], Scope(pages=(1, 1)))[0].on_one_page == (True, False, False)
    assert list_excerpts([version], Scope(pages=(2, 2)))[0].on_one_page == (False, False, True)


def test_a_scope_keeps_sections_or_names_those_there_are(parts: IngestionParts, alice: User, notes: Path) -> None:
    version = add(parts, alice, notes)
    exhaust(read_claimed(version, parts))
    found = list_excerpts([version], Scope(sections=("section 41",)))
    assert {excerpt.heading_path for excerpt in found} == {("Section 41",)}
    exact = list_excerpts([version], Scope(sections=("Section 4",)))
    assert {excerpt.heading_path for excerpt in exact} == {("Section 4",)}
    alike = list_excerpts([version], Scope(sections=("ection 4",)))
    assert {("Section 4",), ("Section 41",)} < {excerpt.heading_path for excerpt in alike}
    with pytest.raises(Invalid, match="Section 0"):
        list_excerpts([version], Scope(sections=("whales",)))
    with pytest.raises(Invalid, match="no pages"):
        list_excerpts([version], Scope(pages=(1, 3)))
