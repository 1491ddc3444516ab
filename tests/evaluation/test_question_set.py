from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from hellotutor.core.errors import Invalid, NotFound
from hellotutor.evaluation.question_set import Question, read_question_set

TEXT = "Tea is a drink.\r\nIt is made of “leaves”."
REFERENCE = {"content": "made of “leaves”", "start_index": 23, "end_index": 39}


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    folder = tmp_path / "corpora"
    folder.mkdir()
    (folder / "tea.md").write_bytes(TEXT.encode())
    return folder


def write(corpora: Path, *rows: tuple[str, Any, str], header: str = "question,references,corpus_id") -> Path:
    path = corpora.parent / "questions.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"{header}\n")
        for question, references, corpus_id in rows:
            listed = references if isinstance(references, str) else json.dumps(references)
            csv.writer(file).writerow([question, listed, corpus_id])
    return path


def test_questions_come_with_the_spans_that_answer_them(corpora: Path) -> None:
    path = write(corpora, (" What is tea made of? ", [REFERENCE], "tea"))
    (corpus,) = read_question_set(corpora, path)
    assert (corpus.name, corpus.text) == ("tea", TEXT)
    assert corpus.questions == (Question("What is tea made of?", ((23, 39),)),)


def test_a_missing_file_is_named(corpora: Path) -> None:
    with pytest.raises(NotFound, match=r"There is no file .*questions\.csv") as refused:
        read_question_set(corpora, corpora / "questions.csv")
    assert refused.value.code == "questions_not_found"
    with pytest.raises(NotFound, match=r"line 2: there is no corpus .*coffee\.md") as refused:
        read_question_set(corpora, write(corpora, ("What?", [REFERENCE], "coffee")))
    assert refused.value.code == "corpus_not_found"
    with pytest.raises(NotFound, match="There is no folder"):
        read_question_set(corpora / "nowhere", write(corpora))


def test_a_set_without_a_question_is_refused(corpora: Path) -> None:
    with pytest.raises(Invalid, match="holds no question") as refused:
        read_question_set(corpora, write(corpora))
    assert refused.value.code == "no_questions"


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("What?", "[", "tea"), "the references are no JSON"),
        (("What?", [], "tea"), "no list with at least one"),
        (("What?", {}, "tea"), "no list with at least one"),
        (("What?", [3], "tea"), "no object with content"),
        (("What?", [{"content": "Tea"}], "tea"), "no object with content"),
        (("What?", [REFERENCE | {"end_index": 99}], "tea"), "from 23 to 99, outside its corpus of 40 characters"),
        (("What?", [REFERENCE | {"start_index": -1}], "tea"), "outside its corpus"),
        (("What?", [REFERENCE | {"start_index": 39}], "tea"), "outside its corpus"),
        (("What?", [REFERENCE | {"start_index": "23"}], "tea"), "outside its corpus"),
        (("What?", [REFERENCE | {"content": "made"}], "tea"), "reads otherwise from 23 to 39"),
        ((" ", [REFERENCE], "tea"), "the question is empty"),
        (("What?", [REFERENCE], "../tea"), "can't be the name of a corpus"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_its_line(
    corpora: Path, row: tuple[str, Any, str], sentence: str
) -> None:
    good = ("What is tea made of?", [REFERENCE], "tea")
    with pytest.raises(Invalid, match=rf"questions.csv, line 3: .*{sentence}") as refused:
        read_question_set(corpora, write(corpora, good, row))
    assert refused.value.code == "bad_questions"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"question,corpus_id\nWhat?,tea\n", "has no column references"),
        (b"", "has no column question"),
        (b"question,references,corpus_id\nWhat?,[]\n", "line 2: it has not one value a column"),
        (b"question,references,corpus_id\nWhat?,[],tea,more\n", "line 2: it has not one value a column"),
        (b'question,references,corpus_id\n"What?,[],tea\n', "is no CSV file"),
        (b"question,references,corpus_id\n\xff,[],tea\n", "is not in UTF-8"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(corpora: Path, content: bytes, sentence: str) -> None:
    path = write(corpora)
    path.write_bytes(content)
    with pytest.raises(Invalid, match=sentence) as refused:
        read_question_set(corpora, path)
    assert refused.value.code == "bad_questions"


def test_a_corpus_in_another_encoding_is_refused(corpora: Path) -> None:
    (corpora / "tea.md").write_bytes("Grüner Tee".encode("latin-1"))
    with pytest.raises(Invalid, match="is not in UTF-8") as refused:
        read_question_set(corpora, write(corpora, ("What?", [REFERENCE], "tea")))
    assert refused.value.code == "bad_corpus"
