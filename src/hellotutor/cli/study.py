"""`hellotutor study`: a session in the terminal, or scripted with JSON lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from hellotutor.core.errors import Invalid
from hellotutor.ingestion.readers.text import decode
from hellotutor.tutoring.selectors import Scope

from .learner import local_user
from .library import Reading, open_documents
from .sitting import Sitting
from .talk import JsonTalk, Talk, TerminalTalk
from .usage import WrongUsage

SAMPLE = "how-memory-works.md"


def study(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE...", help="PDF, Markdown or text files.")] = None,
    count: Annotated[int, typer.Option(min=1, max=100, help="How many questions.")] = 5,
    section: Annotated[str, typer.Option(help="Only sections whose heading holds this text.")] = "",
    pages: Annotated[str, typer.Option(metavar="A-B", help="Only these pages.")] = "",
    answers: Annotated[Path | None, typer.Option(help="Take the answers from this file, one a line.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
    sample: Annotated[bool, typer.Option("--sample", help="Study the sample text that comes along.")] = False,
) -> None:
    """Study files: questions, graded answers with their evidence, and at the end what it showed."""
    if section and pages:
        raise WrongUsage("two_scopes", "Choose either --section or --pages, not both.")
    if files and sample:
        raise WrongUsage("file_and_sample", "Choose either files or --sample, not both.")
    if not files and not sample:
        raise WrongUsage("no_file", "Name a file to study, for example: hellotutor study book.pdf (or --sample).")
    scope = Scope(sections=(section.strip(),) if section.strip() else (), pages=_parse_pages(pages))
    script = _read_answers(answers) if answers else None
    talk: Talk = JsonTalk(script) if as_json else TerminalTalk(script)
    with _sample_or(files or []) as paths:
        user = local_user()
        versions, new = open_documents(user, paths)
    reading = Reading(versions, new)
    reading.start()
    try:
        Sitting(user, versions, reading, scope, count, talk).run()
    finally:
        reading.stop()
    reading.check()  # it may have failed after the last question


@contextmanager
def _sample_or(files: Sequence[Path]) -> Iterator[Sequence[Path]]:
    if files:
        yield files
        return
    with resources.as_file(resources.files("hellotutor.documents") / "samples" / SAMPLE) as path:
        yield [path]


def _parse_pages(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    match = re.fullmatch(r"\s*(\d{1,6})\s*(?:[-\u2013]\s*(\d{1,6})\s*)?", text)
    if not match:
        raise WrongUsage("bad_pages", f"“{text}” is no range of pages: write it like 12-30.")
    first, last = int(match[1]), int(match[2] or match[1])
    if first < 1 or last < first:
        raise WrongUsage("bad_pages", f"“{text}” is no range of pages: the first is at least 1 and not past the last.")
    return first, last


def _read_answers(path: Path) -> list[str]:
    try:
        return decode(path.read_bytes()).splitlines()
    except OSError as error:
        raise Invalid("no_answers_file", f"The answers in {path} can't be read: {error.strerror}.") from error
