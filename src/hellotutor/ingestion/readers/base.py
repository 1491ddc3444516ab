"""The DocumentReader port, and what a file is by its content."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hellotutor.core.errors import Invalid


class FileType(StrEnum):
    """What a file is, by its content."""

    PDF = "pdf"
    TEXT = "text"
    HTML = "html"
    RTF = "rtf"
    ARCHIVE = "archive"
    IMAGE = "image"
    BINARY = "binary"


_SIGNATURES: tuple[tuple[bytes, FileType], ...] = (
    (b"PK\x03\x04", FileType.ARCHIVE),
    (b"PK\x05\x06", FileType.ARCHIVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileType.BINARY),
    (b"\x89PNG\r\n\x1a\n", FileType.IMAGE),
    (b"\xff\xd8\xff", FileType.IMAGE),
    (b"GIF8", FileType.IMAGE),
    (b"II*\x00", FileType.IMAGE),
    (b"MM\x00*", FileType.IMAGE),
    (b"{\\rtf", FileType.RTF),
)
_UTF_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_BEFORE_HTML = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n\f"
SNIFF_BYTES = 4096
HEADING_MOST_CHARACTERS = 300


def sniff(head: bytes) -> FileType:
    """Say what a file is from its first SNIFF_BYTES bytes; its name is never asked."""
    for signature, file_type in _SIGNATURES:
        if head.startswith(signature):
            return file_type
    if _is_html(head):
        return FileType.HTML
    if b"%PDF-" in head[:1024]:
        return FileType.PDF
    if head.startswith(_UTF_MARKS):
        return FileType.TEXT
    if b"\x00" in head:
        return FileType.TEXT if _is_utf16_without_mark(head) else FileType.BINARY
    controls = sum(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in head)
    return FileType.BINARY if controls > len(head) // 50 else FileType.TEXT


def _is_html(head: bytes) -> bool:
    """Say whether HTML starts here, in UTF-8 or UTF-16."""
    start = head.lstrip(_BEFORE_HTML)[:64].replace(b"\x00", b"").lower()
    return start.startswith((b"<!doctype html", b"<html"))


def _is_utf16_without_mark(head: bytes) -> bool:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(1, len(head) // 2)
    return max(even, odd) > 0.7 * half and min(even, odd) < 0.05 * half


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page, or a section of a format without pages, as its reader found it.

    Attributes:
        number: 1-based physical page, None where the format has none.
        label: the page number as printed, or empty.
        heading_path: headings above the text, outermost first, each of HEADING_MOST_CHARACTERS at most.
        raw_text: every character that the reader got.
        shown_text: `raw_text` with running headers and markup overwritten, character for character, by
            `core.text.HIDDEN` or `core.text.PARAGRAPH`; the same length.
        is_damaged: the file holds this page in a form that can't be read; its text is empty.
    """

    number: int | None
    label: str
    heading_path: tuple[str, ...]
    raw_text: str
    shown_text: str
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """How much one document may hold."""

    characters: int = 30_000_000
    pages: int = 20_000


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading goes on that was interrupted.

    Attributes:
        page: the first page wanted, 0-based.
        characters: of raw text in the pages before it.
        has_text: whether the pages before it hold text.
    """

    page: int = 0
    characters: int = 0
    has_text: bool = False


BEGINNING = Start()


class DocumentReader(ABC):
    """Reads one family of formats into pages.

    Attributes:
        name: stamped on the version together with `version`.
        version: raised whenever the same bytes would give other pages.
    """

    name: str
    version: int

    def __init__(self, limits: ReadingLimits | None = None) -> None:
        self.limits = limits or ReadingLimits()

    @abstractmethod
    def can_read(self, file_type: FileType, head: bytes) -> bool:
        """Say whether this reader is for such a file."""

    def read(self, path: Path, start: Start = BEGINNING) -> Iterator[ReadPage]:
        """Yield the pages in order, as they are read; from wherever it starts, the same pages.

        Raises:
            Invalid: the file can't be read, holds no text, or is past a limit; the code and the sentence say which.
        """
        pages, characters, has_text = start.page, start.characters, start.has_text
        for page in self._read(path, start.page):
            pages += 1
            characters += len(page.raw_text)
            has_text = has_text or any(character.isalnum() for character in page.shown_text)
            if characters > self.limits.characters:
                raise Invalid(
                    "too_many_characters",
                    f"It holds more than {self.limits.characters:,} characters of text: split it into smaller files.",
                )
            if page.number is not None and pages > self.limits.pages:
                raise Invalid("too_many_pages", f"It has more than {self.limits.pages:,} pages: split it.")
            yield page
        if not has_text:
            raise self._no_text(pages)

    def count_pages(self, path: Path) -> int | None:
        """Return how many pages `read` will yield, where that is known beforehand."""
        return None

    def _no_text(self, pages: int) -> Invalid:
        return Invalid("no_text", "It holds no text: there is nothing to study in it.")

    @abstractmethod
    def _read(self, path: Path, first: int) -> Iterator[ReadPage]:
        """Yield the pages from the one with the 0-based number `first` on."""
