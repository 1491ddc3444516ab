"""The pipeline of one document version: download → read and split → lexical segments → embed → upsert.

Reading and embedding are two steps: what has been read can be studied and searched by words while its vectors are still
being made. Both commit in batches, may end between any two of them, however they end, and go on from the last one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.storage import Storage
from django.db import transaction

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.core import clock
from hellotutor.core.errors import NotFound, Unavailable
from hellotutor.core.text import NORMALISATION_VERSION
from hellotutor.documents.local_copies import open_local_copy
from hellotutor.documents.models import DocumentVersion
from hellotutor.embeddings.base import Embedder
from hellotutor.monitoring import catalogue
from hellotutor.monitoring.catalogue import Failure
from hellotutor.retrieval import vector_sets
from hellotutor.retrieval.base import VectorIndex
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.search import stamp_of
from hellotutor.retrieval.vector_sets import StampChanged

from .claim import Claim
from .embedding import Embedding
from .outcomes import settle
from .readers.base import SNIFF_BYTES, DocumentReader
from .removals import lock_versions, note_removals, remove_files, remove_traces
from .rows import batches, find_start, forget_pages, store_batch
from .services import choose_reader
from .splitting import SPLITTER_VERSION, split

_SEGMENT_PASSAGES = 2_000
Status = DocumentVersion.Status


@dataclass(frozen=True, slots=True)
class IngestionParts:
    """What the pipeline works with.

    Attributes:
        storage: where the uploaded bytes lie.
        readers: asked in order which can read a file.
        lexical: where segments are built.
        index: where vectors go.
        embedder: makes the vectors; None leaves the version to lexical search.
        other_indexes: where vectors lie beside, of a reindex that is under way or has not been tidied up after.
    """

    storage: Storage
    readers: Sequence[DocumentReader]
    lexical: LexicalIndex
    index: VectorIndex
    embedder: Embedder | None
    other_indexes: Sequence[VectorIndex] = ()


class _Work:
    """One claimed version and what is needed to work on it."""

    def __init__(
        self, version: DocumentVersion, parts: IngestionParts, claim: Claim, most_attempts: int | None = None
    ) -> None:
        self.version, self.parts, self.claim = version, parts, claim
        self.most_attempts = settings.INGEST_ATTEMPTS if most_attempts is None else most_attempts
        self.tenant = get_tenant_tag(version.owner.public_id)
        self.version_id = str(version.public_id)
        self._is_settled = False

    @contextlib.contextmanager
    def stage(self, failure: Failure, **fields: str | int) -> Iterator[None]:
        """Run one stage; what it fails with is kept with the version, and raised as an error of ours."""
        try:
            yield
        except Exception as error:
            if self._is_settled:
                raise
            self._is_settled = True
            outcome = settle(self.version, self.claim, failure, error, most_attempts=self.most_attempts, **fields)
            if isinstance(outcome, NotFound):  # written after its deletion had removed everything
                remove_traces(self.tenant, self.version_id, self.parts)
            if outcome is error:
                raise
            raise outcome from error

    def save(self, **fields: object) -> None:
        """Write these fields of the version, then set them: what could not be written has not happened.

        Raises:
            ClaimLost: another process works on it now.
        """
        self.claim.update(**fields)
        for name, value in fields.items():
            setattr(self.version, name, value)


def ingest_document(version: DocumentVersion, parts: IngestionParts, claim: Claim) -> Generator[DocumentVersion]:
    """Do what a version still needs; yield it after every batch that was committed.

    Raises:
        Invalid: the file can't be read; the version is `failed` with the code.
        NotFound: the document was deleted meanwhile (`document_deleted`).
        ClaimLost: another process works on it now.
        Unavailable: something else failed; `version.not_before` says when it is tried again, otherwise it was captured
            and the version is `failed`, or was read and stays searchable by words.
    """
    yield from read_document(version, parts, claim)
    yield from embed_document(version, parts, claim)


def read_document(
    version: DocumentVersion, parts: IngestionParts, claim: Claim, *, most_attempts: int | None = None
) -> Generator[DocumentVersion]:
    """Read and split a version; yield it after every batch that was committed. Raises as `ingest_document`.

    Args:
        version: what is read.
        parts: what it is read with.
        claim: the right to do so.
        most_attempts: how often it is tried; 1 where no worker will try again. INGEST_ATTEMPTS when left out.
    """
    work = _Work(version, parts, claim, most_attempts)
    with work.stage(catalogue.INGEST_UNEXPECTED), contextlib.ExitStack() as stack:
        if version.is_read:
            with work.stage(catalogue.INGEST_INITIALIZATION, index="lexical"):
                _mend_segments(work)
            return
        with work.stage(catalogue.INGEST_DOWNLOAD, s3_key=version.storage_key):
            path = stack.enter_context(
                open_local_copy(
                    storage=parts.storage,
                    key=version.storage_key,
                    sha256=version.sha256,
                    is_verified=version.pages_read == 0,
                )
            )
            with path.open("rb") as file:
                reader = choose_reader(file.read(SNIFF_BYTES), parts.readers)
        _begin(work, reader, path)
        with work.stage(catalogue.INGEST_READING, filename=version.filename):
            yield from _read(work, reader, path)
        with work.stage(catalogue.INGEST_INITIALIZATION, index="lexical"):
            parts.lexical.finish(tenant=work.tenant, version_id=work.version_id, passages=version.passages_read)
        _take_over(work)
        yield version


def embed_document(
    version: DocumentVersion, parts: IngestionParts, claim: Claim, *, most_attempts: int | None = None
) -> Generator[DocumentVersion]:
    """Embed the passages of a version that has been read; yield it after every batch that is in the index.

    Without an embedder nothing happens. Takes what `read_document` does.

    Raises:
        StampChanged: other vectors are in force than those that these parts make.
        Exception: as `read_document`.
    """
    if parts.embedder is None or version.status not in (Status.EMBEDDING, Status.INDEXED):
        return
    work, stamp = _Work(version, parts, claim, most_attempts), stamp_of(parts.embedder)
    try:
        yield from _embed(work, parts.embedder)
    except StampChanged:
        if not vector_sets.is_wanted(parts.index.place, stamp):  # what was written since they were cleared away
            with contextlib.suppress(Unavailable):
                parts.index.forget(tenant=work.tenant, version_id=work.version_id, stamp=stamp)
        raise


def _embed(work: _Work, embedder: Embedder) -> Generator[DocumentVersion]:
    version, place, stamp = work.version, work.parts.index.place, stamp_of(embedder)

    def check() -> None:
        work.claim.check()
        vector_sets.check_in_force(place, stamp)

    embedding = Embedding(version, work.parts.index, embedder, work.stage, check)
    with work.stage(catalogue.INGEST_UNEXPECTED):
        vector_sets.enter(place, stamp)
        counts = embedding.run()
        had = done = next(counts)
        if version.status == Status.INDEXED and had < version.passages_read:  # lost
            work.save(status=Status.EMBEDDING, passages_embedded=had, indexed_at=None)
        for done in counts:
            work.save(passages_embedded=done, attempts=0, deaths=0, error_message="")
            yield version
        if version.status != Status.INDEXED or version.passages_embedded != done or version.error_code:
            embedding.finish()
            ended = {"status": Status.INDEXED, "indexed_at": clock.now(), "error_code": "", "error_message": ""}
            with transaction.atomic():
                vector_sets.check_in_force(place, stamp, is_kept=True)  # or a reindex would miss this version
                work.save(passages_embedded=done, **ended)
            yield version


def _read(work: _Work, reader: DocumentReader, path: Path) -> Generator[DocumentVersion]:
    version = work.version
    with work.stage(catalogue.INGEST_INITIALIZATION, index="lexical"):
        indexed = _index_words(work, work.parts.lexical.count(tenant=work.tenant, version_id=work.version_id))
    start, resume = find_start(version)
    pages = reader.read(path, start)
    for batch in batches(split(pages, resume), is_first=version.passages_read == 0):
        store_batch(version, work.claim, batch)
        with work.stage(catalogue.INGEST_INITIALIZATION, index="lexical"):
            indexed = _index_words(work, indexed)
        yield version


def _begin(work: _Work, reader: DocumentReader, path: Path) -> None:
    """Note what reads the version; what another reader or splitter has read is read anew."""
    version = work.version
    stamps = f"{reader.name}-{reader.version}", f"{SPLITTER_VERSION}, normalisation-{NORMALISATION_VERSION}"
    pages_total = version.pages_total
    is_another = version.pages_read > 0 and (version.reader, version.splitter) != stamps
    if is_another:
        work.claim.check()
        # before the pages: as long as these are there, whoever goes on after a death begins here again
        remove_traces(work.tenant, work.version_id, work.parts)
        forget_pages(version, work.claim)
    if is_another or not version.pages_read:
        with work.stage(catalogue.INGEST_READING, filename=version.filename):
            pages_total = reader.count_pages(path)
    work.save(
        reader=stamps[0],
        splitter=stamps[1],
        pages_total=pages_total,
        status=Status.READING,
        error_code="",
        error_message="",
    )


def _index_words(work: _Work, done: int) -> int:
    """Index the words of the passages kept that aren't indexed, from the ordinal `done` on; return how far it came."""
    while texts := _texts_from(work.version, done, _SEGMENT_PASSAGES):
        work.claim.check()
        work.parts.lexical.add(
            tenant=work.tenant,
            version_id=work.version_id,
            first_ordinal=done,
            texts=[text for _, text in texts],
            headings=[heading_path for heading_path, _ in texts],
        )
        done += len(texts)
    return done


