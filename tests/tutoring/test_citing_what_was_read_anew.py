"""A document that a worker read anew is cited by a web process as it is now."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from tests.claimed import read_claimed

from hellotutor.documents.models import DocumentVersion
from hellotutor.ingestion.mending import read_anew
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.retrieval.search import Search
from hellotutor.tutoring.rag_query import query_rag
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor

from .conftest import Reads

pytestmark = pytest.mark.django_db

TIDES = "# Tides\n\nThe moon pulls the water of the oceans and so raises two tides every day.\n"
SALT = "# Salt\n\nRivers carry dissolved salt from the rocks into the sea, where it stays.\n"
QUESTION = "What raises the tides of the oceans?"


def read_as(version: DocumentVersion, text: str, parts: IngestionParts) -> None:
    """Have a worker read a version anew, as whatever makes other passages of it would."""
    content = text.encode()
    Path(parts.storage.path(version.storage_key)).write_bytes(content)
    changed = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    DocumentVersion.objects.filter(pk=version.pk).update(**changed)
    read_anew(version.pk)
    version.refresh_from_db()
    for _ in read_claimed(version, parts):
        pass


def test_a_web_process_that_goes_on_cites_the_passage_that_answers(
    read: Reads, parts: IngestionParts, tutor: OfflineTutor
) -> None:
    version = read("ada@example.org", "seas.md", TIDES + "\n" + SALT)
    DocumentVersion.objects.filter(pk=version.pk).update(reader="of an earlier program")
    web = Search(LexicalIndex(parts.storage), LocalVectorIndex(parts.storage), None)

    def ask() -> list[str]:
        result = query_rag(message=QUESTION, versions=[version], user=version.owner, tutor=tutor, search=web)[1]
        return [hit.version_id + " " + str(hit.ordinal) for hit in result.hits[:1]]

    assert ask() == [f"{version.public_id} 0"]
    read_as(version, SALT + "\n" + TIDES, parts)
    assert ask() == [f"{version.public_id} 1"]
