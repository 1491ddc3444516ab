"""Which words stand in which passages, and where: an immutable segment, made once and read from its arrays."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hellotutor.retrieval.lexical.analysis import Analyzer
from hellotutor.retrieval.packing import pack_arrays, unpack_arrays

Integers = NDArray[np.integer[Any]]
_MOST_IN_HEADINGS = 255
MOST_JOINED = 65_536  #: Passages of what is worth joining: their ordinals take two bytes, and it takes 100 MB at most.


@dataclass(frozen=True, slots=True)
class Segment:
    """The postings of consecutive passages, each term's one after the other, in the order of the passages.

    Attributes:
        keys: (terms,) `key_of` each term, rising.
        first_posting: (terms + 1,) where a term's postings start.
        passages: (postings,) ordinal of the passage, from 0 in this segment.
        in_text: (postings,) how often the term stands in the passage's text.
        in_headings: (postings,) how often it stands in the headings above it.
        lengths: (passages,) terms in each passage's text.
        languages: of the passages, that of the most first.
        is_mapped: whether the arrays lie in a file that is mapped, and so take no memory of their own.
    """

    keys: NDArray[np.uint64]
    first_posting: NDArray[np.int32]
    passages: Integers
    in_text: Integers
    in_headings: NDArray[np.uint8]
    lengths: Integers
    languages: tuple[str, ...]
    is_mapped: bool = False

    @property
    def size_bytes(self) -> int:
        """How large its arrays are."""
        return sum(one.nbytes for one in self.arrays().values())

    @property
    def kept_bytes(self) -> int:
        """How much memory of its own it takes."""
        return 0 if self.is_mapped else self.size_bytes

    def arrays(self) -> dict[str, Integers]:
        """Return its arrays by name."""
        return {
            "keys": self.keys,
            "first_posting": self.first_posting,
            "passages": self.passages,
            "in_text": self.in_text,
            "in_headings": self.in_headings,
            "lengths": self.lengths,
        }


@dataclass(frozen=True, slots=True)
class Marks:
    """Where the terms of a segment stand in the texts: for each posting as many as its `in_text`.

    Attributes:
        starts: (occurrences,) code points before it.
        sizes: (occurrences,) code points that it has.
    """

    starts: Integers
    sizes: Integers


def key_of(term: str) -> int:
    """Return the 64-bit number of a term, the same everywhere; two of a million terms share one in 3e-8 of cases."""
    return int.from_bytes(blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def keys_of(terms: Iterable[str]) -> NDArray[np.uint64]:
    """Return (terms,) the numbers of terms."""
    return np.array([key_of(term) for term in terms], dtype=np.uint64)


def build_segment(
    texts: Sequence[str], analyzer: Analyzer, headings: Sequence[Sequence[str]] = ()
) -> tuple[Segment, Marks]:
    """Index the texts of consecutive passages and the headings above each, in order.

    Args:
        texts: of the passages.
        analyzer: makes the terms.
        headings: for each passage those above it; none for all when left out.

    1.9 s for the 11,000 passages of a textbook of 3.3 MB.
    """
    terms: dict[str, int] = {}
    numbers, starts, sizes, counts = array("i"), array("i"), array("i"), array("i")
    for text in texts:
        before = len(numbers)
        for term, start, end in analyzer.terms(text):
            numbers.append(terms.setdefault(term, len(terms)))
            starts.append(start)
            sizes.append(end - start)
        counts.append(len(numbers) - before)
    above, in_above = _number_headings(headings, analyzer, terms)
    keys = keys_of(terms)
    order = np.argsort(keys)
    rank = np.empty(len(keys), dtype=np.int64)
    rank[order] = np.arange(len(keys))
    lengths = np.array(counts, dtype=np.int32)
    passage_of = np.repeat(np.arange(len(texts)), lengths)
    in_text = rank[np.array(numbers, dtype=np.int64)] * len(texts) + passage_of
    in_headings = rank[above] * len(texts) + in_above
    by_posting = np.argsort(in_text, kind="stable")  # and so by place within one
    postings = np.unique(np.concatenate([in_text, in_headings]))
    segment = Segment(
        keys=keys[order],
        first_posting=np.searchsorted(postings, np.arange(len(keys) + 1) * len(texts)).astype(np.int32),
        passages=shrink(postings % max(len(texts), 1)),
        in_text=shrink(_count(in_text, postings)),
        in_headings=_count(in_headings, postings).clip(max=_MOST_IN_HEADINGS).astype(np.uint8),
        lengths=shrink(lengths),
        languages=(analyzer.language,) if len(texts) else (),
    )
    return segment, Marks(shrink(np.array(starts)[by_posting]), shrink(np.array(sizes)[by_posting]))


def _number_headings(
    headings: Sequence[Sequence[str]], analyzer: Analyzer, terms: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of each term in the headings, and the passage that it stands above."""
    known: dict[tuple[str, ...], list[int]] = {}  # many passages stand under the same
    numbers: list[int] = []
    counts: list[int] = []
    for path in map(tuple, headings):
        if path not in known:
            found = (term for heading in path for term, _, _ in analyzer.terms(heading))
            known[path] = [terms.setdefault(term, len(terms)) for term in found]
        numbers += known[path]
        counts.append(len(known[path]))
    return np.array(numbers, dtype=np.int64), np.repeat(np.arange(len(counts)), np.array(counts, dtype=np.int64))