def _mend_segments(work: _Work) -> None:
    """Build segments again where they were lost or an earlier program made them; the passages are in the database."""
    version, where = work.version, {"tenant": work.tenant, "version_id": work.version_id}
    done = work.parts.lexical.count(**where)
    if done >= version.passages_read and not version.wants_words:
        return
    _index_words(work, done)
    work.parts.lexical.finish(**where, passages=version.passages_read)
    if version.wants_words or version.status == Status.INDEXED:  # if it wasn't for the words, embedding is tried again
        work.save(wants_words=False, attempts=0, deaths=0, error_code="", error_message="")


def _texts_from(version: DocumentVersion, ordinal: int, most: int) -> list[tuple[list[str], str]]:
    """Return headings and text of the passages from an ordinal on."""
    rows = version.passages.filter(ordinal__gte=ordinal).order_by("ordinal")
    return list(rows.values_list("heading_path", "text")[:most])


def _take_over(work: _Work) -> None:
    """Let the version, which has been read, take the place of those before it, in one step.

    They go, and whoever studied them goes on with this one.
    """
    version = work.version
    with transaction.atomic():
        older = [one for one in lock_versions(version.document) if one.number < version.number]
        for one in older:
            version.sessions.add(*one.sessions.all())
        removals = note_removals(older)
        version.document.versions.filter(pk__in=[one.pk for one in older]).delete()
        work.claim.update(status=Status.EMBEDDING, pages_total=version.pages_read)
    version.status, version.pages_total = Status.EMBEDDING, version.pages_read
    remove_files(removals, work.parts)
