"""The learner's documents, from files named on the command line."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path

from django.db import connection
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.config.settings import get_settings
from hellotutor.core.errors import HelloTutorError, Invalid, NotFound, Unavailable
from hellotutor.documents.models import DocumentVersion
from hellotutor.ingestion.claim import Claim, claim_version
from hellotutor.ingestion.missing import lacks_words, list_without_vectors
from hellotutor.ingestion.rag_ingestion import IngestionParts, embed_document, read_document
from hellotutor.ingestion.services import add_document, check_file, delete_document
from hellotutor.monitoring import count
from hellotutor.retrieval.vector_sets import StampChanged

from .console import errors, note


def open_documents(user: User, paths: Sequence[Path]) -> tuple[list[DocumentVersion], set[int]]:
    """Return the versions of these files, and which of them are new; every file is looked at before any is added.

    Raises:
        Invalid: a file can't be taken; the sentence names it.
    """
    readers, max_bytes = composition.readers(), get_settings().max_file_mb * 1_000_000
    storage = composition.ingestion_parts().storage
    for path in paths:
        with _naming(path):
            check_file(path, readers=readers, max_bytes=max_bytes)
    versions: dict[int, DocumentVersion] = {}
    new: set[int] = set()
    for path in paths:
        with _naming(path):
            added = add_document(
                owner=user, path=path, filename=path.name, storage=storage, readers=readers, max_bytes=max_bytes
            )
        versions[added.version.pk] = added.version
        new |= {added.version.pk} if added.is_new else set()
        if added.version.filename != path.name:
            note(f"▸ {path.name} has the same content as {added.version.filename}, under which it is kept.")
    return list(versions.values()), new


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except Invalid as error:
        count(f"document.{error.code}")
        raise Invalid(error.code, f"{path.name or path}: {error.message}") from error


class Reading(threading.Thread):
    """Reads documents beside the learner, who may be asked about the first pages while the last are being read."""

    def __init__(self, versions: Sequence[DocumentVersion], new: Collection[int] = ()) -> None:
        """Make a reader of these versions; those in `new` are removed again where they can't be read."""
        super().__init__(name="reading", daemon=True)
        self._versions = versions
        self._new = new
        self._stopping = threading.Event()
        self._going = threading.Event()
        self._going.set()
        self._error: HelloTutorError | None = None
        self._crash: Exception | None = None
        self.current = versions[0]

    def run(self) -> None:
        """Read what hasn't been read."""
        parts = composition.ingestion_parts()
        try:
            for version in self._versions:
                self.current = version
                if not lacks_words(version, parts):
                    continue
                with self._claimed(version) as claim:
                    if claim:
                        self._read(version, parts, claim)
        except HelloTutorError as error:
            self._error = error
        except DocumentVersion.DoesNotExist:
            message = "Another program has just removed it, because it could not be read."
            self._error = NotFound("document_removed", message)
        except Exception as error:  # noqa: BLE001 - carried to the thread that waits, which raises it
            self._crash = error
        finally:
            connection.close()

    def _claimed(self, version: DocumentVersion) -> AbstractContextManager[Claim | None]:
        waiting = f"▸ {version.filename} is being read by another program: waiting for it."
        return claim_version(version, is_stopped=self._stopping.is_set, on_wait=partial(note, waiting))

    def _read(self, version: DocumentVersion, parts: IngestionParts, claim: Claim) -> None:
        try:
            with closing(read_document(version, parts, claim, most_attempts=1)) as batches:
                for _ in batches:
                    self._going.wait()
                    if self._stopping.is_set():
                        return
        except Invalid:
            if version.pk in self._new:
                delete_document(document=version.document, parts=parts)
            raise
        if version.pages_damaged:
            note(f"▸ {version.filename}: {version.pages_damaged} damaged pages could not be read; the others were.")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the processor to the learner's next question: two threads of Python share one."""
        self._going.clear()
        try:
            yield
        finally:
            self._going.set()

    def stop(self) -> None:
        """Stop after the batch at hand and wait for that."""
        self._stopping.set()
        self._going.set()
        if self.is_alive():
            self.join()

    @property
    def has_failed(self) -> bool:
        """Whether a document could not be read."""
        return bool(self._error or self._crash)

    def check(self) -> None:
        """Raise what reading failed with.

        Raises:
            HelloTutorError: the sentence names the file; a new file that can't be read has been removed again.
        """
        if self._crash:
            raise self._crash
        if self._error:
            error, name = self._error, self.current.filename
            raise type(error)(error.code, f"{name}: {error.message}", retryable=error.retryable) from error

    def wait(self, *, most_s: float | None = None, enough_passages: int | None = None) -> bool:
        """Show progress until everything is read, or until one of the two bounds; return whether everything is read.

        Args:
            most_s: seconds to wait at most.
            enough_passages: passages of the document at hand that are enough to go on with.
        """
        if self.is_alive():
            with _progress() as progress:
                task = progress.add_task(f"Reading {self.current.filename}", total=self.current.pages_total)
                waited = 0.0
                while self.is_alive() and (most_s is None or waited < most_s):
                    if enough_passages is not None and self.current.passages_read >= enough_passages:
                        break
                    self.join(0.1)
                    waited += 0.1
                    progress.update(
                        task,
                        description=f"Reading {self.current.filename}",
                        total=self.current.pages_total,
                        completed=self.current.pages_read,
                    )
        self.check()
        return not self.is_alive()


def embed_all(versions: Sequence[DocumentVersion]) -> str:
    """Make the vectors that are missing, with progress; return why they can't be asked, empty where they can."""
    parts = composition.ingestion_parts()
    try:
        for version in list_without_vectors(versions, parts):
            waiting = f"▸ {version.filename} is being embedded by another program: waiting for it."
            with claim_version(version, on_wait=partial(note, waiting)) as claim, _progress() as progress:
                assert claim  # noqa: S101 - this waits for it
                task = progress.add_task(f"Embedding {version.filename}", total=version.passages_read, visible=False)
                if parts.embedder and version.passages_embedded < version.passages_read and not errors.is_terminal:
                    note(f"▸ Embedding {version.filename}, once: {version.passages_read:,} passages.")
                for state in embed_document(version, parts, claim, most_attempts=1):
                    progress.update(task, completed=state.passages_embedded, visible=True)
    except (Unavailable, StampChanged) as error:
        return error.message
    return ""


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