def _count(occurrences: NDArray[np.int64], postings: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.bincount(np.searchsorted(postings, occurrences), minlength=len(postings))


def shrink(values: Integers) -> Integers:
    """Return non-negative integers in the smallest type that holds them."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))


def find_postings(segment: Segment, keys: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return where the postings of each term start and end; the same where the term doesn't occur."""
    if not len(segment.keys):
        nothing = np.zeros(len(keys), dtype=np.int32)
        return nothing, nothing
    at = segment.keys.searchsorted(keys)
    at[at == len(segment.keys)] = 0
    start = segment.first_posting[at]
    return start, np.where(segment.keys[at] == keys, segment.first_posting[at + 1], start)


def find_marks(segment: Segment, marks: Marks, terms: Sequence[str], passage: int) -> list[tuple[int, int]]:
    """Return the [start, end) offsets of these terms in the text of a passage of the segment, in order."""
    spans: set[tuple[int, int]] = set()
    for start, end in zip(*(places.tolist() for places in find_postings(segment, keys_of(terms))), strict=True):
        at = start + int(segment.passages[start:end].searchsorted(passage))
        if at < end and segment.passages[at] == passage:
            first = int(segment.in_text[:at].sum(dtype=np.int64))
            found = slice(first, first + int(segment.in_text[at]))
            begins = marks.starts[found].tolist()
            spans.update(zip(begins, (marks.starts[found] + marks.sizes[found].astype(np.int64)).tolist(), strict=True))
    return sorted(spans)


def join_segments(parts: Sequence[Segment]) -> tuple[Segment, NDArray[np.int64]]:
    """Make one segment of several, whose passages follow each other.

    Returns:
        The segment, and (postings,) where each of its postings stood in the parts laid end to end.
    """
    if len(parts) == 1:
        return parts[0], np.arange(len(parts[0].passages))
    firsts = np.cumsum([0, *(len(part.lengths) for part in parts)])
    keys, number = np.unique(np.concatenate([part.keys for part in parts]), return_inverse=True)
    sizes = np.concatenate([np.diff(part.first_posting) for part in parts])
    order = np.argsort(np.repeat(number, sizes), kind="stable")  # within a term the parts follow each other
    passages = np.concatenate(
        [part.passages.astype(np.int32) + first for part, first in zip(parts, firsts, strict=False)]
    )
    counts = np.bincount(number, weights=sizes, minlength=len(keys))
    by_passages = sorted(parts, key=lambda part: -len(part.lengths))
    joined = Segment(
        keys=keys,
        first_posting=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        passages=shrink(passages[order]),
        in_text=np.concatenate([part.in_text for part in parts])[order],
        in_headings=np.concatenate([part.in_headings for part in parts])[order],
        lengths=np.concatenate([part.lengths for part in parts]),
        languages=tuple(dict.fromkeys(language for part in by_passages for language in part.languages)),
    )
    return joined, order


def join_built(parts: Sequence[tuple[Segment, Marks]]) -> tuple[Segment, Marks]:
    """Make one segment, with its marks, of several, at least one, whose passages follow each other."""
    segment, order = join_segments([one for one, _ in parts])
    counts = np.concatenate([one.in_text for one, _ in parts]).astype(np.int64)
    first = np.cumsum(counts) - counts
    counts, first = counts[order], first[order]
    at = np.arange(int(counts.sum())) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    starts = np.concatenate([marks.starts for _, marks in parts])[at]
    return segment, Marks(starts, np.concatenate([marks.sizes for _, marks in parts])[at])


def pack_segment(segment: Segment, marks: Marks) -> NDArray[np.uint8]:
    """Return what is kept of a segment in a file."""
    languages = np.frombuffer(" ".join(segment.languages).encode(), dtype=np.uint8)
    return pack_arrays({**segment.arrays(), "languages": languages, "starts": marks.starts, "sizes": marks.sizes})


def unpack_segment(packed: NDArray[np.uint8], *, is_mapped: bool = False) -> tuple[Segment, Marks]:
    """Return what `pack_segment` was given; the marks share the memory of `packed`, and so does all that is mapped.

    Raises:
        ValueError: it is something else.
    """
    arrays = unpack_arrays(packed)
    marks = Marks(arrays.pop("starts"), arrays.pop("sizes"))
    languages = tuple(arrays.pop("languages").tobytes().decode().split())
    found = arrays if is_mapped else {name: one.copy() for name, one in arrays.items()}
    return Segment(**found, languages=languages, is_mapped=is_mapped), marks
