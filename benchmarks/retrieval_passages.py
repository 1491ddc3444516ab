"""Files as the program reads and splits them, in memory, with the way back to their characters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hellotutor.core.text import Break, raw_span
from hellotutor.ingestion.readers.base import SNIFF_BYTES, sniff
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.readers.text import TextReader
from hellotutor.ingestion.splitting import PassageDraft, embedded_text, split

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SplitPassage:
    """A passage as the pipeline makes it.

    Attributes:
        text: normalised.
        sentences: [start, end) offsets of its sentences in `text`.
        headings: above it.
        start: of the passage in its page's text.
        page_start: of its page in the file.
        breaks: the page's map from normalised to raw offsets.
    """

    text: str
    sentences: tuple[Span, ...]
    headings: tuple[str, ...]
    start: int
    page_start: int
    breaks: list[Break]

    def locate(self, start: int, end: int) -> Span:
        """Return where text[start:end] came from in the file, in code points."""
        first, last = raw_span(self.breaks, self.start + start, self.start + end)
        return self.page_start + first, self.page_start + last

    def embedded(self) -> str:
        """Return what is embedded."""
        return embedded_text(self.headings, self.text)


def read_passages(path: Path) -> list[SplitPassage]:
    """Return the passages of a text or Markdown file in UTF-8 whose line ends are line feeds."""
    return list(_passages(path))


def _passages(path: Path) -> Iterator[SplitPassage]:
    text = path.read_bytes().decode("utf-8")
    head = text.encode()[:SNIFF_BYTES]
    reader = next(one for one in (MarkdownReader(), TextReader()) if one.can_read(sniff(head), head))
    starts: dict[int, int] = {}
    position = 0
    for page, passages in split(reader.read(path)):
        starts[page.ordinal] = text.index(page.page.raw_text, position)
        position = starts[page.ordinal] + len(page.page.raw_text)
        yield from (_passage(one, starts[one.page.ordinal]) for one in passages)


def _passage(draft: PassageDraft, page_start: int) -> SplitPassage:
    sentences = tuple((start, end) for start, end in draft.sentences)
    headings = draft.page.page.heading_path
    return SplitPassage(draft.text, sentences, headings, draft.start, page_start, draft.page.normal.breaks)
