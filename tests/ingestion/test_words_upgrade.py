"""A library whose words an earlier program indexed is found by them again, without anybody asking for it."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.core import clock
from hellotutor.documents import migrations
from hellotutor.documents.models import DocumentVersion
from hellotutor.ingestion import outcomes
from hellotutor.ingestion.services import add_document
from hellotutor.ingestion.tasks import ingest_next, request_unfinished
from hellotutor.ingestion.turns import MOST_DEATHS, list_waiting
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.lexical.segment_files import FORMAT
from hellotutor.retrieval.search import Search, SearchResult

pytestmark = pytest.mark.django_db

OLD = "lexical-english-1-2-00000000-00000001-last.npz"


@pytest.fixture(autouse=True)
def with_hashes_for_vectors(settings: Any) -> None:
    settings.INGESTION_PARTS = "tests.ingestion.hashing_parts.hashing_parts"


@pytest.fixture
def version(tmp_path: Path) -> DocumentVersion:
    """A document that was ingested whole, and then looks as an earlier program left it."""
    path = tmp_path / "gezeiten.md"
    path.write_text("# Gezeiten\n\nDer Mond zieht das Meer an, und die Fluten steigen zweimal am Tag bis zur Mole.\n")
    parts = composition.ingestion_parts()
    added = add_document(
        owner=User.objects.create_user("alice@example.org"),
        path=path,
        filename=path.name,
        storage=parts.storage,
        readers=parts.readers,
        max_bytes=10**6,
    )
    ingest_next.func()
    version = added.version
    make_old(version)
    return version


def make_old(version: DocumentVersion) -> None:
    composition.lexical_index().delete(**where(version))
    storages["default"].save(f"{folder(version)}/{OLD}", ContentFile(b"of another format"))
    DocumentVersion.objects.filter(pk=version.pk).update(wants_words=True)


def test_the_upgrade_marks_what_was_read_and_nothing_else(version: DocumentVersion) -> None:
    migration = import_module("hellotutor.documents.migrations.0004_words_again")
    for status, is_marked in (("indexed", True), ("embedding", True), ("queued", False), ("failed", False)):
        DocumentVersion.objects.update(status=status, wants_words=False)
        migration.want_words(apps, connection.schema_editor())
        version.refresh_from_db()
        assert version.wants_words is is_marked, status


def test_no_format_is_without_the_migration_that_has_words_indexed_again() -> None:
    names = sorted(path.stem for path in Path(migrations.__file__).parent.glob("0*.py"))
    modules = [import_module(f"{migrations.__name__}.{name}") for name in names]
    assert max(getattr(module, "FORMAT", 0) for module in modules) == FORMAT


def where(version: DocumentVersion) -> dict[str, str]:
    return {"tenant": get_tenant_tag(version.owner.public_id), "version_id": str(version.public_id)}


def folder(version: DocumentVersion) -> str:
    return "/".join(where(version).values())


def search_words(version: DocumentVersion, query: str) -> SearchResult:
    of = where(version)
    search = Search(LexicalIndex(storages["default"]), composition.vector_index(), None)
    return search.search(query, tenants=[of["tenant"]], versions=[of["version_id"]], k=3)


def list_segments(version: DocumentVersion) -> list[str]:
    return [name for name in storages["default"].listdir(folder(version))[1] if name.startswith("lexical-")]


def test_until_then_search_says_that_the_document_is_missing(version: DocumentVersion) -> None:
    found = search_words(version, "Flut")
    assert (found.hits, found.missing) == ((), (str(version.public_id),))


def test_the_worker_indexes_its_words_again_by_itself(version: DocumentVersion) -> None:
    request_unfinished()
    assert ingest_next.func() == 1
    assert [hit.ordinal for hit in search_words(version, "Flut").hits] == [0]  # in its own language
    assert search_words(version, "Gezeiten").hits  # which only the heading says
    [name] = list_segments(version)
    assert name.startswith(f"lexical-{FORMAT}-")
    version.refresh_from_db()
    assert (version.status, version.wants_words) == ("indexed", False)
    assert ingest_next.func() == 0


def test_its_vectors_are_left_as_they_are(version: DocumentVersion) -> None:
    before = {name for name in storages["default"].listdir(folder(version))[1] if name.startswith("vectors-")}
    ingest_next.func()
    assert before == {name for name in storages["default"].listdir(folder(version))[1] if name.startswith("vectors-")}


def test_what_embedding_was_given_up_for_is_found_by_its_words_again_too(version: DocumentVersion) -> None:
    DocumentVersion.objects.update(status="embedding", error_code="embedding_failed")
    ingest_next.func()
    assert search_words(version, "Flut").hits


def block(version: DocumentVersion) -> Path:
    """Put a file where the folder of a version should be."""
    of_version = Path(storages["default"].path(folder(version)))
    of_version.rename(of_version.with_name("kept"))
    of_version.touch()
    return of_version


def pass_the_time(version: DocumentVersion) -> None:
    version.refresh_from_db()
    assert version.not_before
    assert version.not_before > clock.now() + timedelta(minutes=3)
    DocumentVersion.objects.update(not_before=clock.now())


def test_where_the_storage_fails_it_is_tried_again_after_long_pauses_and_told_once(
    version: DocumentVersion, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(outcomes, "capture", lambda failure, error, **fields: told.append(error.code))
    settings.INGEST_ATTEMPTS = 1
    block(version)
    for _ in range(3):
        assert ingest_next.func() == 1
        assert not list_waiting(with_embedding=True).exists()
        pass_the_time(version)
        assert (version.status, version.error_code) == ("indexed", "storage_unavailable")
        assert version.wants_words
    assert told == ["storage_unavailable"]


def test_when_the_storage_works_again_its_words_are_found_and_no_error_stands(
    version: DocumentVersion, settings: Any
) -> None:
    settings.INGEST_ATTEMPTS = 1
    blocked = block(version)
    ingest_next.func()
    pass_the_time(version)
    blocked.unlink()
    blocked.with_name("kept").rename(blocked)
    assert ingest_next.func() == 1
    assert search_words(version, "Flut").hits
    version.refresh_from_db()
    assert (version.status, version.error_code, version.error_message) == ("indexed", "", "")
    assert not version.wants_words


def test_what_the_worker_dies_of_each_time_is_not_brought_for_ever(version: DocumentVersion) -> None:
    DocumentVersion.objects.update(lease_until=clock.now() - timedelta(minutes=1), deaths=MOST_DEATHS - 1)
    assert ingest_next.func() == 0
    version.refresh_from_db()
    assert (version.error_code, version.wants_words) == ("worker_died", False)


def test_what_somebody_stopped_is_not_taken_up_for_its_words(version: DocumentVersion) -> None:
    DocumentVersion.objects.update(status="cancelled")
    assert not list_waiting(with_embedding=True).exists()
