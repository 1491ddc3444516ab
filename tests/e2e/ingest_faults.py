"""What makes each failure of ingestion happen, by the name of its row: a real service and the worker beside it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.gated_parts import GatedWorker
from tests.e2e.running import ANSWER_S, Service, wait_until
from tests.e2e.service_faults import SECRET_TEXT, SECRET_TITLE

_REFUSE = "begin select raise(abort, 'Anna Karlsson must not be told'); end"


@dataclass
class IngestScene:
    """A monitored service whose worker runs only while a test lets it."""

    service: Service
    token: str
    folder: Path

    def upload(self, text: str = SECRET_TEXT, name: str = SECRET_TITLE) -> str:
        """Send a text of which no other has the bytes; return the document's id."""
        file = self.folder / name
        file.write_text(f"{text}\n\n{uuid.uuid4()}\n", encoding="utf-8")
        added = self.service.api("POST", "/api/v1/documents/", token=self.token, file=file)
        assert added.status == 202, added.body
        return str(added.json["id"])

    def add(self) -> str:
        """Send a text and have it read and embedded."""
        document = self.upload()
        with self.working():
            wait_until(lambda: self.look(document)["status"] == "indexed")
        return document

    def look(self, document: str) -> Any:
        return self.service.api("GET", f"/api/v1/documents/{document}/", token=self.token).json

    def retry(self, document: str) -> None:
        """Do as if embedding had failed, and "try again"."""
        self.change(document, status="embedding", passages_embedded=0, error_code="failed_before")
        answered = self.service.api("POST", f"/api/v1/documents/{document}/retry/", token=self.token)
        assert answered.status == 202, answered.body

    @contextmanager
    def working(self, **settings: str) -> Iterator[None]:
        """Let a worker run, which has to end cleanly."""
        process = subprocess.Popen(
            [sys.executable, "-m", "hellotutor", "worker"],
            stdin=subprocess.DEVNULL,
            env={**self.service.environment, **settings},
        )
        try:
            yield
        finally:
            process.terminate()
            code = process.wait(ANSWER_S)
        assert code == 0

    def work_until_it_fails(self, document: str, **settings: str) -> Any:
        """Let a worker run until the document has failed, and return what the API says of it."""
        with self.working(**settings):
            wait_until(lambda: self.look(document)["error"])
        return self.look(document)

    def sql(self, statement: str, *values: object) -> list[Any]:
        with sqlite3.connect(self.service.data_dir / "hellotutor.sqlite3", timeout=30) as database:
            return database.execute(statement, values).fetchall()

    def change(self, document: str, **fields: object) -> None:
        """Write to the row of a document's version."""
        assigned = ", ".join(f"{name} = ?" for name in fields)
        self.sql(
            f"update documents_documentversion set {assigned} "  # noqa: S608 - names of ours
            "where document_id = (select id from documents_document where public_id = ?)",
            *fields.values(),
            document.replace("-", ""),
        )

    @contextmanager
    def refused(self, event: str, table: str, when: str = "1") -> Iterator[None]:
        """Let the database refuse to write to a table for a while."""
        self.sql(f"create trigger refuse before {event} on {table} when {when} {_REFUSE}")
        try:
            yield
        finally:
            self.sql("drop trigger refuse")

    def stored(self, document: str) -> Path:
        """Return where the uploaded file lies; segments and vectors lie beside it."""
        ((key,),) = self.sql(
            "select storage_key from documents_documentversion where document_id = "
            "(select id from documents_document where public_id = ?)",
            document.replace("-", ""),
        )
        return self.service.data_dir / "objects" / str(key)

    def block(self, document: str, pattern: str) -> None:
        """Put folders that can't be replaced where files of an index were, and the pieces that they were merged of."""
        for path in list(self.stored(document).parent.glob(pattern)):
            path.unlink()
            blocked = path.with_name(path.name.replace("-last", ""))
            blocked.mkdir(exist_ok=True)
            (blocked / "in-the-way").touch()


def lose_the_object(scene: IngestScene) -> Any:
    document = scene.upload()
    scene.stored(document).unlink()
    return scene.work_until_it_fails(document)


def refuse_the_pages(scene: IngestScene) -> Any:
    document = scene.upload()
    with scene.refused("insert", "documents_page"):
        return scene.work_until_it_fails(document)


def block_the_segments(scene: IngestScene) -> Any:
    document = scene.add()
    scene.block(document, "lexical-*")
    scene.retry(document)
    return scene.work_until_it_fails(document)


def lose_the_model(scene: IngestScene) -> Any:
    document = scene.upload()
    models = scene.service.data_dir / "models"
    wait_until(models.exists)  # the web server warms up
    kept = models.rename(models.with_name("models.kept"))
    models.touch()
    try:
        return scene.work_until_it_fails(document)
    finally:
        models.unlink()
        kept.rename(models)


def block_the_vectors(scene: IngestScene, **settings: str) -> Any:
    document = scene.add()
    scene.block(document, "vectors-*")
    scene.retry(document)
    return scene.work_until_it_fails(document, **settings)


def refuse_the_end_of_reading(scene: IngestScene) -> Any:
    document = scene.upload()
    with scene.refused("update", "documents_documentversion", "new.status = 'embedding'"):
        return scene.work_until_it_fails(document)


def kill_whoever_reads_it(scene: IngestScene) -> Any:
    document = scene.upload("\n\n".join(f"{SECRET_TEXT} It was day {number}." for number in range(200)), "poison.txt")
    worker = GatedWorker(scene.service.data_dir, scene.service.environment, "page")
    worker.wait_for("page")
    scene.change(document, deaths=4)  # as if others had died of it before
    worker.kill()
    return scene.work_until_it_fails(document)


_PREFIX = "rag_ingestion.ingest_document"
# What makes it happen, the failure's row, and the code that the learner is told.
INGEST_FAULTS: dict[Callable[[IngestScene], Any], tuple[str, str]] = {
    lose_the_object: (f"{_PREFIX}.download", "object_vanished"),
    refuse_the_pages: (f"{_PREFIX}.document_reading_chunking", "reading_failed"),
    block_the_segments: (f"{_PREFIX}.initialization", "storage_unavailable"),
    lose_the_model: (f"{_PREFIX}.embedding", "model_unwritable"),
    block_the_vectors: (f"{_PREFIX}.pinecone_upsert", "storage_unavailable"),
    refuse_the_end_of_reading: (f"{_PREFIX}.unexpected", "reading_failed"),
    kill_whoever_reads_it: (f"{_PREFIX}.unexpected", "worker_died"),
}
