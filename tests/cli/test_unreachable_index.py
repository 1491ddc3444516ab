"""What `hellotutor check` and `doctor` say of vectors that lie where the settings don't reach."""

from __future__ import annotations

import sqlite3

import pytest
from tests.e2e.running import free_port

from .conftest import Kept, Program

TEXT = "# Tides\n\nThe moon pulls the sea, and the sea rises twice a day.\n"


def note_vectors(program: Program, place: str, state: str) -> None:
    with sqlite3.connect(program.data_dir / "hellotutor.sqlite3") as database:
        database.execute(
            "insert into retrieval_vectorset (place, model, version, dimensions, state, since) "
            "values (?, 'minilm/old', '1', 8, ?, datetime('now'))",
            (place, state),
        )
    database.close()


def test_the_doctor_names_what_a_reindex_left_although_nothing_is_in_force(program: Program) -> None:
    note_vectors(program, "pinecone/old", "retired")
    told = program.run("doctor").out
    assert "none yet; the first will lie in local" in told
    assert "minilm/old (1, 8 dimensions) in pinecone/old; run hellotutor reindex" in told


def test_the_doctor_names_it_too_where_those_in_force_can_not_be_asked(program: Program) -> None:
    note_vectors(program, "pinecone/notes", "in_force")
    note_vectors(program, "pinecone/old", "retired")
    ran = program.run("doctor")
    assert ran.code == 1
    assert "✗ vectors" in ran.out
    assert "in pinecone/old; run hellotutor reindex" in ran.out


@pytest.mark.parametrize("place", ["pinecone/notes", "pgvector"])
def test_the_check_looks_at_everything_else_while_the_index_in_force_is_out_of_reach(
    program: Program, place: str
) -> None:
    path = program.folder / "tides.md"
    path.write_text(TEXT, encoding="utf-8")
    assert program.run("ask", "What does the moon pull?", path, EMBEDDER="none").code == 0
    note_vectors(program, place, "in_force")
    note_vectors(program, "local", "retired")
    (lexical,) = (program.data_dir / "objects").glob("*/*/lexical-*")
    lexical.unlink()
    ran = program.run("check", PGVECTOR_URL=f"postgres://127.0.0.1:{free_port()}/nobody")
    assert ran.code == 1
    assert [line.split()[1] for line in ran.out.splitlines()[:-1]] == ["segments_missing", "index_unreachable"]
    assert "2 found" in ran.out


def test_the_doctor_tries_the_index_that_is_wished_for_while_another_one_serves(kept: Kept) -> None:
    url = f"postgres://127.0.0.1:{free_port()}/nobody"
    ran = kept.program.run("doctor", VECTOR_INDEX="pgvector", PGVECTOR_URL=url)
    assert ran.code == 1
    (line,) = [line for line in ran.out.splitlines() if line.startswith("✗")]
    assert "local serves until hellotutor reindex has run" in line
    assert "pgvector can't be used yet: " in line
    assert "✓ index        local answers" in ran.out


def test_what_an_abandoned_reindex_left_out_of_reach_is_told_as_that_and_can_be_forgotten(kept: Kept) -> None:
    note_vectors(kept.program, "pgvector", "building")
    ran = kept.program.run("reindex")
    assert ran.code == 1
    assert "Half-made vectors of an abandoned reindex lie in pgvector" in ran.err
    assert "set PGVECTOR_URL" in ran.err
    assert "--leave-old" in ran.err
    assert "new vectors are in force" not in ran.err
    assert kept.program.run("reindex", "--leave-old").code == 0
    assert kept.program.run("reindex").code == 0
