"""A page's text in paragraphs, for reading: where the raw text had an empty line, a short line or a list's item."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from hellotutor.core.text import raw_span

from .models import Page

_EMPTY_LINE = re.compile(r"\n[^\S\n]*\n")
_ITEM = re.compile(r"\n[^\S\n]*(?:[-*+>|]|\d{1,3}[.)])[ \t]")
_ITEM_CHARACTERS = 5
_SHORT = 0.8  # of a full line's length: a printed line that ends so early ends a paragraph


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a paragraph's text, marked or not; the first marked one of a page is where a reader is led to."""

    text: str
    is_marked: bool
    is_first: bool


def split_paragraphs(page: Page, start: int = 0, end: int = 0) -> list[list[Piece]]:
    """Return the text of a page in paragraphs, with the characters [start, end) of it marked; no text is left out."""
    cuts = [0, *_paragraph_starts(page), len(page.text)]
    return [list(_pieces(page.text, first, last, start, end)) for first, last in pairwise(cuts) if last > first]


def _pieces(text: str, first: int, last: int, start: int, end: int) -> Iterator[Piece]:
    begin, stop = min(max(start, first), last), min(max(end, first), last)
    for left, right, is_marked in ((first, begin, False), (begin, stop, True), (stop, last, False)):
        if right > left:
            yield Piece(text[left:right], is_marked, is_first=is_marked and left == start)


def _paragraph_starts(page: Page) -> Iterator[int]:
    breaks = [tuple(item) for item in page.raw_map]
    is_printed = page.number is not None
    full = _full_line(page.raw_text)
    for space in re.finditer(r"(?<=.) (?=.)", page.text):
        at = space.start()
        before, behind = raw_span(breaks, at - 1, at)[1], raw_span(breaks, at + 1, at + 2)[0]
        gap = page.raw_text[before:behind]
        if "\n" not in gap:
            continue
        is_short = is_printed and before - page.raw_text.rfind("\n", 0, before) <= _SHORT * full
        # an item's sign is hidden by one reader and kept in the text by another
        if is_short or _EMPTY_LINE.search(gap) or _ITEM.search(page.raw_text, before, behind + _ITEM_CHARACTERS):
            yield at + 1


def _full_line(raw_text: str) -> int:
    """Return the length of a full printed line: three quarters of the lines are no longer."""
    lengths = sorted(len(line) for line in raw_text.splitlines())
    return lengths[len(lengths) * 3 // 4] if lengths else 0
