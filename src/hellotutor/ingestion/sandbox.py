"""Reading a hostile file in a child process that may be lost."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from hellotutor.core.errors import Invalid, Unavailable
from hellotutor.core.processes import LimitedChild, has_crashed

from .readers.base import BEGINNING, DocumentReader, FileType, ReadPage, Start
from .readers.pdf import PdfReader
from .reading import NO_MEMORY_CODE

_MODULE = "hellotutor.ingestion.reading"
_PAGE_S = 30.0
_END_S = 5.0
# A character takes 12 bytes at most, and a page gives its text twice.
_LINE_BYTES_PER_CHARACTER = 2 * 12
_LINE_BYTES_BESIDE = 1 << 20


class SandboxedReader(DocumentReader):
    """Reads as the PDF reader does, but in a process with little memory, little time for each page, and no secrets."""

    def __init__(self, reader: PdfReader, *, page_s: float = _PAGE_S) -> None:
        """Wrap a reader.

        Args:
            reader: tells what it reads and within which limits; the child makes one like it.
            page_s: the longest that opening the file, or one page, may take.
        """
        super().__init__(reader.limits)
        self.name = reader.name
        self.version = reader.version
        self._reader = reader
        self._page_s = page_s

    def can_read(self, file_type: FileType, head: bytes) -> bool:
        """Read what the wrapped reader reads."""
        return self._reader.can_read(file_type, head)

    def count_pages(self, path: Path) -> int | None:
        """Return the number of physical pages.

        Raises:
            Invalid: as for `read`.
        """
        with closing(self._ask("count", path, BEGINNING)) as answers:
            count: int = next(answers)["count"]
        return count

    def read(self, path: Path, start: Start = BEGINNING) -> Iterator[ReadPage]:
        """Yield the pages in order; the child keeps to the limits.

        Raises:
            Invalid: as the wrapped reader, or it took too much time or memory (`reader_limit`).
            Unavailable: the child failed (`reader_failed`).
        """
        with closing(self._ask("read", path, start)) as answers:
            for answer in answers:
                number, label, headings, raw, shown, is_damaged = answer["page"]
                yield ReadPage(number, label, tuple(headings), raw, shown, is_damaged)

    def _read(self, path: Path, first: int) -> Iterator[ReadPage]:
        return self.read(path, Start(page=first))

    def _ask(self, task: str, path: Path, start: Start) -> Generator[dict[str, Any]]:
        """Yield the answers of a child of their own; it is ended where nobody asks for more.

        Raises:
            Invalid: the file is to blame: what the reader says, or `reader_limit`.
            Unavailable: the reader failed (`reader_failed`).
        """
        limits = {"characters": self.limits.characters, "pages": self.limits.pages}
        request = {"task": task, "path": str(path), "start": dataclasses.asdict(start), **limits}
        child = LimitedChild(_MODULE)
        try:
            child.send(json.dumps(request).encode())
            while answer := self._next_answer(child):
                yield answer
        except OSError as error:
            raise _failed("it ended early") from error
        finally:
            child.end()

    def _next_answer(self, child: LimitedChild) -> dict[str, Any] | None:
        """Return the next answer; None at the end."""
        line = b"\n"
        while line == b"\n":  # it has got another page
            with child.killed_after(self._page_s) as is_late:
                line = child.read_line(_LINE_BYTES_BESIDE + self.limits.characters * _LINE_BYTES_PER_CHARACTER)
        if not line.endswith(b"\n"):
            raise _explain(is_late=is_late.is_set(), code=child.wait(_END_S))
        answer: dict[str, Any] = json.loads(line)
        if "invalid" in answer:
            raise Invalid(*answer["invalid"])
        if "failed" in answer:
            raise _failed(answer["failed"])
        return None if "end" in answer else answer


def _explain(*, is_late: bool, code: int | None) -> Invalid | Unavailable:
    if is_late or code is None or code == NO_MEMORY_CODE or has_crashed(code):
        return Invalid(
            "reader_limit",
            "Reading this PDF took more memory or time than is allowed: save it anew with another program, "
            "and try again.",
        )
    return _failed(f"exit code {code}")


def _failed(why: str) -> Unavailable:
    return Unavailable("reader_failed", f"The process that reads PDFs failed ({why}).")
