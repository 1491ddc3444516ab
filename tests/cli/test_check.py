"""`hellotutor check`: what is lost, left over or contradicts itself is found, and mended where that is safe."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import InMemoryStorage

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.core.locks import hold
from hellotutor.ingestion.findings import Tally
from hellotutor.ingestion.orphans import check_orphans
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex

from .conftest import Program, Ran

QUESTION = "What does the moon pull?"
TEXTS = {
    "Diary of Anna Karlsson.md": "# Tides\n\nThe moon pulls the sea, and the sea rises twice a day.\n",
    "cranes.md": "# Cranes\n\nA crane lifts what no hand can lift.\n",
}
ORPHANS = {
    "a" * 64: "object_orphaned",
    "lexical-english-1-2-00000000-00000007.npz": "segments_orphaned",
    "vectors-minilm-0-00000000-00000007.npy": "vectors_orphaned",
}
UNKNOWN = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Two documents, read and embedded."""
    program = Program(tmp_path_factory.mktemp("library") / "data", tmp_path_factory.mktemp("files"))
    paths = [program.folder / name for name in TEXTS]
    for path, text in zip(paths, TEXTS.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    ran = program.run("ask", QUESTION, *paths)
    assert ran.code == 0, ran.err
    return program


class Kept:
    """A copy of the library that a test may damage."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.objects = program.data_dir / "objects"

    def sql(self, statement: str, *values: object) -> list[Any]:
        with sqlite3.connect(self.program.data_dir / "hellotutor.sqlite3", timeout=30) as database:
            return database.execute(statement, values).fetchall()

    def check(self, *options: str, **settings: str) -> Ran:
        ran = self.program.run("check", *options, **settings)
        assert "Traceback" not in ran.err
        return ran

    def found(self, *options: str) -> list[tuple[str, str]]:
        """Return sign and code of each finding."""
        return [(line[0], line.split()[1]) for line in self.check(*options).out.splitlines()[:-1]]

    def file(self, pattern: str, filename: str = "cranes.md") -> Path:
        """Return the one file in a document's folder whose name fits."""
        (key,) = self.sql("select storage_key from documents_documentversion where filename = ?", filename)[0]
        (found,) = (self.objects / key).parent.glob(pattern)
        return found

    def everything(self) -> set[str]:
        return {str(path.relative_to(self.objects)) for path in self.objects.rglob("*") if path.is_file()}


@pytest.fixture
def kept(library: Program, tmp_path: Path) -> Kept:
    shutil.copytree(library.data_dir, tmp_path / "data")
    return Kept(Program(tmp_path / "data", library.folder))


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


def test_a_whole_library_is_well(kept: Kept) -> None:
    ran = kept.check("--bytes", "--repair")
    assert (ran.code, ran.out) == (0, "2 versions, 2 passages, 2 stored files: nothing is wrong.\n")


def test_an_installation_without_documents_is_well(program: Program) -> None:
    ran = program.run("check", "--repair")
    assert (ran.code, ran.out) == (0, "0 versions, 0 passages, 0 stored files: nothing is wrong.\n")


def lose_the_object(kept: Kept) -> None:
    kept.file("[0-9a-f]*").unlink()


def cut_the_object(kept: Kept) -> None:
    kept.file("[0-9a-f]*").write_bytes(b"# Cra")


@pytest.mark.parametrize(("damage", "code"), [(lose_the_object, "object_missing"), (cut_the_object, "object_altered")])
def test_a_lost_or_altered_file_is_found_and_what_to_do_is_said(
    damage: Callable[[Kept], None], code: str, kept: Kept
) -> None:
    damage(kept)
    ran = kept.check("--repair")
    (document_id,) = kept.sql(
        "select d.public_id from documents_document d join documents_documentversion v on v.document_id = d.id "
        "where v.filename = 'cranes.md'"
    )[0]
    assert ran.code == 1
    assert ran.out.startswith(f"✗ {code}")
    assert document_id in ran.out.replace("-", "")
    assert "upload it again" in ran.out
    assert "1 found, 0 mended" in ran.out


def test_a_file_noted_as_altered_is_mended_by_an_upload_as_the_advice_says(kept: Kept) -> None:
    cut_the_object(kept)
    assert "delete the document and upload it again" in kept.check().out
    set_status("failed", "object_altered")(kept, "cranes.md")
    ran = kept.check()
    assert "upload it again, which mends this" in ran.out
    assert "delete" not in ran.out
    assert kept.program.run("ask", QUESTION, kept.program.folder / "cranes.md").code == 0
    assert kept.check("--bytes").code == 0


def test_a_file_altered_in_place_is_found_only_by_its_bytes(kept: Kept) -> None:
    path = kept.file("[0-9a-f]*")
    path.write_bytes(path.read_bytes().swapcase())
    assert kept.found() == []
    assert kept.found("--bytes") == [("✗", "object_altered")]


def test_names_are_shown_only_when_asked_for(kept: Kept) -> None:
    kept.file("[0-9a-f]*", "Diary of Anna Karlsson.md").unlink()
    assert "Karlsson" not in kept.check().out
    assert "Diary of Anna Karlsson.md" in kept.check("--names").out


def lose_the_segments(kept: Kept, filename: str = "cranes.md") -> None:
    for path in kept.file("vectors-*", filename).parent.glob("lexical-*"):
        path.unlink()


def lose_the_vectors(kept: Kept, filename: str = "cranes.md") -> None:
    kept.file("vectors-*", filename).unlink()


def cut_the_vectors_short(kept: Kept, filename: str) -> None:
    path = kept.file("vectors-*", filename)
    path.write_bytes(path.read_bytes()[:-1])


def lose_a_passage(kept: Kept, filename: str) -> None:
    kept.sql("delete from documents_passage where text like ?", f"%{filename}%")


def leave_a_gap(kept: Kept, filename: str) -> None:
    kept.sql("update documents_page set ordinal = 7 where text like ?", f"%{filename}%")


def set_status(status: str, error_code: str) -> Callable[[Kept, str], None]:
    def damage(kept: Kept, filename: str) -> None:
        statement = "update documents_documentversion set status = ?, error_code = ? where filename = ?"
        kept.sql(statement, status, error_code, filename)

    return damage


DAMAGES: list[tuple[Callable[[Kept, str], None], str]] = [
    (lose_the_segments, "segments_missing"),
    (lose_the_vectors, "vectors_missing"),
    (cut_the_vectors_short, "vectors_missing"),
    (lose_a_passage, "rows_inconsistent"),
    (leave_a_gap, "rows_inconsistent"),
    (set_status("indexed", "s3_failed"), "status_inconsistent"),
    (set_status("queued", "s3_failed"), "status_inconsistent"),
    (set_status("failed", ""), "status_inconsistent"),
]


def test_what_can_be_made_anew_is_found_mended_and_then_whole(program: Program) -> None:
    paths = [program.folder / f"part {number}.md" for number in range(len(DAMAGES))]
    for path in paths:
        path.write_text(f"# Moon\n\nThe moon pulls the sea, as {path.name} says.\n", encoding="utf-8")
    assert program.run("ask", QUESTION, *paths).code == 0
    kept = Kept(program)
    before = kept.everything()
    for path, (damage, _) in zip(paths, DAMAGES, strict=True):
        damage(kept, path.name)
    assert kept.found("--repair") == [("✓", code) for _, code in DAMAGES]
    assert program.run("ask", QUESTION, *paths).code == 0  # reads and embeds the rest
    ran = kept.check("--bytes")
    assert (ran.code, ran.out) == (0, "8 versions, 8 passages, 8 stored files: nothing is wrong.\n")
    assert kept.everything() == before


def test_a_repair_is_the_workers_next_work(kept: Kept) -> None:
    lose_the_vectors(kept)
    assert kept.check("--repair").code == 0
    assert kept.sql("select status from documents_documentversion where filename = 'cranes.md'") == [("embedding",)]
    assert kept.sql("select count(*) from django_tasks_database_dbtaskresult where status = 'READY'") == [(1,)]
    assert "1 waiting for a worker" in kept.check().out


def test_vectors_of_another_model_are_made_anew(kept: Kept) -> None:
    path = kept.file("vectors-*")
    path.rename(path.with_name(path.name.replace("minilm", "another")))
    assert kept.found() == [("✗", "vectors_missing")]
    assert kept.check(EMBEDDER="none").code == 0  # who has no model can't say


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


def test_what_somebody_works_on_is_in_flux_and_left_to_them(kept: Kept) -> None:
    lose_the_segments(kept)
    with hold(kept.program.data_dir / "locks" / "holder-theirs.lock"):
        kept.sql(
            "update documents_documentversion set lease_until = datetime('now', '+1 minute'), claimed_by = 'theirs' "
            "where filename = 'cranes.md'"
        )
        ran = kept.check("--repair")
        assert (ran.code, "1 being worked on" in ran.out) == (0, True), ran.out
    assert kept.found() == [("✗", "segments_missing")]  # whoever it was has died


def test_a_storage_that_can_not_be_looked_at_is_one_sentence(kept: Kept) -> None:
    shutil.rmtree(kept.objects)
    kept.objects.write_text("no folder")
    ran = kept.check("--repair")
    assert ran.code == 1
    assert kept.sql("select count(*) from documents_documentversion") == [(2,)]
