"""`hellotutor ask`, `insights`, `doctor` and `models fetch`."""

from __future__ import annotations

import json
from importlib import resources

from hellotutor.core.text import is_verbatim

from .conftest import Program

SAMPLE = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md")


def test_a_reply_is_made_of_cited_sentences_of_the_document(program: Program) -> None:
    sample = program.folder / "memory.md"
    sample.write_text(SAMPLE.read_text(encoding="utf-8"))
    ran = program.run("ask", "Why is spaced review better than cramming?", sample, "--json")
    assert ran.code == 0, ran.err
    (reply,) = [json.loads(line) for line in ran.out.splitlines()]
    assert set(reply) == {"reply", "grounded", "citations"}
    assert reply["grounded"] is True
    assert reply["citations"]
    for citation in reply["citations"]:
        assert citation["document"] == "memory.md"
        assert is_verbatim(citation["quote"], sample.read_text(encoding="utf-8").replace("#", ""))
        assert citation["quote"] in reply["reply"]


def test_what_the_document_does_not_answer_is_said(program: Program) -> None:
    sample = program.folder / "memory.md"
    sample.write_text(SAMPLE.read_text(encoding="utf-8"))
    ran = program.run("ask", "Who won the football world cup in 1990?", sample, "--json")
    reply = json.loads(ran.out)
    assert (reply["grounded"], reply["citations"]) == (False, [])
    assert "don't answer" in reply["reply"]


def test_without_the_model_search_is_by_words_and_says_so(program: Program) -> None:
    sample = program.folder / "memory.md"
    sample.write_text(SAMPLE.read_text(encoding="utf-8"))
    ran = program.run("ask", "What is the spacing effect?", sample, EMBEDDER="none")
    assert "by words only" in ran.err
    assert "spacing effect" in ran.out


def test_every_document_is_asked_where_no_file_is_named(program: Program) -> None:
    sample = program.folder / "memory.md"
    sample.write_text(SAMPLE.read_text(encoding="utf-8"))
    program.run("ask", "What is chunking?", sample, EMBEDDER="none")
    ran = program.run("ask", "What is chunking?", "--json", EMBEDDER="none")
    assert json.loads(ran.out)["citations"][0]["document"] == "memory.md"


def test_insights_are_found_again(program: Program) -> None:
    studied = program.run("study", "--sample", "--count", "2", "--json", stdin="a\nb\n")
    shown = program.run("insights", "--json")
    assert json.loads(shown.out)["swot"] == studied.events[-1]["swot"]
    session_id = program.run("insights", "--list").out.split()[0]
    assert studied.events[-1]["summary"].split(":")[0] in program.run("insights", session_id).out.replace("\n", " ")


def test_a_session_without_an_answer_is_not_the_one_whose_insights_are_shown(program: Program) -> None:
    studied = program.run("study", "--sample", "--count", "1", "--json", stdin="a\n")
    program.run("study", "--sample", "--count", "2", "--json", stdin="")
    assert program.run("insights", "--list").out.split()[3] == "active"
    assert json.loads(program.run("insights", "--json").out)["summary"] == studied.events[-1]["summary"]


def test_the_doctor_finds_nothing_wrong_with_a_fresh_start_and_says_what_is_configured(bare_program: Program) -> None:
    ran = bare_program.run("doctor")
    assert ran.code == 0, ran.out + ran.err
    for part in ("data", "database", "storage", "tutor", "questions", "embedder", "monitoring", "off (no SENTRY_DSN)"):
        assert part in ran.out
    assert str(bare_program.data_dir) in ran.out.replace("\n", "")


def test_the_doctor_of_a_damaged_database_says_so(bare_program: Program) -> None:
    bare_program.data_dir.mkdir()
    (bare_program.data_dir / "hellotutor.sqlite3").write_bytes(b"no database" * 1000)
    ran = bare_program.run("doctor")
    assert ran.code == 1
    assert "database can't be used" in ran.out
    assert "inside HelloTutor" not in ran.err


def test_the_doctor_says_what_to_do_without_the_model(program: Program) -> None:
    ran = program.run("doctor", EMBEDDER="none")
    assert ran.code == 0
    assert "by words only" in ran.out


def test_the_model_is_made_once(program: Program) -> None:
    first, again = program.run("models", "fetch"), program.run("models", "fetch")
    assert (first.code, again.code) == (0, 0), first.err
    assert "was there already" in again.out.replace("\n", " ")


def test_a_bad_setting_and_a_bad_data_folder_are_one_sentence(program: Program) -> None:
    ran = program.run("doctor", MAX_FILE_MB="lots")
    assert ran.code == 1
    assert "MAX_FILE_MB" in ran.err
    (program.folder / "file").touch()
    ran = program.run("doctor", DATA_DIR=str(program.folder / "file"))
    assert ran.code == 1
    assert "DATA_DIR" in ran.err
    assert "Traceback" not in ran.err
