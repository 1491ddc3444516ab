"""PDF through PDFium; running headers and footers are hidden from the text and kept in the raw text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path

import pypdfium2

from hellotutor.core.errors import Invalid
from hellotutor.core.text import HIDDEN, PARAGRAPH

from .base import HEADING_MOST_CHARACTERS, DocumentReader, FileType, ReadingLimits, ReadPage

# Pages looked at together: a line that stands at the edge of three of these, and of as many before them, is a running
# header or footer.
_WINDOW_PAGES = 40
_OPEN_PAGES = 1_000
_EDGE_LINES = 3
_RUNNING_TIMES = 3
_ERR_PASSWORD = 4  # fpdfview.h
_PAGE_TREE = re.compile(rb"/Type\s*+/Pages\b")
_COUNT_OF_NONE = re.compile(rb"/Count\s++0\b")
_LOOKED_AT_BYTES = 1 << 20
_RUNNING_MOST_CHARACTERS = 120
_PAGE_NUMBER = re.compile(r"^[\s\-\u2013\u2014|]*+(?:\d{1,4}|[ivxlc]{1,8})[\s\-\u2013\u2014|]*+$", re.IGNORECASE)
_LINE = re.compile(r"[^\n\x02\ufffe]++")
_LINK_LINE = re.compile(r"^\s*+<?(?:https?://|www\.)\S++\s*+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _RawPage:
    number: int
    label: str
    heading_path: tuple[str, ...]
    titles: tuple[str, ...]
    text: str
    is_damaged: bool


class PdfReader(DocumentReader):
    """Reads the text layer of a PDF, page by page."""

    name = "pdf"
    version = 3

    def __init__(self, limits: ReadingLimits | None = None, *, on_page: Callable[[], None] = lambda: None) -> None:
        """Make a reader.

        Args:
            limits: how much one document may hold.
            on_page: called for each page that was got from the file; `read` yields them some pages later.
        """
        super().__init__(limits)
        self._on_page = on_page

    def can_read(self, file_type: FileType, head: bytes) -> bool:
        """Read anything with a PDF header."""
        return file_type is FileType.PDF

    def count_pages(self, path: Path) -> int | None:
        """Return the number of physical pages."""
        with _open(path) as document:
            return len(document)

    def _read(self, path: Path, first: int) -> Iterator[ReadPage]:
        # Windows lie at the same pages wherever reading starts, and each looks at the one before it.
        window_start = max(0, first // _WINDOW_PAGES - 1) * _WINDOW_PAGES
        with closing(self._watched(_raw_pages_of(path, window_start))) as pages:
            before: Counter[str] = Counter()
            has_whole_page, has_pages = first > 0, False
            while window := list(islice(pages, _WINDOW_PAGES)):
                has_pages = True
                has_whole_page = has_whole_page or not all(page.is_damaged for page in window)
                at_edges = Counter(
                    shape for page in window for shape in {_shape(line) for line in _edge_lines(page.text)}
                )
                running = before + at_edges
                for page in window:
                    if page.number > first:
                        shown = _separate_titles(_hide_running(page, running), page.titles)
                        yield ReadPage(page.number, page.label, page.heading_path, page.text, shown, page.is_damaged)
                before = at_edges
        if has_pages and not has_whole_page:
            raise Invalid("unreadable_pdf", "Every page of this PDF is damaged: save it anew and try again.")

    def _watched(self, pages: Iterator[_RawPage]) -> Generator[_RawPage]:
        for page in pages:
            self._on_page()
            yield page

    def _no_text(self, pages: int) -> Invalid:
        return Invalid(
            "no_text_layer",
            f"This PDF has {pages} page{'s' * (pages != 1)} but no text in it: it looks like a scan. "
            "Run a text recognition over it (for example ocrmypdf) and give the result.",
        )


def _open(path: Path) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if _has_no_pages(path):
            raise Invalid("no_pages", "This PDF has no page: there is nothing to study in it.") from error
        if getattr(error, "err_code", None) == _ERR_PASSWORD:
            raise Invalid("needs_password", "This PDF needs a password: give a copy without one.") from error
        raise Invalid(
            "unreadable_pdf", "This PDF is damaged and can't be opened: save it anew and try again."
        ) from error


def _has_no_pages(path: Path) -> bool:
    """Say whether a PDF that PDFium didn't open has an empty page tree: PDFium has no error of its own for that."""
    with path.open("rb") as file:
        dictionaries = file.read(_LOOKED_AT_BYTES).split(b">")
    return any(_PAGE_TREE.search(entries) and _COUNT_OF_NONE.search(entries) for entries in dictionaries)


