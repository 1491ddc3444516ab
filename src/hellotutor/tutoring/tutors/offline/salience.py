"""How much a word is what a document is about: it recurs, and keeps together, where a general word is spread evenly."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from hellotutor.tutoring.tutors.base import Excerpt

WORD = re.compile(r"[A-Za-z][A-Za-z'-]*[A-Za-z]")
# Capitalised words that open no sentence.
_WITHIN = re.compile(r"(?<=[a-z,;] )[A-Z][A-Za-z'-]*[A-Za-z]")
_BLOCKS = 60
# Nouns and adjectives that recur in any book: a question about one of these is about nothing.
GENERAL = frozenset(
    "ability account action activity addition age aim amount answer area argument article aspect author back basis bit "
    "book body case cases category cause century chance change changes chapter character claim class common concept "
    "concern condition conditions consequence context control copy cost course day days decade degree detail "
    "difference different difficulty direction effect effects end event events evidence example examples experience "
    "fact factor factors feature features few field figure first force form forms function functions future general "
    "good great group groups half hand history hour hundred idea ideas important individual individuals information "
    "instance interest issue issues item kind kinds large last lack length less level levels life limit line list "
    "little lot main major man manner many material matter meaning means member members men method million minute "
    "moment month most name nature need new next number numbers object old one ones opinion opportunity option order "
    "part particular parts past path people percent period person persons phase piece place point points portion "
    "position possible power present principle problem problems process processes product property purpose quality "
    "question questions range rate reason reasons relation rest result results right role room rule same second "
    "section sense series set sets several shape side similar simple single size small sort source stage stages state "
    "step steps story structure structures study subject sum system systems table task team term terms text thing "
    "things third thousand time times today top total two type types unit use used user users value values variety "
    "various version view way ways week whole woman women word words work works world year years other others more "
    "much such own three four five six seven eight nine ten majority percentage series fact man's called known named "
    "also example page pages using used make made makes take taken takes give given find found know think say said "
    "says see seen come came get got keep kept let want wanted many any some".split()
)


def words_of(text: str) -> list[str]:
    """Return the lower-case words of two letters and more."""
    return WORD.findall(text.lower())


def fold(word: str) -> str:
    """Return a lower-case word without its plural ending, so that `cells` counts as `cell`."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _prose_of(excerpt: Excerpt) -> str:
    """Return the sentences of a passage without its headings, whose capitals say nothing."""
    told = [excerpt.text[start:end] for start, end in excerpt.sentences]
    return "\n".join(text for text in told if text.endswith((".", "!", "?", '"')))


class Salience:
    """The salience of the words of one document, in [0, 1]."""

    def __init__(self, excerpts: Sequence[Excerpt]) -> None:
        self._cased: Counter[str] = Counter()
        self._within: Counter[str] = Counter()
        blocks: list[set[str]] = [set() for _ in range(_BLOCKS)]
        for index, excerpt in enumerate(excerpts):
            words = set(WORD.findall(excerpt.text))
            self._within.update(set(_WITHIN.findall(_prose_of(excerpt))))
            self._cased.update(words)
            blocks[index * _BLOCKS // len(excerpts)].update(words)
        self._passages: Counter[str] = Counter()
        for word, count in self._cased.items():
            self._passages[word.lower()] += count
        self._blocks: Counter[str] = Counter()
        for block in blocks:
            self._blocks.update({word.lower() for word in block})
        self._count = max(1, len(excerpts))
        self._known: dict[str, float] = {}

    @property
    def passages(self) -> int:
        """How many passages the document has."""
        return self._count

    def passages_with(self, word: str) -> int:
        """Return how many passages hold a word in exactly this form, case aside."""
        return self._passages[word.lower()]

    def is_name(self, word: str) -> bool | None:
        """Say whether a word is capitalised by itself, not by opening a sentence; None where it only opens some."""
        if any(letter.isupper() for letter in word[1:]):
            return True
        lower, within = self._cased[word.lower()], self._within[word]
        return within > lower if lower or within else None

    def of_word(self, word: str) -> float:
        """Return the salience of a word, in [0, 1]."""
        word = word.lower()
        if word not in self._known:
            self._known[word] = 0.0 if word in GENERAL or len(word) < 3 else self._measure(word)
        return self._known[word]

    def of_words(self, words: Iterable[str]) -> float:
        """Return the salience of a phrase: that of its best word, lifted a little by the others."""
        values = sorted((self.of_word(word) for word in words), reverse=True)
        return min(1.0, values[0] + 0.2 * sum(values[1:3])) if values else 0.0

    def of_text(self, text: str) -> float:
        """Return the salience of a phrase given as text."""
        return self.of_words(words_of(text))

    def _measure(self, word: str) -> float:
        """Recurrence (saturating at 24 passages, fewer in a short text) times burstiness (residual inverse frequency).

        Source: Church and Gale 1995, "Poisson mixtures" (residual idf).
        """
        count = self._passages[word]
        if not count:
            return 0.0
        enough = min(24, max(2, self._count // 40))
        recurrence = min(1.0, math.log1p(count) / math.log1p(enough))
        expected = _BLOCKS * (1 - math.exp(-count / _BLOCKS))
        spread = self._blocks[word] / max(1.0, expected)
        bursty = max(0.5, min(1.0, 1.6 - spread)) if self._count > 2 * _BLOCKS else 0.8
        return recurrence * bursty
