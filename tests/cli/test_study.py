"""`hellotutor study`, as a person and a program use it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pypdfium2
import pytest

from hellotutor.core.text import is_verbatim

from .conftest import Program

SAMPLE = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md").read_text(encoding="utf-8")


def plain(markdown: str) -> str:
    return markdown.replace("# ", " ").replace("#", "")


def test_a_scripted_session_writes_question_and_grade_events_and_at_last_the_insights(program: Program) -> None:
    answers = program.folder / "answers.txt"
    answers.write_text("I don't know\nthe brain\n1\nbecause of sleep\nchunking\n")
    ran = program.run("study", "--sample", "--count", "5", "--answers", answers, "--json")
    assert ran.code == 0, ran.err
    assert [event["event"] for event in ran.events] == ["question", "grade"] * 5 + ["insights"]
    questions, grades = ran.of("question"), ran.of("grade")
    assert [grade["question_id"] for grade in grades] == [question["id"] for question in questions]
    assert len({question["prompt"] for question in questions}) == 5
    for question, grade in zip(questions, grades, strict=True):
        assert set(question) == {"event", "id", "kind", "prompt", "choices"}
        assert bool(question["choices"]) == (question["kind"] == "multiple_choice")
        assert grade["verdict"] in {"correct", "partial", "incorrect", "unsure"}
        assert 0 <= grade["score"] <= 1
        assert grade["feedback"]
        assert grade["evidence"]["document"] == "how-memory-works.md"
        assert grade["evidence"]["page"] is None
        assert is_verbatim(grade["evidence"]["quote"], plain(SAMPLE))
    swot = ran.events[-1]["swot"]
    assert set(swot) == {"strengths", "weaknesses", "opportunities", "threats"}
    assert sum(len(item["evidence"]) for item in swot["weaknesses"]) == [g["verdict"] for g in grades].count(
        "incorrect"
    )


def test_the_right_answers_are_graded_correct(program: Program) -> None:
    with program.start("study", "--sample", "--count", "3", "--json") as process:
        assert process.stdin and process.stdout
        verdicts = []
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "question":
                process.stdin.write(f"{_answer_to(program, event['id'])}\n")
                process.stdin.flush()
            elif event["event"] == "grade":
                verdicts.append(event["verdict"])
    assert verdicts == ["correct"] * 3


def _answer_to(program: Program, question_id: str) -> str:
    with sqlite3.connect(program.data_dir / "hellotutor.sqlite3") as database:
        rows = database.execute(
            "select answer from tutoring_question where public_id = ?", [question_id.replace("-", "")]
        )
        return str(rows.fetchone()[0])


def test_a_session_that_was_left_goes_on_and_a_finished_one_is_followed_by_new_questions(program: Program) -> None:
    left = program.run("study", "--sample", "--count", "3", "--json", stdin="first\n")
    assert left.code == 0
    assert "1 of 3 answered" in left.err
    unanswered = left.of("question")[1]
    resumed = program.run("study", "--sample", "--count", "3", "--json", stdin="second\nthird\n")
    assert resumed.of("question")[0] == unanswered
    assert len(resumed.of("grade")) == 2
    again = program.run("study", "--sample", "--count", "3", "--json", stdin="a\nb\nc\n")
    asked = {event["prompt"] for ran in (left, resumed) for event in ran.of("question")}
    assert len(asked) == 3
    assert not asked & {event["prompt"] for event in again.of("question")}


def test_a_person_gets_hints_a_verdict_with_its_evidence_and_the_insights(program: Program) -> None:
    ran = program.run("study", "--sample", "--count", "1", stdin="h\nh\nh\n\nno idea\n")
    assert ran.code == 0, ran.err
    assert ran.out.count("Hint:") == 3
    assert "Question 1 of 1" in ran.out
    assert "Not correct" in ran.out
    assert "how-memory-works.md" in ran.out
    assert "Weaknesses" in ran.out


def test_a_session_can_be_kept_to_a_section(program: Program) -> None:
    ran = program.run("study", "--sample", "--count", "2", "--section", "forget", "--json", stdin="a\nb\n")
    assert ran.of("grade")
    assert all(grade["evidence"]["section"].endswith("Why we forget") for grade in ran.of("grade"))


def test_five_questions_about_a_book_come_from_five_places_and_quote_its_pages(
    program: Program, shared_data: Path
) -> None:
    book = shared_data / "books" / "freeculture.pdf"
    ran = program.run("study", book, "--count", "5", "--json", stdin="one\ntwo\nthree\nfour\nfive\n")
    evidence = [grade["evidence"] for grade in ran.of("grade")]
    assert len(evidence) == 5
    pages = [found["page"] for found in evidence]
    assert min(abs(first - second) for first in pages for second in pages if first is not second) >= 5
    with pypdfium2.PdfDocument(book) as document:
        for found in evidence:
            assert is_verbatim(found["quote"], document[found["page"] - 1].get_textpage().get_text_bounded())


def test_pages_can_be_chosen(program: Program, shared_data: Path) -> None:
    book = shared_data / "books" / "freeculture.pdf"
    ran = program.run("study", book, "--count", "2", "--pages", "94-112", "--json", stdin="a\nb\n")
    assert [94 <= grade["evidence"]["page"] <= 112 for grade in ran.of("grade")] == [True, True]


def test_a_whole_textbook_can_be_studied(program: Program, shared_data: Path) -> None:
    ran = program.run("study", shared_data / "textbook" / "biology.md", "--count", "2", "--json", stdin="a\nb\n")
    assert len(ran.of("grade")) == 2
    assert not [g for g in ran.of("grade") if g["evidence"]["section"].startswith("Preface")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["study", "--sample", "--pages", "1-2"], "no pages"),
        (["study", "--sample", "--section", "whales"], "whales"),
        (["study", "--sample", "--answers", "none.txt"], "none.txt"),
        (["insights"], "no session"),
        (["insights", "not-an-id"], "no such session"),
        (["ask", "Why?"], "no document"),
    ],
)
def test_a_wrong_wish_is_answered_with_one_sentence(arguments: list[str], said: str, program: Program) -> None:
    ran = program.run(*arguments)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_command_words_and_choices_that_are_none_are_no_answers(program: Program) -> None:
    ran = program.run("study", "--sample", "--count", "1", stdin="?\nhelp\nhint\nexit\n")
    assert ran.code == 0
    assert "Hint:" in ran.out
    assert "0 of 1 answered" in ran.err


def test_an_empty_line_is_an_answer_for_a_program(program: Program) -> None:
    ran = program.run("study", "--sample", "--count", "2", "--json", stdin="\nh\nsecond\n")
    assert [event["event"] for event in ran.events] == ["question", "grade", "question", "hint", "grade", "insights"]
    assert ran.of("grade")[0]["verdict"] == "incorrect"


def test_two_programs_may_start_at_once_on_the_same_new_file(program: Program) -> None:
    notes = program.folder / "notes.md"
    notes.write_text(SAMPLE, encoding="utf-8")
    started = [program.start("study", notes, "--count", "1", "--json") for _ in range(3)]
    ended = [process.communicate("a\n", timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], ended
    with sqlite3.connect(program.data_dir / "hellotutor.sqlite3") as database:
        assert database.execute("select count(*) from documents_document").fetchone() == (1,)
        ordinals = [row[0] for row in database.execute("select ordinal from documents_passage order by ordinal")]
    assert ordinals == list(range(len(ordinals)))


def test_two_terminals_on_one_file_have_a_session_each(program: Program) -> None:
    notes = program.folder / "notes.md"
    notes.write_text(SAMPLE, encoding="utf-8")
    first = program.start("study", notes, "--count", "2", "--json")
    assert first.stdout
    asked = json.loads(first.stdout.readline())
    second = program.run("study", notes, "--count", "2", "--json", stdin="a\nb\n")
    assert second.code == 0, second.err
    assert asked["id"] not in {question["id"] for question in second.of("question")}
    out, err = first.communicate("a\nb\n", timeout=60)
    assert first.returncode == 0, err
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["grade", "question", "grade", "insights"]


def test_an_answer_in_bytes_that_are_no_utf_8_is_still_an_answer(program: Program) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "hellotutor", "study", "--sample", "--count", "1", "--json"],
        input=b"caf\xe9\n",
        capture_output=True,
        check=False,
        env=program.environment(),
    )
    assert ended.returncode == 0, ended.stderr
    assert b'"event": "grade"' in ended.stdout


def test_wrong_usage_has_its_own_exit_code(program: Program) -> None:
    for arguments in (["study", "--count", "0", "--sample"], ["dance"], ["ask"], ["study", "--sample", "--pages", "x"]):
        ran = program.run(*arguments)
        assert ran.code == 2
        assert "Traceback" not in ran.err
