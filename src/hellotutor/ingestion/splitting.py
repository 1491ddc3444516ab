"""Pages into passages: whole sentences, about 300 characters, under one heading, with their offsets on the page.

300 characters with neighbour smoothing found more of the evidence than larger passages on every corpus measured
(docs/adr/0005-retrieval.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hellotutor.core.sentences import split_sentences
from hellotutor.core.text import NormalisedText, normalise

from .readers.base import ReadPage

SPLITTER_VERSION = "sentences-1"
TARGET_CHARACTERS = 300
_MOST_CHARACTERS = 450
_SENTENCE_MOST_CHARACTERS = 1_200
_WANTS_MORE = re.compile(
    r"(?:[,\-(]|\b(?:an?|the|of|by|and|or|in|on|at|to|for|with|from|that|which|who|as|is|are|was|were|his|her|its|their|"
    r"Mr\.|Mrs\.|Dr\.))$"
)
_FINISHED = re.compile(r"[.!?\u2026:;\u3002\uff01\uff1f][\"')\]]*$")


@dataclass(frozen=True, slots=True)
class PageDraft:
    """A page with its normalised text."""

    ordinal: int
    page: ReadPage
    normal: NormalisedText


@dataclass(slots=True)
class PassageDraft:
    """A passage before it has a row; see `documents.models.Passage`."""

    page: PageDraft
    end_page: PageDraft
    start: int
    end: int
    text: str
    sentences: list[tuple[int, int]]
    ordinal: int = 0


@dataclass(slots=True)
class _Open:
    """The passage being filled: sentences of one page, perhaps begun on the page before."""

    page: PageDraft
    spans: list[tuple[int, int]] = field(default_factory=list)

    @property
    def length(self) -> int:
        return self.spans[-1][1] - self.spans[0][0] if self.spans else 0


@dataclass(frozen=True, slots=True)
class Resume:
    """Where splitting goes on: after the page `page`, which is given to it once more.

    Attributes:
        page: 0-based number of the last page whose passages are kept.
        ordinal: of the first passage to come.
        has_head: whether a kept passage ends on that page which began on the one before.
    """

    page: int
    ordinal: int
    has_head: bool


def split(pages: Iterable[ReadPage], after: Resume | None = None) -> Iterator[tuple[PageDraft, list[PassageDraft]]]:
    """Yield each page with the passages that end on it, in order.

    A sentence that runs over a page's end makes one passage across both pages, and never across more; the last page is
    given back with what was left open.

    Args:
        pages: all of them, or from the page `after.page` on.
        after: what is kept already and isn't yielded again.
    """
    ordinal = after.ordinal if after else 0
    held: _Held | None = None
    for number, read in enumerate(pages, start=after.page if after else 0):
        draft = PageDraft(number, read, normalise(read.shown_text))
        passages = _passages_of(draft)
        if held is None and after:
            held = _hold_kept(draft, passages, has_head=after.has_head)
            continue
        if held:
            if held.tail and not (passages and _join(held.tail, passages, draft)):
                held.ready.append(held.tail)
            if not held.is_kept:
                ordinal = _number(held.ready, ordinal)
                yield held.page, held.ready
        held = _hold_back(draft, passages)
    if held and not held.is_kept:
        last = [*held.ready, *([held.tail] if held.tail else [])]
        _number(last, ordinal)
        yield held.page, last


@dataclass(slots=True)
class _Held:
    """A page that waits for the next one.

    Attributes:
        ready: passages that end on it.
        tail: its last passage, where the page cuts it.
        is_kept: whether it has been given back before, with all that ends on it.
    """

    page: PageDraft
    ready: list[PassageDraft]
    tail: PassageDraft | None
    is_kept: bool = False


def _number(passages: list[PassageDraft], ordinal: int) -> int:
    for passage in passages:
        passage.ordinal = ordinal
        ordinal += 1
    return ordinal


def _hold_back(page: PageDraft, passages: list[PassageDraft]) -> _Held:
    """Keep the last passage back where the page cuts it; one that began on the page before ends here in any case."""
    last = passages[-1] if passages else None
    is_cut = (
        last is not None
        and page.page.number is not None
        and last.page is last.end_page
        and not _FINISHED.search(last.text)
    )
    return _Held(page, passages[:-1], last) if is_cut else _Held(page, passages, None)


def _hold_kept(page: PageDraft, passages: list[PassageDraft], *, has_head: bool) -> _Held:
    """Hold a page whose passages are kept, but for the one that it cuts."""
    tail = _hold_back(page, passages).tail
    return _Held(page, [], None if has_head and len(passages) == 1 else tail, is_kept=True)


def _join(tail: PassageDraft, passages: list[PassageDraft], page: PageDraft) -> bool:
    """Join a passage cut by the page's end with the first one of the next page, when they read on."""
    head = passages[0]
    if not (head.text[:1].islower() or _WANTS_MORE.search(tail.text)):
        return False  # slides and tables: lines without full stops, each whole
    if tail.page.page.heading_path != page.page.heading_path or len(tail.text) + len(head.text) > 2 * _MOST_CHARACTERS:
        return False
    is_hyphenated = bool(re.search(r"\w-$", tail.text)) and head.text[:1].islower()
    before = tail.text[:-1] if is_hyphenated else tail.text + " "
    first, *rest = [(start + len(before), end + len(before)) for start, end in head.sentences]
    joined = (tail.sentences[-1][0], first[1])
    passages[0] = PassageDraft(
        page=tail.page,
        end_page=page,
        start=tail.start,
        end=head.end,
        text=before + head.text,
        sentences=[*tail.sentences[:-1], joined, *rest],
    )
    return True


def _passages_of(page: PageDraft) -> list[PassageDraft]:
    passages: list[PassageDraft] = []
    current = _Open(page)
    for start, end in _sentences_of(page.normal):
        if current.spans and not _fits(current, end):
            passages.append(_close(current))
            current = _Open(page)
        current.spans.append((start, end))
    if current.spans:
        passages.append(_close(current))
    return passages


def _fits(current: _Open, end: int) -> bool:
    grown = end - current.spans[0][0]
    return grown <= TARGET_CHARACTERS or (current.length < TARGET_CHARACTERS // 2 and grown <= _MOST_CHARACTERS)


def _close(current: _Open) -> PassageDraft:
    start, end = current.spans[0][0], current.spans[-1][1]
    return PassageDraft(
        page=current.page,
        end_page=current.page,
        start=start,
        end=end,
        text=current.page.normal.text[start:end],
        sentences=[(first - start, last - start) for first, last in current.spans],
    )


def _sentences_of(normal: NormalisedText) -> Iterator[tuple[int, int]]:
    starts = [0, *normal.paragraphs]
    for start, end in zip(starts, [*normal.paragraphs, len(normal.text)], strict=True):
        for first, last in split_sentences(normal.text, start, end):
            yield from _cut(normal.text, first, last)


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut what no full stop ends, at white space where there is any."""
    while end - start > _SENTENCE_MOST_CHARACTERS:
        at = text.rfind(" ", start + 1, start + _SENTENCE_MOST_CHARACTERS)
        stop = at if at > start else start + _SENTENCE_MOST_CHARACTERS
        yield start, stop
        start = stop + (text[stop] == " ")
    if end > start:
        yield start, end


def embedded_text(heading_path: Sequence[str], text: str) -> str:
    """Return what is embedded of a passage: its text behind the heading that it stands under.

    Who changes this raises the `version` of every embedder: vectors of the old texts would be compared with new ones.
    """
    return " › ".join([*heading_path[-1:], text])
