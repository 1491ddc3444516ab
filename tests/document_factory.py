"""Documents that were really stored and read, for the tests of whatever stands on them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from tests.claimed import read_claimed

from hellotutor.accounts.models import User
from hellotutor.config.composition import ingestion_parts
from hellotutor.documents.models import Document
from hellotutor.ingestion.services import add_document


class DocumentFactory(Protocol):
    """Makes a document of `owner` out of Markdown text; it is read unless `is_read` is False."""

    def __call__(
        self, text: str = ..., *, owner: User | None = ..., filename: str = ..., is_read: bool = ...
    ) -> Document:
        """Return the document; other documents of one owner need other texts."""


def document_factory(folder: Path, usual_owner: User, usual_text: str, usual_name: str) -> DocumentFactory:
    """Return a factory over the program's own parts; the documents can be studied and searched by words."""

    def make(
        text: str = usual_text, *, owner: User | None = None, filename: str = usual_name, is_read: bool = True
    ) -> Document:
        parts = ingestion_parts()
        path = folder / "upload"
        path.write_text(text, encoding="utf-8")
        added = add_document(
            owner=owner or usual_owner,
            path=path,
            filename=filename,
            storage=parts.storage,
            readers=parts.readers,
            max_bytes=10**6,
        )
        if is_read:
            for _ in read_claimed(added.version, parts):
                pass
        return added.version.document

    return make
