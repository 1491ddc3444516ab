"""`hellotutor documents`: how far each has been read, in a table, in lines, and for programs."""

from __future__ import annotations

import json
import sqlite3
from importlib import resources

from .conftest import Program

SAMPLE = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md")


def test_documents_are_listed_in_plain_lines_and_for_programs(program: Program) -> None:
    assert program.run("documents").out == ""
    sample = program.folder / "memory.md"
    sample.write_text(SAMPLE.read_text(encoding="utf-8"))
    program.run("ask", "What is chunking?", sample, EMBEDDER="none")
    ran = program.run("documents", "--watch", EMBEDDER="none")
    title, state, pages, passages, embedded, _, words = ran.out.strip().split("\t")
    assert (title, state, pages, embedded, words) == ("memory.md", "Ready", "6/6", "0", "You can study and ask.")
    told = json.loads(program.run("documents", "--json").out)
    assert (told["title"], told["status"], told["is_replacement"]) == ("memory.md", "embedding", False)
    assert (told["pages_read"], told["pages_total"], str(told["passages_read"])) == (6, 6, passages)
    assert told["seconds"] >= 0
    assert told["retry_at"] is None
    unknown = program.run("documents", "nobody@example.org")
    assert (unknown.code, unknown.out) == (1, "")


def test_a_document_that_was_stopped_is_asked_as_far_as_it_was_read(program: Program) -> None:
    sample = program.folder / "memory.md"
    sample.write_text(SAMPLE.read_text(encoding="utf-8"))
    program.run("ask", "What is chunking?", sample, EMBEDDER="none")
    with sqlite3.connect(program.data_dir / "hellotutor.sqlite3") as database:
        database.execute("UPDATE documents_documentversion SET status = 'cancelled', pages_total = 9")
    database.close()
    assert program.run("documents", EMBEDDER="none").out.split("\t")[1] == "Incomplete"
    ran = program.run("ask", "What is chunking?", "--json", EMBEDDER="none")
    assert "Searched as far as it was read: memory.md: Reading it was stopped." in ran.err
    assert json.loads(ran.out)["grounded"] is True
