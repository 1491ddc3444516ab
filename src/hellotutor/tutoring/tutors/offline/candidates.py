"""The sentences worth parsing, by cheap signs, in regions spread over the document."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hellotutor.tutoring.tutors.base import Excerpt
from hellotutor.tutoring.tutors.offline.eligibility import find_text_proper, is_reading_text, standing_sentence
from hellotutor.tutoring.tutors.offline.naming import Case, case_of, lower_first
from hellotutor.tutoring.tutors.offline.salience import Salience, words_of
from hellotutor.tutoring.tutors.offline.words import stems_of
from hellotutor.tutoring.tutors.offline.words import words_of as stemmed_words_of

# Looked at in one region: a long region is sampled, for speed and so that seeds differ.
REGION_PASSAGES_MOST = 400
REGION_SHARE = 0.7
REGION_PASSAGES_FEW = 60
# What a pattern can turn into a question, and how good such questions are.
_CUES: tuple[tuple[re.Pattern[str], float], ...] = (
    (
        re.compile(
            r"^(?:An? |The )?[\w-]+(?: [\w-]+){0,3} (?:is|are) (?:an?|the|[\w-]+ed|[\w-]+s) \b.*"
            r"\b(?:that|which|who|of|in|by|for|with)\b"
        ),
        1.0,
    ),
    (re.compile(r"\b(?:is|are) (?:called|known as|termed|referred to as)\b"), 0.9),
    (re.compile(r"^(?:\S+ ){1,5}(?:means|refers to|denotes|describes)\b"), 0.9),
    (re.compile(r"\bbecause\b|\bin order to\b|\bdue to\b"), 0.9),
    (re.compile(r"\bby \w+ing\b|\b(?:is|are) used to\b"), 0.7),
    (re.compile(r"\b(?:consists? of|composed of|made (?:up )?of|includes?|comprises?|divided into)\b.*\band\b"), 0.85),
    (re.compile(r"\b(?:causes?|leads? to|results? in|prevents?|produces?|contributes? to)\b"), 0.7),
    (re.compile(r"\b(?:called|known as)\b"), 0.6),
    (re.compile(r"\b[Ii]n (?:1[0-9]{3}|20[0-4][0-9])\b|\b(?:was|were) \w+ed by\b"), 0.5),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that could be asked about.

    Attributes:
        index: place of its excerpt among those given.
        text: the sentence as a prompt may use it, its first word in the case that it has within a sentence; where only
            grammar can tell that case, it has its capital still.
        is_case_open: whether only grammar can tell.
        start: offset of the verbatim sentence in its excerpt.
        end: offset after it.
        heading_stems: stems of the words in the headings above it.
        score: how promising it looks; higher is better.
    """

    excerpt: Excerpt
    index: int
    text: str
    is_case_open: bool
    start: int
    end: int
    heading_stems: frozenset[str]
    score: float

    @property
    def quote(self) -> str:
        """The verbatim sentence."""
        return self.excerpt.text[self.start : self.end]


class Candidates:
    """Finds the candidates of each region."""

    def __init__(
        self, excerpts: Sequence[Excerpt], salience: Salience, avoid: Collection[str], rng: random.Random
    ) -> None:
        self._excerpts, self._salience, self._rng = excerpts, salience, rng
        self._avoid = frozenset(avoid)
        self._headings: dict[tuple[str, ...], frozenset[str]] = {}
        self._proper = find_text_proper(excerpts)

    def regions(self, count: int) -> list[_Region]:
        """Return up to `count` regions of about equal length, in order, over the text proper."""
        number = max(1, min(count, len(self._proper)))
        edges = [index * len(self._proper) // number for index in range(number + 1)]
        return [_Region(self, self._proper[start:end]) for start, end in pairwise(edges)]

    def find(self, indices: Sequence[int]) -> list[Candidate]:
        """Return the candidates of these excerpts, most promising first."""
        size = min(REGION_PASSAGES_MOST, max(REGION_PASSAGES_FEW, int(REGION_SHARE * len(indices))))
        if len(indices) > size:
            indices = sorted(self._rng.sample(indices, size))
        return self._ranked(indices)

    def find_all(self, used: Collection[int]) -> list[Candidate]:
        """Return the candidates of every excerpt but these, most promising first, however many there are."""
        return self._ranked([index for index in self._proper if index not in used])

    def _ranked(self, indices: Sequence[int]) -> list[Candidate]:
        found = [candidate for index in indices for candidate in self._of_excerpt(index)]
        return sorted(found, key=lambda candidate: -candidate.score)

    def _heading_stems(self, excerpt: Excerpt) -> frozenset[str]:
        path = excerpt.heading_path
        if path not in self._headings:
            self._headings[path] = frozenset(stems_of(stemmed_words_of(" ".join(path))))
        return self._headings[path]

    def _of_excerpt(self, index: int) -> list[Candidate]:
        excerpt = self._excerpts[index]
        if not is_reading_text(excerpt):
            return []
        stems = self._heading_stems(excerpt)
        found = []
        for (start, end), is_whole in zip(excerpt.sentences, excerpt.on_one_page, strict=True):
            quote = excerpt.text[start:end]
            text = standing_sentence(quote) if is_whole and quote not in self._avoid else None
            if text:
                score, case = self._score(text, stems), case_of(text, self._salience)
                cased = lower_first(text) if case is Case.LOWER else text
                found.append(Candidate(excerpt, index, cased, case is Case.OPEN, start, end, stems, score))
        return found

    def _score(self, text: str, heading_stems: frozenset[str]) -> float:
        cue = max((worth for pattern, worth in _CUES if pattern.search(text)), default=0.2)
        words = words_of(text)
        headed = min(2, len(stems_of(stemmed_words_of(" ".join(words[:6]))) & heading_stems))
        length = abs(len(words) - 20) / 40
        return cue + 0.5 * self._salience.of_words(words[:6]) + 0.1 * headed - length + 0.25 * self._rng.random()


@dataclass(frozen=True, slots=True)
class _Region:
    """A stretch of the document."""

    candidates: Candidates
    indices: list[int]

    def find(self) -> list[Candidate]:
        """Return its candidates, most promising first."""
        return self.candidates.find(self.indices)
