"""Questions with the spans of a corpus that answer them, read from a CSV file beside the corpora."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hellotutor.core.errors import Invalid, NotFound

Span = tuple[int, int]

_COLUMNS = ("question", "references", "corpus_id")


@dataclass(frozen=True, slots=True)
class Question:
    """A question of one corpus.

    Attributes:
        text: as it is asked.
        gold: what answers it, as spans [start, end) of the corpus in code points.
    """

    text: str
    gold: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A text and the questions about it.

    Attributes:
        name: its `corpus_id`.
        path: its file.
        text: the file decoded as UTF-8, line ends as they are.
        questions: in the order of the file that they come from.
    """

    name: str
    path: Path
    text: str
    questions: tuple[Question, ...]


def read_question_set(corpora: Path, questions: Path) -> list[Corpus]:
    """Return the corpora asked about, by name, with their questions.

    Args:
        corpora: the folder in which each corpus is `{corpus_id}.md`.
        questions: a CSV file in UTF-8 with the columns question, references (a JSON list of objects with `content`,
            `start_index` and `end_index`) and corpus_id.

    Raises:
        NotFound: a file isn't there (`questions_not_found`, `corpus_not_found`).
        Invalid: a file can't be used (`bad_questions`, `no_questions`, `bad_corpus`); the sentence says where and why.
    """
    if not corpora.is_dir():
        raise NotFound("corpus_not_found", f"There is no folder {corpora}: name the one that holds the corpora.")
    texts: dict[str, str] = {}
    asked: dict[str, list[Question]] = {}
    for line, row in _rows(questions):
        name = row["corpus_id"]
        if name not in texts:
            texts[name] = _read_corpus(corpora, name, f"{questions.name}, line {line}")
        asked.setdefault(name, []).append(_question(row, texts[name], f"{questions.name}, line {line}"))
    if not asked:
        raise Invalid("no_questions", f"{questions} holds no question: there is nothing to measure.")
    return [Corpus(name, corpora / f"{name}.md", texts[name], tuple(asked[name])) for name in sorted(asked)]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows with the line on which each ends."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # references quote their text, which may be long
    nowhere = NotFound("questions_not_found", f"There is no file {path}: name the CSV file of questions.")
    text = _read_utf8(path, nowhere, "bad_questions").removeprefix("\ufeff")
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise Invalid("bad_questions", f"{path} has no column {missing[0]}: it needs {', '.join(_COLUMNS)}.")
        for row in rows:
            if None in row or any(row[name] is None for name in _COLUMNS):
                raise Invalid("bad_questions", f"{path.name}, line {rows.line_num}: it has not one value a column.")
            yield rows.line_num, row
    except csv.Error as error:
        raise Invalid("bad_questions", f"{path} is no CSV file that can be read: {error}.") from error


def _read_corpus(folder: Path, name: str, where: str) -> str:
    if not name or Path(name).name != name:
        raise Invalid("bad_questions", f"{where}: “{name}” can't be the name of a corpus.")
    path = folder / f"{name}.md"
    return _read_utf8(path, NotFound("corpus_not_found", f"{where}: there is no corpus {path}."), "bad_corpus")


def _read_utf8(path: Path, nowhere: NotFound, code: str) -> str:
    """Return a file's text, line ends as they are.

    Raises:
        NotFound: this one, where there is no such file.
        Invalid: with this code, where it can't be read or is not in UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise nowhere from error
    except OSError as error:
        raise Invalid(code, f"{path} can't be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise Invalid(code, f"{path} is not in UTF-8: save it so.") from error


def _question(row: dict[str, str], text: str, where: str) -> Question:
    if not row["question"].strip():
        raise Invalid("bad_questions", f"{where}: the question is empty.")
    try:
        references = json.loads(row["references"])
    except ValueError as error:
        raise Invalid("bad_questions", f"{where}: the references are no JSON.") from error
    if not isinstance(references, list) or not references:
        raise Invalid("bad_questions", f"{where}: the references are no list with at least one object.")
    return Question(row["question"].strip(), tuple(_span(reference, text, where) for reference in references))


def _span(reference: Any, text: str, where: str) -> Span:
    """Return the span of a reference, after looking whether the corpus has its content there."""
    try:
        start, end, content = reference["start_index"], reference["end_index"], reference["content"]
    except (TypeError, KeyError) as error:
        needed = "content, start_index and end_index"
        raise Invalid("bad_questions", f"{where}: a reference is no object with {needed}.") from error
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        message = f"{where}: a reference runs from {start} to {end}, outside its corpus of {len(text):,} characters."
        raise Invalid("bad_questions", message)
    if text[start:end] != content:
        message = (
            f"{where}: the corpus reads otherwise from {start} to {end} than the reference: is it another edition?"
        )
        raise Invalid("bad_questions", message)
    return start, end
