"""Plain text, in whatever encoding."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from charset_normalizer import from_bytes

from hellotutor.core.errors import Invalid

from .base import DocumentReader, FileType, ReadPage

_BLOCK_CHARACTERS = 3_000
_BLOCK_MOST_CHARACTERS = 20_000
_GAP = re.compile(r"\n[^\S\n]*+\n\s*+")
# Where a long text is best cut: a blank line, a line or a sentence that ends with a full stop, a line, white space.
_CUTS = ("\n\n", ".\n", ". ", "\u3002", "\n", " ", "\t", "\u3000")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESS_BYTES = 200_000


def decode(data: bytes) -> str:
    """Decode bytes as UTF-8, by their byte-order mark, or by the likeliest encoding; line ends become a line feed.

    Raises:
        Invalid: no encoding fits (`unknown_encoding`).
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _with_line_feeds(data.decode(encoding, errors="replace"))
    try:
        return _with_line_feeds(data.decode("utf-8"))
    except UnicodeDecodeError:
        best = from_bytes(data[:_GUESS_BYTES]).best()
    if best is None:
        raise Invalid("unknown_encoding", "Its text is in no known encoding: save it as UTF-8.")
    return _with_line_feeds(data.decode(best.encoding, errors="replace"))


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


class TextReader(DocumentReader):
    """Reads plain text in blocks of a few paragraphs; it has no pages and no headings."""

    name = "text"
    version = 2

    def can_read(self, file_type: FileType, head: bytes) -> bool:
        """Read anything that is text."""
        return file_type is FileType.TEXT

    def _read(self, path: Path, first: int) -> Iterator[ReadPage]:
        text = decode(path.read_bytes())
        for start, end in islice(_blocks(text), first, None):
            raw = text[start:end]
            yield ReadPage(number=None, label="", heading_path=(), raw_text=raw, shown_text=raw)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in _GAP.finditer(text):
        if gap.end() - start >= _BLOCK_CHARACTERS:
            yield from cut(text, start, gap.end())
            start = gap.end()
    if start < len(text):
        yield from cut(text, start, len(text))


def cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the span [start, end) in parts of 20,000 characters at most, cut where a reader would pause."""
    while end - start > _BLOCK_MOST_CHARACTERS:
        limit = start + _BLOCK_MOST_CHARACTERS
        found = ((text.rfind(mark, start + _BLOCK_MOST_CHARACTERS // 2, limit), mark) for mark in _CUTS)
        stop = next((at + len(mark) for at, mark in found if at >= 0), limit)
        yield start, stop
        start = stop
    yield start, end