def _raw_pages_of(path: Path, first: int) -> Iterator[_RawPage]:
    """Yield the pages from the 0-based `first` on; PDFium keeps all it has read of a file that stays open."""
    end = first + 1
    while first < end:
        with _open(path) as document:
            end = len(document)
            yield from islice(_raw_pages(document, first), _OPEN_PAGES)
        first += _OPEN_PAGES


def _raw_pages(document: pypdfium2.PdfDocument, first: int) -> Iterator[_RawPage]:
    """Yield the pages from the 0-based `first` on."""
    headings = _headings_by_page(document)
    path: tuple[str, ...] = next((headings[index][-1] for index in sorted(headings, reverse=True) if index < first), ())
    for index in range(first, len(document)):
        begun = headings.get(index, [])
        path = begun[0] if begun else path
        titles = tuple(heading[-1] for heading in begun)
        text = _text_of(document, index)
        yield _RawPage(index + 1, _label_of(document, index), path, titles, text or "", is_damaged=text is None)
        path = begun[-1] if begun else path


def _label_of(document: pypdfium2.PdfDocument, index: int) -> str:
    try:
        return document.get_page_label(index) or ""
    except UnicodeDecodeError:  # half a surrogate pair
        return ""


def _text_of(document: pypdfium2.PdfDocument, index: int) -> str | None:
    """Return the text of a page, 0-based; None if the page is damaged."""
    try:
        with closing(document[index]) as page, closing(page.get_textpage()) as text_page:
            text: str = text_page.get_text_bounded()
    except pypdfium2.PdfiumError:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _headings_by_page(document: pypdfium2.PdfDocument) -> dict[int, list[tuple[str, ...]]]:
    """Return the heading paths that begin on each page (0-based), in order, from the outline."""
    headings: dict[int, list[tuple[str, ...]]] = {}
    titles: list[str] = []
    try:
        for item in document.get_toc(max_depth=6):
            titles = [*titles[: item.level], item.get_title().strip()[:HEADING_MOST_CHARACTERS]]
            destination = item.get_dest()
            index = destination.get_index() if destination else None
            if index is not None and titles[-1]:
                headings.setdefault(index, []).append(tuple(title for title in titles if title))
    except (pypdfium2.PdfiumError, UnicodeDecodeError):  # a damaged outline costs the headings, not the text
        return headings
    return headings


def _lines(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _LINE.finditer(text) if not match.group().isspace()]


def _edges(text: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the spans of the lines at the top and at the bottom of a page, each from the edge inwards."""
    lines = _lines(text)
    depth = _EDGE_LINES if len(lines) > 2 * _EDGE_LINES else min(1, len(lines) // 2)
    return lines[:depth], lines[::-1][:depth]


def _edge_lines(text: str) -> list[str]:
    top, bottom = _edges(text)
    return [text[start:end] for start, end in (*top, *bottom) if end - start <= _RUNNING_MOST_CHARACTERS]


def _shape(line: str) -> str:
    """Return the line without its numbers: the header of a left page and of a right one have the same shape."""
    return " ".join(re.sub(r"\d+|\b[ivxlc]+\b", " ", line.lower()).split())


def _hide_running(page: _RawPage, running: Counter[str]) -> str:
    text = page.text
    for edge in _edges(page.text):
        for start, end in takewhile(lambda span: _is_running(page.text[slice(*span)], page.label, running), edge):
            text = text[:start] + HIDDEN * (end - start) + text[end:]
    return text


def _separate_titles(text: str, titles: tuple[str, ...]) -> str:
    """Make a paragraph of each line that is a title of the outline: a heading is no part of the next sentence."""
    wanted = {_letters(title) for title in titles} - {""}
    if not wanted:
        return text
    characters = list(text)
    for start, end in _lines(text):
        if _letters(text[start:end]) in wanted:
            before, after = max(0, start - 1), min(len(text), end + 1)
            characters[before:start] = PARAGRAPH * (start - before)
            characters[end:after] = PARAGRAPH * (after - end)
    return "".join(characters)


def _letters(line: str) -> str:
    return re.sub(r"\W+", "", line).casefold()


def _is_running(line: str, label: str, running: Counter[str]) -> bool:
    if _PAGE_NUMBER.match(line) or _LINK_LINE.match(line):
        return True
    if len(line) > _RUNNING_MOST_CHARACTERS:
        return False
    words = line.split()
    has_own_number = (
        bool(label) and label in (words[0], words[-1]) and line.upper() == line.replace(label, label.upper())
    )
    return has_own_number or (bool(_shape(line)) and running[_shape(line)] >= _RUNNING_TIMES)
