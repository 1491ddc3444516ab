"""`hellotutor ask` over documents that are whole leaves their rows as they are, also while the index is away."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from tests.postgres_server import PostgresServer

from .conftest import QUESTION, TEXTS, Kept, Program


def rows(program: Program) -> list[Any]:
    with sqlite3.connect(program.data_dir / "hellotutor.sqlite3") as database:
        found = database.execute("select * from documents_documentversion order by id").fetchall()
    database.close()
    return found


@pytest.mark.parametrize("settings", [{}, {"EMBEDDER": "none"}])
def test_a_question_claims_no_document_that_is_whole(kept: Kept, settings: dict[str, str]) -> None:
    before = rows(kept.program)
    ran = kept.program.run("ask", QUESTION, **settings)
    assert ran.code == 0, ran.err
    assert rows(kept.program) == before


def test_a_question_while_postgres_is_away_says_once_why_it_is_by_words_and_changes_nothing(
    program: Program, postgres: PostgresServer
) -> None:
    url = postgres.make_database()
    settings = {"VECTOR_INDEX": "pgvector", "PGVECTOR_URL": url, "EMBEDDER": "hashing"}
    paths = [program.folder / name for name in TEXTS]
    for path, text in zip(paths, TEXTS.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    assert program.run("ask", QUESTION, *paths, **settings).code == 0
    before = rows(program)
    with postgres.stopped():
        ran = program.run("ask", QUESTION, **settings)
    assert ran.code == 0, ran.err
    assert rows(program) == before
    (line,) = [line for line in ran.err.splitlines() if "words" in line or "ostgres" in line]
    assert line.startswith("▸ Searched by words only: ")
    assert "PGVECTOR_URL" in line
    assert program.run("check", **settings).code == 0


def test_an_error_that_was_left_on_a_whole_document_goes_with_the_next_question(kept: Kept) -> None:
    kept.sql("update documents_documentversion set error_code = 'pgvector_unreachable' where filename = 'cranes.md'")
    assert kept.check().code == 1
    assert kept.program.run("ask", QUESTION).code == 0
    assert kept.check().code == 0
