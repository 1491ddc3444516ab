"""`hellotutor check`: what is lost or contradicts itself is found, and mended where that is safe."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hellotutor.core.locks import hold

from .conftest import QUESTION, Kept, Program


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
