"""`hellotutor check`: what is left over in the storage is found, and removed only where it is surely ours."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import InMemoryStorage

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.ingestion.findings import Tally
from hellotutor.ingestion.orphans import check_orphans
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex

from .conftest import Kept

ORPHANS = {
    "a" * 64: "object_orphaned",
    "lexical-english-1-2-00000000-00000007.npz": "segments_orphaned",
    "vectors-minilm-0-00000000-00000007.npy": "vectors_orphaned",
}
UNKNOWN = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"


def put(path: Path, content: bytes = b"left over", *, hours_ago: float = 2.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    then = path.stat().st_mtime - hours_ago * 3_600
    os.utime(path, (then, then))
    return path


def put_orphan(kept: Kept, name: str, **options: Any) -> Path:
    return put(kept.file("vectors-*").parents[1] / UNKNOWN / name, **options)


def note_removal(kept: Kept, path: Path, due: str) -> None:
    tenant, version_id, _ = path.relative_to(kept.objects).parts
    kept.sql(
        "insert into documents_removal (tenant, version_id, storage_key, due_at, tries) "
        "values (?, ?, ?, datetime('now', ?), 0)",
        tenant,
        version_id.replace("-", ""),
        str(path.relative_to(kept.objects)),
        due,
    )


def delete_every_row(kept: Kept) -> None:
    for table in ("passage", "page", "documentversion", "document"):
        kept.sql(f"delete from documents_{table}")  # noqa: S608 - names of ours


def test_what_belongs_to_no_document_is_found_and_removed(kept: Kept) -> None:
    before = kept.everything()
    for name in ORPHANS:
        put_orphan(kept, name)
    assert kept.found("--repair") == [("✓", code) for code in ORPHANS.values()]
    assert kept.everything() == before


def test_what_other_installations_keep_in_the_same_bucket_is_told_and_never_removed(kept: Kept) -> None:
    for name in ORPHANS:
        put(kept.objects / ("f" * 40) / UNKNOWN / name)
    before = kept.everything()
    ran = kept.check("--repair", "--grace-minutes", "0")
    assert [line.split()[:2] for line in ran.out.splitlines()[:-1]] == [["✗", code] for code in ORPHANS.values()]
    assert ran.out.count("another installation's") == 3
    assert kept.everything() == before


def test_what_an_account_without_any_document_left_is_removed(kept: Kept) -> None:
    delete_every_row(kept)
    assert {sign for sign, _ in kept.found("--repair", "--grace-minutes", "0")} == {"✓"}
    assert kept.everything() == set()


def test_files_of_a_version_under_another_owners_tag_belong_to_nobody(kept: Kept) -> None:
    path = kept.file("lexical-*last*")
    put(kept.objects / ("b" * 40) / path.parent.name / path.name)
    assert kept.found() == [("✗", "segments_orphaned")]


def test_an_upload_in_progress_and_a_young_file_are_left_alone(kept: Kept) -> None:
    noted = put_orphan(kept, "a" * 64)
    folder = noted.parents[1] / UNKNOWN.replace("6f", "7f")
    young = [put(folder / name, hours_ago=0) for name in ORPHANS]
    put(folder / "lexical-english-1-2-00000007-00000009.npz")  # as old as its youngest neighbour
    note_removal(kept, noted, "+1 day")
    ran = kept.check("--repair")
    assert ran.code == 0, ran.out
    assert "1 to be removed yet" in ran.out
    assert noted.exists()
    assert all(path.exists() for path in young)
    assert kept.found("--grace-minutes", "0") == [("✗", code) for code in ORPHANS.values()]


@pytest.mark.django_db
def test_vectors_that_nobody_can_tell_the_age_of_are_removed_only_without_any_grace() -> None:
    elsewhere = InMemoryStorage()
    index = LocalVectorIndex(elsewhere)
    parts = IngestionParts(InMemoryStorage(), (), LexicalIndex(InMemoryStorage()), index, None)
    tenant = get_tenant_tag(User.objects.create_user("alice@example.org").public_id)
    stamp, vectors = IndexStamp("a model", "1", 4), np.ones((1, 4), dtype=np.float32)
    index.upsert(tenant=tenant, version_id=UNKNOWN, first_ordinal=0, vectors=vectors, stamp=stamp)
    (found,) = check_orphans(parts, Tally(), grace=timedelta(hours=1))
    assert (found.code, found.mend) == ("vectors_orphaned", None)
    (found,) = check_orphans(parts, Tally(), grace=timedelta(0))
    assert found.mend
    assert found.mend() == "removed"
    assert list(index.list_versions()) == []


def test_an_overdue_removal_is_carried_out(kept: Kept) -> None:
    path = put_orphan(kept, "a" * 64, hours_ago=0)
    note_removal(kept, path, "-1 hour")
    assert kept.found() == [("✗", "removal_overdue")]
    kept.sql("update documents_removal set due_at = datetime('now', '+1 hour'), tries = 5")  # put off again and again
    assert kept.found("--repair") == [("✓", "removal_overdue")]
    assert not path.exists()
    assert kept.sql("select * from documents_removal") == []


def test_a_note_to_remove_a_living_document_is_taken_back(kept: Kept) -> None:
    note_removal(kept, kept.file("[0-9a-f]*"), "+1 hour")  # as while a lost file is uploaded again
    assert kept.found() == []
    kept.sql("update documents_removal set due_at = datetime('now', '-1 hour')")
    assert kept.found("--repair") == [("✓", "removal_unfounded")]
    assert kept.check("--bytes").code == 0
    assert kept.sql("select * from documents_removal") == []


def test_what_is_not_ours_is_told_and_never_removed(kept: Kept) -> None:
    strays = [put(kept.objects / name) for name in ("notes.txt", "backup/everything.zip")]
    strays.append(put(kept.file("lexical-*last*").with_name("notes.txt")))
    assert kept.found("--repair", "--grace-minutes", "0") == [("✗", "stray_file")] * 3
    assert all(path.exists() for path in strays)


def test_what_an_interrupted_look_at_the_storage_left_is_removed_and_a_present_one_is_not(kept: Kept) -> None:
    left, present = (put(kept.objects / "probes" / str(hours), hours_ago=hours) for hours in (2, 0))
    assert kept.found("--repair", "--grace-minutes", "0") == [("✓", "probe_left")]
    assert (left.exists(), present.exists()) == (False, True)


def test_another_database_never_empties_the_storage(kept: Kept) -> None:
    delete_every_row(kept)
    kept.sql("update accounts_user set public_id = ?", "f" * 32)
    before = kept.everything()
    ran = kept.check("--repair", "--grace-minutes", "0")
    assert ran.code == 1
    assert "are DATABASE_URL and HMAC_SECRET right?" in ran.out
    assert kept.everything() == before


def test_a_storage_that_can_not_be_looked_at_is_one_sentence(kept: Kept) -> None:
    shutil.rmtree(kept.objects)
    kept.objects.write_text("no folder")
    ran = kept.check("--repair")
    assert ran.code == 1
    assert kept.sql("select count(*) from documents_documentversion") == [(2,)]
