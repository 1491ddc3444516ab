"""Markdown: one section a heading; markup is hidden from the text and kept in the raw text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from hellotutor.core.text import HIDDEN, PARAGRAPH

from .base import HEADING_MOST_CHARACTERS, DocumentReader, FileType, ReadPage
from .text import cut, decode

# Every repetition below is possessive and stops at the character that opens its own construct: a text of nothing but
# openings is walked once.
_HEADING = re.compile(r"^(#{1,6})[ \t]++(\S[^\n]*+)", re.MULTILINE)
_FENCE_LINE = re.compile(r"^(?:```|~~~)[^\n]*+", re.MULTILINE)
_TARGET = r"(?:\([^()\n]*+(?:\([^()\n]*+\)[^()\n]*+)*+\)|\[[^\[\]\n]*+\])"
# Each alternative's groups `keep…` stay; the rest of the match is hidden.
_MARKUP = re.compile(
    rf"!\[[^\[\]\n]*+\]{_TARGET}"  # images
    rf"|\[(?P<keep1>[^\[\]\n]++)\]{_TARGET}"  # links
    r"|^\[[^\]\n]++\]:[^\n]*+"  # link definitions
    r"|\{:?[ \t]*+[#.][^{}\n]*+\}"  # kramdown attributes
    r"|</?[a-zA-Z][^<>\n]{0,500}+>"  # HTML
    r"|(?<![\w*])(?P<open>\*{1,3}|_{1,3})(?=\S)(?P<keep2>[^*_\n]++)(?<=\S)(?P=open)(?![\w*])"  # emphasis
    r"|`(?P<keep3>[^`\n]++)`"
    r"|\\(?P<keep4>[\\`*_{}\[\]()#+\-.!>~|])",
    re.MULTILINE,
)
_LINE_START = re.compile(
    r"^[ \t]*+(?:[*+-]|\d{1,3}[.)])[ \t]++|^[ \t]*+>[ \t]?|^(?:[-*_][ \t]*+){3,}+$|^:[ \t]++", re.MULTILINE
)
_SIGNS = re.compile(r"^#{1,6} \S|^[ \t]*+[*+-] \S|\*\*\S|\]\(\S|^```", re.MULTILINE)


class MarkdownReader(DocumentReader):
    """Reads Markdown; a page is the text under one heading."""

    name = "markdown"
    version = 2

    def can_read(self, file_type: FileType, head: bytes) -> bool:
        """Read text that starts with a Markdown heading or shows three signs of Markdown or more."""
        if file_type is not FileType.TEXT:
            return False
        start = head.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")
        return bool(re.match(r"#{1,6} \S[^\n]*\n\s*\n", start)) or len(_SIGNS.findall(start)) >= 3

    def _read(self, path: Path, first: int) -> Iterator[ReadPage]:
        return islice(_sections(decode(path.read_bytes())), first, None)


def _sections(text: str) -> Iterator[ReadPage]:
    titles: list[tuple[int, str]] = []
    start = 0
    for heading in _headings(text):
        yield from _pages(text[start : heading.start()], titles)
        level = len(heading.group(1))
        titles = [*((at, title) for at, title in titles if at < level), (level, _plain(_title(heading)))]
        start = heading.start()
    yield from _pages(text[start:], titles)


def _headings(text: str) -> Iterator[re.Match[str]]:
    """Yield the headings outside code blocks."""
    fences = _fences(text)
    ends = [end for _, end in fences]
    for heading in _HEADING.finditer(text):
        after = bisect_right(ends, heading.start())
        if after == len(fences) or heading.start() < fences[after][0]:
            yield heading


def _fences(text: str) -> list[tuple[int, int]]:
    """Return the spans of the code blocks, from their opening line to their closing one."""
    lines = [match.span() for match in _FENCE_LINE.finditer(text)]
    return [(opening[0], closing[1]) for opening, closing in zip(lines[::2], lines[1::2], strict=False)]


def _title(heading: re.Match[str]) -> str:
    """Return the words of a heading, without the attributes and number signs that may close its line."""
    rest = heading.group(2).rstrip(" \t")
    if rest.endswith("}"):
        attributes = rest.find("{", rest.rfind("}", 0, -1) + 1)
        rest = rest[:attributes] if attributes > 0 else rest
    return rest.rstrip(" \t").rstrip("#").rstrip(" \t") or rest[:1]


def _pages(raw: str, titles: list[tuple[int, str]]) -> Iterator[ReadPage]:
    if not raw.strip():
        return
    path = tuple(title for _, title in titles if title)
    shown = hide_markup(raw)
    for start, end in cut(raw, 0, len(raw)):
        yield ReadPage(None, "", path, raw[start:end], shown[start:end])


def _plain(title: str) -> str:
    return _MARKUP.sub(lambda match: _kept(match)[0], title).strip()[:HEADING_MOST_CHARACTERS]


def hide_markup(raw: str) -> str:
    """Return `raw` with its markup overwritten, the same length; code blocks keep theirs but for the fences."""
    pieces: list[str] = []
    position = 0
    for start, end in _fences(raw):
        pieces += [_hide_prose(raw[position:start]), _hide_fences(raw[start:end])]
        position = end
    return "".join([*pieces, _hide_prose(raw[position:])])


def _hide_fences(block: str) -> str:
    first, *code, last = block.split("\n")
    return "\n".join([PARAGRAPH + HIDDEN * (len(first) - 1), *code, PARAGRAPH + HIDDEN * (len(last) - 1)])


def _hide_prose(raw: str) -> str:
    text = _HEADING.sub(_hide_heading, raw)
    text = _LINE_START.sub(lambda match: PARAGRAPH + HIDDEN * (len(match.group()) - 1), text)
    text = _hide_comments(text)
    for _ in range(2):  # a link in emphasis, emphasis in a link
        text = _MARKUP.sub(_hide_around, text)
    return text


def _hide_heading(match: re.Match[str]) -> str:
    before, title = match.start(2) - match.start(), _title(match)
    after = len(match.group()) - before - len(title)
    return PARAGRAPH + HIDDEN * (before - 1) + title + (PARAGRAPH + HIDDEN * (after - 1) if after else "")


def _hide_comments(text: str) -> str:
    pieces: list[str] = []
    position = 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        pieces += [text[position:start], HIDDEN * (end + 3 - start)]
        position = end + 3
    return "".join([*pieces, text[position:]])


def _kept(match: re.Match[str]) -> tuple[str, int]:
    for name in ("keep1", "keep2", "keep3", "keep4"):
        if match.group(name) is not None:
            return match.group(name), match.start(name) - match.start()
    return "", 0


def _hide_around(match: re.Match[str]) -> str:
    kept, before = _kept(match)
    return HIDDEN * before + kept + HIDDEN * (len(match.group()) - before - len(kept))
