"""Documents whose versions are replaced, read in part, and stopped, by the program's own parts."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from rest_framework.test import APIClient
from tests.claimed import read_claimed

from hellotutor.accounts.models import User
from hellotutor.accounts.tokens import create_token
from hellotutor.config.composition import ingestion_parts
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.ingestion.services import add_document, replace_document

MEMORY = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md").read_text(encoding="utf-8")
PARTS = 90  # sections, of one passage each: three batches


def long_text(word: str = "Organ") -> str:
    """Return a text of 90 sections; the n-th says something that no other says."""
    return "".join(
        f"# Part {n}\n\n{word} number {n} keeps the {_name(n)} of the body.\n\n" for n in range(1, PARTS + 1)
    )


def _name(number: int) -> str:
    """Return a word that stands in one section only."""
    return "".join(chr(ord("a") + int(digit)) * 2 for digit in f"{number:03}") + "ium"


def add(owner: User, folder: Path, text: str, name: str = "body.md") -> DocumentVersion:
    """Add a document, which waits for being read."""
    return add_document(owner=owner, **_file(folder, text, name)).version


def replace(document: Document, folder: Path, text: str, name: str = "new.md") -> DocumentVersion:
    """Add a version to a document, which waits for being read."""
    return replace_document(document=document, **_file(folder, text, name)).version


def read_all(version: DocumentVersion) -> None:
    """Read a version to its end."""
    for _ in read_claimed(version, ingestion_parts()):
        pass


def read_some(version: DocumentVersion) -> None:
    """Read the first batch of a version; then its turn is over."""
    batches = read_claimed(version, ingestion_parts())
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    version.refresh_from_db()


def client_of(user: User) -> APIClient:
    """Return a client of the API with a token of this user."""
    client = APIClient(HTTP_HOST="localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(owner=user, name='tests')[1]}")
    return client


def _file(folder: Path, text: str, name: str) -> dict[str, Any]:
    path, parts = folder / "upload", ingestion_parts()
    path.write_text(text, encoding="utf-8")
    kept = {"storage": parts.storage, "readers": parts.readers, "max_bytes": 10**6}
    return {"path": path, "filename": name, **kept}
